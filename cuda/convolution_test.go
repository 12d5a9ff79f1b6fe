package cuda

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/cuda/internal/driver"
	"diffclip/cuda/internal/stub"
	"diffclip/internal/rng"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/tensor"
)

// convolutionCase is a convolution of x (n, in, h, w) with out filters.
type convolutionCase struct {
	n, in, h, w, out int
	shape            tensor.ConvShape
}

func square(size, stride, pad, dilation, groups int) tensor.ConvShape {
	return tensor.ConvShape{KernelH: size, KernelW: size, StrideH: stride, StrideW: stride, PadH: pad, PadW: pad, DilationH: dilation, DilationW: dilation, Groups: groups}
}

// convolutionCases have odd sizes, strides, borders, dilation and groups.
var convolutionCases = []convolutionCase{
	{2, 5, 4, 3, 7, square(1, 1, 0, 1, 1)},
	{3, 3, 11, 9, 8, square(3, 1, 1, 1, 1)},
	{2, 4, 13, 7, 6, square(3, 2, 1, 1, 2)},
	{2, 6, 9, 10, 6, square(3, 1, 2, 2, 6)},
	{1, 3, 8, 7, 5, tensor.ConvShape{KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 1, PadH: 1, DilationH: 1, DilationW: 2, Groups: 1}},
}

// convolved are the results of a case, with its bias: y, dx written, dx added to, dw and dbias.
func (c convolutionCase) convolved(be tensor.Backend) [][]float32 {
	oh, ow := c.shape.Out(c.h, c.w)
	random := func(name string, dims ...int) *tensor.Tensor {
		t := tensor.New(dims...)
		rng.New(1, "convolution/"+name, 0).Normal(t.Data, 0)
		be.Place(t)
		return t
	}
	x, w := random("x", c.n, c.in, c.h, c.w), random("w", c.out, c.in/c.shape.Groups, c.shape.KernelH, c.shape.KernelW)
	bias, dy := random("bias", c.out), random("dy", c.n, c.out, oh, ow)
	y, dx, sum := random("y", c.n, c.out, oh, ow), random("dx", c.n, c.in, c.h, c.w), random("sum", c.n, c.in, c.h, c.w)
	dw, dbias := random("dw", w.Dims()...), random("dbias", c.out)
	be.Conv2D(y, x, w, bias, c.shape)
	be.Conv2DBackward(dx, dw, dbias, dy, x, w, c.shape, false)
	be.Conv2DBackward(sum, dw, nil, dy, x, w, c.shape, true)
	var out [][]float32
	for _, t := range []*tensor.Tensor{y, dx, sum, dw, dbias} {
		out = append(out, slices.Clone(t.Host()))
	}
	return out
}

