package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// vectorLengths has every tail of every tier, and the workload's row lengths.
var vectorLengths = []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 37, 64, 65, 122, 127, 128, 129, 1000}

// A shape is a matrix with its stride.
type shape struct{ rows, cols, ld int }

func vectorShapes() (s []shape) {
	for _, cols := range vectorLengths[1:] {
		s = append(s, shape{3, cols, cols}, shape{2, cols, cols + 5})
	}
	return append(s, shape{1, 384, 384}, shape{37, 37, 48}, shape{122, 128, 128}, shape{300, 5, 7})
}

// guard is what the words around a slice hold.
const guard = float32(-12345.678)

// guardWords lie before each slice and between rows.
const guardWords = 7

// eachTier runs f on each tier of this machine with the same random numbers.
func eachTier(t *testing.T, f func(t *testing.T, r *rand.Rand)) {
	onEveryTier(t, func(t *testing.T) { f(t, rand.New(rand.NewPCG(1, 2))) })
}

// An arena makes slices with guard words before them and a fault behind, and
// checks the guards.
type arena struct {
	t    testing.TB
	r    *rand.Rand
	bufs []guardedRows
}

type guardedRows struct {
	buf []float32
	s   shape
}

func (a *arena) alloc(s shape, fill func() float32) []float32 {
	if s.rows == 0 || s.cols == 0 {
		return []float32{}
	}
	buf, free := guarded(a.t, guardWords+(s.rows-1)*s.ld+s.cols)
	a.t.Cleanup(free)
	for i := range buf {
		buf[i] = guard
	}
	x := buf[guardWords:]
	for r := range s.rows {
		for c := range s.cols {
			x[r*s.ld+c] = fill()
		}
	}
	a.bufs = append(a.bufs, guardedRows{buf, s})
	return x
}

// vector and matrix hold normal deviates.
func (a *arena) vector(n int) []float32 { return a.alloc(shape{1, n, n}, a.normal) }
func (a *arena) matrix(s shape) []float32 {
	return a.alloc(s, a.normal)
}
func (a *arena) normal() float32 { return float32(a.r.NormFloat64()) }

// positive holds numbers in (0.5, 1.5).
func (a *arena) positive(n int) []float32 {
	return a.alloc(shape{1, n, n}, func() float32 { return 0.5 + a.r.Float32() })
}

// check fails if a guard word changed.
func (a *arena) check(what string) {
	a.t.Helper()
	for i, g := range a.bufs {
		for j, v := range g.buf {
			k := j - guardWords
			if (k < 0 || k%g.s.ld >= g.s.cols) && v != guard {
				a.t.Fatalf("%s: buffer %d: word %d, outside the data, became %v", what, i, k, v)
			}
		}
	}
}

func clone(x []float32) []float32 { return append([]float32(nil), x...) }

// near fails unless |got-want| <= tol*scale; two NaNs and equal infinities agree.
func near(t testing.TB, what string, got float32, want, scale, tol float64) {
	t.Helper()
	g := float64(got)
	if g == want || float64(float32(want)) == g || math.IsNaN(g) && math.IsNaN(want) {
		return
	}
	if !(math.Abs(g-want) <= tol*scale) {
		t.Fatalf("%s = %v, want %v: off by %.3g of %.3g", what, got, want, math.Abs(g-want), tol*scale)
	}
}

// ulps is the distance of got from want in units of want's last place as a float32.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	if got == w {
		return 0
	}
	unit := float64(math.Nextafter32(float32(math.Abs(want)), float32(math.Inf(1)))) - math.Abs(float64(w))
	return math.Abs(float64(got)-want) / unit
}

func at(name string, i int) string { return fmt.Sprintf("%s[%d]", name, i) }

func TestVectorAllocatesNothing(t *testing.T) {
	eachTier(t, func(t *testing.T, _ *rand.Rand) {
		x, y, z, w := make([]float32, 1024), make([]float32, 1024), make([]float32, 1024), make([]float32, 1024)
		if n := testing.AllocsPerRun(3, func() {
			Add(x, y, z)
			GELUBackward(x, y, z)
			Sum(x)
			ColSum(x, y, 32, 32, 32)
			SoftmaxRows(x, 32, y, 32, 32, 32, 1, nil)
			SoftmaxBackwardRows(x, 32, y, 32, z, 32, 32, 32, 1)
			LayerNorm(x, y, 32, 32, nil, nil, 1e-5, z, w)
			LayerNormBackward(x, y, z, 32, 32, w, y, z, y, z, true)
			Transpose(x, 32, y, 32, 32, 32)
			Adam(x, y, z, w, AdamStep{Bias1: 1, Bias2: 1})
		}); n != 0 {
			t.Fatalf("%v allocations", n)
		}
	})
}
