package autograd_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/internal/rng"
	"diffclip/nn"
	"diffclip/tensor"
)

// TestShardsEqualTheWhole compares loss and gradients with the uncut
// computation, for several grains, with the loss scaled, and recomputed.
func TestShardsEqualTheWhole(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	m := newModel(37)
	for _, scale := range []float32{1, -2.5} {
		m.redo = false
		loss, dx, grads := m.result(t, be, whole, 0, scale)
		for _, how := range []int{inShards, inSums} {
			for _, grain := range []int{1, 2, 5, 36, 37, 1000} {
				m.redo = grain == 5
				gotLoss, gotDX, gotGrads := m.result(t, be, how, grain, scale)
				golden.Near(t, "loss", []float32{gotLoss}, []float32{loss}, 1e-5)
				golden.Near(t, "gradient of the input", gotDX, dx, 1e-4)
				golden.Near(t, "gradients", gotGrads, grads, 1e-4)
			}
		}
	}
}

// TestThreadsChangeNothing wants the same bits from 1, 2 and 7 threads.
func TestThreadsChangeNothing(t *testing.T) {
	for _, how := range []int{whole, inShards, inSums} {
		for _, redo := range []bool{false, true} {
			var want []float32
			for _, threads := range []int{1, 2, 7} {
				be := tensor.NewCPU(threads)
				m := newModel(91) // 455 rows: whole, the products too are spread over threads
				m.redo = redo
				loss, dx, grads := m.result(t, be, how, 3, 1)
				got := slices.Concat([]float32{loss}, dx, grads)
				be.Close()
				if want == nil {
					want = got
				}
				if !sameBits(got, want) {
					t.Errorf("way %d, recompute %v: %d threads give other bits than one", how, redo, threads)
				}
			}
		}
	}
}

// TestRecomputeEqualsPlain wants the same bits with and without.
func TestRecomputeEqualsPlain(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	m := newModel(9)
	for _, how := range []int{whole, inShards, inSums} {
		m.redo = false
		loss, dx, grads := m.result(t, be, how, 2, 1)
		m.redo = true
		loss2, dx2, grads2 := m.result(t, be, how, 2, 1)
		if loss != loss2 || !sameBits(dx, dx2) || !sameBits(grads, grads2) {
			t.Errorf("way %d: recomputation gives other bits", how)
		}
	}
}

// TestSeveralShardsOnOneTape chains two and adds a third, on one tape that is
// reset and used with other batch sizes, so that slices change their lane.
func TestSeveralShardsOnOneTape(t *testing.T) {
	be := tensor.NewCPU(3)
	defer be.Close()
	set := nn.NewSet(1)
	fc, out := nn.NewLinear(set.Root().Sub("fc"), 4, 4), nn.NewLinear(set.Root().Sub("out"), 4, 1)
	layer := func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var {
		return t.Recompute(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var {
			return fc.ForwardAct(t, in[0], autograd.ActGELU)
		}, in[0])
	}
	last := func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var {
		return t.Sum(t.Mul(out.Forward(t, in[0]), out.Forward(t, in[1])))
	}
	tape := autograd.NewTape(be, autograd.Train)
	for _, batch := range []int{40, 7, 40, 3, 64, 1} {
		x := tensor.New(batch, 4)
		nn.Normal(1)(x, 1, "x")
		run := func(cut bool) (values []float32) {
			set.Flatten()
			set.ZeroGrad()
			in := tape.InputGrad(x)
			apply := func(body func(*autograd.Tape, int, int, []*autograd.Var) *autograd.Var, in ...*autograd.Var) *autograd.Var {
				return body(tape, 0, batch, in)
			}
			sum := apply
			if cut {
				apply = func(body func(*autograd.Tape, int, int, []*autograd.Var) *autograd.Var, in ...*autograd.Var) *autograd.Var {
					return tape.Shards(2, body, in...)
				}
				sum = func(body func(*autograd.Tape, int, int, []*autograd.Var) *autograd.Var, in ...*autograd.Var) *autograd.Var {
					return tape.ShardSum(3, body, in...)
				}
			}
			h := apply(layer, in)
			loss := sum(last, apply(layer, h), h)
			tape.Backward(loss)
			values = slices.Concat([]float32{loss.Value.Item()}, in.Grad().Data, set.Flatten().Grad.Data)
			tape.Reset()
			return values
		}
		golden.Near(t, "loss and gradients", run(true), run(false), 1e-4)
	}
}

