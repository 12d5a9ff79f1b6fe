package kern

import "time"

// MeasurePeak returns the rate, in GFLOP/s, at which one thread does fused
// multiply-adds of the active tier on registers alone, or multiplications and
// additions in the generic tier. It takes about d and returns the best of ten
// parts, since a part may be disturbed. It is the ceiling for Gemm.
func MeasurePeak(d time.Duration) (gflops float64) {
	const parts = 10
	n := 1000
	for {
		start := time.Now()
		runPeak(active, n)
		if e := time.Since(start); e > d/(2*parts) || n >= 1<<40 {
			break
		}
		n *= 2
	}
	for range parts {
		start := time.Now()
		flops := runPeak(active, n)
		gflops = max(gflops, float64(flops)*float64(n)/float64(time.Since(start).Nanoseconds()))
	}
	return gflops
}

// peakGeneric is n rounds of eight independent scalar sums.
func peakGeneric(n int) (flops int) {
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
	peakSink = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7
	return 16
}

// peakSink keeps the compiler from dropping peakGeneric's work.
var peakSink float32
