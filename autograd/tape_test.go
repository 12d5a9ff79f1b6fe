package autograd_test

import (
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/tensor"
)

// TestKeepGrads compares the gradients of values in between with those worked
// out by hand, for operations that would otherwise reuse their memory.
func TestKeepGrads(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	tape.KeepGrads = true
	w := autograd.NewParam("w", tensor.FromSlice([]float32{2, 0, 0, -1}, 2, 2))
	x := tape.Input(tensor.FromSlice([]float32{1, 3}, 1, 2))
	h := tape.LinearAct(x, tape.Param(w), nil, autograd.ActReLU) // 2, 0
	s := tape.Add(h, x)                                          // 3, 3
	r := tape.Reshape(s, 2)                                      // 3, 3
	q := tape.Square(r)                                          // 9, 9
	loss := tape.Sum(q)
	tape.Backward(loss)
	for _, c := range []struct {
		name  string
		v     *autograd.Var
		value []float32
		grad  []float32
	}{
		{"q", q, []float32{9, 9}, []float32{1, 1}},
		{"r", r, []float32{3, 3}, []float32{6, 6}},
		{"s", s, []float32{3, 3}, []float32{6, 6}},
		{"h", h, []float32{2, 0}, []float32{6, 6}}, // after the activation, not before
		{"loss", loss, []float32{18}, []float32{1}},
	} {
		if c.v.Grad() == nil || !sameBits(c.v.Grad().Data, c.grad) || !sameBits(c.v.Value.Data, c.value) {
			t.Errorf("%s: value %v, gradient %v, want %v and %v", c.name, c.v.Value, c.v.Grad(), c.value, c.grad)
		}
	}
	if want := []float32{6, 18, 0, 0}; !sameBits(w.Grad.Data, want) {
		t.Errorf("gradient of the weight %v, want %v", w.Grad.Data, want)
	}
	if x.Grad() != nil {
		t.Error("a constant has a gradient")
	}
	tape.Reset()
}

// TestKeepGradsOutsideOfRecompute: the kept gradient of a recomputed value that
// ends in an activation is that of the value.
func TestKeepGradsOutsideOfRecompute(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	tape.KeepGrads = true
	w := autograd.NewParam("w", tensor.FromSlice([]float32{-1}, 1, 1))
	body := func(t *autograd.Tape, in []*autograd.Var) *autograd.Var {
		return t.LinearAct(in[0], t.Param(w), nil, autograd.ActReLU)
	}
	x := tensor.FromSlice([]float32{1}, 1, 1)
	y := tape.Recompute(body, tape.Input(x))
	z := tape.Shards(1, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return body(t, in) }, tape.Input(x))
	tape.Backward(tape.Scale(tape.Sum(tape.Add(y, z)), 5))
	if y.Grad().Item() != 5 || z.Grad().Item() != 5 {
		t.Errorf("gradients %v and %v, want 5", y.Grad().Item(), z.Grad().Item())
	}
}

func TestGradientsAccumulateUntilCleared(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	p := autograd.NewParam("p", tensor.FromSlice([]float32{3}))
	tape := autograd.NewTape(be, autograd.Train)
	for i := range 3 {
		tape.Backward(tape.Square(tape.Param(p)))
		tape.Reset()
		if want := float32(6 * (i + 1)); p.Grad.Item() != want {
			t.Errorf("gradient %v after %d passes, want %v", p.Grad.Item(), i+1, want)
		}
	}
	p.ZeroGrad()
	tape.Backward(tape.Param(p)) // the loss is the parameter itself
	tape.Reset()
	tape.Backward(tape.Param(p))
	if p.Grad.Item() != 2 {
		t.Errorf("gradient %v, want 2", p.Grad.Item())
	}
}

func TestBackwardMisusePanics(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	x := tape.InputGrad(tensor.New(3))
	loss := tape.Sum(x)
	if panicOf(func() { tape.Backward(tape.Square(x)) }) == nil {
		t.Error("a loss of three elements")
	}
	if said, _ := panicOf(func() { tape.Backward(nil) }).(string); !strings.Contains(said, "no loss") {
		t.Errorf("no loss: %q", said)
	}
	if panicOf(func() { tape.Backward(tape.Const(1)) }) == nil {
		t.Error("a loss that depends on nothing")
	}
	tape.Backward(loss)
	if panicOf(func() { tape.Backward(loss) }) == nil {
		t.Error("Backward twice")
	}
	eval := autograd.NewTape(be, autograd.Eval)
	if panicOf(func() { eval.Backward(eval.Sum(eval.InputGrad(tensor.New(3)))) }) == nil {
		t.Error("Backward in evaluation")
	}
}

