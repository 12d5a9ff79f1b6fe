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
				b.adam(n, tensor.AdamConfig{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1, Decoupled: decoupled, GradScale: 0.5})
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
			d := float64(c.GradScale) * float64(before[i])
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
		b.be.Adam(p, g, m, v, c)
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
	const lr, decay, scale = 0.1, 0.2, 0.5
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
			d := scale*float64(gradient[i]) + decay*wp[i]
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
		b.be.SGD(p, g, m, lr, momentum, decay, scale, nesterov, step == 0)
		b.near("parameters", p, wp)
		if m != nil {
			b.near("velocity", m, wm)
		}
	}
}
