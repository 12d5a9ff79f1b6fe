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
func (b *CPU) Adam(p, g, m, v, scale *Tensor, c AdamConfig) {
	checks.Adam(p, g, m, v, scale, c)
	s, ok := scaleOf(scale)
	if !ok {
		return
	}
	b.jobs.adam = adamJob{p.Data, g.Data, m.Data, v.Data, kern.AdamStep{
		LR: c.LR, Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, WeightDecay: c.WeightDecay, Decoupled: c.Decoupled, GradScale: s,
		Bias1: float32(1 - math.Pow(float64(c.Beta1), float64(c.Step))),
		Bias2: float32(1 - math.Pow(float64(c.Beta2), float64(c.Step))),
	}}
	b.do(p.Len(), elementGrain, &b.jobs.adam)
}

// SGD is one step of stochastic gradient descent, in PyTorch's arithmetic.
func (b *CPU) SGD(p, g, m, scale *Tensor, lr, momentum, weightDecay float32, nesterov, first bool) {
	checks.SGD(p, g, m, scale)
	s, ok := scaleOf(scale)
	if !ok {
		return
	}
	for i := range p.Data {
		d := float32(g.Data[i]*s) + float32(weightDecay*p.Data[i])
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

// scaleOf returns what gradients are multiplied by, and whether there is an update.
func scaleOf(scale *Tensor) (s float32, ok bool) {
	if scale == nil {
		return 1, true
	}
	s = scale.Data[0]
	return s, s == s
}

// NoteStep notes a step in log and sets the scale of its update.
func (b *CPU) NoteStep(log, scale, loss, squares *Tensor, most float64) {
	checks.NoteStep(log, scale, loss, squares)
	sum := 0.0
	for _, v := range squares.Data {
		sum += float64(v)
	}
	norm, row := math.Sqrt(sum), int(log.Data[0])
	log.Data[1+2*row], log.Data[2+2*row] = loss.Data[0], float32(norm)
	if row++; 2*row == log.Len()-1 {
		row = 0
	}
	log.Data[0] = float32(row)
	if v := float64(loss.Data[0]); v-v != 0 || norm-norm != 0 || scale.Data[0] != scale.Data[0] {
		scale.Data[0] = float32(math.NaN())
		return
	}
	scale.Data[0] = 1
	// As torch.nn.utils.clip_grad_norm_ does.
	if k := most / (norm + 1e-6); most > 0 && k < 1 {
		scale.Data[0] = float32(k)
	}
}
