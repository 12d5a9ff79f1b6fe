package driver

import "fmt"

// Pass is one of the three products of a convolution and its gradient.
type Pass int32

// Passes, as in dnn.h.
const (
	Forward        Pass = 1 + iota // y = x ⋆ w
	BackwardData                   // x, the gradient of the input, from y's and w
	BackwardFilter                 // w, the gradient of the filters, from x and y's
)

// String names a pass.
func (p Pass) String() string {
	return [...]string{"?", "forward", "input gradient", "filter gradient"}[p]
}

// Convolution is the size of a convolution: of x (N, C, H, W) with filters
// (Out, C/Groups, KernelH, KernelW) to y (N, Out, OutH, OutW). It has the layout
// of convolution in dnn.h.
type Convolution struct {
	Pass                 Pass
	N, C, H, W           int32
	Out, OutH, OutW      int32
	Groups               int32
	KernelH, KernelW     int32
	StrideH, StrideW     int32
	PadH, PadW           int32
	DilationH, DilationW int32
}

// Plan is a convolution that cuDNN is ready for.
type Plan struct {
	Convolution
	Workspace int // bytes that it needs to work in
	at        uint64
}

// Convolve is the pass of the plan: from two of x, w and y it computes the third,
// or adds to it if acc. A forward pass adds the bias, unless it is 0. Workspace is
// memory of the size that the plan says.
func Convolve(p *Plan, x, w, y, bias, workspace Ptr, acc bool) Command {
	flag := uint64(0)
	if acc {
		flag = 1
	}
	c := Command{kind: kindConvolve}
	copy(c.arg[:], []uint64{
		p.at, uint64(x), uint64(w), uint64(y), uint64(bias), uint64(workspace), flag,
		// the rest is for convolutionWork
		uint64(p.Pass), uint64(p.Out / p.Groups), uint64(p.N * p.OutH * p.OutW), uint64(p.C / p.Groups * p.KernelH * p.KernelW), uint64(p.Groups),
	})
	return c
}

// convolutionWork sees a convolution as a matrix product of filters (M, K) and the
// windows under them (K, N), for each group.
func convolutionWork(c *Command) Work {
	return Work{Pass: Pass(c.arg[7]), M: int(c.arg[8]), N: int(c.arg[9]), K: int(c.arg[10]), Batch: int(c.arg[11])}
}

// DnnVersion prints a version of cuDNN.
func DnnVersion(v int) string {
	if v < 90000 { // until 8 the parts had other weights
		return fmt.Sprintf("%d.%d.%d", v/1000, v%1000/100, v%100)
	}
	return fmt.Sprintf("%d.%d.%d", v/10000, v/100%100, v%100)
}
