package conformance

import (
	"math"

	"diffclip/autograd/gradcheck"
	"diffclip/tensor"
)

// unaries are the plain forms of the element-wise functions.
var unaries = []func(float64) float64{
	tensor.ReLU: gradcheck.ReLU, tensor.GELU: gradcheck.GELU, tensor.QuickGELU: gradcheck.QuickGELU, tensor.SiLU: gradcheck.SiLU,
	tensor.Sigmoid: gradcheck.Sigmoid, tensor.Tanh: math.Tanh, tensor.Exp: math.Exp, tensor.Square: gradcheck.Square,
}

// large is beyond what a backend computes in one piece.
const large = 20011

var elementwiseChecks = []check{
	{[]string{"Unary", "UnaryBackward"}, func(b *bench) {
		for op, f := range unaries {
			op := tensor.UnaryOp(op)
			for _, n := range []int{1, 37, large} {
				x, dy := b.random("x", n), b.random("dy", n)
				y := b.like(x)
				b.be.Unary(op, y, x)
				b.near(op.String(), y, gradcheck.Unary(f, wide(x)))
				slope, up := make([]float64, n), dy.Host()
				for i, v := range x.Host() {
					const h = 1e-6
					slope[i] = float64(up[i]) * (f(float64(v)+h) - f(float64(v)-h)) / (2 * h)
					if op == tensor.ReLU { // not across the kink
						slope[i] = 0
						if v > 0 {
							slope[i] = float64(up[i])
						}
					}
				}
				b.gradientIs(op.String(), slope, x.Shape, true, func(dx *tensor.Tensor, acc bool) { b.be.UnaryBackward(op, dx, dy, x, y, acc) })
			}
		}
		b.panics("shapes", func() { b.be.Unary(tensor.GELU, b.dirty(3), b.dirty(4)) })
	}},
	{[]string{"Binary", "MulAcc"}, func(b *bench) {
		for op, f := range map[tensor.BinaryOp]func(x, y float64) float64{tensor.Add: gradcheck.Add, tensor.Sub: gradcheck.Sub, tensor.Mul: gradcheck.Mul} {
			for _, s := range [][2][]int{{{5, 7}, {5, 7}}, {{5, 7}, {7}}, {{2, 3, 5, 3}, {5, 3}}, {{4, 9}, nil}, {{large, 3}, {3}}} {
				x, y := b.random("x", s[0]...), b.random("y", s[1]...)
				dst := b.like(x)
				b.be.Binary(op, dst, x, y)
				b.near(op.String(), dst, gradcheck.Binary(f, wide(x), wide(y)))
				if op == tensor.Mul {
					dst := b.random("dst", s[0]...)
					want := gradcheck.Binary(gradcheck.Add, wide(dst), gradcheck.Binary(f, wide(x), wide(y)))
					b.be.MulAcc(dst, x, y)
					b.near("MulAcc", dst, want)
				}
			}
		}
		b.panics("broadcast", func() { b.be.Binary(tensor.Add, b.dirty(2, 3), b.dirty(2, 3), b.dirty(2)) })
	}},
	{[]string{"Scale", "Axpy", "ScaleByScalar", "AxpyBy"}, func(b *bench) {
		x, y, s := b.random("x", 5, 77), b.random("y", 5, 77), b.random("s", 1)
		dst := b.like(x)
		b.be.Scale(dst, x, -0.75)
		b.near("Scale", dst, gradcheck.Scale(wide(x), -0.75))
		b.be.ScaleByScalar(dst, x, s)
		b.near("ScaleByScalar", dst, gradcheck.Scale(wide(x), float64(s.Item())))
		one := b.dirty(1)
		b.be.Fill(one, 1)
		dst = b.like(x)
		b.be.ScaleByScalar(dst, x, one)
		b.near("ScaleByScalar by 1", dst, wide(x))
		b.be.ScaleByScalar(dst, dst, one)
		b.near("ScaleByScalar by 1 in place", dst, wide(x))
		want := gradcheck.Binary(gradcheck.Add, wide(y), gradcheck.Scale(wide(x), float64(s.Item())))
		b.be.AxpyBy(y, s, x)
		b.near("AxpyBy", y, want)
		want = gradcheck.Binary(gradcheck.Add, wide(y), gradcheck.Scale(wide(x), 0.3))
		b.be.Axpy(y, 0.3, x)
		b.near("Axpy", y, want)
	}},
	{[]string{"SumLeading", "DotLeading"}, func(b *bench) {
		for _, s := range [][2][]int{{{5, 7}, {7}}, {{2, 3, 5, 3}, {5, 3}}, {{4, 9}, nil}, {{4, 9}, {4, 9}}, {{701, 33}, {33}}} {
			x, y := b.random("x", s[0]...), b.random("y", s[0]...)
			cols := tensor.Of(s[1]...).Len()
			sum, dot := b.random("sum", s[1]...), b.random("dot", s[1]...)
			wantSum := gradcheck.Binary(gradcheck.Add, wide(sum), gradcheck.SumLeading(wide(x), cols))
			wantDot := gradcheck.Binary(gradcheck.Add, wide(dot), gradcheck.SumLeading(gradcheck.Binary(gradcheck.Mul, wide(x), wide(y)), cols))
			b.be.SumLeading(sum, x)
			b.near("SumLeading", sum, wantSum)
			b.be.DotLeading(dot, x, y)
			b.near("DotLeading", dot, wantDot)
		}
	}},
	{[]string{"Sum", "AddScalar", "SumSquares"}, func(b *bench) {
		for _, n := range []int{0, 1, 37, large} {
			x, got := b.random("x", n), b.dirty()
			b.be.Sum(got, x, 0.25)
			// A sum of random signs is held to the size of its terms.
			if want := 0.25 * gradcheck.Sum(wide(x)); math.Abs(float64(got.Item())-want) > b.tol*max(math.Sqrt(float64(n)), math.Abs(want)) {
				b.Errorf("Sum of %d is %v, want %v", n, got.Item(), want)
			}
			b.be.SumSquares(got, x)
			b.near("SumSquares", got, []float64{gradcheck.Sum(gradcheck.Unary(gradcheck.Square, wide(x)))})
			v := b.random("v", 1)
			want := gradcheck.Unary(func(float64) float64 { return 0.5 * float64(v.Item()) }, make([]float64, n))
			b.gradientIs("Sum", want, x.Shape, true, func(dst *tensor.Tensor, acc bool) { b.be.AddScalar(dst, v, 0.5, acc) })
		}
	}},
}
