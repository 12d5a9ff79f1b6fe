package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkVector runs the vector kernels at the sizes of an encoder block: 122
// or 37 tokens, width 128, hidden width 256, 8 heads of 16. GB/s counts each
// array a kernel reads or writes once, however often it goes over it.
func BenchmarkVector(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	vector := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	const width, hidden = 128, 256
	x, y, z, w := vector(width*384), vector(width*384), vector(width*384), vector(width*384)
	Mul(w, w, w)
	row, shift := vector(384), vector(384)
	mean, rstd, sums, squares := vector(width), vector(width), vector(384), vector(384)
	step := AdamStep{LR: 1e-4, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Bias1: 0.5, Bias2: 0.5, GradScale: 1}
	type bench struct {
		name               string
		rows, cols, arrays int
		run                func()
	}
	var cases []bench
	for _, n := range []int{122, 37} {
		n := n
		cases = append(cases,
			bench{"Softmax", n, n, 2, func() { SoftmaxRows(y, width, x, width, n, n, 0.25, nil) }},
			bench{"SoftmaxFromLSE", n, n, 2, func() { SoftmaxFromLSE(y, width, x, width, n, n, 0.25, mean) }},
			bench{"SoftmaxBackward", n, n, 3, func() { SoftmaxBackwardRows(z, width, x, width, y, width, n, n, 0.25) }},
			bench{"Transpose", n, 16, 2, func() { Transpose(y, n, x, 384, n, 16) }},
			bench{"LayerNorm", n, width, 2, func() { LayerNorm(y, x, n, width, row, shift, 1e-5, mean, rstd) }},
			bench{"LayerNormBackward", n, width, 3, func() { LayerNormBackward(z, y, x, n, width, row, mean, rstd, nil, nil, false) }},
			bench{"LayerNormBackwardParams", n, width, 3, func() { LayerNormBackward(z, y, x, n, width, row, mean, rstd, sums, squares, false) }},
			bench{"GELU", n, hidden, 2, func() { GELU(y[:n*hidden], x[:n*hidden]) }},
			bench{"GELUBackward", n, hidden, 3, func() { GELUBackward(z[:n*hidden], y[:n*hidden], x[:n*hidden]) }},
		)
	}
	const n = 122
	u, v := x[:n*width], z[:n*width]
	cases = append(cases,
		bench{"QuickGELU", n, width, 2, func() { QuickGELU(v, u) }},
		bench{"SiLUBackward", n, width, 3, func() { SiLUBackward(v, u, u) }},
		bench{"Sigmoid", n, width, 2, func() { Sigmoid(v, u) }},
		bench{"Exp", n, width, 2, func() { Exp(v, u) }},
		bench{"ReLU", n, width, 2, func() { ReLU(v, u) }},
		bench{"Add", n, width, 3, func() { Add(v, u, y[:len(u)]) }},
		bench{"Axpy", n, width, 3, func() { Axpy(1e-9, u, v) }},
		bench{"ScaleAdd", n, width, 3, func() { ScaleAdd(v, u, 0.5, y[:len(u)], 0.5) }},
		bench{"ScaleShiftRows", n, width, 2, func() { ScaleShiftRows(z, width, x, width, row, shift, n, width, true) }},
		bench{"Sum", n, width, 1, func() { Sum(u) }},
		bench{"Dot", n, width, 2, func() { Dot(u, v) }},
		bench{"ColSum", n, width, 1, func() { ColSum(sums, x, width, n, width) }},
		bench{"ColMoments", n, width, 1, func() { ColMoments(sums, squares, x, width, n, width, shift) }},
		bench{"ColDot", n, width, 2, func() { ColDot(sums, x, y, width, width, n, width) }},
		bench{"Adam", n, width, 7, func() { Adam(x[:len(u)], y[:len(u)], z[:len(u)], w[:len(u)], step) }},
	)
	for _, tier := range Available() {
		for _, c := range cases {
			b.Run(fmt.Sprintf("%v/%s/%dx%d", tier, c.name, c.rows, c.cols), func(b *testing.B) {
				defer Use(tier)()
				b.ReportAllocs()
				for b.Loop() {
					c.run()
				}
				perRun := b.Elapsed().Seconds() / float64(b.N)
				b.ReportMetric(perRun*1e9/float64(c.rows), "ns/row")
				b.ReportMetric(float64(4*c.rows*c.cols*c.arrays)/perRun*1e-9, "GB/s")
			})
		}
	}
}
