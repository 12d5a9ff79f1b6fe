package autograd_test

import (
	"testing"

	"diffclip/autograd"
	"diffclip/autograd/gradcheck"
	"diffclip/tensor"
)

// TestResetGivesEverythingBack: after a tape's Reset none of its tensors is out, and
// none was given back twice, wherever the tape stopped.
func TestResetGivesEverythingBack(t *testing.T) {
	cpu := tensor.NewCPU(2)
	defer cpu.Close()
	type tape = *autograd.Tape
	w := autograd.NewParam("w", tensor.New(3, 3))
	// layer fails the n-th time it is computed.
	layer := func(n int) func(t tape, in []*autograd.Var) *autograd.Var {
		return func(t tape, in []*autograd.Var) *autograd.Var {
			y := t.LinearAct(in[0], t.Param(w), nil, autograd.ActGELU)
			if n--; n == 0 {
				panic("in the middle")
			}
			return t.Square(y)
		}
	}
	shard := func(n int) func(t tape, lo, hi int, in []*autograd.Var) *autograd.Var {
		f := layer(n)
		return func(t tape, _, _ int, in []*autograd.Var) *autograd.Var { return t.Recompute(f, in[0]) }
	}
	const never = -1
	for name, c := range map[string]struct {
		f     func(t tape, x *autograd.Var)
		fails bool
	}{
		"no backward pass":   {func(t tape, x *autograd.Var) { t.Sum(t.Recompute(layer(never), x)) }, false},
		"Backward":           {func(t tape, x *autograd.Var) { t.Backward(t.Sum(t.Recompute(layer(never), x))) }, false},
		"Recompute":          {func(t tape, x *autograd.Var) { t.Recompute(layer(1), x) }, true},
		"Recompute backward": {func(t tape, x *autograd.Var) { t.Backward(t.Sum(t.Recompute(layer(2), x))) }, true},
		"Shards backward":    {func(t tape, x *autograd.Var) { t.Backward(t.Sum(t.Shards(4, shard(2), x))) }, true},
		"ShardSum, no backward pass": {func(t tape, x *autograd.Var) {
			t.ShardSum(1, func(t tape, lo, hi int, in []*autograd.Var) *autograd.Var { return t.Sum(in[0]) }, x)
		}, false},
		"QueryProbabilities": {func(t tape, x *autograd.Var) {
			t.QueryProbabilities(x, t.Const(1, 4, 5, 6), nil, 1)
		}, false},
	} {
		be := gradcheck.NewLedger(t, cpu)
		tape := autograd.NewTape(be, autograd.Train)
		cause := panicOf(func() { c.f(tape, tape.InputGrad(tensor.New(4, 3))) })
		if (cause == "in the middle") != c.fails {
			t.Errorf("%s: panic %v", name, cause)
		}
		tape.Reset()
		if be.Out() != 0 {
			t.Errorf("%s: %d tensors are not given back", name, be.Out())
		}
	}
}

// TestBackwardGivesBackWhatTheLossLeavesOut: after Backward the loss and the wanted
// gradient are all that is out.
func TestBackwardGivesBackWhatTheLossLeavesOut(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	be := gradcheck.NewLedger(t, cpu)
	tape := autograd.NewTape(be, autograd.Train)
	x := tape.InputGrad(tensor.New(2, 3))
	tape.LayerNorm(tape.Square(x), tape.InputGrad(tensor.New(3)), tape.InputGrad(tensor.New(3)), 1e-5)
	loss := tape.Mean(tape.Exp(x))
	tape.Backward(loss)
	if be.Out() != 2 || !be.Has(loss.Value) || !be.Has(x.Grad()) {
		t.Errorf("%d tensors are out, want the loss and the gradient", be.Out())
	}
}
