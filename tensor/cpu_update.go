package tensor

import (
	"math"

	"diffclip/internal/kern"
)

type adamJob struct {
	p, g, m, v []float32
	step       kern.AdamStep
}

func (j *adamJob) run(_ *worker, lo, hi int) {
	kern.Adam(j.p[lo:hi], j.g[lo:hi], j.m[lo:hi], j.v[lo:hi], j.step)
}

// Adam is one step of Adam or AdamW over flat buffers.
func (b *CPU) Adam(p, g, m, v *Tensor, c AdamConfig) {
	checks.Adam(p, g, m, v, c)
	b.jobs.adam = adamJob{p.Data, g.Data, m.Data, v.Data, kern.AdamStep{
		LR: c.LR, Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, WeightDecay: c.WeightDecay, Decoupled: c.Decoupled, GradScale: c.GradScale,
		Bias1: float32(1 - math.Pow(float64(c.Beta1), float64(c.Step))),
		Bias2: float32(1 - math.Pow(float64(c.Beta2), float64(c.Step))),
	}}
	b.do(p.Len(), elementGrain, &b.jobs.adam)
}

// SGD is one step of stochastic gradient descent, in PyTorch's arithmetic.
func (b *CPU) SGD(p, g, m *Tensor, lr, momentum, weightDecay, gradScale float32, nesterov, first bool) {
	checks.SGD(p, g, m)
	for i := range p.Data {
		d := float32(g.Data[i]*gradScale) + float32(weightDecay*p.Data[i])
		if m != nil {
			if first {
				m.Data[i] = d
			} else {
				m.Data[i] = float32(momentum*m.Data[i]) + d
			}
			if nesterov {
				d += float32(momentum * m.Data[i])
			} else {
				d = m.Data[i]
			}
		}
		p.Data[i] -= float32(lr * d)
	}
}

// SumSquares is dst[0] = Σx².
func (b *CPU) SumSquares(dst, x *Tensor) {
	checks.SumSquares(dst, x)
	dst.Data[0] = float32(blockSum(x.Len(), func(lo, hi int) float32 { return kern.SumSq(x.Data[lo:hi]) }))
}