// TestBackwardKeepsTheLoss: the value of the loss is there after Backward, also where
// the loss is a view of what computed it, and memory given back was used again.
func TestBackwardKeepsTheLoss(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	for name, view := range map[string]func(t *autograd.Tape, x *autograd.Var) *autograd.Var{
		"result":         func(_ *autograd.Tape, x *autograd.Var) *autograd.Var { return x },
		"view":           func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.Reshape(x, 1, 1) },
		"view of a view": func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.Reshape(t.Reshape(x, 1, 1), 1) },
	} {
		tape := autograd.NewTape(be, autograd.Train)
		x := tape.InputGrad(tensor.FromSlice([]float32{1, 2, 3}, 3))
		loss := view(tape, tape.Square(tape.Sum(tape.Square(x)))) // 14²
		tape.Backward(loss)
		if v := loss.Value.Item(); v != 196 {
			t.Errorf("%s: the loss is %v after Backward, want 196", name, v)
		}
		if want := []float32{56, 112, 168}; !sameBits(x.Grad().Data, want) {
			t.Errorf("%s: gradient %v, want %v", name, x.Grad().Data, want)
		}
	}
}

// TestRecomputedBatchNormMovesItsStatisticsOnce compares the running statistics
// with those of the plain computation.
func TestRecomputedBatchNormMovesItsStatisticsOnce(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	x := tensor.FromSlice([]float32{1, 2, 3, 4, 5, 9}, 3, 2)
	gamma, beta := autograd.NewParam("gamma", tensor.FromSlice([]float32{1, 1}, 2)), autograd.NewParam("beta", tensor.New(2))
	var results [3]*autograd.BatchStats
	for depth := range results {
		stats := &autograd.BatchStats{Mean: tensor.New(2), Var: tensor.New(2), Momentum: 0.1}
		results[depth] = stats
		body := func(t *autograd.Tape, in []*autograd.Var) *autograd.Var {
			return t.BatchNorm(in[0], t.Param(gamma), t.Param(beta), stats, 1e-5, true, false)
		}
		for range depth {
			inner := body
			body = func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return t.Recompute(inner, in...) }
		}
		tape := autograd.NewTape(be, autograd.Train)
		tape.Backward(tape.Sum(tape.Square(body(tape, []*autograd.Var{tape.InputGrad(x)}))))
	}
	for depth, r := range results {
		golden.Near(t, "mean", r.Mean.Data, []float32{0.3, 0.5}, 1e-6)
		if !sameBits(r.Var.Data, results[0].Var.Data) {
			t.Errorf("recomputed %d deep: variance %v, want %v", depth, r.Var.Data, results[0].Var.Data)
		}
	}
}

func TestNoGradIsConstant(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	x := tape.InputGrad(tensor.FromSlice([]float32{3}))
	var c *autograd.Var
	tape.NoGrad(func() {
		tape.NoGrad(func() {})
		c = tape.Square(x)
	})
	tape.Backward(tape.Mul(c, x)) // 9x, not x³
	if x.Grad().Item() != 9 {
		t.Errorf("gradient %v, want 9", x.Grad().Item())
	}
	if panicOf(func() { tape.NoGrad(func() { panic("in the middle") }) }) == nil {
		t.Error("the panic is lost")
	}
	tape.Reset()
	y := tape.InputGrad(tensor.FromSlice([]float32{3}))
	tape.Backward(tape.Square(y)) // recording again
	if y.Grad().Item() != 6 {
		t.Errorf("gradient %v, want 6", y.Grad().Item())
	}
}

func TestWriteGraph(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	w, b := autograd.NewParam("fc.weight", tensor.New(4, 3)), autograd.NewParam("fc.bias", tensor.New(4))
	x := tape.Input(tensor.New(2, 5, 3))
	h := tape.LinearAct(x, tape.Param(w), tape.Param(b), autograd.ActGELU)
	s := tape.Shards(1, func(t *autograd.Tape, _, _ int, in []*autograd.Var) *autograd.Var { return t.Square(in[0]) }, h)
	r := tape.Recompute(func(t *autograd.Tape, in []*autograd.Var) *autograd.Var { return t.Square(in[0]) }, s)
	c := tape.Concat(1, h, s, r, h, s)
	tape.Square(x) // not recorded: nothing there needs a gradient
	tape.Mean(c)
	var got strings.Builder
	if err := tape.WriteGraph(&got); err != nil {
		t.Fatal(err)
	}
	want := `%0 = Linear(input(2, 5, 3), fc.weight(4, 3), fc.bias(4)) -> (2, 5, 4)
%1 = Shards(%0(2, 5, 4)) -> (2, 5, 4)
%2 = Recompute(%1(2, 5, 4)) -> (2, 5, 4)
%3 = Concat(%0(2, 5, 4), %1(2, 5, 4), %2(2, 5, 4), %0(2, 5, 4), %1(2, 5, 4)) -> (2, 25, 4)
%4 = Sum(%3(2, 25, 4)) -> ()
`
	if got.String() != want {
		t.Errorf("graph\n%swant\n%s", &got, want)
	}
}
