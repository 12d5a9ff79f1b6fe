// Package modeltest holds a whole model against PyTorch: the loss and every
// gradient of one step, and the losses of many steps of Adam.
package modeltest

import (
	"math"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/tensor"
)

// Tolerances, relative.
const (
	firstTolerance    = 1e-6 // of the first loss
	lossTolerance     = 5e-5 // of the losses of all steps: rounding grows with each
	gradientTolerance = 1e-4
	weightTolerance   = 1e-4
)

// Load copies the case's state into set. Every name on either side must be on
// the other, with the same shape.
func Load(t testing.TB, c golden.Case, set *nn.Set) {
	t.Helper()
	state := map[string]*tensor.Tensor{}
	for _, part := range c.Parts() {
		if name, ok := strings.CutPrefix(part, "state/"); ok {
			state[name] = tensor.FromSlice(c.Float32s(part), c.Shape(part)...)
		}
	}
	if err := set.Load(state).Err(); err != nil {
		t.Fatal(err)
	}
}

// Train takes as many steps as the case has losses, with its optimiser (Adam,
// rate 1e-3, L2 decay 1e-2), and compares what each leaves behind.
func Train(t testing.TB, c golden.Case, set *nn.Set, be tensor.Backend, loss func(*autograd.Tape) *autograd.Var) {
	t.Helper()
	cfg := optim.DefaultAdam()
	cfg.WeightDecay = 1e-2
	opt := optim.NewAdam(set, cfg)
	tape := autograd.NewTape(be, autograd.Train)
	want := c.Float32s("losses")
	got := make([]float32, len(want))
	for step := range got {
		tape.Reset()
		set.ZeroGrad()
		l := loss(tape)
		got[step] = l.Value.Item()
		tape.Backward(l)
		if step == 0 {
			gradients(t, c, set)
			values(t, c, "first/", set)
		}
		opt.Step(be, 1e-3, nil)
	}
	golden.Near(t, "first loss", got[:1], want[:1], firstTolerance)
	golden.Near(t, "losses", got, want, lossTolerance)
	values(t, c, "final/", set)
}

// gradients compares the gradient of every parameter. What a batch norm takes
// out again, the bias before it and the weight of a single band, has a gradient
// of zero but for rounding and the norm's epsilon: the difference is held
// against the largest gradient of all too.
func gradients(t testing.TB, c golden.Case, set *nn.Set) {
	t.Helper()
	largest := 0.0
	for _, part := range c.Parts() {
		if strings.HasPrefix(part, "grad/") {
			largest = max(largest, peak(c.Float32s(part)))
		}
	}
	for _, p := range set.Params() {
		part := "grad/" + p.Name
		switch {
		case c.Has(part) == p.Frozen:
			t.Errorf("%s: frozen is %v, PyTorch has a gradient: %v", p.Name, p.Frozen, c.Has(part))
		case p.Frozen:
		case cancels(p):
			want, grad, d := c.Float32s(part), p.Grad.Host(), make([]float32, p.Value.Len())
			for i := range d {
				d[i] = grad[i] - want[i]
			}
			if d := peak(d); d > max(1e-5*largest, gradientTolerance*peak(want)) {
				t.Errorf("%s: gradients of up to %g differ by %g, the largest of all is %g", part, peak(want), d, largest)
			}
		default:
			golden.Near(t, part, p.Grad.Host(), c.Float32s(part), gradientTolerance)
		}
	}
}

// cancels reports whether a batch norm makes the loss independent of p.
func cancels(p *nn.Param) bool {
	return strings.HasSuffix(p.Name, "reduce1.bias") || strings.HasSuffix(p.Name, "reduce2.bias") ||
		strings.HasSuffix(p.Name, "reduce1.weight") && p.Value.Dim(1) == 1
}

// values compares the parameters and statistics stored under a prefix.
func values(t testing.TB, c golden.Case, prefix string, set *nn.Set) {
	t.Helper()
	state, compared := set.State(), 0
	for _, part := range c.Parts() {
		if name, ok := strings.CutPrefix(part, prefix); ok {
			golden.Near(t, part, state[name].Host(), c.Float32s(part), weightTolerance)
			compared++
		}
	}
	if compared == 0 {
		t.Errorf("nothing is stored under %s", prefix)
	}
}

func peak(x []float32) float64 {
	m := 0.0
	for _, v := range x {
		m = max(m, math.Abs(float64(v)))
	}
	return m
}
