package bench

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"diffclip/internal/kern"
	"diffclip/internal/par"
	"diffclip/internal/rng"
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

// A product is a matrix product of the workloads, C (m, n) of depth k.
type product struct {
	use     string // where the workloads have it
	layout  string // AB, ABt or AtB: which operand is transposed
	m, n, k int
	batch   int // products of neighbouring heads or samples, at least 1
}

// products of W1 (9472 and 30976 rows) and of a sample on its own (37 or 122).
var products = []product{
	{"qkv", "AB", 9472, 384, 128, 1},
	{"proj", "AB", 9472, 128, 128, 1},
	{"fc1", "AB", 9472, 256, 128, 1},
	{"fc2", "AB", 9472, 128, 256, 1},
	{"reduce", "AB", 30976, 128, 144, 1},
	{"embed", "AB", 30976, 128, 128, 1},
	{"expand", "AB", 30976, 144, 128, 1},
	{"qkv-decoder", "AB", 30976, 384, 128, 1},
	{"qkv-dx", "ABt", 9472, 128, 384, 1},
	{"fc1-dx", "ABt", 30976, 128, 256, 1},
	{"qkv-dw", "AtB", 384, 128, 9472, 1},
	{"fc1-dw", "AtB", 256, 128, 30976, 1},
	{"reduce-dw", "AtB", 128, 144, 30976, 1},
	{"qkv", "AB", 488, 384, 128, 1},
	{"fc2", "AB", 488, 128, 256, 1},
	{"fc1", "AB", 148, 256, 128, 1},
	{"qkv-dw", "AtB", 384, 128, 488, 1},
	{"scores", "ABt", 122, 122, 16, 64},
	{"values", "AB", 122, 16, 122, 64},
	{"scores", "ABt", 37, 37, 16, 256},
	{"values", "AB", 37, 16, 37, 256},
	{"dvalues", "AtB", 122, 16, 122, 64},
}

func (p product) name() string {
	return fmt.Sprintf("%s/%s/%dx%dx%d", p.layout, p.use, p.m, p.n, p.k)
}

// runner returns a function that computes the product once on the pool. Large
// products are cut by rows of C, as the backend cuts them; batches by product.
func (p product) runner(pool *par.Pool) func() {
	a, b, c := random(p.batch*p.m*p.k), random(p.batch*p.k*p.n), random(p.batch*p.m*p.n)
	g := kern.Gemm{M: p.m, N: p.n, K: p.k, LDA: p.k, LDB: p.n, LDC: p.n, Alpha: 1, TransA: p.layout == "AtB", TransB: p.layout == "ABt"}
	if g.TransA {
		g.LDA = p.m
	}
	if g.TransB {
		g.LDB = p.k
	}
	if p.batch == 1 && p.layout == "AB" { // the right operand is a weight, packed once per update
		g.Packed = &kern.Packed{}
		g.Packed.Pack(b, g.LDB, p.k, p.n, false)
	}
	ws := make([]kern.Workspace, pool.Threads())
	rows := func(lo, hi, worker int) {
		h := g
		h.M, h.A, h.B, h.C = hi-lo, a[lo*p.k:], b, c[lo*p.n:]
		if g.TransA {
			h.A = a[lo:]
		}
		h.Run(&ws[worker])
	}
	each := func(i, _, worker int) {
		h := g
		h.A, h.B, h.C = a[i*p.m*p.k:], b[i*p.k*p.n:], c[i*p.m*p.n:]
		h.Run(&ws[worker])
	}
	if p.batch > 1 {
		return func() { pool.For(p.batch, 1, each) }
	}
	grain := min(192, (p.m/pool.Threads()+23)/24*24)
	return func() { pool.For(p.m, grain, rows) }
}

func random(n int) []float32 {
	x := make([]float32, n)
	rng.New(1, "bench/random", uint64(n)).Normal(x, 0)
	return x
}

// BenchmarkGemm runs the matrix products of the workloads.
func BenchmarkGemm(b *testing.B) {
	for _, threads := range threadCounts {
		for _, p := range products {
			b.Run(fmt.Sprintf("%s/threads=%d", p.name(), threads), func(b *testing.B) {
				pool := par.New(threads)
				defer pool.Close()
				gflop := 2e-9 * float64(p.m) * float64(p.n) * float64(p.k) * float64(p.batch)
				reportGFLOPs(b, threads, gflop, p.runner(pool))
			})
		}
	}
}
