package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestScaleShiftRows(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, s := range vectorShapes() {
			for _, relu := range []bool{false, true} {
				m := &arena{t: t, r: r}
				d := shape{s.rows, s.cols, s.cols + 3}
				dst, x, scale, shift := m.matrix(d), m.matrix(s), m.vector(s.cols), m.vector(s.cols)
				ScaleShiftRows(dst, d.ld, x, s.ld, scale, shift, s.rows, s.cols, relu)
				what := fmt.Sprintf("ScaleShiftRows %v relu %v", s, relu)
				for i := range s.rows {
					for c := range s.cols {
						p, q := float64(x[i*s.ld+c])*float64(scale[c]), float64(shift[c])
						want := p + q
						if relu {
							want = max(want, 0)
						}
						near(t, what, dst[i*d.ld+c], want, abs(p)+abs(q), 1.2e-7)
					}
				}
				m.check(what)
			}
		}
	})
}

func TestColumnSums(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, s := range vectorShapes() {
			m := &arena{t: t, r: r}
			z := shape{s.rows, s.cols, s.cols + 1}
			x, y, shift := m.matrix(s), m.matrix(z), m.vector(s.cols)
			sum, first, second, dot := m.vector(s.cols), m.vector(s.cols), m.vector(s.cols), m.vector(s.cols)
			sum0, first0, second0, dot0 := clone(sum), clone(first), clone(second), clone(dot)
			ColSum(sum, x, s.ld, s.rows, s.cols)
			ColMoments(first, second, x, s.ld, s.rows, s.cols, shift)
			ColDot(dot, x, y, s.ld, z.ld, s.rows, s.cols)
			what := fmt.Sprintf("%v: ", s)
			for c := range s.cols {
				a, b, q, d := float64(sum0[c]), float64(first0[c]), float64(second0[c]), float64(dot0[c])
				sa, sb, sd := abs(a), abs(b), abs(d)
				for i := range s.rows {
					v, w := float64(x[i*s.ld+c]), float64(y[i*z.ld+c])
					e := v - float64(shift[c])
					a, b, q, d = a+v, b+e, q+e*e, d+v*w
					sa, sb, sd = sa+abs(v), sb+abs(e), sd+abs(v*w)
				}
				near(t, at(what+"ColSum", c), sum[c], a, sa, 2e-6)
				near(t, at(what+"ColMoments sum", c), first[c], b, sb, 2e-6)
				near(t, at(what+"ColMoments sumsq", c), second[c], q, q+abs(float64(second0[c])), 2e-6)
				near(t, at(what+"ColDot", c), dot[c], d, sd, 2e-6)
			}
			m.check(what)
		}
	})
}

func TestTranspose(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, rows := range []int{1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 37, 122} {
			for _, cols := range []int{1, 3, 4, 5, 8, 15, 16, 17, 64, 122} {
				for _, pad := range []int{0, 6} {
					m := &arena{t: t, r: r}
					s, d := shape{rows, cols, cols + pad}, shape{cols, rows, rows + pad}
					x, dst := m.matrix(s), m.matrix(d)
					Transpose(dst, d.ld, x, s.ld, rows, cols)
					for i := range rows {
						for c := range cols {
							if dst[c*d.ld+i] != x[i*s.ld+c] {
								t.Fatalf("Transpose %v: [%d,%d] = %v, want %v", s, c, i, dst[c*d.ld+i], x[i*s.ld+c])
							}
						}
					}
					m.check(fmt.Sprintf("Transpose %v", s))
				}
			}
		}
	})
}
