package kernels

import (
	"strings"
	"testing"

	"diffclip/tensor"
)

// recorder is a Device that only looks at what it is given.
type recorder struct {
	t        *testing.T
	launched map[string]int
}

// somewhere is an address that no int32 or float32 looks like.
const somewhere = 1 << 40

func (r *recorder) Scratch(int) Ptr { return somewhere }

func (r *recorder) Launch(k *Kernel, grid, block Dim, args []uint64) {
	if len(args) != len(k.Params) {
		r.t.Errorf("%s: %d arguments for parameters %s", k.Name, len(args), k.Params)
	}
	for i, v := range args {
		if pointer := k.Params[i] == 'p'; pointer && v != 0 && v < somewhere || !pointer && v >= 1<<32 {
			r.t.Errorf("%s: argument %d is %#x, the parameter is of kind %c", k.Name, i, v, k.Params[i])
		}
	}
	if n := int(block.X * block.Y * block.Z); n != k.Max {
		r.t.Errorf("%s: %d threads a block, made for %d", k.Name, n, k.Max)
	}
	if grid.X == 0 || grid.Y == 0 || grid.Z == 0 || grid.Y > maxGridZ || grid.Z > maxGridZ {
		r.t.Errorf("%s: grid %v", k.Name, grid)
	}
	r.launched[k.Name]++
}

// everyMethod calls each method of a Set, with small sizes.
func everyMethod(s *Set) {
	const p = Ptr(somewhere)
	planes, heads := Planes{2, 4, 3}, Heads{2, 5, 32, 2}
	wide := Heads{2, 5, 24, 2}
	im := Image{N: 1, C: 2, H: 5, W: 5, Out: 2, ConvShape: tensor.ConvShape{KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1}}
	s.Fill(p, 9, 0)
	s.Copy2D(p, 4, p, 5, 2, 3, true)
	s.Transpose(p, p, maxGridZ+1, 2, 3)
	s.Uniform(p, 9, p)
	s.Normal(p, 9, p)
	s.NoiseRows(p, p, p, p, p, 4, 3, 2)
	s.CutWindows(p, p, p, p, 2, 3, 5)
	s.DrawMasks(p, p, p, p, p, p, 2, 9, 3, 0, 1)
	s.Unary(tensor.GELU, p, p, 9)
	s.UnaryBackward(tensor.GELU, p, p, p, p, 9, true)
	s.Binary(tensor.Mul, p, p, p, 9, 3)
	s.Scale(p, p, 9, 0)
	s.Axpy(p, 0, p, 9)
	s.MulAcc(p, p, p, 9, 3)
	s.ScaleByScalar(p, p, p, 9)
	s.AddScalar(p, p, 9, 0, true)
	s.BiasAct(p, p, p, p, 0, 9, 3, tensor.ActGELU)
	s.ActBackward(tensor.ActGELU, p, p, 9)
	s.Sum(p, p, 9999, 0, true)
	s.Sum(p, p, 9, 0, true)
	s.DotLeading(p, p, p, 9, 1)
	s.DotLeading(p, p, p, 9, 3)
	s.SumLeading(p, p, 999, 3)
	s.LayerNorm(p, p, p, p, p, p, 9, 3, 0)
	s.LayerNormBackward(p, p, p, p, p, p, p, p, 9, 3, true)
	s.LayerNormBackward(p, p, p, p, p, p, p, p, 9, 4, true)
	s.Softmax(p, p, 9, 3)
	s.SoftmaxBackward(p, p, p, 9, 3, true)
	s.L2Normalize(p, p, p, 9, 3, 0)
	s.L2NormalizeBackward(p, p, p, p, 9, 3, 0, true)
	s.BatchNorm(p, p, p, p, p, p, planes, 0, true)
	s.BatchNormBackward(p, p, p, p, p, p, p, p, p, planes, true, true)
	s.ChannelAffineBackward(0, 0, 0, p, p, p, p, p, p, planes, true, true)
	s.MoveStats(p, p, p, p, 4, 9, 0, 0)
	s.InvStd(p, p, 4, 0)
	s.GroupNorm(p, p, p, p, 0, 0, planes, 2, 0)
	s.GroupNormBackward(p, p, p, p, p, p, p, p, planes, 2, true)
	s.CrossEntropy(p, p, p, p, 9, 3)
	s.CrossEntropyBackward(p, p, p, p, 9, 3, true)
	s.SoftCrossEntropy(p, p, p, p, 9, 3)
	s.SoftCrossEntropyBackward(p, p, p, p, 9, 3, true)
	s.WeightedMSE(p, p, p, p, 9, 3)
	s.WeightedMSEBackward(p, p, p, p, p, 9, 3, true)
	s.GatherRows(p, p, 0, p, 9, 3)
	s.ScatterAddRows(p, p, p, 9, 3)
	s.ScatterAddDrawn(p, p, p, 9, 3, 4, 2)
	s.SumUnset(p, p, p, 9, 3)
	s.SelfAttention(p, p, p, heads, true, false)
	s.SelfAttentionBackward(p, p, p, p, p, heads, true, false)
	s.SelfAttention(p, p, p, wide, true, false)
	s.SelfAttentionBackward(p, p, p, p, p, wide, true, false)
	for _, tokens := range []int{5, 65} {
		long := Heads{2, tokens, 32, 2}
		s.SelfAttention(p, p, p, long, true, true)
		s.SelfAttentionBackward(p, p, p, p, p, long, true, true)
	}
	s.QueryAttention(p, p, p, p, 0, wide)
	s.QueryAttentionBackward(p, p, p, p, p, p, p, wide)
	s.Conv2D(p, p, p, 0, im)
	s.Conv2DBackward(p, p, p, p, p, p, im, true)
	s.MaxPool2D(p, p, p, im)
	s.MaxPool2DBackward(p, p, p, 2, 25, 9, true)
	s.AvgPool2D(p, p, im)
	s.AvgPool2DBackward(p, p, im, true)
	s.MatMul(p, p, p, 2, 2, 2, 2, true, true, 0, 0)
	s.Adam(p, p, p, p, p, p, 9, AdamConfig{})
	s.SGD(p, p, p, p, p, 9, 0, 0, true, true)
	s.NoteStep(p, p, p, p, 2, 3, 0)
}

