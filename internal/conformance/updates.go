package conformance

import (
	"fmt"
	"math"
	"slices"

	"diffclip/tensor"
)

var updateChecks = []check{
	{[]string{"Adam"}, func(b *bench) {
		for _, n := range []int{1, 37, large} {
			for _, decoupled := range []bool{false, true} {
				b.adam(n, tensor.AdamConfig{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1, Decoupled: decoupled})
			}
		}
	}},
	{[]string{"SGD"}, func(b *bench) {
		for _, momentum := range []float32{0, 0.9} {
			for _, nesterov := range []bool{false, true} {
				b.sgd(101, momentum, nesterov)
			}
		}
	}},
	{[]string{"NoteStep"}, (*bench).noteSteps},
}

// halved is a scale of gradients.
const halved = 0.5

func (b *bench) scale(v float32) *tensor.Tensor {
	s := b.dirty(1)
	b.be.Fill(s, v)
	return s
}

// adam makes three steps and compares parameters and moments after each.
func (b *bench) adam(n int, c tensor.AdamConfig) {
	p, m, v := b.random("p", n), b.dirty(n), b.dirty(n)
	b.be.Fill(m, 0)
	b.be.Fill(v, 0)
	wp, wm, wv := wide(p), wide(m), wide(v)
	beta1, beta2, lr, decay := float64(c.Beta1), float64(c.Beta2), float64(c.LR), float64(c.WeightDecay)
	for c.Step = 1; c.Step <= 3; c.Step++ {
		g := b.random(fmt.Sprint("g", c.Step), n)
		before := g.Clone().Data
		for i := range wp {
			d := halved * float64(before[i])
			if c.Decoupled {
				wp[i] *= 1 - lr*decay
			} else {
				d += decay * wp[i]
			}
			wm[i] = beta1*wm[i] + (1-beta1)*d
			wv[i] = beta2*wv[i] + (1-beta2)*d*d
			mhat := wm[i] / (1 - math.Pow(beta1, float64(c.Step)))
			vhat := wv[i] / (1 - math.Pow(beta2, float64(c.Step)))
			wp[i] -= lr * mhat / (math.Sqrt(vhat) + float64(c.Eps))
		}
		b.be.Adam(p, g, m, v, b.scale(halved), c)
		b.near("parameters", p, wp)
		b.near("first moments", m, wm)
		b.near("second moments", v, wv)
		if !slices.Equal(g.Host(), before) {
			b.Error("Adam changed the gradient")
		}
	}
}

// sgd makes three steps and compares parameters and velocity after each.
func (b *bench) sgd(n int, momentum float32, nesterov bool) {
	const lr, decay = 0.1, 0.2
	p := b.random("p", n)
	var m *tensor.Tensor
	if momentum != 0 {
		m = b.dirty(n) // the first step overwrites it
	}
	wp, wm := wide(p), make([]float64, n)
	for step := range 3 {
		g := b.random(fmt.Sprint("g", step), n)
		gradient := g.Host()
		for i := range wp {
			d := halved*float64(gradient[i]) + decay*wp[i]
			wm[i] = float64(momentum)*wm[i] + d
			switch {
			case m == nil:
			case nesterov:
				d += float64(momentum) * wm[i]
			default:
				d = wm[i]
			}
			wp[i] -= lr * d
		}
		b.be.SGD(p, g, m, b.scale(halved), lr, momentum, decay, nesterov, step == 0)
		b.near("parameters", p, wp)
		if m != nil {
			b.near("velocity", m, wm)
		}
	}
}

// noteSteps notes more steps than the log has rows: a gradient is shortened to a
// bound and never up to it, and what is not finite holds back updates from then on.
func (b *bench) noteSteps() {
	const rows = 3
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	log, scale, want := b.dirty(1+2*rows), b.dirty(1), make([]float64, 1+2*rows)
	log.Zero()
	b.be.Fill(scale, 1)
	for step, c := range []struct {
		loss    float32
		squares []float32
		most    float64
		norm    float64
		scale   float64
	}{
		{2, []float32{9, 16}, 1, 5, 0.2},
		{3, []float32{1}, 1, 1, 1},
		{4, []float32{0}, 1, 0, 1},
		{5, []float32{100, 0, 300}, 0, 20, 1},
		{6, []float32{1e-12}, 5e-7, 1e-6, 0.25}, // PyTorch adds 1e-6 to the norm
		{7, []float32{3e38, 3e38, 3e38}, 1, 3e19, 1 / 3e19},
		{inf, []float32{4}, 1, 2, math.NaN()},
		{1, []float32{4}, 1, 2, math.NaN()},
		{1, []float32{4}, 0, 2, math.NaN()},
	} {
		loss, squares := b.dirty(1), b.dirty(len(c.squares))
		loss.Write([]float32{c.loss})
		squares.Write(c.squares)
		b.be.NoteStep(log, scale, loss, squares, c.most)
		row := step % rows
		want[0], want[1+2*row], want[2+2*row] = float64((step+1)%rows), float64(c.loss), c.norm
		got := log.Host()
		for i := range want {
			if w := float32(want[i]); got[i] != w && !(math.Abs(float64(got[i]-w)) <= b.tol*math.Abs(float64(w))) {
				b.Errorf("step %d: log %v, want %v", step, got, want)
				break
			}
		}
		if s := float64(scale.Item()); math.IsNaN(c.scale) != math.IsNaN(s) || math.Abs(s-c.scale) > 2e-6*c.scale+b.tol*c.scale {
			b.Errorf("step %d: scale %v, want %v", step, s, c.scale)
		}
		b.holds(scale, math.IsNaN(c.scale))
	}
	for _, c := range [][2]float32{{nan, 4}, {1, inf}, {1, nan}, {-inf, 4}} {
		loss, squares := b.dirty(1), b.dirty(1)
		loss.Write(c[:1])
		squares.Write(c[1:])
		b.be.Fill(scale, 1)
		b.be.NoteStep(log, scale, loss, squares, 1)
		if s := scale.Item(); s == s {
			b.Errorf("loss %v, squares %v: scale %v, want NaN", c[0], c[1], s)
		}
	}
}

// holds makes updates with a scale: if held, nothing changes, else everything does.
func (b *bench) holds(scale *tensor.Tensor, held bool) {
	p, g, m, v, w := b.random("p", 37), b.random("g", 37), b.random("m", 37), b.dirty(37), b.random("w", 37)
	b.be.Unary(tensor.Square, v, g)
	all := []*tensor.Tensor{p, m, v, w}
	var before [][]float32
	for _, x := range all {
		before = append(before, x.Clone().Data)
	}
	b.be.Adam(p, g, m, v, scale, tensor.AdamConfig{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1, Step: 2})
	b.be.SGD(w, g, nil, scale, 0.1, 0, 0.1, false, false)
	for i, x := range all {
		if slices.Equal(x.Host(), before[i]) != held {
			b.Errorf("scale %v: destination %d changed: %v", scale.Item(), i, !held)
		}
	}
}
