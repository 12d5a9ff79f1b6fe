package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestAdam(t *testing.T) {
	base := AdamStep{LR: 1e-2, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Bias1: 1 - 0.9*0.9, Bias2: 1 - 0.999*0.999, GradScale: 1}
	coupled, decoupled, coarse := base, base, base
	coarse.Eps = 0.1 // so large that it matters what it is added to
	coupled.WeightDecay, coupled.GradScale = 0.05, 0.5
	decoupled.WeightDecay, decoupled.Decoupled = 0.05, true
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, s := range []AdamStep{base, coupled, decoupled, coarse} {
			for _, n := range vectorLengths {
				a := &arena{t: t, r: r}
				p, g, m, v := a.vector(n), a.vector(n), a.vector(n), a.positive(n)
				p0, m0, v0 := clone(p), clone(m), clone(v)
				Adam(p, g, m, v, s)
				what := fmt.Sprintf("Adam %+v of %d", s, n)
				for i := range p {
					wantP, wantM, wantV := adam64(s, float64(p0[i]), float64(g[i]), float64(m0[i]), float64(v0[i]))
					near(t, at(what+": m", i), m[i], wantM, abs(float64(m0[i]))+abs(float64(g[i])), 2e-7)
					near(t, at(what+": v", i), v[i], wantV, wantV, 4e-7)
					near(t, at(what+": p", i), p[i], wantP, abs(wantP)+0.1*abs(wantM), 3e-7)
				}
				a.check(what)
			}
		}
	})
}

// adam64 is one step in float64 in torch.optim's order.
func adam64(s AdamStep, p, g, m, v float64) (newP, newM, newV float64) {
	g *= float64(s.GradScale)
	if s.Decoupled {
		p *= 1 - float64(s.LR)*float64(s.WeightDecay)
	} else {
		g += float64(s.WeightDecay) * p
	}
	m = float64(s.Beta1)*m + (1-float64(s.Beta1))*g
	v = float64(s.Beta2)*v + (1-float64(s.Beta2))*g*g
	denominator := math.Sqrt(v)/math.Sqrt(float64(s.Bias2)) + float64(s.Eps)
	return p - float64(s.LR)/float64(s.Bias1)*m/denominator, m, v
}

// Zero gradients and moments, as of an embedding row not seen yet, must not move
// a parameter.
func TestAdamAtRest(t *testing.T) {
	eachTier(t, func(t *testing.T, _ *rand.Rand) {
		p, zero := []float32{1, 2, 3}, make([]float32, 3)
		Adam(p, zero, clone(zero), clone(zero), AdamStep{LR: 1, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Bias1: 0.1, Bias2: 1e-3, GradScale: 1})
		for i, v := range p {
			near(t, at("p", i), v, float64(i+1), 0, 0)
		}
	})
}
