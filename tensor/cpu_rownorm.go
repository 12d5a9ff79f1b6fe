package tensor

import "diffclip/internal/kern"

// normGrain is how many rows of a row-wise normalisation make a chunk.
const normGrain = 256

type layerNormJob struct {
	dst, mean, rstd, x, gamma, beta []float32
	cols                            int
	eps                             float32
}

func (j *layerNormJob) run(_ *worker, lo, hi int) {
	c := j.cols
	kern.LayerNorm(j.dst[lo*c:hi*c], j.x[lo*c:hi*c], hi-lo, c, j.gamma, j.beta, j.eps, j.mean[lo:hi], j.rstd[lo:hi])
}

// LayerNorm normalises each row.
func (b *CPU) LayerNorm(dst, mean, rstd, x, gamma, beta *Tensor, eps float32) {
	rows, cols := x.Rows(), x.Cols()
	checks.LayerNorm(dst, mean, rstd, x, gamma, beta)
	b.jobs.layerNorm = layerNormJob{dst.Data, mean.Data, rstd.Data, x.Data, gamma.Data, beta.Data, cols, eps}
	b.do(rows, normGrain, &b.jobs.layerNorm)
}

type layerNormBackwardJob struct {
	dx, dy, x, mean, rstd, gamma []float32
	part                         []float32 // per chunk: dgamma, dbeta; nil if not wanted
	cols, grain                  int
	acc                          bool
}

func (j *layerNormBackwardJob) run(_ *worker, lo, hi int) {
	c := j.cols
	var dgamma, dbeta []float32
	if j.part != nil {
		p := j.part[lo/j.grain*2*c:][:2*c]
		dgamma, dbeta = p[:c], p[c:]
	}
	kern.LayerNormBackward(j.dx[lo*c:hi*c], j.dy[lo*c:hi*c], j.x[lo*c:hi*c], hi-lo, c, j.gamma, j.mean[lo:hi], j.rstd[lo:hi], dgamma, dbeta, j.acc)
}

// LayerNormBackward is the gradient of LayerNorm.
func (b *CPU) LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *Tensor, acc bool) {
	rows, cols := x.Rows(), x.Cols()
	checks.LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma)
	grain := b.reductionGrain(rows, rowsTogether)
	var part []float32
	if dgamma != nil {
		part = b.partials(rows, grain, 2*cols)
	}
	b.jobs.layerNormBack = layerNormBackwardJob{dx.Data, dy.Data, x.Data, mean.Data, rstd.Data, gamma.Data, part, cols, grain, acc}
	b.do(rows, grain, &b.jobs.layerNormBack)
	for ; len(part) > 0; part = part[2*cols:] {
		kern.Add(dgamma.Data, dgamma.Data, part[:cols])
		kern.Add(dbeta.Data, dbeta.Data, part[cols:2*cols])
	}
}

// Softmax is per row.
func (b *CPU) Softmax(dst, x *Tensor) {
	checks.Softmax(dst, x)
	c := x.Cols()
	kern.SoftmaxRows(dst.Data, c, x.Data, c, x.Rows(), c, 1, nil)
}

// SoftmaxBackward is dx (+)= y·(dy - Σ dy·y). A constant added to dy changes
// nothing, so each row's gradient is counted from that of its largest y: where
// one probability is nearly 1, its dy and the sum would cancel.
func (b *CPU) SoftmaxBackward(dx, dy, y *Tensor, acc bool) {
	checks.SoftmaxBackward(dx, dy, y)
	c := y.Cols()
	shifted := b.work[0].floats(c)
	for lo := 0; lo < y.Len(); lo += c {
		g, p := dy.Data[lo:lo+c], y.Data[lo:lo+c]
		largest := 0
		for i, v := range p {
			if v > p[largest] {
				largest = i
			}
		}
		for i, v := range g {
			shifted[i] = v - g[largest]
		}
		out := dx.Data[lo : lo+c]
		if !acc {
			kern.SoftmaxBackwardRows(out, c, shifted, c, p, c, 1, c, 1)
			continue
		}
		kern.SoftmaxBackwardRows(shifted, c, shifted, c, p, c, 1, c, 1)
		kern.Add(out, out, shifted)
	}
}

// L2Normalize is dst = x/max(‖x‖, eps) per row.
func (b *CPU) L2Normalize(dst, norm, x *Tensor, eps float32) {
	checks.L2Normalize(dst, norm, x)
	c := x.Cols()
	for r := range norm.Data {
		row := x.Data[r*c : (r+1)*c]
		n := max(sqrt32(kern.SumSq(row)), eps)
		norm.Data[r] = n
		kern.Scale(dst.Data[r*c:(r+1)*c], row, 1/n)
	}
}

// L2NormalizeBackward is dx (+)= (dy - y·(dy·y))/‖x‖.
func (b *CPU) L2NormalizeBackward(dx, dy, y, norm *Tensor, eps float32, acc bool) {
	checks.L2NormalizeBackward(dx, dy, y, norm)
	c := y.Cols()
	for r, n := range norm.Data {
		g, yr, out := dy.Data[r*c:(r+1)*c], y.Data[r*c:(r+1)*c], dx.Data[r*c:(r+1)*c]
		along := kern.Dot(g, yr)
		if n <= eps {
			along = 0 // divided by a constant
		}
		if !acc {
			clear(out)
		}
		kern.Axpy(1/n, g, out)
		kern.Axpy(-along/n, yr, out)
	}
}