// TestEveryLaunchFitsItsKernel checks arguments and geometry against the table, and that every kernel has a method.
func TestEveryLaunchFitsItsKernel(t *testing.T) {
	r := &recorder{t: t, launched: map[string]int{}}
	everyMethod(NewSet(r))
	for _, k := range Kernels {
		if r.launched[k.Name] == 0 {
			t.Errorf("no method launches %s", k.Name)
		}
	}
}

// TestLaunchingAllocatesNothing holds Set to its promise.
func TestLaunchingAllocatesNothing(t *testing.T) {
	s := NewSet(nowhere{})
	if n := testing.AllocsPerRun(10, func() { everyMethod(s) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

type nowhere struct{}

func (nowhere) Scratch(int) Ptr                    { return 1 }
func (nowhere) Launch(*Kernel, Dim, Dim, []uint64) {}

// TestTooManyElements: sizes beyond a 32-bit index are refused, not cut.
func TestTooManyElements(t *testing.T) {
	s := NewSet(nowhere{})
	for name, launch := range map[string]func(){
		"elements": func() { s.Fill(1, 1<<31, 0) },
		"matrix":   func() { s.Copy2D(1, 1<<16, 1, 1<<16, 1<<16, 1<<15, false) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*tensor.ShapeError); !ok {
					t.Errorf("%s: no ShapeError", name)
				}
			}()
			launch()
		}()
	}
	s.Fill(1, 1<<31-1, 0)
}

// TestTableIsThePTX holds the generated table to the module it was made with.
func TestTableIsThePTX(t *testing.T) {
	if n := strings.Count(PTX, ".visible .entry"); n != len(Kernels) {
		t.Errorf("the PTX has %d entries, the table %d", n, len(Kernels))
	}
	for i, k := range Kernels {
		if k.ID != i {
			t.Errorf("%s: ID %d at place %d", k.Name, k.ID, i)
		}
		if !strings.Contains(PTX, ".entry "+k.Name+"(") {
			t.Errorf("the PTX has no %s", k.Name)
		}
	}
}
