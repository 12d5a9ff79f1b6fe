package cuda

import (
	"diffclip/cuda/kernels"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

// Copy2D copies or adds a strided block.
func (b *Backend) Copy2D(dst *tensor.Tensor, dstOff, dstStride int, src *tensor.Tensor, srcOff, srcStride, rows, cols int, acc bool) {
	if rows == 0 || cols == 0 {
		return
	}
	checks.Copy2D(dst, dstOff, dstStride, src, srcOff, srcStride, rows, cols)
	b.k.Copy2D(b.out(dst).At(dstOff), dstStride, b.in(src).At(srcOff), srcStride, rows, cols, acc)
	b.done()
}

// Fill sets every element to v.
func (b *Backend) Fill(dst *tensor.Tensor, v float32) {
	b.k.Fill(b.out(dst), dst.Len(), v)
	b.done()
}

// Normal fills dst with standard normal values, those of rng.Stream.Normal.
func (b *Backend) Normal(dst *tensor.Tensor, s rng.Stream) {
	words := kernels.StreamOf(s)
	b.k.Normal(b.out(dst), dst.Len(), b.words(words[:]))
	b.done()
}

// Uniform fills dst with values in [0, 1), those of rng.Stream.Uniform.
func (b *Backend) Uniform(dst *tensor.Tensor, s rng.Stream) {
	words := kernels.StreamOf(s)
	b.k.Uniform(b.out(dst), dst.Len(), b.words(words[:]))
	b.done()
}

// Unary is dst = op(x).
func (b *Backend) Unary(op tensor.UnaryOp, dst, x *tensor.Tensor) {
	checks.Unary(op, dst, x)
	b.k.Unary(op, b.out(dst), b.in(x), dst.Len())
	b.done()
}

// UnaryBackward is dx (+)= dy · op'(x).
func (b *Backend) UnaryBackward(op tensor.UnaryOp, dx, dy, x, y *tensor.Tensor, acc bool) {
	checks.UnaryBackward(op, dx, dy, x, y)
	b.k.UnaryBackward(op, b.out(dx), b.in(dy), b.in(x), b.in(y), dx.Len(), acc)
	b.done()
}

// Binary is dst = op(x, y), y repeated over x's leading dimensions.
func (b *Backend) Binary(op tensor.BinaryOp, dst, x, y *tensor.Tensor) {
	checks.Binary(op, dst, x, y)
	b.k.Binary(op, b.out(dst), b.in(x), b.in(y), x.Len(), y.Len())
	b.done()
}

// Scale is dst = s·x.
func (b *Backend) Scale(dst, x *tensor.Tensor, s float32) {
	checks.Scale(dst, x)
	b.k.Scale(b.out(dst), b.in(x), x.Len(), s)
	b.done()
}

// Axpy is y += s·x.
func (b *Backend) Axpy(y *tensor.Tensor, s float32, x *tensor.Tensor) {
	checks.Axpy(y, x)
	b.k.Axpy(b.out(y), s, b.in(x), x.Len())
	b.done()
}

// AxpyBy is y += s[0]·x.
func (b *Backend) AxpyBy(y, s, x *tensor.Tensor) {
	checks.AxpyBy(y, s, x)
	b.k.MulAcc(b.out(y), b.in(x), b.in(s), x.Len(), 1)
	b.done()
}

// MulAcc is dst += x·y with y broadcast.
func (b *Backend) MulAcc(dst, x, y *tensor.Tensor) {
	checks.MulAcc(dst, x, y)
	b.k.MulAcc(b.out(dst), b.in(x), b.in(y), x.Len(), y.Len())
	b.done()
}

// ScaleByScalar is dst = x·s[0].
func (b *Backend) ScaleByScalar(dst, x, s *tensor.Tensor) {
	checks.ScaleByScalar(dst, x, s)
	b.k.ScaleByScalar(b.out(dst), b.in(x), b.in(s), x.Len())
	b.done()
}

// SumLeading is dst += the sum of x over leading dimensions.
func (b *Backend) SumLeading(dst, x *tensor.Tensor) {
	checks.SumLeading(dst, x)
	switch n := dst.Len(); {
	case x.Len() == 0:
	case n == 1:
		b.k.Sum(b.out(dst), b.in(x), x.Len(), 1, true)
	default:
		b.k.SumLeading(b.out(dst), b.in(x), x.Len()/n, n)
	}
	b.done()
}

// DotLeading is dst += the sum of x·y over leading dimensions.
func (b *Backend) DotLeading(dst, x, y *tensor.Tensor) {
	checks.DotLeading(dst, x, y)
	if n := dst.Len(); x.Len() > 0 {
		b.k.DotLeading(b.out(dst), b.in(x), b.in(y), x.Len()/n, n)
	}
	b.done()
}

// Sum is dst[0] = s·Σx.
func (b *Backend) Sum(dst, x *tensor.Tensor, s float32) {
	checks.Sum(dst, x)
	b.k.Sum(b.out(dst), b.in(x), x.Len(), s, false)
	b.done()
}

// SumSquares is dst[0] = Σx².
func (b *Backend) SumSquares(dst, x *tensor.Tensor) {
	checks.SumSquares(dst, x)
	p := b.in(x)
	b.k.Dot(b.out(dst), p, p, x.Len(), false)
	b.done()
}

// AddScalar is dst (+)= s·v[0].
func (b *Backend) AddScalar(dst, v *tensor.Tensor, s float32, acc bool) {
	checks.AddScalar(v)
	b.k.AddScalar(b.out(dst), b.in(v), dst.Len(), s, acc)
	b.done()
}
