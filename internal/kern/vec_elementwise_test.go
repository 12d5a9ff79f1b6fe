package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestElementwise(t *testing.T) {
	const s, u = 1.25, -0.75
	cases := []struct {
		name string
		run  func(dst, a, b []float32)
		want func(dst, a, b float64) (want, scale float64)
	}{
		{"Add", Add, func(_, a, b float64) (float64, float64) { return a + b, 0 }},
		{"Sub", Sub, func(_, a, b float64) (float64, float64) { return a - b, 0 }},
		{"Mul", Mul, func(_, a, b float64) (float64, float64) { return a * b, 0 }},
		{"MulAdd", MulAdd, func(d, a, b float64) (float64, float64) { return d + a*b, abs(d) + abs(a*b) }},
		{"Axpy", func(dst, a, _ []float32) { Axpy(s, a, dst) }, func(d, a, _ float64) (float64, float64) { return d + s*a, abs(d) + abs(s*a) }},
		{"Scale", func(dst, a, _ []float32) { Scale(dst, a, s) }, func(_, a, _ float64) (float64, float64) { return s * a, 0 }},
		{"Fill", func(dst, _, _ []float32) { Fill(dst, s) }, func(_, _, _ float64) (float64, float64) { return s, 0 }},
		{"ScaleAdd", func(dst, a, b []float32) { ScaleAdd(dst, a, s, b, u) }, func(_, a, b float64) (float64, float64) {
			return s*a + u*b, abs(s*a) + abs(u*b)
		}},
		{"ReLU", func(dst, a, _ []float32) { ReLU(dst, a) }, func(_, a, _ float64) (float64, float64) { return max(a, 0), 0 }},
		{"ReLUBackward", ReLUBackward, func(_, a, b float64) (float64, float64) {
			if b > 0 {
				return a, 0
			}
			return 0, 0
		}},
	}
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, c := range cases {
			for _, n := range vectorLengths {
				for _, alias := range []string{"none", "a", "b"} {
					m := &arena{t: t, r: r}
					dst, a, b := m.vector(n), m.vector(n), m.vector(n)
					switch alias {
					case "a":
						dst = a
					case "b":
						dst = b
					}
					d0, a0, b0 := clone(dst), clone(a), clone(b)
					c.run(dst, a, b)
					what := fmt.Sprintf("%s of %d, dst aliases %s: dst", c.name, n, alias)
					for i := range dst {
						want, scale := c.want(float64(d0[i]), float64(a0[i]), float64(b0[i]))
						near(t, at(what, i), dst[i], want, scale, 1.2e-7)
					}
					m.check(what)
				}
			}
		}
	})
}

func abs(x float64) float64 { return max(x, -x) }

