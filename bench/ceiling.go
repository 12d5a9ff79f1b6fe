package bench

import (
	"time"

	"diffclip/internal/kern"
	"diffclip/internal/par"
)

// Ceiling measures what bounds a computation on a number of threads. It is
// used by one goroutine.
//
// Every rate is of work that is handed to the threads in small parts, as the
// engine hands out its own. On a machine that others use too it therefore
// falls as the engine's rates fall, and a rate as a share of a ceiling taken
// beside it keeps its meaning.
type Ceiling struct {
	pool   *par.Pool
	rounds int // of the peak loop, in a part
}

// part is how long one part of a measurement takes: short against the time
// slices of an operating system.
const part = 100 * time.Microsecond

// NewCeiling returns a Ceiling for the active tier of kernels. Close it after use.
func NewCeiling(threads int) *Ceiling {
	flops := kern.MeasurePeak(2*time.Millisecond) * float64(part.Nanoseconds())
	return &Ceiling{pool: par.New(threads), rounds: max(1, int(flops/kern.PeakRun(1)))}
}

// Close ends the threads.
func (c *Ceiling) Close() { c.pool.Close() }

// Threads returns the number of threads.
func (c *Ceiling) Threads() int { return c.pool.Threads() }

// FMA returns the rate of fused multiply-adds on registers in GFLOP/s, over
// about d.
func (c *Ceiling) FMA(d time.Duration) float64 {
	parts := c.parts(d)
	start := time.Now()
	c.pool.For(parts, 1, func(lo, hi, _ int) { kern.PeakRun(c.rounds) })
	return kern.PeakRun(1) * float64(c.rounds*parts) / float64(time.Since(start).Nanoseconds())
}

func (c *Ceiling) parts(d time.Duration) int { return max(1, int(d/part)) * c.pool.Threads() }

// Sizes of the buffers that stand for memory, each several times any cache of a
// core, and for the second-level cache of a core.
const (
	memoryFloats = 32 << 20 // 128 MiB
	cacheFloats  = 96 << 10 // 384 KiB
)

// Memory is how fast the threads together move data, in GB/s.
type Memory struct {
	Read   float64 // from memory
	Copy   float64 // from memory to memory, counting both
	Cache  float64 // read from the second-level caches
	CopyL2 float64 // from second-level cache to itself, counting both
}

// Memory measures it, over about d for each rate; the best of five parts
// counts. It takes 256 MiB.
func (c *Ceiling) Memory(d time.Duration) Memory {
	src, dst := make([]float32, memoryFloats), make([]float32, memoryFloats)
	kern.Fill(src, 1)
	kern.Fill(dst, 1)
	const grain = 64 << 10
	sweep := func(body func(lo, hi int)) float64 {
		start := time.Now()
		c.pool.For(memoryFloats, grain, func(lo, hi, _ int) { body(lo, hi) })
		return 4 * memoryFloats / float64(time.Since(start).Nanoseconds())
	}
	repeat := func(body func(lo, hi int)) float64 {
		// Each thread goes over its own part of the buffers again and again.
		const times = 200
		n := c.pool.Threads()
		start := time.Now()
		c.pool.For(n, 1, func(i, _, _ int) {
			for range times {
				body(i*cacheFloats, (i+1)*cacheFloats)
			}
		})
		return 4 * float64(cacheFloats*times*n) / float64(time.Since(start).Nanoseconds())
	}
	read := func(lo, hi int) { kern.Sum(src[lo:hi]) }
	move := func(lo, hi int) { copy(dst[lo:hi], src[lo:hi]) }
	half := func(lo, hi int) { kern.Scale(dst[lo:lo+(hi-lo)/2], src[lo:lo+(hi-lo)/2], 1) }
	return Memory{
		Read:   best(d, func() float64 { return sweep(read) }),
		Copy:   2 * best(d, func() float64 { return sweep(move) }),
		Cache:  best(d, func() float64 { return repeat(read) }),
		CopyL2: best(d, func() float64 { return repeat(half) }),
	}
}

// best repeats a measurement for about d, at least five times, and returns the
// greatest result.
func best(d time.Duration, rate func() float64) (most float64) {
	start := time.Now()
	for i := 0; i < 5 || time.Since(start) < d; i++ {
		most = max(most, rate())
	}
	return most
}
