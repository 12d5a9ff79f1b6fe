package conformance

import (
	"math"

	"diffclip/autograd/gradcheck"
	"diffclip/tensor"
)

// window returns a square window.
func window(size, stride, pad, dilation, groups int) tensor.ConvShape {
	return tensor.ConvShape{KernelH: size, KernelW: size, StrideH: stride, StrideW: stride, PadH: pad, PadW: pad, DilationH: dilation, DilationW: dilation, Groups: groups}
}

var imageChecks = []check{
	{[]string{"Conv2D", "Conv2DBackward"}, func(b *bench) {
		for _, s := range []struct {
			n, in, h, w, out int
			c                tensor.ConvShape
		}{
			{2, 5, 4, 3, 7, window(1, 1, 0, 1, 1)},
			{2, 3, 8, 7, 4, window(3, 2, 2, 2, 1)},
			{2, 4, 5, 6, 6, window(3, 1, 1, 1, 2)},
			{3, 5, 6, 5, 5, window(3, 2, 1, 1, 5)},
			{2, 3, 7, 6, 4, tensor.ConvShape{KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 1, PadH: 1, DilationH: 1, DilationW: 2, Groups: 1}},
		} {
			oh, ow := s.c.Out(s.h, s.w)
			in := []*tensor.Tensor{b.random("x", s.n, s.in, s.h, s.w), b.random("w", s.out, s.in/s.c.Groups, s.c.KernelH, s.c.KernelW), b.random("bias", s.out)}
			y, dy := b.dirty(s.n, s.out, oh, ow), b.random("dy", s.n, s.out, oh, ow)
			f := func(v [][]float64) []float64 {
				return gradcheck.Conv2D(v[0], v[1], v[2], s.n, s.in, s.h, s.w, s.out, s.c)
			}
			b.be.Conv2D(y, in[0], in[1], nil, s.c)
			b.near("Conv2D without bias", y, f([][]float64{wide(in[0]), wide(in[1]), nil}))
			b.be.Conv2D(y, in[0], in[1], in[2], s.c)
			b.near("Conv2D", y, f([][]float64{wide(in[0]), wide(in[1]), wide(in[2])}))
			scrap := func() *tensor.Tensor { return b.random("scrap", in[1].Dims()...) }
			b.gradient("x", f, in, 0, dy, true, func(d *tensor.Tensor, acc bool) {
				b.be.Conv2DBackward(d, scrap(), nil, dy, in[0], in[1], s.c, acc)
			})
			b.gradient("w", f, in, 1, dy, false, func(d *tensor.Tensor, _ bool) {
				b.be.Conv2DBackward(nil, d, nil, dy, in[0], in[1], s.c, false)
			})
			b.gradient("bias", f, in, 2, dy, false, func(d *tensor.Tensor, _ bool) {
				b.be.Conv2DBackward(nil, scrap(), d, dy, in[0], in[1], s.c, false)
			})
		}
		b.panics("shapes", func() {
			b.be.Conv2D(b.dirty(1, 4, 3, 3), b.dirty(1, 3, 5, 5), b.dirty(4, 2, 3, 3), nil, window(3, 1, 0, 1, 1))
		})
	}},
	{[]string{"MaxPool2D", "MaxPool2DBackward", "AvgPool2D", "AvgPool2DBackward"}, func(b *bench) {
		flat := tensor.ConvShape{KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 1, PadH: 1, DilationH: 1, DilationW: 1, Groups: 1}
		for _, c := range []tensor.ConvShape{window(2, 2, 0, 1, 1), window(3, 1, 1, 1, 1), window(3, 2, 1, 1, 1), flat} {
			oh, ow := c.Out(7, 6)
			x, dy := b.random("x", 2, 3, 7, 6), b.random("dy", 2, 3, oh, ow)
			y, index := b.like(dy), b.like(dy)
			most := func(v [][]float64) []float64 { return gradcheck.MaxPool2D(v[0], 7, 6, c) }
			mean := func(v [][]float64) []float64 { return gradcheck.AvgPool2D(v[0], 7, 6, c) }
			in := []*tensor.Tensor{x}
			b.be.MaxPool2D(y, index, x, c)
			b.near("MaxPool2D", y, most([][]float64{wide(x)}))
			b.gradient("MaxPool2D", most, in, 0, dy, true, func(dx *tensor.Tensor, acc bool) { b.be.MaxPool2DBackward(dx, dy, index, acc) })
			b.be.AvgPool2D(y, x, c)
			b.near("AvgPool2D", y, mean([][]float64{wide(x)}))
			b.gradient("AvgPool2D", mean, in, 0, dy, true, func(dx *tensor.Tensor, acc bool) { b.be.AvgPool2DBackward(dx, dy, c, acc) })
		}
		for _, v := range []float64{0, math.Inf(-1)} { // of equal values, as ReLU leaves many, the first has the gradient
			x, y, dy, dx := b.dirty(1, 1, 4, 4), b.dirty(1, 1, 2, 2), b.random("dy", 1, 1, 2, 2), b.dirty(1, 1, 4, 4)
			index := b.like(y)
			b.be.Fill(x, float32(v))
			b.be.MaxPool2D(y, index, x, window(2, 2, 0, 1, 1))
			b.be.MaxPool2DBackward(dx, dy, index, false)
			d := wide(dy)
			b.near("gradient of equal values", dx, []float64{d[0], 0, d[1], 0, 0, 0, 0, 0, d[2], 0, d[3], 0, 0, 0, 0, 0})
		}
		x, y := b.random("x", 1, 1, 4, 4), b.dirty(1, 1, 2, 2)
		values := x.Clone().Data
		values[5] = float32(math.NaN())
		x.Write(values)
		b.be.MaxPool2D(y, b.like(y), x, window(2, 2, 0, 1, 1))
		for i, v := range y.Host() {
			if (v != v) != (i == 0) {
				b.Errorf("MaxPool2D: %v, where the first of four windows has a NaN", y.Host())
				break
			}
		}
	}},
}
