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

func TestVectorPanicsOnLengths(t *testing.T) {
	x, y := make([]float32, 6), make([]float32, 5)
	for name, f := range map[string]func(){
		"Add":                func() { Add(x, x, y) },
		"Axpy":               func() { Axpy(1, y, x) },
		"Dot":                func() { Dot(x, y) },
		"GELU":               func() { GELU(y, x) },
		"Adam":               func() { Adam(x, x, x, y, AdamStep{}) },
		"AddRow short row":   func() { AddRow(x, 3, x, 3, y[:2], 2, 3) },
		"AddRow short x":     func() { AddRow(x, 3, y, 3, y, 2, 3) },
		"SoftmaxRows stride": func() { SoftmaxRows(x, 2, x, 3, 2, 3, 1, nil) },
		"SoftmaxRows lse":    func() { SoftmaxRows(x, 3, x, 3, 2, 3, 1, y[:1]) },
		"LayerNorm pair":     func() { LayerNorm(x, x, 2, 3, x, nil, 1e-5, y, y) },
		"Transpose":          func() { Transpose(x, 1, x, 3, 2, 3) },
		"ColSum":             func() { ColSum(y[:2], x, 3, 2, 3) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			f()
		}()
	}
}