// farthest is the largest difference of two results, as a part of the largest value.
func farthest(a, b [][]float32) float64 {
	worst := 0.0
	for i := range a {
		most, apart := 0.0, 0.0
		for j := range a[i] {
			most = max(most, math.Abs(float64(b[i][j])))
			if d := math.Abs(float64(a[i][j]) - float64(b[i][j])); !(d <= apart) {
				apart = d // NaN too
			}
		}
		if d := apart / most; !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// byCuDNN counts the shapes that cuDNN computes and those that it refused.
func (b *Backend) byCuDNN() (planned, refused int) {
	for _, p := range b.convolutions.plans {
		if p != nil {
			planned++
		} else {
			refused++
		}
	}
	return planned, refused
}

// TestConvolutions holds cuDNN to the processor, whatever it refuses.
func TestConvolutions(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	for _, c := range []struct {
		modes            string
		planned, refused bool
		says             string
	}{
		{"", true, false, "convolutions by cuDNN 9.6.0"},
		{"async", true, false, "convolutions by cuDNN 9.6.0"},
		{"refuse", true, true, "convolutions by cuDNN 9.6.0"},
		{"refuselate", true, true, "convolutions by cuDNN 9.6.0"},
		{"nodnn", false, true, "convolutions by plain kernels, not by cuDNN: preparing a convolution: cuDNN error 1001 (CUDNN_STATUS_NOT_INITIALIZED)"},
	} {
		t.Run(c.modes, func(t *testing.T) {
			notes := ""
			b := open(t, Options{Precision: F32, Note: func(text string) { notes += text + "\n" }}, c.modes)
			for range 2 { // the first time of a shape is another than the second
				for _, conv := range convolutionCases {
					if d := farthest(conv.convolved(b), conv.convolved(cpu)); !(d <= 2e-6) {
						t.Errorf("%+v: %.2g from the processor's", conv, d)
					}
				}
			}
			planned, refused := b.byCuDNN()
			if planned > 0 != c.planned || refused > 0 != c.refused {
				t.Errorf("cuDNN computed %d shapes and refused %d", planned, refused)
			}
			if text := b.Describe(); !strings.Contains(text, c.says) {
				t.Errorf("it says %q, want %q", text, c.says)
			}
			if want := c.says + "\n"; c.planned && notes != "" || !c.planned && notes != want {
				t.Errorf("it notes %q", notes)
			}
		})
	}
}

// TestUnfitCuDNN leaves a cuDNN that is too old alone, and does without one.
func TestUnfitCuDNN(t *testing.T) {
	b := open(t, Options{Precision: F32}, "dnn=8907")
	if text := b.Describe(); !strings.Contains(text, "convolutions by plain kernels, not by cuDNN") || !strings.Contains(text, "has version 8907, and 90000 or newer is needed") {
		t.Errorf("it says %q", text)
	}
	stub.Install(t)
	if err := os.Remove(filepath.Join(os.Getenv(driver.PathVariable), "libcudnn.so.9")); err != nil {
		t.Fatal(err)
	}
	none, err := Open(Options{Precision: F32})
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	if slices.ContainsFunc(none.Libraries(), func(path string) bool { return strings.Contains(path, "cudnn") }) {
		t.Skipf("this machine has a cuDNN: %v", none.Libraries())
	}
	if text := none.Describe(); !strings.HasSuffix(text, "convolutions by plain kernels") {
		t.Errorf("it says %q", text)
	}
	c := convolutionCases[1]
	for name, be := range map[string]*Backend{"too old": b, "missing": none} {
		if d := farthest(c.convolved(be), c.convolved(tensor.NewCPU(1))); !(d <= 2e-6) {
			t.Errorf("%s: %.2g from the processor's", name, d)
		}
		if planned, refused := be.byCuDNN(); planned+refused > 0 {
			t.Errorf("%s: cuDNN was asked for a convolution", name)
		}
	}
}

// TestConvolutionPrecision rounds factors where that is asked for, and no further than TF32.
func TestConvolutionPrecision(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	c := convolutionCase{2, 16, 9, 8, 4, square(3, 1, 1, 1, 1)}
	for _, precision := range Precisions {
		b := open(t, Options{Precision: precision}, "tf32")
		d := farthest(c.convolved(b), c.convolved(cpu))
		if precision == F32 && !(d <= 2e-6) || precision != F32 && !(d > 2e-5 && d < 1e-3) {
			t.Errorf("%s: %.2g from the processor's", precision, d)
		}
	}
}

// network returns a training step of a small convolutional network.
func network(be tensor.Backend) func() float64 {
	set := nn.NewSet(1)
	root := set.Root()
	first, second := nn.NewConv2d(root.Sub("first"), 2, 6, square(3, 1, 1, 1, 1)), nn.NewConv2d(root.Sub("second"), 6, 4, square(3, 2, 1, 1, 2))
	head := nn.NewLinear(root.Sub("head"), 4*3*3, 3)
	opt := optim.NewAdam(set, optim.DefaultAdam())
	set.Place(be)
	tape := autograd.NewTape(be, autograd.Train)
	x, y := tensor.New(6, 2, 5, 5), []int32{0, 1, 2, 0, 1, 2}
	rng.New(1, "network", 0).Normal(x.Data, 0)
	return func() float64 {
		tape.Reset()
		set.ZeroGrad()
		h := tape.ReLU(first.Forward(tape, tape.Input(x)))
		h = tape.Reshape(second.Forward(tape, h), 6, 4*3*3)
		loss := tape.CrossEntropy(head.Forward(tape, h), y)
		tape.Backward(loss)
		value := float64(loss.Value.Item())
		opt.Step(be, 1e-2, nil)
		return value
	}
}

// TestConvolutionSteps trains a network: by cuDNN in graphs, with the same bits
// each time and near those of the own kernels; memory stays, and a step allocates nothing but the
// loss on its way to the host.
func TestConvolutionSteps(t *testing.T) {
	var runs [3][]float64
	for i, o := range []Options{{Precision: F32}, {Precision: F32, NoGraphs: true}, {Precision: F32, NoCuDNN: true}} {
		b := open(t, o, "async")
		train := network(b)
		for range 8 {
			runs[i] = append(runs[i], train())
		}
		planned, refused := b.byCuDNN()
		if o.NoCuDNN && (planned+refused > 0 || !strings.HasSuffix(b.Describe(), "convolutions by plain kernels")) {
			t.Errorf("cuDNN was asked for %d shapes: %s", planned+refused, b.Describe())
		}
		if i > 0 {
			continue
		}
		if planned != 5 || refused > 0 {
			t.Errorf("cuDNN computed %d shapes and refused %d, want the two layers' passes but for the input's gradient", planned, refused)
		}
		memory, replayed := b.MemoryInUse(), b.Replayed()
		if n := testing.AllocsPerRun(10, func() { train() }); n > 1 {
			t.Errorf("%v allocations a step", n)
		}
		if n := b.Replayed() - replayed; n < 11 || b.MemoryInUse() != memory {
			t.Errorf("%d lists replayed in 11 steps, %d bytes in use, before %d", n, b.MemoryInUse(), memory)
		}
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Errorf("graphs change the result: %v, %v", runs[0], runs[1])
	}
	for i, l := range runs[2] {
		if d := math.Abs(l - runs[0][i]); !(d <= 1e-5*l) {
			t.Errorf("step %d: loss %v by cuDNN, %v by the own kernels", i, runs[0][i], l)
		}
	}
	if first, last := runs[0][0], runs[0][7]; !(last < first) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
}

// TestPlantedConvolution makes the mistakes that the Go layer could make with cuDNN,
// and wants the stand-in to see them.
func TestPlantedConvolution(t *testing.T) {
	b := open(t, Options{Precision: F32})
	size := driver.Convolution{Pass: driver.Forward, N: 2, C: 3, H: 5, W: 4, Out: 6, OutH: 5, OutW: 4, Groups: 1,
		KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1, DilationH: 1, DilationW: 1}
	refused := func(what string, err error) {
		var e *driver.Error
		if !errors.As(err, &e) || !e.Dnn || e.Name != "CUDNN_STATUS_BAD_PARAM" {
			t.Errorf("%s: error %v, want one of cuDNN", what, err)
		}
	}
	wrong := size
	wrong.OutH++
	_, err := b.dev.Plan(wrong, true)
	refused("a size of the result that does not fit", err)
	wrong = size
	wrong.N = 0
	_, err = b.dev.Plan(wrong, true)
	refused("an empty batch", err)

	plan, err := b.dev.Plan(size, true)
	if err != nil {
		t.Fatal(err)
	}
	at := func(elements int) driver.Ptr { return driver.Ptr(b.take(elements).at) }
	x, w, y, room := at(2*3*5*4), at(6*3*3*3), at(2*6*5*4), at(plan.Workspace)
	_, host := b.stage.take(b, 4*6*3*3*3)
	run := func(x, w, y, bias, room driver.Ptr) error {
		return b.dev.Run([]driver.Command{driver.Convolve(&plan, x, w, y, bias, room, false)})
	}
	if err := run(x, w, y, w, room); err != nil {
		t.Errorf("a convolution without fault: %v", err)
	}
	for what, err := range map[string]error{
		"no room to work":          run(x, w, y, 0, 0),
		"memory of the host":       run(x, host, y, 0, room),
		"memory beyond a tensor":   run(x, w, y+4*2*6*5*4, 0, room),
		"a bias that is not there": run(x, w, y, 1<<40, room),
	} {
		refused(what, err)
	}
}

// TestConvolutionProfile names and counts what cuDNN was timed at.
func TestConvolutionProfile(t *testing.T) {
	b := open(t, Options{Precision: F32})
	c := convolutionCases[2]
	c.convolved(b)
	b.StartProfile()
	c.convolved(b)
	oh, ow := c.shape.Out(c.h, c.w)
	found := map[string]int{}
	for _, r := range b.StopProfile() {
		if strings.HasPrefix(r.Name, "convolution") {
			found[r.Name] = r.Calls
			if want := float64(r.Calls*2*c.n*c.out*oh*ow) * float64(c.in/c.shape.Groups*c.shape.KernelH*c.shape.KernelW); r.FLOP != want {
				t.Errorf("%s: %v FLOP, want %v", r.Name, r.FLOP, want)
			}
		}
	}
	for name, want := range map[string]int{"convolution 3x56x18, 2 groups, forward": 1, "convolution 3x56x18, 2 groups, input gradient": 2, "convolution 3x56x18, 2 groups, filter gradient": 2} {
		if found[name] != want {
			t.Errorf("%s: %d calls, want %d of %v", name, found[name], want, found)
		}
	}
}