// TestRangesOfOneParameter uses a parameter and two ranges of its rows in one
// Shards: their sums go to the same memory, made on the way.
func TestRangesOfOneParameter(t *testing.T) {
	be := tensor.NewCPU(4)
	defer be.Close()
	for _, how := range []int{whole, inShards, inSums} {
		p := autograd.NewParam("w", tensor.New(6, 4))
		nn.Normal(1)(p.Value, 1, "w")
		top, bottom := p.Rows(0, 3), p.Rows(2, 6)
		body := func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var {
			a, b, c := t.Linear(in[0], t.Param(top), nil), t.Linear(in[0], t.Param(p), nil), t.Linear(in[0], t.Param(bottom), nil)
			return t.Concat(1, a, b, c)
		}
		x := tensor.New(33, 4)
		for i := range x.Data {
			x.Data[i] = 1
		}
		tape := autograd.NewTape(be, autograd.Train)
		in := tape.Input(x)
		var loss *autograd.Var
		switch how {
		case whole:
			loss = tape.Sum(body(tape, 0, 33, []*autograd.Var{in}))
		case inShards:
			loss = tape.Sum(tape.Shards(1, body, in))
		case inSums:
			loss = tape.ShardSum(1, func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var {
				return t.Sum(body(t, lo, hi, in))
			}, in)
		}
		tape.Backward(loss)
		for i, g := range p.Grad.Data {
			uses := []float32{2, 2, 3, 2, 2, 2}[i/4]
			if g != 33*uses {
				t.Errorf("way %d: gradient %d is %v, want %v", how, i, g, 33*uses)
			}
		}
	}
}

// TestShardSumKeepsSmallLosses: losses that are small beside another count.
func TestShardSumKeepsSmallLosses(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Eval)
	x := tape.Input(tensor.FromSlice([]float32{1 << 24, 1, 1, 1, 1}, 5))
	sum := tape.ShardSum(1, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return t.Sum(in[0]) }, x)
	if got := sum.Value.Item(); got != 1<<24+4 {
		t.Errorf("sum %v, want %v", got, 1<<24+4)
	}
}

func TestConstantsAndNoGradInShards(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	m := newModel(7)
	want, _, _ := m.result(t, be, inSums, 2, 1)
	m.set.ZeroGrad()
	for _, how := range []int{inShards, inSums} {
		tape := autograd.NewTape(be, autograd.Train)
		x := tape.Input(m.x) // no gradient wanted
		tape.Backward(m.loss(tape, x, how, 2))
		if x.Grad() != nil {
			t.Error("a constant has a gradient")
		}
		tape.Reset()
		m.set.ZeroGrad()
		var got float32
		tape.NoGrad(func() { got = m.loss(tape, tape.InputGrad(m.x), how, 2).Value.Item() })
		golden.Near(t, "loss without gradients", []float32{got}, []float32{want}, 1e-5)
		eval := autograd.NewTape(be, autograd.Eval)
		got = m.loss(eval, eval.Input(m.x), how, 2).Value.Item()
		golden.Near(t, "loss in evaluation", []float32{got}, []float32{want}, 1e-5)
		if slices.ContainsFunc(m.set.Flatten().Grad.Data, func(g float32) bool { return g != 0 }) {
			t.Error("a gradient was computed where none is wanted")
		}
	}
}

// TestOneInputTwice passes a value to a part of the graph as two inputs: its gradient
// is the sum of both, whatever the memory held.
func TestOneInputTwice(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	x := tensor.New(6, 3)
	rng.New(1, "x", 0).Normal(x.Data, 0)
	product := func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return t.Add(t.Mul(in[0], in[0]), in[1]) }
	shard := func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return product(t, in) }
	for name, f := range map[string]func(*autograd.Tape, *autograd.Var) *autograd.Var{
		"plain":     func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.Sum(product(t, []*autograd.Var{x, x})) },
		"recompute": func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.Sum(t.Recompute(product, x, x)) },
		"shards":    func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.Sum(t.Shards(2, shard, x, x)) },
		"shard sum": func(t *autograd.Tape, x *autograd.Var) *autograd.Var {
			return t.ShardSum(2, func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var {
				return t.Sum(shard(t, lo, hi, in))
			}, x, x)
		},
	} {
		for range 2 { // the memory of the first time is there the second
			dirty := be.Get(x.Shape)
			be.Fill(dirty, float32(math.NaN()))
			be.Put(dirty)
			tape := autograd.NewTape(be, autograd.Train)
			in := tape.InputGrad(x)
			tape.Backward(f(tape, in))
			for i, got := range in.Grad().Data {
				if want := 2*x.Data[i] + 1; math.Abs(float64(got-want)) > 1e-6 {
					t.Fatalf("%s: gradient %d is %v, want %v", name, i, got, want)
				}
			}
			tape.Reset()
		}
	}
}

// TestUnusedShardSum leaves one out of the loss: its gradients must not show.
func TestUnusedShardSum(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	m := newModel(7)
	_, wantDX, want := m.result(t, be, inSums, 2, 1)
	m.set.ZeroGrad()
	tape := autograd.NewTape(be, autograd.Train)
	x := tape.InputGrad(m.x)
	m.loss(tape, x, inSums, 3)
	tape.Backward(m.loss(tape, x, inSums, 2))
	if !sameBits(x.Grad().Data, wantDX) || !sameBits(m.set.Flatten().Grad.Data, want) {
		t.Error("a loss that was left out changes the gradients")
	}
	// Nor in the next step, on the same tape, where none was asked for in this.
	for range 2 {
		tape.Reset()
		m.set.ZeroGrad()
		x = tape.InputGrad(m.x)
		m.loss(tape, x, inSums, 2)
	}
	tape.Reset()
	x = tape.InputGrad(m.x)
	tape.Backward(m.loss(tape, x, inSums, 2))
	if !sameBits(x.Grad().Data, wantDX) || !sameBits(m.set.Flatten().Grad.Data, want) {
		t.Error("a loss without a backward pass changes the gradients of the next step")
	}
}

