package cuda

import (
	"math"

	"diffclip/cuda/kernels"
	"diffclip/tensor"
)

// Adam is one step of Adam or AdamW over flat buffers.
func (b *Backend) Adam(p, g, m, v, scale *tensor.Tensor, c tensor.AdamConfig) {
	checks.Adam(p, g, m, v, scale, c)
	b.k.Adam(b.out(p), b.in(g), b.out(m), b.out(v), b.in(scale), b.hyper(c.LR, c.Step), p.Len(), kernels.AdamConfig{
		Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, WeightDecay: c.WeightDecay, Decoupled: c.Decoupled,
	})
	b.done()
}

// SGD is one step of stochastic gradient descent.
func (b *Backend) SGD(p, g, m, scale *tensor.Tensor, lr, momentum, weightDecay float32, nesterov, first bool) {
	checks.SGD(p, g, m, scale)
	b.k.SGD(b.out(p), b.in(g), b.out(m), b.in(scale), b.hyper(lr, 1), p.Len(), momentum, weightDecay, nesterov, first)
	b.done()
}

// hyper copies what changes from update to update to the device: a replayed
// graph reads it anew.
func (b *Backend) hyper(lr float32, step int) kernels.Ptr {
	words := [2]uint32{math.Float32bits(lr), uint32(step)}
	return b.words(words[:])
}

// NoteStep notes a step in log and sets the scale of its update.
func (b *Backend) NoteStep(log, scale, loss, squares *tensor.Tensor, most float64) {
	checks.NoteStep(log, scale, loss, squares)
	b.k.NoteStep(b.out(log), b.out(scale), b.in(loss), b.in(squares), squares.Len(), log.Len()/2, float32(most))
	b.done()
}
