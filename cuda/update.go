package cuda

import (
	"math"

	"diffclip/cuda/kernels"
	"diffclip/tensor"
)

// Adam is one step of Adam or AdamW over flat buffers.
func (b *Backend) Adam(p, g, m, v *tensor.Tensor, c tensor.AdamConfig) {
	checks.Adam(p, g, m, v, c)
	b.k.Adam(b.out(p), b.in(g), b.out(m), b.out(v), b.hyper(c.LR, c.GradScale, c.Step), p.Len(), kernels.AdamConfig{
		Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, WeightDecay: c.WeightDecay, Decoupled: c.Decoupled,
	})
	b.done()
}

// SGD is one step of stochastic gradient descent.
func (b *Backend) SGD(p, g, m *tensor.Tensor, lr, momentum, weightDecay, gradScale float32, nesterov, first bool) {
	checks.SGD(p, g, m)
	b.k.SGD(b.out(p), b.in(g), b.out(m), b.hyper(lr, gradScale, 1), p.Len(), momentum, weightDecay, nesterov, first)
	b.done()
}

// hyper copies what changes from update to update to the device: a replayed
// graph reads it anew.
func (b *Backend) hyper(lr, gradScale float32, step int) kernels.Ptr {
	words := [3]uint32{math.Float32bits(lr), math.Float32bits(gradScale), uint32(step)}
	return b.words(words[:])
}