func TestShardsMisusePanics(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	p := autograd.NewParam("w", tensor.New(4, 3))
	stats := &autograd.BatchStats{Mean: tensor.New(3), Var: tensor.New(3)}
	identity := func(_ *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return in[0] }
	inside := func(f func(t *autograd.Tape, in []*autograd.Var) *autograd.Var) func(t *autograd.Tape, x *autograd.Var) {
		return func(t *autograd.Tape, x *autograd.Var) {
			t.Shards(2, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return f(t, in) }, x)
		}
	}
	for name, f := range map[string]func(t *autograd.Tape, x *autograd.Var){
		"nested": inside(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return t.Shards(1, identity, in[0]) }),
		"in Recompute": func(t *autograd.Tape, x *autograd.Var) {
			t.Recompute(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return t.Shards(1, identity, in[0]) }, x)
		},
		"batch statistics": inside(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var {
			return t.BatchNorm(in[0], t.Const(1, 3), t.Const(0, 3), stats, 1e-5, true, false)
		}),
		"batch statistics, recomputed": inside(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var {
			return t.Recompute(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var {
				return t.BatchNorm(in[0], t.Const(1, 3), t.Const(0, 3), stats, 1e-5, true, false)
			}, in[0])
		}),
		"no input":          func(t *autograd.Tape, _ *autograd.Var) { t.Shards(1, identity) },
		"no grain":          func(t *autograd.Tape, x *autograd.Var) { t.Shards(0, identity, x) },
		"parameter":         func(t *autograd.Tape, x *autograd.Var) { t.Shards(1, identity, x, t.Param(p)) },
		"batches differ":    func(t *autograd.Tape, x *autograd.Var) { t.Shards(1, identity, x, t.Const(0, 5, 3)) },
		"scalar":            func(t *autograd.Tape, _ *autograd.Var) { t.Shards(1, identity, t.Const(0)) },
		"empty batch":       func(t *autograd.Tape, _ *autograd.Var) { t.Shards(1, identity, t.Const(0, 0, 3)) },
		"rows of no sample": inside(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return t.Concat(0, in[0], in[0]) }),
		"scalar result":     inside(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return t.Sum(in[0]) }),
		"shapes differ": func(t *autograd.Tape, x *autograd.Var) {
			t.Shards(2, func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var { return t.Const(0, hi-lo, 1+lo) }, x)
		},
		"sum of rows": func(t *autograd.Tape, x *autograd.Var) { t.ShardSum(2, identity, x) },
	} {
		tape := autograd.NewTape(be, autograd.Train)
		err := panicOf(func() { f(tape, tape.InputGrad(tensor.New(4, 3))) })
		var shape *tensor.ShapeError
		if e, ok := err.(error); err == nil || name != "no input" && name != "no grain" && !(ok && errors.As(e, &shape)) {
			t.Errorf("%s: panic %v, want a shape error", name, err)
		}
		// The tape and backend stay usable.
		tape.Reset()
		if got := tape.Sum(tape.Shards(2, identity, tape.Const(1, 4, 3))).Value.Item(); got != 12 {
			t.Errorf("%s: afterwards a sum is %v, want 12", name, got)
		}
	}
}

func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

// oneLane is a backend that takes a batch as a whole, as a device does.
type oneLane struct{ *tensor.CPU }

func (oneLane) Lanes() int { return 1 }

// TestOneLane holds a backend of one lane to one of many, cut and whole.
func TestOneLane(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	m := newModel(7)
	for _, how := range []int{inShards, inSums} {
		for _, grain := range []int{2, 7} {
			wantLoss, wantDX, want := m.result(t, be, how, 2, 1)
			loss, dx, grads := m.result(t, oneLane{be}, how, grain, 1)
			golden.Near(t, "loss", []float32{loss}, []float32{wantLoss}, 1e-5)
			golden.Near(t, "gradient of the input", dx, wantDX, 1e-5)
			golden.Near(t, "gradients", grads, want, 1e-5)
		}
	}
	for name, f := range map[string]func(t *autograd.Tape, x *autograd.Var){
		"sum of rows": func(t *autograd.Tape, x *autograd.Var) {
			t.ShardSum(4, func(_ *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return in[0] }, x)
		},
		"scalar result": func(t *autograd.Tape, x *autograd.Var) {
			t.Shards(4, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return t.Sum(in[0]) }, x)
		},
	} {
		tape := autograd.NewTape(oneLane{be}, autograd.Train)
		err, _ := panicOf(func() { f(tape, tape.InputGrad(tensor.New(4, 3))) }).(error)
		var shape *tensor.ShapeError
		if !errors.As(err, &shape) {
			t.Errorf("%s: panic %v, want a shape error", name, err)
		}
	}
}
