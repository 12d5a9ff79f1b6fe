package autograd

import (
	"fmt"

	"diffclip/tensor"
)

// Conv describes a convolution or pooling window; see Window for the usual ones.
type Conv = tensor.ConvShape

// Window is a square window of the given size, stride and padding.
func Window(size, stride, pad int) Conv {
	return Conv{KernelH: size, KernelW: size, StrideH: stride, StrideW: stride, PadH: pad, PadW: pad, DilationH: 1, DilationW: 1, Groups: 1}
}

var opConv2D = register("Conv2D", func(t *Tape, n *node) {
	x, w, b := n.in[0], n.in[1], n.in[2]
	dx, acc := t.gradOf(x)
	dw := t.sumGrad(w)
	var scrap *tensor.Tensor
	if dw == nil {
		scrap = t.be.Get(w.Shape())
		dw = scrap
	}
	t.be.Conv2DBackward(dx, dw, t.sumGrad(b), n.out.grad, x.Value, w.Value, n.conv, acc)
	t.discard(scrap)
})

// images returns the result of a window operation on x with the given channels.
func (t *Tape) images(op string, x *Var, channels int, c Conv) *Var {
	if x.Shape().Rank() != 4 {
		fail(op, "want (N, C, H, W)", x)
	}
	if min(c.KernelH, c.KernelW, c.StrideH, c.StrideW, c.DilationH, c.DilationW, c.Groups) < 1 || min(c.PadH, c.PadW) < 0 {
		fail(op, fmt.Sprintf("no such window: %+v", c), x)
	}
	oh, ow := c.Out(x.Dim(2), x.Dim(3))
	if oh < 1 || ow < 1 {
		fail(op, "the window does not fit", x)
	}
	return t.result(tensor.Of(x.Dim(0), channels, oh, ow))
}

// pooled is images for a pooling window, which keeps the channels.
func (t *Tape) pooled(op string, x *Var, c Conv) *Var {
	if x.Shape().Rank() != 4 {
		fail(op, "want (N, C, H, W)", x)
	}
	return t.images(op, x, x.Dim(1), c)
}

// Conv2D is a cross-correlation of x (N, C, H, W) with w (out, C/groups, kh, kw),
// plus a bias (out) or nil.
func (t *Tape) Conv2D(x, w, b *Var, c Conv) *Var {
	if w.Shape().Rank() != 4 {
		fail("Conv2D", "want w (out, C/groups, kh, kw)", x, w, b)
	}
	y := t.images("Conv2D", x, w.Dim(0), c)
	t.be.Conv2D(y.Value, x.Value, w.Value, valueOf(b), c)
	if n := t.record(opConv2D, y, x, w, b); n != nil {
		n.conv = c
	}
	return y
}

var opMaxPool2D = register("MaxPool2D", func(t *Tape, n *node) {
	dx, acc := t.gradOf(n.in[0])
	t.be.MaxPool2DBackward(dx, n.out.grad, n.saved[0], acc)
})

// MaxPool2D takes the maximum of each window of x (N, C, H, W).
func (t *Tape) MaxPool2D(x *Var, c Conv) *Var {
	y := t.pooled("MaxPool2D", x, c)
	index := t.be.Get(y.Shape())
	t.be.MaxPool2D(y.Value, index, x.Value, c)
	n := t.record(opMaxPool2D, y, x)
	t.save(n, index)
	return y
}

var opAvgPool2D = register("AvgPool2D", func(t *Tape, n *node) {
	dx, acc := t.gradOf(n.in[0])
	t.be.AvgPool2DBackward(dx, n.out.grad, n.conv, acc)
})

// AvgPool2D averages each window of x (N, C, H, W), padding included.
func (t *Tape) AvgPool2D(x *Var, c Conv) *Var {
	y := t.pooled("AvgPool2D", x, c)
	t.be.AvgPool2D(y.Value, x.Value, c)
	if n := t.record(opAvgPool2D, y, x); n != nil {
		n.conv = c
	}
	return y
}

// GlobalAvgPool averages each channel of x (N, C, H, W) over the image: (N, C).
func (t *Tape) GlobalAvgPool(x *Var) *Var {
	if x.Shape().Rank() != 4 || x.Dim(2) < 1 || x.Dim(3) < 1 {
		fail("GlobalAvgPool", "want (N, C, H, W) with a pixel at least", x)
	}
	c := Window(1, 1, 0)
	c.KernelH, c.KernelW = x.Dim(2), x.Dim(3)
	return t.Reshape(t.AvgPool2D(x, c), x.Dim(0), x.Dim(1))
}
