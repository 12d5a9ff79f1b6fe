package tensor

import "diffclip/internal/kern"

type momentsJob struct {
	part, x, shift []float32
	cols, grain    int
}

func (j *momentsJob) run(_ *worker, lo, hi int) {
	c := j.cols
	p := j.part[lo/j.grain*2*c:][:2*c]
	kern.ColMoments(p[:c], p[c:], j.x[lo*c:hi*c], c, hi-lo, c, j.shift)
}

// moments computes each channel's mean and biased variance. Sums are taken
// about the first row, so that a large common offset cancels nothing.
func (b *CPU) moments(x *Tensor, mean, variance []float32) {
	n, c, s := checks.Channels(x)
	if s > 1 {
		for ch := range c {
			mean[ch], variance[ch] = planeMoments(x.Data, n, c, s, ch)
		}
		return
	}
	grain := b.reductionGrain(n, rowsTogether)
	shift := x.Data[:c]
	part := b.partials(n, grain, 2*c)
	b.jobs.moments = momentsJob{part, x.Data, shift, c, grain}
	b.do(n, grain, &b.jobs.moments)
	for ch := range c {
		var sum, sq float64
		for p := part; len(p) > 0; p = p[2*c:] {
			sum += float64(p[ch])
			sq += float64(p[c+ch])
		}
		m := sum / float64(n)
		mean[ch] = float32(float64(shift[ch]) + m)
		variance[ch] = float32(max(0, sq/float64(n)-m*m))
	}
}

// planeMoments are the moments of channel ch of x (n, c, s), in two passes.
func planeMoments(x []float32, n, c, s, ch int) (mean, variance float32) {
	var sum, sq float64
	for i := range n {
		for _, v := range x[(i*c+ch)*s:][:s] {
			sum += float64(v)
		}
	}
	m := sum / float64(n*s)
	for i := range n {
		for _, v := range x[(i*c+ch)*s:][:s] {
			d := float64(v) - m
			sq += d * d
		}
	}
	return float32(m), float32(sq / float64(n*s))
}

type affineJob struct {
	dst, x, scale, shift []float32
	c, s                 int
	relu                 bool
}

func (j *affineJob) run(_ *worker, lo, hi int) {
	if j.s == 1 {
		dst, x := j.dst[lo*j.c:hi*j.c], j.x[lo*j.c:hi*j.c]
		kern.ScaleShiftRows(dst, j.c, x, j.c, j.scale, j.shift, hi-lo, j.c, j.relu)
		return
	}
	for plane := lo * j.c; plane < hi*j.c; plane++ {
		a, b := j.scale[plane%j.c], j.shift[plane%j.c]
		dst := j.dst[plane*j.s : (plane+1)*j.s]
		for i, v := range j.x[plane*j.s : (plane+1)*j.s] {
			y := float32(v*a) + b
			if j.relu && y < 0 {
				y = 0
			}
			dst[i] = y
		}
	}
}

// BatchNorm normalises each channel by its statistics over the batch.
func (b *CPU) BatchNorm(dst, mean, rstd, x, gamma, beta *Tensor, eps float32, relu bool) {
	checks.BatchNorm(x, mean, rstd)
	b.moments(x, mean.Data, rstd.Data)
	for i, v := range rstd.Data {
		rstd.Data[i] = rsqrt(float64(v) + float64(eps))
	}
	b.ChannelAffine(dst, x, mean, rstd, gamma, beta, relu)
}

// ChannelAffine normalises each channel by given statistics.
func (b *CPU) ChannelAffine(dst, x, mean, rstd, gamma, beta *Tensor, relu bool) {
	n, c, s := checks.Channels(x)
	checks.ChannelAffine(dst, x, mean, rstd, gamma, beta)
	tmp := b.Get(Of(2, c))
	defer b.Put(tmp)
	scale, shift := tmp.Data[:c], tmp.Data[c:]
	for i := range c {
		scale[i] = rstd.Data[i] * gamma.Data[i]
		shift[i] = beta.Data[i] - float32(mean.Data[i]*scale[i])
	}
	b.jobs.affine = affineJob{dst.Data, x.Data, scale, shift, c, s, relu}
	b.do(n, max(1, normGrain/s), &b.jobs.affine)
}

