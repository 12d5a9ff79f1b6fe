package diffusion

import (
	"math"
	"testing"

	"diffclip/internal/rng"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s is %v, want %v within %g", what, got, want, tol)
	}
}

func TestScheduleByItsEnds(t *testing.T) {
	s := DefaultSchedule(1000)
	near(t, "first beta", s.Beta[0], 1e-4, 1e-18)
	near(t, "last beta", s.Beta[999], 0.02, 1e-17)
	near(t, "middle step", s.Beta[500]-s.Beta[499], (0.02-1e-4)/999, 1e-15)
	near(t, "what is left of the signal", s.AlphaCumprod[999], 4.0358e-5, 1e-9) // Ho et al. 2020: nearly N(0, I)
	if s.Steps() != 1000 || LinearSchedule(1, 0.3, 0.9).Beta[0] != 0.3 {
		t.Error("the schedule has another length, or a single step is not the first beta")
	}
}

// TestNoiseIsTheProductOfSteps walks the chain of Eq. (1) step by step and wants
// the moments that the closed form has: exactly by recursion on mean and
// variance, and by sampling both.
func TestNoiseIsTheProductOfSteps(t *testing.T) {
	const steps, clean, n = 40, 0.8, 40000
	s := LinearSchedule(steps, 0.01, 0.2)
	mean, variance := clean, 0.0
	walk := make([]float64, n)
	for i := range walk {
		walk[i] = clean
	}
	eps := make([]float32, n)
	for step := range steps {
		keep := math.Sqrt(1 - s.Beta[step])
		mean, variance = keep*mean, keep*keep*variance+s.Beta[step]
		near(t, "mean", math.Sqrt(s.AlphaCumprod[step])*clean, mean, 1e-14)
		near(t, "variance", 1-s.AlphaCumprod[step], variance, 1e-14)
		near(t, "float32 factors", float64(s.SqrtAlpha[step])*clean, mean, 1e-7)
		near(t, "float32 factors", float64(s.SqrtOneMinus[step]), math.Sqrt(variance), 1e-7)
		rng.New(1, "walk", uint64(step)).Normal(eps, 0)
		for i := range walk {
			walk[i] = keep*walk[i] + math.Sqrt(s.Beta[step])*float64(eps[i])
		}
	}
	x, cleans := make([]float32, n), make([]float32, n)
	rng.New(1, "at once", 0).Normal(x, 0)
	for i := range cleans {
		cleans[i] = clean
	}
	s.Noise(x, cleans, steps-1)
	for name, draws := range map[string]func(int) float64{
		"walk": func(i int) float64 { return walk[i] }, "at once": func(i int) float64 { return float64(x[i]) },
	} {
		m, v := moments(n, draws)
		near(t, name+": mean", m, mean, 5*math.Sqrt(variance/n))
		near(t, name+": variance", v, variance, 5*variance*math.Sqrt(2.0/n))
	}
}

func moments(n int, at func(int) float64) (mean, variance float64) {
	for i := range n {
		mean += at(i) / float64(n)
	}
	for i := range n {
		variance += (at(i) - mean) * (at(i) - mean) / float64(n)
	}
	return mean, variance
}

// TestPosteriorIsBayes integrates Q(x_t | x_{t-1})·Q(x_{t-1} | x_0) over x_{t-1}
// numerically and compares the moments with Eq. (3).
func TestPosteriorIsBayes(t *testing.T) {
	s := LinearSchedule(30, 0.01, 0.3)
	const x0, xt = 0.7, -0.4
	for _, step := range []int{1, 7, 29} {
		before, beta := s.AlphaCumprod[step-1], s.Beta[step]
		const n = 200000
		var mass, first, second float64
		for i := range n {
			x := -8 + 16*(float64(i)+0.5)/n
			a, b := x-math.Sqrt(before)*x0, xt-math.Sqrt(1-beta)*x
			p := math.Exp(-a*a/(2*(1-before)) - b*b/(2*beta))
			mass, first, second = mass+p, first+p*x, second+p*x*x
		}
		mean := first / mass
		near(t, "posterior mean", s.posteriorX0[step]*x0+s.posteriorXt[step]*xt, mean, 1e-9)
		near(t, "posterior variance", s.PosteriorVar[step], second/mass-mean*mean, 1e-9)

		x := []float32{xt, xt}
		s.Reverse(x, []float32{x0, x0}, []float32{0, 2}, step)
		near(t, "reverse step without noise", float64(x[0]), mean, 1e-6)
		near(t, "reverse step with noise", float64(x[1]), mean+2*math.Sqrt(s.PosteriorVar[step]), 1e-6)
	}
}

// TestReverseWithPerfectRestoration gives the samplers the true x_0: both must
// end in it, DDIM on the straight path of the noise it began with, DDPM with
// the forward marginal at every step.
func TestReverseWithPerfectRestoration(t *testing.T) {
	const n = 20000
	s := LinearSchedule(60, 1e-3, 0.2)
	clean, eps, noise := make([]float32, n), make([]float32, n), make([]float32, n)
	rng.New(2, "clean", 0).Uniform(clean, 0)
	rng.New(2, "eps", 0).Normal(eps, 0)
	implicit, chain := make([]float32, n), make([]float32, n)
	for _, x := range [][]float32{implicit, chain} {
		copy(x, eps)
		s.Noise(x, clean, 59)
	}
	for t0 := 59; t0 >= 0; t0 -= 4 { // 59, 55, ... 3, -1
		next := max(t0-4, -1)
		s.ReverseImplicit(implicit, clean, t0, next)
		for i, v := range implicit[:100] {
			want := float64(clean[i])
			if next >= 0 {
				want = math.Sqrt(s.AlphaCumprod[next])*want + math.Sqrt(1-s.AlphaCumprod[next])*float64(eps[i])
			}
			near(t, "DDIM", float64(v), want, 1e-5)
		}
	}
	for step := 59; step >= 0; step-- {
		rng.New(2, "noise", uint64(step)).Normal(noise, 0)
		s.Reverse(chain, clean, noise, step)
		if step == 20 {
			left := math.Sqrt(1 - s.AlphaCumprod[19])
			m, v := moments(n, func(i int) float64 {
				return (float64(chain[i]) - math.Sqrt(s.AlphaCumprod[19])*float64(clean[i])) / left
			})
			near(t, "DDPM: mean of the noise left", m, 0, 5/math.Sqrt(n))
			near(t, "DDPM: variance of the noise left", v, 1, 5*math.Sqrt(2.0/n))
		}
	}
	for i := range chain {
		if chain[i] != clean[i] {
			t.Fatalf("DDPM ends in %v at %d, want %v", chain[i], i, clean[i])
		}
	}
}
