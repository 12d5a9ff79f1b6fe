package kernels

// Hyper is what an optimiser's step reads from device memory, in this order, 8 bytes.
type Hyper struct {
	LR   float32
	Step int32 // 1 for the first
}

// adamCoefficients is the number of float32 that adam_coefficients writes.
const adamCoefficientsLen = 6

// AdamConfig holds what stays the same from step to step.
type AdamConfig struct {
	Beta1, Beta2, Eps, WeightDecay float32
	Decoupled                      bool // AdamW
}

// Adam is one step of Adam or AdamW on n parameters p, gradients g and moments m and v; hyper points to a Hyper.
// Gradients are multiplied by scale[0] first, if scale is not 0, and nothing happens where that is not a number.
func (s *Set) Adam(p, g, m, v, scale, hyper Ptr, n int, c AdamConfig) {
	k := s.dev.Scratch(adamCoefficientsLen)
	s.launch(adamCoefficients, each(1), Dim{32, 1, 1}, ptr(k), ptr(hyper), f32(c.Beta1), f32(c.Beta2), f32(c.WeightDecay), flag(c.Decoupled))
	s.launch(adam, flat(n), flatBlock, ptr(p), ptr(g), ptr(m), ptr(v), ptr(scale), ptr(k), i32(n), f32(c.Beta1), f32(c.Beta2), f32(c.Eps))
}

// SGD is one step of stochastic gradient descent; m, the momentum buffer, may be 0. scale is Adam's.
func (s *Set) SGD(p, g, m, scale, hyper Ptr, n int, momentum, weightDecay float32, nesterov, first bool) {
	s.launch(sgd, flat(n), flatBlock, ptr(p), ptr(g), ptr(m), ptr(scale), ptr(hyper), i32(n), f32(momentum), f32(weightDecay), flag(nesterov), flag(first))
}

// NoteStep writes loss[0] and the root of the sum of n squares to the next of rows pairs in log, and sets scale[0]
// to what brings that root down to most (0 for no limit), or to NaN; see tensor.Updates.
func (s *Set) NoteStep(log, scale, loss, squares Ptr, n, rows int, most float32) {
	s.launch(noteStep, each(1), Dim{32, 1, 1}, ptr(log), ptr(scale), ptr(loss), ptr(squares), i32(n), i32(rows), f32(most))
}
