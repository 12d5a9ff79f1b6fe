package bench

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"diffclip/internal/kern"
	"diffclip/internal/par"
)

// ceilingTime is how long a ceiling is taken before and after a benchmark.
const ceilingTime = 20 * time.Millisecond

// threadCounts are those that benchmarks run with.
var threadCounts = []int{1, 2}

// reportGFLOPs runs body until b is content and reports its rate, and which
// share that is of what the threads could multiply right before or after.
func reportGFLOPs(b *testing.B, threads int, gflop float64, body func()) (rate float64) {
	b.Helper()
	c := NewCeiling(threads)
	defer c.Close()
	body() // what grows, grows here
	b.ReportAllocs()
	peak := c.FMA(ceilingTime)
	for b.Loop() {
		body()
	}
	peak = max(peak, c.FMA(ceilingTime))
	perRun := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(gflop/perRun, "GFLOP/s")
	b.ReportMetric(100*gflop/perRun/peak, "%peak")
	return 1 / perRun
}

// memory is measured once, when a benchmark first needs it.
var memory = map[int]func() Memory{1: sync.OnceValue(memoryOf(1)), 2: sync.OnceValue(memoryOf(2))}

func memoryOf(threads int) func() Memory {
	return func() Memory {
		c := NewCeiling(threads)
		defer c.Close()
		return c.Memory(100 * time.Millisecond)
	}
}

// BenchmarkCeiling prints the ceilings that the other benchmarks are compared
// with.
func BenchmarkCeiling(b *testing.B) {
	for _, threads := range threadCounts {
		b.Run(fmt.Sprintf("%v/threads=%d", kern.Active(), threads), func(b *testing.B) {
			c := NewCeiling(threads)
			defer c.Close()
			fma := 0.0
			for b.Loop() {
				fma = max(fma, c.FMA(ceilingTime))
			}
			m := memory[threads]()
			b.ReportMetric(fma, "GFLOP/s")
			b.ReportMetric(m.Read, "GB/s-read")
			b.ReportMetric(m.Copy, "GB/s-copy")
			b.ReportMetric(m.Cache, "GB/s-L2-read")
			b.ReportMetric(m.CopyL2, "GB/s-L2-copy")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkGemm runs the matrix products of the workloads.
func BenchmarkGemm(b *testing.B) {
	for _, threads := range threadCounts {
		for _, p := range Products {
			b.Run(fmt.Sprintf("%v/threads=%d", p, threads), func(b *testing.B) {
				pool := par.New(threads)
				defer pool.Close()
				reportGFLOPs(b, threads, p.GFLOP(), p.Runner(pool))
			})
		}
	}
}