type batchNormBackwardJob struct {
	dx, dy, x, y []float32
	a, b, c      []float32 // dx = a·dy + b·x + c per channel
	channels, s  int
	relu, acc    bool
}

func (j *batchNormBackwardJob) run(w *worker, lo, hi int) {
	if j.s == 1 {
		j.rows(w, lo, hi)
		return
	}
	for plane := lo * j.channels; plane < hi*j.channels; plane++ {
		ch := plane % j.channels
		a, b, c := j.a[ch], j.b[ch], j.c[ch]
		i0, i1 := plane*j.s, (plane+1)*j.s
		dx, dy, x, y := j.dx[i0:i1], j.dy[i0:i1], j.x[i0:i1], j.y[i0:i1]
		for i, g := range dy {
			if j.relu && y[i] <= 0 {
				g = 0
			}
			v := float32(a*g) + float32(b*x[i]) + c
			if j.acc {
				v += dx[i]
			}
			dx[i] = v
		}
	}
}

// rows is run where a row holds every channel once.
func (j *batchNormBackwardJob) rows(w *worker, lo, hi int) {
	n := j.channels
	scratch := w.floats(2 * n)
	line, masked := scratch[:n], scratch[n:]
	for r := lo; r < hi; r++ {
		g, dx := j.dy[r*n:(r+1)*n], j.dx[r*n:(r+1)*n]
		if j.relu {
			kern.ReLUBackward(masked, g, j.y[r*n:(r+1)*n])
			g = masked
		}
		out := dx
		if j.acc {
			out = line
		}
		kern.ScaleShiftRows(out, n, j.x[r*n:(r+1)*n], n, j.b, j.c, 1, n, false)
		kern.MulAdd(out, g, j.a)
		if j.acc {
			kern.Add(dx, dx, out)
		}
	}
}

// BatchNormBackward is the gradient of BatchNorm, statistics included.
func (b *CPU) BatchNormBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *Tensor, relu, acc bool) {
	b.channelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma, relu, acc, true)
}

// ChannelAffineBackward is the gradient of ChannelAffine.
func (b *CPU) ChannelAffineBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *Tensor, relu, acc bool) {
	b.channelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma, relu, acc, false)
}

// channelBackward: with g = dy where the clamp let it through,
// dbeta = Σg, dgamma = Σ g·x̂, and for statistics of the batch
// dx = gamma·rstd·(g - dbeta/m - x̂·dgamma/m), m = N·spatial.
func (b *CPU) channelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *Tensor, relu, acc, batch bool) {
	n, c, s := checks.Channels(x)
	checks.ChannelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma)
	tmp := b.Get(Of(5, c))
	defer b.Put(tmp)
	sumG, sumGX := tmp.Data[:c], tmp.Data[c:2*c]
	b.channelSums(sumG, sumGX, dy, x, y, relu)
	ca, cb, cc := tmp.Data[2*c:3*c], tmp.Data[3*c:4*c], tmp.Data[4*c:]
	m := float32(n * s)
	for i := range c {
		r, mu := rstd.Data[i], mean.Data[i]
		dg := r * (sumGX[i] - float32(mu*sumG[i]))
		if dgamma != nil {
			dgamma.Data[i] += dg
			dbeta.Data[i] += sumG[i]
		}
		a := gamma.Data[i] * r
		ca[i], cb[i], cc[i] = a, 0, 0
		if batch {
			cb[i] = -a * r * dg / m
			cc[i] = -a*sumG[i]/m - cb[i]*mu
		}
	}
	if dx != nil {
		b.jobs.batchNormBack = batchNormBackwardJob{dx.Data, dy.Data, x.Data, y.Data, ca, cb, cc, c, s, relu, acc}
		b.do(n, max(1, normGrain/s), &b.jobs.batchNormBack)
	}
}

