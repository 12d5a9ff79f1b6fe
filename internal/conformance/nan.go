package conformance

import (
	"fmt"
	"math"

	"diffclip/tensor"
)

// checkNaN puts NaN at several places of one row. What depends on it must be NaN, or a run
// that has gone astray shows a loss that looks like one; what does not must not be.
func checkNaN(b *bench) {
	const rows, cols = 3, 40 // more than a warp has lanes
	for _, at := range []int{0, 13, 39} {
		x := b.with(at+cols, float32(math.NaN()), rows, cols)
		targets, weights := []int32{5, 6, 7}, b.random("weights", rows)
		for name, loss := range map[string]func(dst *tensor.Tensor){
			"Sum":              func(dst *tensor.Tensor) { b.be.Sum(dst, x, 1) },
			"SumSquares":       func(dst *tensor.Tensor) { b.be.SumSquares(dst, x) },
			"CrossEntropy":     func(dst *tensor.Tensor) { b.be.CrossEntropy(dst, b.like(x), x, targets) },
			"SoftCrossEntropy": func(dst *tensor.Tensor) { b.be.SoftCrossEntropy(dst, b.like(x), x, b.random("t", rows, cols)) },
			"WeightedMSE":      func(dst *tensor.Tensor) { b.be.WeightedMSE(dst, x, b.random("t", rows, cols), weights) },
		} {
			dst := b.random("loss")
			loss(dst)
			b.isNaN(fmt.Sprintf("%s with NaN at %d", name, at), dst, 0)
		}
		y, mean, rstd := b.random("y", rows, cols), b.random("mean", rows), b.random("rstd", rows)
		b.be.Softmax(y, x)
		b.isNaN("Softmax", y, 1)
		b.be.L2Normalize(y, mean, x, 1e-12)
		b.isNaN("L2Normalize", y, 1)
		b.isNaN("L2Normalize's norm", mean, 1)
		b.be.LayerNorm(y, mean, rstd, x, b.random("gamma", cols), b.random("beta", cols), eps)
		b.isNaN("LayerNorm", y, 1)
		b.isNaN("LayerNorm's rstd", rstd, 1)
	}
	for name, d := range map[string]int{"own kernels": 16, "any": 5} { // head sizes that a device has kernels for, and has not
		const tokens = 35
		x := b.with(33*3*d+2, float32(math.NaN()), 1, tokens, 3*d) // of the query of token 33
		y, lse := b.random("y", 1, tokens, d), b.random("lse", 1, 1, tokens)
		b.be.SelfAttention(y, lse, x, 1, false)
		b.isNaN("SelfAttention, "+name, y.View(tokens, d), 33)
		b.isNaN("SelfAttention's lse, "+name, lse.View(tokens), 33)
	}
	x, target, loss := b.with(7, float32(math.Inf(1)), 2, 5), b.random("t", 2, 5), b.random("loss")
	b.be.WeightedMSE(loss, x, target, b.with(1, 0, 2)) // of a row that does not count nothing matters
	if v := loss.Item(); !(math.Abs(float64(v)) < 1e6) {
		b.Errorf("WeightedMSE of an infinite row with weight 0 is %v", v)
	}
}

// with is random with one value in it.
func (b *bench) with(at int, v float32, dims ...int) *tensor.Tensor {
	x := b.random("with", dims...)
	values := x.Clone().Data
	values[at] = v
	x.Write(values)
	return x
}

// isNaN wants NaN in all of one row, and nowhere else; an element of a vector is a row.
func (b *bench) isNaN(what string, x *tensor.Tensor, row int) {
	b.Helper()
	values := x.Host()
	n := 1
	if x.Rank() > 1 {
		n = x.Cols()
	}
	for i, v := range values {
		if (v != v) != (i/n == row) {
			b.Errorf("%s: element %d of row %d is %v, where row %d has NaN", what, i%n, i/n, v, row)
			return
		}
	}
}
