package tensor

import (
	"math"

	"diffclip/internal/kern"
)

// convJob is a convolution, forward or backward, by samples: each image is
// unrolled into columns and multiplied by the weight matrix (im2col).
type convJob struct {
	dst, x, w, bias []float32
	c               ConvShape
	in, out, h, wd  int
	oh, ow          int
}

// columns unrolls group g of one image x (C, H, W) into col (C/groups·kh·kw, oh·ow).
func (j *convJob) columns(col, x []float32, g int) {
	c := j.c
	cin := j.in / c.Groups
	row := 0
	for ch := g * cin; ch < (g+1)*cin; ch++ {
		plane := x[ch*j.h*j.wd:][:j.h*j.wd]
		for ky := range c.KernelH {
			for kx := range c.KernelW {
				out := col[row*j.oh*j.ow:][:j.oh*j.ow]
				row++
				for oy := range j.oh {
					iy := oy*c.StrideH - c.PadH + ky*c.DilationH
					line := out[oy*j.ow:][:j.ow]
					if iy < 0 || iy >= j.h {
						clear(line)
						continue
					}
					for ox := range line {
						if ix := ox*c.StrideW - c.PadW + kx*c.DilationW; ix >= 0 && ix < j.wd {
							line[ox] = plane[iy*j.wd+ix]
						} else {
							line[ox] = 0
						}
					}
				}
			}
		}
	}
}

// addColumns is the transpose of columns: it adds col back into dx.
func (j *convJob) addColumns(dx, col []float32, g int) {
	c := j.c
	cin := j.in / c.Groups
	row := 0
	for ch := g * cin; ch < (g+1)*cin; ch++ {
		plane := dx[ch*j.h*j.wd:][:j.h*j.wd]
		for ky := range c.KernelH {
			for kx := range c.KernelW {
				in := col[row*j.oh*j.ow:][:j.oh*j.ow]
				row++
				for oy := range j.oh {
					iy := oy*c.StrideH - c.PadH + ky*c.DilationH
					if iy < 0 || iy >= j.h {
						continue
					}
					for ox := range j.ow {
						if ix := ox*c.StrideW - c.PadW + kx*c.DilationW; ix >= 0 && ix < j.wd {
							plane[iy*j.wd+ix] += in[oy*j.ow+ox]
						}
					}
				}
			}
		}
	}
}

func (j *convJob) run(w *worker, lo, hi int) {
	k, n := j.in/j.c.Groups*j.c.KernelH*j.c.KernelW, j.oh*j.ow
	m := j.out / j.c.Groups
	col := w.floats(k * n)
	for i := lo; i < hi; i++ {
		x, dst := j.x[i*j.in*j.h*j.wd:][:j.in*j.h*j.wd], j.dst[i*j.out*n:][:j.out*n]
		for g := range j.c.Groups {
			j.columns(col, x, g)
			p := kern.Gemm{M: m, N: n, K: k, Alpha: 1, A: j.w[g*m*k:], LDA: k, B: col, LDB: n, C: dst[g*m*n:], LDC: n}
			p.Run(&w.gemm)
		}
		for o, b := range j.bias {
			plane := dst[o*n : (o+1)*n]
			for p := range plane {
				plane[p] += b
			}
		}
	}
}

func newConvJob(y, x, w, bias *Tensor, c ConvShape) convJob {
	oh, ow := c.Out(x.Dim(2), x.Dim(3))
	return convJob{y.Data, x.Data, w.Data, data(bias), c, x.Dim(1), w.Dim(0), x.Dim(2), x.Dim(3), oh, ow}
}

// Conv2D is a cross-correlation of each image with each filter.
func (b *CPU) Conv2D(dst, x, w, bias *Tensor, c ConvShape) {
	checks.Conv2D(dst, x, w, bias, c)
	b.jobs.conv = newConvJob(dst, x, w, bias, c)
	b.do(x.Dim(0), 1, &b.jobs.conv)
}

// convBackwardJob is the backward of a convolution: the gradients of images by
// themselves, those of weights and bias as one partial sum for each chunk of images.
type convBackwardJob struct {
	convJob           // dst is dy, bias the gradient of the bias
	dx, dw  []float32 // dx may be nil
	part    []float32 // a chunk's gradient of the weights and then of the bias; nil for one chunk, which adds to dw
	grain   int
}

