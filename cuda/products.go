package cuda

import (
	"diffclip/cuda/internal/driver"
	"diffclip/cuda/kernels"
	"diffclip/tensor"
)

// product is dst = alpha·op(x)·op(y) + beta·dst for a batch of matrices, op(x)
// (m, k), op(y) (k, n).
func (b *Backend) product(dst, x, y kernels.Ptr, batch, m, n, k int, transX, transY bool, alpha, beta float32) {
	if batch == 0 || m == 0 || n == 0 {
		return
	}
	if b.info.Blas == 0 || k == 0 {
		b.k.MatMul(dst, x, y, batch, m, n, k, transX, transY, alpha, beta)
		return
	}
	stride := func(trans bool, rows, cols int) int {
		if trans {
			return rows
		}
		return cols
	}
	b.queue(driver.Product(
		driver.Matrix{At: driver.Ptr(dst), Stride: n, Next: m * n},
		driver.Matrix{At: driver.Ptr(x), Stride: stride(transX, m, k), Next: m * k},
		driver.Matrix{At: driver.Ptr(y), Stride: stride(transY, k, n), Next: k * n},
		transX, transY, m, n, k, batch, alpha, beta, b.compute))
}

// Linear is dst = act(x·Wᵀ + bias) + residual.
func (b *Backend) Linear(dst, pre, x *tensor.Tensor, w *tensor.Weight, bias *tensor.Tensor, act tensor.Activation, residual *tensor.Tensor) {
	checks.Linear(dst, pre, x, w, bias, act, residual)
	in, out, rows := w.Dim(1), w.Dim(0), x.Rows()
	z := b.out(dst)
	b.product(z, b.in(x), b.in(w.Tensor), 1, rows, out, in, false, true, 1, 0)
	if bias != nil || pre != nil || residual != nil || act != tensor.NoAct {
		b.k.BiasAct(z, b.out(pre), z, b.in(bias), b.in(residual), rows*out, out, act)
	}
	b.done()
}

// ActBackward is dy = dy·act'(pre), in place.
func (b *Backend) ActBackward(act tensor.Activation, dy, pre *tensor.Tensor) {
	checks.UnaryBackward(tensor.ReLU, dy, dy, pre, pre)
	b.k.ActBackward(act, b.out(dy), b.in(pre), dy.Len())
	b.done()
}

// LinearBackwardInput is dx (+)= dy·W.
func (b *Backend) LinearBackwardInput(dx, dy *tensor.Tensor, w *tensor.Weight, acc bool) {
	checks.LinearBackwardInput(dx, dy, w)
	b.product(b.out(dx), b.in(dy), b.in(w.Tensor), 1, dx.Rows(), w.Dim(1), w.Dim(0), false, false, 1, beta(acc))
	b.done()
}

// beta is the factor of what a destination holds.
func beta(acc bool) float32 {
	if acc {
		return 1
	}
	return 0
}

// LinearBackwardWeight is dw (+)= dyᵀ·x, dbias += Σ dy.
func (b *Backend) LinearBackwardWeight(dw, dbias, dy, x *tensor.Tensor, acc bool) {
	checks.LinearBackwardWeight(dw, dbias, dy, x)
	in, out, rows := x.Cols(), dy.Cols(), x.Rows()
	if rows == 0 {
		if !acc {
			b.Fill(dw, 0)
		}
		return
	}
	g := b.in(dy)
	b.product(b.out(dw), g, b.in(x), 1, out, in, rows, true, false, 1, beta(acc))
	if dbias != nil {
		b.k.SumLeading(b.out(dbias), g, rows, out)
	}
	b.done()
}

// MatMul is dst = alpha·op(x)·op(y) + beta·dst.
func (b *Backend) MatMul(dst, x, y *tensor.Tensor, transX, transY bool, alpha, beta float32) {
	batch, m, n, k := checks.MatMul(dst, x, y, transX, transY)
	b.product(b.out(dst), b.in(x), b.in(y), batch, m, n, k, transX, transY, alpha, beta)
	b.done()
}

// Transpose swaps the last two dimensions.
func (b *Backend) Transpose(dst, x *tensor.Tensor) {
	checks.Transpose(dst, x)
	if rows, cols := x.Dim(-2), x.Dim(-1); x.Len() > 0 {
		b.k.Transpose(b.out(dst), b.in(x), x.Len()/(rows*cols), rows, cols)
	}
	b.done()
}
