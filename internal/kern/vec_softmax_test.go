package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestSoftmax(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, s := range vectorShapes() {
			for _, scale := range []float32{0.25, -3} {
				m := &arena{t: t, r: r}
				d := shape{s.rows, s.cols, s.cols + 2}
				x, y, again, lse := m.matrix(s), m.matrix(d), m.matrix(d), m.vector(s.rows)
				SoftmaxRows(y, d.ld, x, s.ld, s.rows, s.cols, scale, lse)
				SoftmaxFromLSE(again, d.ld, x, s.ld, s.rows, s.cols, scale, lse)
				what := fmt.Sprintf("softmax %v scale %v", s, scale)
				for i := range s.rows {
					most, sum := math.Inf(-1), 0.0
					for _, v := range x[i*s.ld:][:s.cols] {
						most = max(most, float64(scale)*float64(v))
					}
					for _, v := range x[i*s.ld:][:s.cols] {
						sum += math.Exp(float64(scale)*float64(v) - most)
					}
					want := most + math.Log(sum)
					near(t, what+": lse", lse[i], want, 1+abs(want), 3e-7)
					for c, v := range x[i*s.ld:][:s.cols] {
						want := math.Exp(float64(scale)*float64(v) - want)
						size := 1 + abs(float64(scale)*float64(v)) + abs(most)
						near(t, what, y[i*d.ld+c], want, want*size, 5e-7)
						near(t, what+" from lse", again[i*d.ld+c], want, want*(size+abs(float64(lse[i]))), 5e-7)
					}
				}
				SoftmaxRows(x, s.ld, x, s.ld, s.rows, s.cols, scale, nil)
				for i := range s.rows {
					for c := range s.cols {
						near(t, what+" in place", x[i*s.ld+c], float64(y[i*d.ld+c]), 0, 0)
					}
				}
				m.check(what)
			}
		}
	})
}

func TestSoftmaxBackward(t *testing.T) {
	const scale = 0.25
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, s := range vectorShapes() {
			m := &arena{t: t, r: r}
			sx, sy := shape{s.rows, s.cols, s.cols + 1}, shape{s.rows, s.cols, s.cols + 2}
			dx, dy, y := m.matrix(sx), m.matrix(sy), m.matrix(s)
			SoftmaxRows(y, s.ld, y, s.ld, s.rows, s.cols, 1, nil)
			SoftmaxBackwardRows(dx, sx.ld, dy, sy.ld, y, s.ld, s.rows, s.cols, scale)
			what := fmt.Sprintf("softmax backward %v", s)
			for i := range s.rows {
				dot, size := 0.0, 0.0
				for c := range s.cols {
					p := float64(dy[i*sy.ld+c]) * float64(y[i*s.ld+c])
					dot, size = dot+p, size+abs(p)
				}
				for c := range s.cols {
					g, p := float64(dy[i*sy.ld+c]), float64(y[i*s.ld+c])
					near(t, what, dx[i*sx.ld+c], scale*p*(g-dot), scale*p*(abs(g)+size), 4e-7)
				}
			}
			yCopy := m.matrix(s)
			copy(yCopy, y)
			SoftmaxBackwardRows(yCopy, s.ld, dy, sy.ld, yCopy, s.ld, s.rows, s.cols, scale)
			SoftmaxBackwardRows(dy, sy.ld, dy, sy.ld, y, s.ld, s.rows, s.cols, scale)
			for i := range s.rows {
				for c := range s.cols {
					want := float64(dx[i*sx.ld+c])
					near(t, what+" in place of dy", dy[i*sy.ld+c], want, 0, 0)
					near(t, what+" in place of y", yCopy[i*s.ld+c], want, 0, 0)
				}
			}
			m.check(what)
		}
	})
}

func TestSoftmaxSpecialRows(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachTier(t, func(t *testing.T, _ *rand.Rand) {
		const n = 37
		row := func(set map[int]float32) []float32 {
			x := make([]float32, n)
			for i, v := range set {
				x[i] = v
			}
			return x
		}
		for _, c := range []struct {
			name string
			x    []float32
			want func(i int) float64
		}{
			{"a masked score", row(map[int]float32{3: -inf, 36: -inf}), func(i int) float64 {
				if i == 3 || i == 36 {
					return 0
				}
				return 1.0 / 35
			}},
			{"a great score", row(map[int]float32{36: 1e30}), func(i int) float64 {
				if i == 36 {
					return 1
				}
				return 0
			}},
			{"a NaN", row(map[int]float32{5: nan}), func(int) float64 { return math.NaN() }},
			{"a NaN in the tail", row(map[int]float32{36: nan}), func(int) float64 { return math.NaN() }},
		} {
			y, lse := make([]float32, n), make([]float32, 1)
			SoftmaxRows(y, n, c.x, n, 1, n, 1, lse)
			for i := range y {
				near(t, at(c.name, i), y[i], c.want(i), 1, 1e-8)
			}
			if math.IsNaN(c.want(0)) != math.IsNaN(float64(lse[0])) {
				t.Fatalf("%s: lse %v", c.name, lse[0])
			}
		}
		least := row(map[int]float32{5: -1e30}) // with a negative scale it counts most
		SoftmaxRows(least, n, least, n, 1, n, -1, nil)
		for i, v := range least {
			want := 0.0
			if i == 5 {
				want = 1
			}
			near(t, at("a negative scale", i), v, want, 1, 1e-8)
		}
		masked := make([]float32, n)
		Fill(masked, -inf)
		SoftmaxRows(masked, n, masked, n, 1, n, 1, nil)
		for i, v := range masked {
			near(t, at("all masked", i), v, math.NaN(), 0, 0)
		}
	})
}
