package autograd_test

import (
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

// A product of weights that shards use through Bind must give what it gives
// when every shard computes it: the loss, and the gradient of what it was made of.
func TestBind(t *testing.T) {
	normal := func(name string, dims ...int) *tensor.Tensor {
		x := tensor.New(dims...)
		rng.New(1, name, 0).Normal(x.Data, 0)
		return x
	}
	x, a, b := normal("x", 6, 4), autograd.NewParam("a", normal("a", 5, 3)), autograd.NewParam("b", normal("b", 3, 4))
	be := tensor.NewCPU(2)
	defer be.Close()
	bound := autograd.NewParam("bound", tensor.New(5, 4))
	run := func(loss func(tape *autograd.Tape, in *autograd.Var) *autograd.Var) (value float32, dx, da, db []float32) {
		tape := autograd.NewTape(be, autograd.Train)
		in := tape.InputGrad(x)
		l := loss(tape, in)
		a.ZeroGrad()
		b.ZeroGrad()
		tape.Backward(l)
		return l.Value.Item(), in.Grad().Clone().Data, a.Grad.Clone().Data, b.Grad.Clone().Data
	}
	product := func(tape *autograd.Tape) *autograd.Var {
		return tape.MatMul(tape.Param(a), tape.Param(b), false, false)
	}
	square := func(tape *autograd.Tape, y *autograd.Var) *autograd.Var { return tape.Sum(tape.Mul(y, y)) }

	value, dx, da, db := run(func(tape *autograd.Tape, in *autograd.Var) *autograd.Var {
		return square(tape, tape.MatMul(in, product(tape), false, true))
	})
	for round := range 2 { // a second step must not remember the first, of other weights
		scale := []float32{2, 0.5}[round]
		for i := range a.Value.Data {
			a.Value.Data[i] *= scale
		}
		gotValue, gotX, gotA, gotB := run(func(tape *autograd.Tape, in *autograd.Var) *autograd.Var {
			tape.Bind(bound, product(tape))
			return tape.ShardSum(2, func(tape *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var {
				return square(tape, tape.Linear(in[0], tape.Param(bound), nil))
			}, in)
		})
		if round == 1 { // the weights are those of before again
			golden.Near(t, "loss", []float32{gotValue}, []float32{value}, 1e-6)
			golden.Near(t, "dx", gotX, dx, 1e-5)
			golden.Near(t, "da", gotA, da, 1e-5)
			golden.Near(t, "db", gotB, db, 1e-5)
		}
	}
	// Of a constant no gradient is wanted.
	tape := autograd.NewTape(be, autograd.Eval)
	tape.Bind(bound, product(tape))
	if !bound.Frozen || bound.Grad != nil {
		t.Error("a parameter bound in evaluation collects a gradient")
	}
}
