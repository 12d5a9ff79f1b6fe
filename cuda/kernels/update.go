package kernels

// Hyper is what an optimiser's step reads from device memory, in this order, 12 bytes.
type Hyper struct {
	LR, GradScale float32
	Step          int32 // 1 for the first
}

// adamCoefficients is the number of float32 that adam_coefficients writes.
const adamCoefficientsLen = 7

// AdamConfig holds what stays the same from step to step.
type AdamConfig struct {
	Beta1, Beta2, Eps, WeightDecay float32
	Decoupled                      bool // AdamW
	// Advance adds one to Hyper.Step before the step, for a graph that is replayed.
	Advance bool
}

// Adam is one step of Adam or AdamW on n parameters p, gradients g and moments m and v; hyper points to a Hyper.
func (s *Set) Adam(p, g, m, v, hyper Ptr, n int, c AdamConfig) {
	k := s.dev.Scratch(adamCoefficientsLen)
	s.launch(adamCoefficients, each(1), Dim{32, 1, 1}, ptr(k), ptr(hyper), f32(c.Beta1), f32(c.Beta2), f32(c.WeightDecay), flag(c.Decoupled), flag(c.Advance))
	s.launch(adam, flat(n), flatBlock, ptr(p), ptr(g), ptr(m), ptr(v), ptr(k), i32(n), f32(c.Beta1), f32(c.Beta2), f32(c.Eps))
}

// SGD is one step of stochastic gradient descent; m, the momentum buffer, may be 0.
func (s *Set) SGD(p, g, m, hyper Ptr, n int, momentum, weightDecay float32, nesterov, first bool) {
	s.launch(sgd, flat(n), flatBlock, ptr(p), ptr(g), ptr(m), ptr(hyper), i32(n), f32(momentum), f32(weightDecay), flag(nesterov), flag(first))
}

// Clip multiplies Hyper.GradScale so that a gradient whose sum of squares is squares[0] is not longer than maxNorm.
func (s *Set) Clip(hyper, squares Ptr, maxNorm float32) {
	s.launch(clip, each(1), Dim{32, 1, 1}, ptr(hyper), ptr(squares), f32(maxNorm))
}
