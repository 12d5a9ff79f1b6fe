package cuda

import (
	"diffclip/cuda/internal/driver"
	"diffclip/cuda/kernels"
	"diffclip/tensor"
)

func image(x *tensor.Tensor, out int, c tensor.ConvShape) kernels.Image {
	return kernels.Image{N: x.Dim(0), C: x.Dim(1), H: x.Dim(2), W: x.Dim(3), Out: out, ConvShape: c}
}

// Conv2D is a cross-correlation of each image with each filter.
func (b *Backend) Conv2D(dst, x, w, bias *tensor.Tensor, c tensor.ConvShape) {
	checks.Conv2D(dst, x, w, bias, c)
	m := image(x, w.Dim(0), c)
	y, xAt, wAt, biasAt := b.out(dst), b.in(x), b.in(w), b.in(bias)
	if !b.convolve(driver.Forward, xAt, wAt, y, biasAt, m, false) {
		b.k.Conv2D(y, xAt, wAt, biasAt, m)
	}
	b.done()
}

// Conv2DBackward adds to dw and dbias, and writes dx unless it is nil.
func (b *Backend) Conv2DBackward(dx, dw, dbias, dy, x, w *tensor.Tensor, c tensor.ConvShape, acc bool) {
	checks.Conv2DBackward(dx, dw, dbias, dy, x, w, c)
	m := image(x, w.Dim(0), c)
	dxAt, dwAt, dyAt, xAt, wAt := b.out(dx), b.out(dw), b.in(dy), b.in(x), b.in(w)
	dwOwn, dxOwn := dwAt, dxAt // what is left for the kernels
	if b.convolve(driver.BackwardFilter, xAt, dwAt, dyAt, 0, m, true) {
		dwOwn = 0
	}
	if dx != nil && b.convolve(driver.BackwardData, dxAt, wAt, dyAt, 0, m, acc) {
		dxOwn = 0
	}
	b.k.Conv2DBackward(dxOwn, dwOwn, b.out(dbias), dyAt, xAt, wAt, m, acc)
	b.done()
}

// MaxPool2D takes the maximum of each window.
func (b *Backend) MaxPool2D(dst, index, x *tensor.Tensor, c tensor.ConvShape) {
	checks.MaxPool2D(dst, index, x, c)
	b.k.MaxPool2D(b.out(dst), b.out(index), b.in(x), image(x, 0, c))
	b.done()
}

// MaxPool2DBackward sends each gradient to where the maximum was.
func (b *Backend) MaxPool2DBackward(dx, dy, index *tensor.Tensor, acc bool) {
	checks.MaxPool2DBackward(dx, dy, index)
	if planes := dy.Dim(0) * dy.Dim(1); planes > 0 {
		b.k.MaxPool2DBackward(b.out(dx), b.in(dy), b.in(index), planes, dx.Len()/planes, dy.Len()/planes, acc)
	}
	b.done()
}

// AvgPool2D averages each window, counting the padding.
func (b *Backend) AvgPool2D(dst, x *tensor.Tensor, c tensor.ConvShape) {
	checks.AvgPool2D(dst, x, c)
	b.k.AvgPool2D(b.out(dst), b.in(x), image(x, 0, c))
	b.done()
}

// AvgPool2DBackward spreads each gradient evenly over its window.
func (b *Backend) AvgPool2DBackward(dx, dy *tensor.Tensor, c tensor.ConvShape, acc bool) {
	checks.AvgPool2DBackward(dx, dy, c)
	b.k.AvgPool2DBackward(b.out(dx), b.in(dy), image(dx, 0, c), acc)
	b.done()
}
