package autograd_test

import (
	"math"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/tensor"
)

// TestTraceNamesTheOperation makes a non-finite value in known places: plainly,
// in slices, and where it is recomputed.
func TestTraceNamesTheOperation(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	type body = func(t *autograd.Tape, x *autograd.Var) *autograd.Var
	bodies := []struct {
		name string
		f    body
		want autograd.NonFinite
	}{
		{"forward", func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.Scale(t.Exp(t.Scale(x, 100)), 2) },
			autograd.NonFinite{Op: "Exp"}},
		{"forward, a NaN", func(t *autograd.Tape, x *autograd.Var) *autograd.Var {
			inf := t.Scale(t.Square(t.Scale(x, 1e25)), 0) // Inf · 0
			return t.Add(inf, x)
		}, autograd.NonFinite{Op: "Square"}},
		{"large, but finite", func(t *autograd.Tape, x *autograd.Var) *autograd.Var {
			return t.Scale(t.Scale(t.Scale(x, 1e30), 1e-30), 1e30)
		}, autograd.NonFinite{}},
		{"backward", func(t *autograd.Tape, x *autograd.Var) *autograd.Var {
			y := t.Mul(t.Scale(x, 1e-30), t.Const(1e25, 4, 2)) // the gradient meets 1e25 first
			return t.Mul(y, t.Const(1e25, 4, 2))
		}, autograd.NonFinite{Op: "Mul", Backward: true}},
	}
	ways := []struct {
		name string
		run  func(t *autograd.Tape, f body, x *autograd.Var) *autograd.Var
	}{
		{"plain", func(t *autograd.Tape, f body, x *autograd.Var) *autograd.Var { return t.Sum(f(t, x)) }},
		{"in Shards", func(t *autograd.Tape, f body, x *autograd.Var) *autograd.Var {
			return t.Sum(t.Shards(4, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return f(t, in[0]) }, x))
		}},
		{"in ShardSum", func(t *autograd.Tape, f body, x *autograd.Var) *autograd.Var {
			return t.ShardSum(4, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return t.Sum(f(t, in[0])) }, x)
		}},
		{"in Recompute", func(t *autograd.Tape, f body, x *autograd.Var) *autograd.Var {
			return t.Sum(t.Recompute(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return f(t, in[0]) }, x))
		}},
		{"in Recompute in Shards", func(t *autograd.Tape, f body, x *autograd.Var) *autograd.Var {
			return t.Sum(t.Shards(4, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var {
				return t.Recompute(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return f(t, in[0]) }, in[0])
			}, x))
		}},
	}
	for _, b := range bodies {
		for _, w := range ways {
			tape := autograd.NewTape(be, autograd.Train)
			tape.Trace = true
			x := tape.InputGrad(tensor.FromSlice([]float32{1, 1, 1, 1, 1, 2, 1, 1}, 4, 2))
			tape.Backward(w.run(tape, b.f, x))
			got := tape.NonFinite()
			switch {
			case b.want.Op == "" && got != nil:
				t.Errorf("%s, %s: %v", b.name, w.name, got)
			case b.want.Op == "":
			case got == nil || got.Op != b.want.Op || got.Backward != b.want.Backward:
				t.Errorf("%s, %s: %v, want it in %s", b.name, w.name, got, b.want.Op)
			}
			tape.Reset()
			if tape.NonFinite() != nil {
				t.Errorf("%s, %s: still there after Reset", b.name, w.name)
			}
		}
	}
}