// channelSums are Σg and Σg·x per channel.
func (b *CPU) channelSums(sumG, sumGX []float32, dy, x, y *Tensor, relu bool) {
	n, c, s := checks.Channels(x)
	if s == 1 {
		g := dy
		if relu {
			g = b.Get(dy.Shape)
			defer b.Put(g)
			b.jobs.unaryBackward = unaryBackwardJob{ReLU, g.Data, dy.Data, x.Data, y.Data, false}
			b.do(dy.Len(), elementGrain, &b.jobs.unaryBackward)
		}
		clear(sumG)
		clear(sumGX)
		b.addColSums(sumG, g.Data, n, c)
		kern.ColDot(sumGX, g.Data, x.Data, c, c, n, c)
		return
	}
	for ch := range c {
		var sg, sgx float64
		for i := range n {
			o := (i*c + ch) * s
			for k, g := range dy.Data[o : o+s] {
				if relu && y.Data[o+k] <= 0 {
					continue
				}
				sg += float64(g)
				sgx += float64(g) * float64(x.Data[o+k])
			}
		}
		sumG[ch], sumGX[ch] = float32(sg), float32(sgx)
	}
}

// GroupNorm normalises groups of channels per sample.
func (b *CPU) GroupNorm(dst, mean, rstd, x, gamma, beta *Tensor, groups int, eps float32) {
	n, c, s := checks.Channels(x)
	checks.GroupNorm(dst, mean, rstd, x, gamma, beta, groups)
	size := c / groups * s
	for g := range n * groups {
		in, out := x.Data[g*size:(g+1)*size], dst.Data[g*size:(g+1)*size]
		m, v := planeMoments(in, 1, 1, size, 0)
		r := rsqrt(float64(v) + float64(eps))
		mean.Data[g], rstd.Data[g] = m, r
		for i, v := range in {
			y := (v - m) * r
			if gamma != nil {
				ch := g%groups*(c/groups) + i/s
				y = float32(y*gamma.Data[ch]) + beta.Data[ch]
			}
			out[i] = y
		}
	}
}

// GroupNormBackward is the gradient of GroupNorm.
func (b *CPU) GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *Tensor, groups int, acc bool) {
	n, c, s := checks.Channels(x)
	checks.GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, groups)
	size := c / groups * s
	for g := range n * groups {
		o := g * size
		m, r := float64(mean.Data[g]), float64(rstd.Data[g])
		var sum, dot float64 // Σ g·gamma, Σ g·gamma·x̂
		for i := range size {
			d, xhat := float64(dy.Data[o+i]), (float64(x.Data[o+i])-m)*r
			if ch := g%groups*(c/groups) + i/s; gamma != nil {
				if dgamma != nil {
					dgamma.Data[ch] += float32(d * xhat)
					dbeta.Data[ch] += float32(d)
				}
				d *= float64(gamma.Data[ch])
			}
			sum += d
			dot += d * xhat
		}
		if dx == nil {
			continue
		}
		sum, dot = sum/float64(size), dot/float64(size)
		for i := range size {
			d, xhat := float64(dy.Data[o+i]), (float64(x.Data[o+i])-m)*r
			if gamma != nil {
				d *= float64(gamma.Data[g%groups*(c/groups)+i/s])
			}
			v := float32(r * (d - sum - xhat*dot))
			if acc {
				v += dx.Data[o+i]
			}
			dx.Data[o+i] = v
		}
	}
}

// MoveStats computes in float64.
func (b *CPU) MoveStats(runningMean, runningVar, mean, rstd *Tensor, n int, eps, momentum float32) {
	checks.MoveStats(runningMean, runningVar, mean, rstd)
	unbias := 1.0
	if n > 1 {
		unbias = float64(n) / float64(n-1)
	}
	m := float64(momentum)
	for i, r := range rstd.Data {
		v := (1/(float64(r)*float64(r)) - float64(eps)) * unbias
		runningMean.Data[i] = float32((1-m)*float64(runningMean.Data[i]) + m*float64(mean.Data[i]))
		runningVar.Data[i] = float32((1-m)*float64(runningVar.Data[i]) + m*v)
	}
}

// InvStd computes in float64.
func (b *CPU) InvStd(rstd, variance *Tensor, eps float32) {
	checks.InvStd(rstd, variance)
	for i, v := range variance.Data {
		rstd.Data[i] = rsqrt(float64(v) + float64(eps))
	}
}