// TestPanicsOnLengths gives every function each operand too short: it must say so, since assembly would read or write
// past the end.
func TestPanicsOnLengths(t *testing.T) {
	x, y := make([]float32, 6), make([]float32, 5)
	const rows, cols = 2, 3
	one := make([]float32, 1)
	attention := Attention{Tokens: 1, Heads: 2, Width: 1, QKV: x}
	grad := AttentionGrad{Y: x[:2], DY: x[:2], LSE: x[:2], DQKV: x}
	for _, c := range []struct {
		op, why string
		f       func()
	}{
		{"Add", "lengths differ:", func() { Add(x, x, y) }},
		{"Sub", "lengths differ:", func() { Sub(x, y, x) }},
		{"Mul", "lengths differ:", func() { Mul(y, x, x) }},
		{"MulAdd", "lengths differ:", func() { MulAdd(x, x, y) }},
		{"Axpy", "lengths differ:", func() { Axpy(1, y, x) }},
		{"Scale", "lengths differ:", func() { Scale(x, y, 1) }},
		{"ScaleAdd", "lengths differ:", func() { ScaleAdd(x, x, 1, y, 1) }},
		{"Dot", "lengths differ:", func() { Dot(x, y) }},
		{"Exp", "lengths differ:", func() { Exp(x, y) }},
		{"ReLU", "lengths differ:", func() { ReLU(x, y) }},
		{"ReLUBackward", "lengths differ:", func() { ReLUBackward(x, x, y) }},
		{"GELU", "lengths differ:", func() { GELU(y, x) }},
		{"GELUBackward", "lengths differ:", func() { GELUBackward(x, y, x) }},
		{"QuickGELU", "lengths differ:", func() { QuickGELU(x, y) }},
		{"QuickGELUBackward", "lengths differ:", func() { QuickGELUBackward(x, x, y) }},
		{"SiLU", "lengths differ:", func() { SiLU(x, y) }},
		{"SiLUBackward", "lengths differ:", func() { SiLUBackward(y, x, x) }},
		{"Sigmoid", "lengths differ:", func() { Sigmoid(x, y) }},
		{"Adam", "lengths differ:", func() { Adam(x, x, x, y, AdamStep{}) }},
		{"ScaleShiftRows", "dst", func() { ScaleShiftRows(y, 3, x, 3, x, x, rows, cols, false) }},
		{"ScaleShiftRows", "x", func() { ScaleShiftRows(x, 3, y, 3, x, x, rows, cols, false) }},
		{"ScaleShiftRows", "scale", func() { ScaleShiftRows(x, 3, x, 3, x[:2], x, rows, cols, false) }},
		{"ScaleShiftRows", "shift", func() { ScaleShiftRows(x, 3, x, 3, x, x[:2], rows, cols, false) }},
		{"ColSum", "dst", func() { ColSum(y[:2], x, 3, rows, cols) }},
		{"ColSum", "x", func() { ColSum(x, y, 3, rows, cols) }},
		{"ColMoments", "x", func() { ColMoments(x, x, y, 3, rows, cols, x) }},
		{"ColMoments", "sum", func() { ColMoments(x[:2], x, x, 3, rows, cols, x) }},
		{"ColMoments", "sumsq", func() { ColMoments(x, x[:2], x, 3, rows, cols, x) }},
		{"ColMoments", "shift", func() { ColMoments(x, x, x, 3, rows, cols, x[:2]) }},
		{"ColDot", "x", func() { ColDot(x, y, x, 3, 3, rows, cols) }},
		{"ColDot", "y", func() { ColDot(x, x, y, 3, 3, rows, cols) }},
		{"ColDot", "dst", func() { ColDot(x[:2], x, x, 3, 3, rows, cols) }},
		{"Transpose", "dst", func() { Transpose(x, 1, x, 3, rows, cols) }},
		{"Transpose", "x", func() { Transpose(x, 2, y, 3, rows, cols) }},
		{"SoftmaxRows", "dst", func() { SoftmaxRows(x, 2, x, 3, rows, cols, 1, nil) }},
		{"SoftmaxRows", "x", func() { SoftmaxRows(x, 3, y, 3, rows, cols, 1, nil) }},
		{"SoftmaxRows", "lse", func() { SoftmaxRows(x, 3, x, 3, rows, cols, 1, one) }},
		{"SoftmaxFromLSE", "dst", func() { SoftmaxFromLSE(y, 3, x, 3, rows, cols, 1, x) }},
		{"SoftmaxFromLSE", "x", func() { SoftmaxFromLSE(x, 3, y, 3, rows, cols, 1, x) }},
		{"SoftmaxFromLSE", "lse", func() { SoftmaxFromLSE(x, 3, x, 3, rows, cols, 1, one) }},
		{"SoftmaxBackwardRows", "dx", func() { SoftmaxBackwardRows(y, 3, x, 3, x, 3, rows, cols, 1) }},
		{"SoftmaxBackwardRows", "dy", func() { SoftmaxBackwardRows(x, 3, y, 3, x, 3, rows, cols, 1) }},
		{"SoftmaxBackwardRows", "y", func() { SoftmaxBackwardRows(x, 3, x, 3, y, 3, rows, cols, 1) }},
		{"LayerNorm", "dst", func() { LayerNorm(y, x, rows, cols, x, x, 1e-5, x, x) }},
		{"LayerNorm", "x", func() { LayerNorm(x, y, rows, cols, x, x, 1e-5, x, x) }},
		{"LayerNorm", "mean", func() { LayerNorm(x, x, rows, cols, x, x, 1e-5, one, x) }},
		{"LayerNorm", "rstd", func() { LayerNorm(x, x, rows, cols, x, x, 1e-5, x, one) }},
		{"LayerNorm", "only one of gamma and beta", func() { LayerNorm(x, x, rows, cols, x, nil, 1e-5, x, x) }},
		{"LayerNorm", "gamma", func() { LayerNorm(x, x, rows, cols, x[:2], x, 1e-5, x, x) }},
		{"LayerNorm", "beta", func() { LayerNorm(x, x, rows, cols, x, x[:2], 1e-5, x, x) }},
		{"LayerNormBackward", "dx", func() { LayerNormBackward(y, x, x, rows, cols, x, x, x, x, x, false) }},
		{"LayerNormBackward", "dy", func() { LayerNormBackward(x, y, x, rows, cols, x, x, x, x, x, false) }},
		{"LayerNormBackward", "x", func() { LayerNormBackward(x, x, y, rows, cols, x, x, x, x, x, false) }},
		{"LayerNormBackward", "gamma", func() { LayerNormBackward(x, x, x, rows, cols, x[:2], x, x, x, x, false) }},
		{"LayerNormBackward", "mean", func() { LayerNormBackward(x, x, x, rows, cols, x, one, x, x, x, false) }},
		{"LayerNormBackward", "rstd", func() { LayerNormBackward(x, x, x, rows, cols, x, x, one, x, x, false) }},
		{"LayerNormBackward", "dgamma", func() { LayerNormBackward(x, x, x, rows, cols, x, x, x, x[:2], x, false) }},
		{"LayerNormBackward", "dbeta", func() { LayerNormBackward(x, x, x, rows, cols, x, x, x, x, x[:2], false) }},
		{"Attention", "QKV", func() { (&Attention{Tokens: 1, Heads: 2, Width: 1, QKV: y}).Forward(&Workspace{}, x, x) }},
		{"Attention", "Y", func() { attention.Forward(&Workspace{}, one, x) }},
		{"Attention", "LSE", func() { attention.Forward(&Workspace{}, x, one) }},
		{"Attention", "1 tokens, 0 heads", func() { (&Attention{Tokens: 1, Width: 1, QKV: x}).Forward(&Workspace{}, x, x) }},
		{"Attention backward", "Y", func() { g := grad; g.Y = one; attention.Backward(&Workspace{}, g) }},
		{"Attention backward", "DY", func() { g := grad; g.DY = one; attention.Backward(&Workspace{}, g) }},
		{"Attention backward", "LSE", func() { g := grad; g.LSE = one; attention.Backward(&Workspace{}, g) }},
		{"Attention backward", "DQKV", func() { g := grad; g.DQKV = y; attention.Backward(&Workspace{}, g) }},
	} {
		wantPanic(t, "kern: "+c.op+": "+c.why+" ", "", c.f)
	}
}