// TestTraceNamesTheParameter overflows in the gradient of a weight.
func TestTraceNamesTheParameter(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	w := autograd.NewParam("blocks.3.weight", tensor.New(1, 2))
	tape := autograd.NewTape(be, autograd.Train)
	tape.Trace = true
	y := tape.Linear(tape.Input(tensor.FromSlice([]float32{1, 1e20}, 1, 2)), tape.Param(w), nil)
	tape.Backward(tape.Sum(tape.Scale(y, 1e20)))
	n := tape.NonFinite()
	if n == nil || n.Param != "blocks.3.weight" || n.Op != "Linear" || !n.Backward || n.Index != 1 || n.Shape != tensor.Of(1, 2) || !math.IsInf(float64(n.Value), 1) {
		t.Fatalf("found %+v", n)
	}
	if want := "+Inf first appeared in the gradient of blocks.3.weight of Linear, at index 1 of shape (1, 2)"; n.Error() != want {
		t.Errorf("message %q, want %q", n, want)
	}
	tape.Reset()
	tape.Square(tape.Const(1e30, 3))
	if n := tape.NonFinite(); n == nil || !strings.Contains(n.Error(), "result of Square") {
		t.Errorf("found %v, want it in the result of Square", n)
	}
	tape.Recompute(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return t.Exp(in[0]) }, tape.Const(100, 3))
	if n := tape.NonFinite(); n == nil || n.Op != "Square" {
		t.Errorf("a later one hides the first: found %v", n)
	}
}

// TestTraceOfManyInputs overflows where an operation of more than four inputs adds to
// the gradient of one.
func TestTraceOfManyInputs(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	tape.Trace = true
	x := tape.InputGrad(tensor.New(2))
	tape.Backward(tape.Sum(tape.Scale(tape.Concat(0, x, x, x, x, x), 1e38)))
	if n := tape.NonFinite(); n == nil || n.Op != "Concat" || !n.Backward {
		t.Errorf("found %v, want it in the gradient of Concat", n)
	}
}

// TestTraceOfSlices: of several slices the earliest names the operation, whichever
// lane comes first, and a later step knows nothing of it.
func TestTraceOfSlices(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	const batch = 2 * 16 // two slices to a lane
	tape := autograd.NewTape(be, autograd.Train)
	tape.Trace = true
	x := tensor.New(batch, 1)
	be.Fill(x, 1)
	body := func(last int) func(t *autograd.Tape, lo, _ int, in []*autograd.Var) *autograd.Var {
		return func(t *autograd.Tape, lo, _ int, in []*autograd.Var) *autograd.Var {
			y := t.Scale(in[0], 1e25)
			switch {
			case lo == 2 && last > 0:
				y = t.Exp(y)
			case lo > 2 && lo < last:
				y = t.Square(y)
			}
			return t.Scale(y, 0)
		}
	}
	for range 2 {
		tape.Sum(tape.Shards(1, body(6), tape.InputGrad(x)))
		if n := tape.NonFinite(); n == nil || n.Op != "Exp" {
			t.Errorf("found %v, want it in Exp", n)
		}
		tape.Reset()
		tape.Backward(tape.Sum(tape.Shards(1, body(0), tape.InputGrad(x))))
		if n := tape.NonFinite(); n != nil {
			t.Errorf("a step without one: %v", n)
		}
		tape.Reset()
	}
}

// TestTraceOfAnUnusedParameter: a gradient that was infinite in an earlier step is not
// found again where a recomputed part is given the parameter and leaves it alone.
func TestTraceOfAnUnusedParameter(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	w := autograd.NewParam("w", tensor.New(1, 1))
	tape := autograd.NewTape(be, autograd.Train)
	tape.Trace = true
	x := tensor.New(2, 1)
	be.Fill(x, 1e20)
	for _, used := range []bool{true, false} {
		y := tape.Shards(1, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var {
			return t.Recompute(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var {
				if used {
					return t.Scale(t.Linear(in[0], in[1], nil), 1e20)
				}
				return t.Scale(in[0], 1e-20)
			}, in[0], t.Param(w))
		}, tape.InputGrad(x))
		tape.Backward(tape.Sum(y))
		if n := tape.NonFinite(); (n != nil) != used {
			t.Errorf("parameter used: %v, found %v", used, n)
		}
		tape.Reset()
	}
}
