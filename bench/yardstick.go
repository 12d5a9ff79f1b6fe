package bench

import (
	"time"

	"diffclip/internal/kern"
	"diffclip/internal/par"
)

// Yardstick measures what a number of threads can do at the time on products
// that lie in their cores' caches: the rate that those of the engine are held
// against. It is used by one goroutine.
type Yardstick struct {
	pool *par.Pool
	own  []*kern.Yardstick // one for each thread
	runs int               // in a part
}

// NewYardstick returns a yardstick of a tier of kernels. Close it after use.
func NewYardstick(tier kern.Tier, threads int) *Yardstick {
	y := &Yardstick{pool: par.New(threads)}
	for range threads {
		y.own = append(y.own, kern.NewYardstick(tier))
	}
	start := time.Now()
	y.own[0].Run(1) // for the first time, so that parts come out rather short
	y.runs = max(1, int(part/max(1, time.Since(start))))
	return y
}

// Close ends the threads.
func (y *Yardstick) Close() { y.pool.Close() }

// Rate returns GFLOP/s over about d, as Stopwatch counts time.
func (y *Yardstick) Rate(d time.Duration) float64 {
	flops := make([]float64, y.pool.Threads())
	var watch Stopwatch
	watch.Start(y.pool.Threads())
	for start := time.Now(); time.Since(start) < d; {
		// Handed out in small parts, as the engine hands out its work.
		const parts = 8
		y.pool.For(parts*len(flops), 1, func(_, _, worker int) { flops[worker] += y.own[worker].Run(y.runs) })
	}
	seconds := watch.Stop()
	total := 0.0
	for _, f := range flops {
		total += f
	}
	return total / seconds / 1e9
}
