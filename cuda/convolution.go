package cuda

import (
	"errors"
	"fmt"

	"diffclip/cuda/internal/driver"
	"diffclip/cuda/kernels"
)

// Convolutions are computed by cuDNN where it is there, and by the kernels of package
// kernels where it is not, and for shapes that it does not support. The choice is
// made once for each shape and kept, since the two differ in the last bits. Only
// algorithms that give the same bits each time are used.

// convolutionKey is what a choice is made for.
type convolutionKey struct {
	pass      driver.Pass
	image     kernels.Image
	bias, acc bool
}

// convolutions holds what is known of cuDNN.
type convolutions struct {
	plans map[convolutionKey]*driver.Plan // nil: cuDNN does not support the shape
	unfit string                          // why cuDNN is not used, though it is there
	own   bool                            // cuDNN is not to be used
}

// mostWorkspace is the memory that a convolution of cuDNN may want; beyond it the
// own kernels, which want none, are the better choice.
const mostWorkspace = 1 << 30

// convolve lets cuDNN compute a pass. It reports whether cuDNN did.
func (b *Backend) convolve(pass driver.Pass, x, w, y, bias kernels.Ptr, m kernels.Image, acc bool) bool {
	c := &b.convolutions
	if b.info.Dnn == 0 || c.own || c.unfit != "" {
		return false
	}
	key := convolutionKey{pass, m, bias != 0, acc}
	plan, known := c.plans[key]
	if !known {
		plan = b.planConvolution(key)
	}
	if plan == nil {
		c.plans[key] = nil
		return false
	}
	workspace := kernels.Ptr(0)
	if plan.Workspace > 0 {
		workspace = b.Scratch((plan.Workspace + 3) / 4)
	}
	command := driver.Convolve(plan, driver.Ptr(x), driver.Ptr(w), driver.Ptr(y), driver.Ptr(bias), driver.Ptr(workspace), acc)
	if known {
		b.queue(command)
		return true
	}
	// Not every refusal comes with the plan. So the first one of a shape runs by
	// itself, where it can still be given to the own kernels.
	b.flush()
	if !b.accepted(b.dev.Run([]driver.Command{command})) {
		plan = nil
	}
	c.plans[key] = plan
	return plan != nil
}

// planConvolution asks cuDNN for a plan; nil if the shape is not for it.
func (b *Backend) planConvolution(k convolutionKey) *driver.Plan {
	m, s := k.image, k.image.ConvShape
	oh, ow := s.Out(m.H, m.W)
	if m.N*m.C*m.H*m.W*m.Out*oh*ow*s.KernelH*s.KernelW == 0 {
		return nil
	}
	i := func(v int) int32 { return int32(v) }
	plan, err := b.dev.Plan(driver.Convolution{
		Pass: k.pass, N: i(m.N), C: i(m.C), H: i(m.H), W: i(m.W), Out: i(m.Out), OutH: i(oh), OutW: i(ow), Groups: i(s.Groups),
		KernelH: i(s.KernelH), KernelW: i(s.KernelW), StrideH: i(s.StrideH), StrideW: i(s.StrideW),
		PadH: i(s.PadH), PadW: i(s.PadW), DilationH: i(s.DilationH), DilationW: i(s.DilationW),
	}, b.precision == F32)
	if !b.accepted(err) || plan.Workspace > mostWorkspace {
		return nil
	}
	return &plan
}

// accepted reports whether cuDNN did what it was asked for. A shape that it does not
// support is one thing; after any other error of its own, as where a part of it
// cannot be loaded, it is not used any more, and a note and Describe say why.
func (b *Backend) accepted(err error) bool {
	var e *driver.Error
	switch {
	case err == nil:
		return true
	case !errors.As(err, &e) || !e.Dnn:
		b.try(err)
	case !e.NotSupported():
		b.convolutions.unfit = err.Error()
		b.note("%s", b.describeConvolutions())
	}
	return false
}

// describeConvolutions says what computes convolutions.
func (b *Backend) describeConvolutions() string {
	unfit := b.info.DnnUnfit + b.convolutions.unfit // never both
	switch {
	case unfit != "":
		return fmt.Sprintf("convolutions by plain kernels, not by cuDNN: %s", unfit)
	case b.info.Dnn == 0 || b.convolutions.own:
		return "convolutions by plain kernels"
	}
	return "convolutions by cuDNN " + driver.DnnVersion(b.info.Dnn)
}
