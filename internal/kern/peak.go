package kern

import (
	"math"
	"runtime"
	"time"
)

// MeasurePeak returns the rate, in GFLOP/s, at which one thread does fused
// multiply-adds of the active tier on registers alone, or multiplications and
// additions in tiers that do not fuse them. It takes about d and returns the best of ten
// parts, since a part may be disturbed. It is the ceiling for Gemm.
func MeasurePeak(d time.Duration) (gflops float64) {
	const parts = 10
	n := 1000
	for {
		if _, e := peakRate(n); e > d/(2*parts) || n > math.MaxInt/2 {
			break
		}
		n *= 2
	}
	for range parts {
		rate, _ := peakRate(n)
		gflops = max(gflops, rate)
	}
	return gflops
}

// PeakRun does n rounds of the loop that MeasurePeak times, on the calling
// goroutine, and returns how many operations that was. Where others use the
// processor too, this shows what it had to give at the time.
func PeakRun(n int) (flops float64) { return float64(runPeak(active, n)) * float64(n) }

// peakRate times n rounds of the active tier's peak loop.
func peakRate(n int) (gflops float64, elapsed time.Duration) {
	start := time.Now()
	flops := PeakRun(n)
	elapsed = time.Since(start)
	return flops / float64(max(1, elapsed.Nanoseconds())), elapsed
}

// peakGeneric is n rounds of eight independent scalar sums.
func peakGeneric(n int) (flops int) {
	runtime.KeepAlive(scalarSums(n))
	return 16
}

//go:noinline
func scalarSums(n int) float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	x := float32(n)
	for range n {
		s0 += float32(x * 0.5)
		s1 += float32(x * 1.5)
		s2 += float32(x * 2.5)
		s3 += float32(x * 3.5)
		s4 += float32(x * 4.5)
		s5 += float32(x * 5.5)
		s6 += float32(x * 6.5)
		s7 += float32(x * 7.5)
	}
	return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7
}
