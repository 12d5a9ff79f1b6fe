package diffusion

import "math"

// Schedule is the noise of T diffusion steps, in float64. Step t of the paper,
// 1..T, has index t-1 here.
type Schedule struct {
	Beta         []float64 // β_t, the variance added at a step
	AlphaCumprod []float64 // ᾱ_t = Π (1-β)
	PosteriorVar []float64 // β̃_t of Eq. (3)
	posteriorX0  []float64 // weight of x_0 in μ̃_t
	posteriorXt  []float64 // weight of x_t in μ̃_t
	SqrtAlpha    []float32 // √ᾱ_t
	SqrtOneMinus []float32 // √(1-ᾱ_t)
}

// LinearSchedule returns the schedule whose β rises in a straight line from
// first to last over the given steps; the published one is 1e-4 to 0.02 over 1000.
func LinearSchedule(steps int, first, last float64) *Schedule {
	s := &Schedule{}
	prod := 1.0
	for i := range steps {
		beta := first
		if steps > 1 {
			beta += (last - first) * float64(i) / float64(steps-1)
		}
		before := prod
		prod *= 1 - beta
		s.Beta = append(s.Beta, beta)
		s.AlphaCumprod = append(s.AlphaCumprod, prod)
		// Eq. (3): Q(x_{t-1} | x_t, x_0) = N(μ̃_t(x_t, x_0), β̃_t I), with (Ho et al.
		// 2020) μ̃_t = √ᾱ_{t-1}·β_t/(1-ᾱ_t)·x_0 + √α_t·(1-ᾱ_{t-1})/(1-ᾱ_t)·x_t.
		s.PosteriorVar = append(s.PosteriorVar, beta*(1-before)/(1-prod))
		s.posteriorX0 = append(s.posteriorX0, beta*math.Sqrt(before)/(1-prod))
		s.posteriorXt = append(s.posteriorXt, math.Sqrt(1-beta)*(1-before)/(1-prod))
		s.SqrtAlpha = append(s.SqrtAlpha, float32(math.Sqrt(prod)))
		s.SqrtOneMinus = append(s.SqrtOneMinus, float32(math.Sqrt(1-prod)))
	}
	return s
}

// DefaultSchedule returns the published schedule over the given steps.
func DefaultSchedule(steps int) *Schedule { return LinearSchedule(steps, 1e-4, 0.02) }

// Steps returns T.
func (s *Schedule) Steps() int { return len(s.Beta) }

// Noise turns clean values into those at step index t: x_t = √ᾱ_t·x_0 + √(1-ᾱ_t)·ε.
// The T-fold product of Eq. (1), Q(x_tᵛ | x_{t-1}ᵛ) = N(√(1-β_t)·x_{t-1}ᵛ, β_t I),
// which Eq. (2) writes out, is itself normal, and this draws from it at once. On
// entry x holds ε; on return x_t.
func (s *Schedule) Noise(x, clean []float32, t int) {
	a, b := s.SqrtAlpha[t], s.SqrtOneMinus[t]
	for i, c := range clean {
		x[i] = float32(a*c) + float32(b*x[i])
	}
}

// Reverse is one step of the learned chain, Eq. (4): it turns x_t, in place, into
// a draw of P_θ(x_{t-1} | x_t) = N(μ_θ, Σ_θ), where μ_θ is the posterior mean of
// Eq. (3) at the network's x̂_0 and Σ_θ = β̃_t I. noise holds standard normal
// values, one each; at t = 0 none is added.
func (s *Schedule) Reverse(x, x0, noise []float32, t int) {
	a, b, c := s.posteriorX0[t], s.posteriorXt[t], math.Sqrt(s.PosteriorVar[t])
	for i, v := range x {
		x[i] = float32(a*float64(x0[i]) + b*float64(v) + c*float64(noise[i]))
	}
}

// ReverseImplicit is one deterministic step from index t to index next < t
// (Song et al. 2021, DDIM with η = 0): the noise that x_t implies for x̂_0 is put
// back at the smaller level. next = -1 gives x̂_0 itself.
func (s *Schedule) ReverseImplicit(x, x0 []float32, t, next int) {
	from := s.AlphaCumprod[t]
	to := 1.0
	if next >= 0 {
		to = s.AlphaCumprod[next]
	}
	for i, v := range x {
		eps := (float64(v) - math.Sqrt(from)*float64(x0[i])) / math.Sqrt(1-from)
		x[i] = float32(math.Sqrt(to)*float64(x0[i]) + math.Sqrt(1-to)*eps)
	}
}