func (j *convBackwardJob) run(wk *worker, lo, hi int) {
	k, n, m := j.in/j.c.Groups*j.c.KernelH*j.c.KernelW, j.oh*j.ow, j.out/j.c.Groups
	dw, dbias := j.dw, j.bias
	if j.part != nil {
		part := j.part[lo/j.grain*(len(dw)+len(dbias)):][:len(dw)+len(dbias)]
		dw, dbias = part[:len(dw)], part[len(dw):]
	}
	col := wk.floats(2 * k * n)
	col, dcol := col[:k*n], col[k*n:]
	size := j.in * j.h * j.wd
	for i := lo; i < hi; i++ {
		gy := j.dst[i*j.out*n:][:j.out*n]
		for g := range j.c.Groups {
			dyg := gy[g*m*n : (g+1)*m*n]
			j.columns(col, j.x[i*size:(i+1)*size], g)
			dwg := dw[g*m*k : (g+1)*m*k]
			p := kern.Gemm{M: m, N: k, K: n, Alpha: 1, A: dyg, LDA: n, B: col, LDB: n, TransB: true, C: dwg, LDC: k, D: dwg, LDD: k, Beta: 1}
			p.Run(&wk.gemm)
			if j.dx == nil {
				continue
			}
			p = kern.Gemm{M: k, N: n, K: m, Alpha: 1, A: j.w[g*m*k : (g+1)*m*k], LDA: k, TransA: true, B: dyg, LDB: n, C: dcol, LDC: n}
			p.Run(&wk.gemm)
			j.addColumns(j.dx[i*size:(i+1)*size], dcol, g)
		}
		for o := range dbias {
			dbias[o] += kern.Sum(gy[o*n : (o+1)*n])
		}
	}
}

// Conv2DBackward adds to dw and dbias, and writes dx unless it is nil.
func (b *CPU) Conv2DBackward(dx, dw, dbias, dy, x, w *Tensor, c ConvShape, acc bool) {
	checks.Conv2DBackward(dx, dw, dbias, dy, x, w, c)
	if dx != nil && !acc {
		clear(dx.Data)
	}
	images := x.Dim(0)
	grain := b.reductionGrain(images, 1)
	j := convBackwardJob{convJob: newConvJob(dy, x, w, dbias, c), dx: data(dx), dw: dw.Data, grain: grain}
	sums := len(j.dw) + len(j.bias)
	if images > grain {
		j.part = b.partials(images, grain, sums)
	}
	b.jobs.convBackward = j
	b.do(images, grain, &b.jobs.convBackward)
	for at := 0; at < len(j.part); at += sums {
		kern.Add(j.dw, j.dw, j.part[at:at+len(j.dw)])
		if j.bias != nil {
			kern.Add(j.bias, j.bias, j.part[at+len(j.dw):at+sums])
		}
	}
}

// pool calls f for every window of x: the index of its result, and the range of
// rows and columns inside the image.
func pool(x *Tensor, c ConvShape, f func(out, plane, y0, y1, x0, x1 int)) {
	h, w := x.Dim(2), x.Dim(3)
	oh, ow := c.Out(h, w)
	out := 0
	for plane := range x.Dim(0) * x.Dim(1) {
		for oy := range oh {
			y0 := oy*c.StrideH - c.PadH
			for ox := range ow {
				x0 := ox*c.StrideW - c.PadW
				f(out, plane*h*w, max(y0, 0), min(y0+c.KernelH, h), max(x0, 0), min(x0+c.KernelW, w))
				out++
			}
		}
	}
}

// MaxPool2D takes the maximum of each window.
func (b *CPU) MaxPool2D(dst, index, x *Tensor, c ConvShape) {
	checks.MaxPool2D(dst, index, x, c)
	w := x.Dim(-1)
	pool(x, c, func(out, plane, y0, y1, x0, x1 int) {
		best := plane + y0*w + x0
		for iy := y0; iy < y1; iy++ {
			for ix := x0; ix < x1; ix++ {
				if i := plane + iy*w + ix; x.Data[i] > x.Data[best] || x.Data[i] != x.Data[i] {
					best = i
				}
			}
		}
		dst.Data[out], index.Data[out] = x.Data[best], math.Float32frombits(uint32(best))
	})
}

// MaxPool2DBackward sends each gradient to where the maximum was.
func (b *CPU) MaxPool2DBackward(dx, dy, index *Tensor, acc bool) {
	checks.MaxPool2DBackward(dx, dy, index)
	if !acc {
		clear(dx.Data)
	}
	for i, g := range dy.Data {
		dx.Data[math.Float32bits(index.Data[i])] += g
	}
}

// AvgPool2D averages each window, counting the padding.
func (b *CPU) AvgPool2D(dst, x *Tensor, c ConvShape) {
	checks.AvgPool2D(dst, x, c)
	w := x.Dim(-1)
	pool(x, c, func(out, plane, y0, y1, x0, x1 int) {
		var sum float64
		for iy := y0; iy < y1; iy++ {
			for _, v := range x.Data[plane+iy*w+x0 : plane+iy*w+x1] {
				sum += float64(v)
			}
		}
		dst.Data[out] = float32(sum / float64(c.KernelH*c.KernelW))
	})
}

// AvgPool2DBackward spreads each gradient evenly over its window.
func (b *CPU) AvgPool2DBackward(dx, dy *Tensor, c ConvShape, acc bool) {
	checks.AvgPool2DBackward(dx, dy, c)
	if !acc {
		clear(dx.Data)
	}
	w := dx.Dim(-1)
	pool(dx, c, func(out, plane, y0, y1, x0, x1 int) {
		g := dy.Data[out] / float32(c.KernelH*c.KernelW)
		for iy := y0; iy < y1; iy++ {
			for ix := x0; ix < x1; ix++ {
				dx.Data[plane+iy*w+ix] += g
			}
		}
	})
}
