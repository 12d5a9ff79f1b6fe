package ladder

import (
	"math"
	"testing"
	"time"

	"diffclip/bench"
	"diffclip/internal/kern"
	"diffclip/internal/rng"
)

func matrix(name string, n int) []float32 {
	x := make([]float32, n*n)
	rng.New(1, name, 0).Normal(x, 0)
	return x
}

// Every rung gives the product in float64 within the rounding of its n
// additions, for sizes that fit its blocks and for sizes that do not.
func TestRungsAgree(t *testing.T) {
	for _, r := range Rungs() {
		t.Run(r.Name, func(t *testing.T) {
			defer kern.Use(r.Tier)()
			product := r.New()
			for _, n := range []int{1, 3, 4, 17, 64, 67, 130, 300} {
				check(t, product, n)
			}
		})
	}
}

func check(t *testing.T, product func(c, a, b []float32, n int), n int) {
	t.Helper()
	a, b, c := matrix("a", n), matrix("b", n), matrix("c", n)
	product(c, a, b, n)
	for i := range n {
		for j := range n {
			sum, size := 0.0, 0.0
			for p := range n {
				x := float64(a[i*n+p]) * float64(b[p*n+j])
				sum += x
				size += math.Abs(x)
			}
			// n roundings of half a unit in the last place, of partial sums no larger than size
			if bound := float64(n) * 0x1p-24 * size; !(math.Abs(float64(c[i*n+j])-sum) <= bound) {
				t.Fatalf("n = %d: element (%d, %d) is %v, want %v within %.1g", n, i, j, c[i*n+j], sum, bound)
			}
		}
	}
}

// BenchmarkLadder times the rungs. The share is of what the fastest tier could
// multiply with as many threads as the rung has.
func BenchmarkLadder(b *testing.B) {
	x, y, z := matrix("a", Size), matrix("b", Size), matrix("c", Size)
	for _, r := range Rungs() {
		b.Run(r.Name, func(b *testing.B) {
			ceiling := bench.NewCeiling(r.Threads)
			defer ceiling.Close()
			peak := ceiling.FMA(20 * time.Millisecond)
			restore := kern.Use(r.Tier)
			product := r.New()
			product(z, x, y, Size)
			for b.Loop() {
				product(z, x, y, Size)
			}
			restore()
			peak = max(peak, ceiling.FMA(20*time.Millisecond))
			rate := 2 * Size * Size * Size * float64(b.N) / float64(b.Elapsed().Nanoseconds())
			b.ReportMetric(rate, "GFLOP/s")
			b.ReportMetric(100*rate/peak, "%peak")
			b.Log(r.Reason)
		})
	}
}
