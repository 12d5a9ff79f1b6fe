package bench

import (
	"fmt"
	"testing"

	"diffclip/internal/kern"
	"diffclip/internal/par"
)

// A vectorKernel is a kernel bounded by memory: what it does to rows of width
// cols, and how many arrays of that size it reads and writes.
type vectorKernel struct {
	name   string
	cols   int
	arrays int
	run    func(v *vectors, rows int)
}

// vectors are one thread's operands.
type vectors struct {
	x, y, z, w             []float32
	gamma, beta, sums, dot []float32
	mean, rstd             []float32
}

const attended = 122 // tokens that a token attends to

var adamStep = kern.AdamStep{LR: 1e-4, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Bias1: 0.5, Bias2: 0.5, GradScale: 1}

var vectorKernels = []vectorKernel{
	{"Softmax", attended, 2, func(v *vectors, n int) {
		kern.SoftmaxRows(v.y, attended, v.x, attended, n, attended, 0.25, v.mean)
	}},
	{"SoftmaxFromLSE", attended, 2, func(v *vectors, n int) {
		kern.SoftmaxFromLSE(v.y, attended, v.x, attended, n, attended, 0.25, v.mean)
	}},
	{"SoftmaxBackward", attended, 3, func(v *vectors, n int) {
		kern.SoftmaxBackwardRows(v.z, attended, v.x, attended, v.y, attended, n, attended, 0.25)
	}},
	{"LayerNorm", 128, 2, func(v *vectors, n int) {
		kern.LayerNorm(v.y, v.x, n, 128, v.gamma, v.beta, 1e-6, v.mean, v.rstd)
	}},
	{"LayerNormBackward", 128, 3, func(v *vectors, n int) {
		kern.LayerNormBackward(v.z, v.y, v.x, n, 128, v.gamma, v.mean, v.rstd, v.sums, v.dot, false)
	}},
	{"ColMoments", 128, 1, func(v *vectors, n int) { kern.ColMoments(v.sums, v.dot, v.x, 128, n, 128, v.beta) }},
	{"ScaleShiftReLU", 128, 2, func(v *vectors, n int) {
		kern.ScaleShiftRows(v.y, 128, v.x, 128, v.gamma, v.beta, n, 128, true)
	}},
	{"GELU", 256, 2, func(v *vectors, n int) { kern.GELU(v.y[:n*256], v.x[:n*256]) }},
	{"GELUBackward", 256, 3, func(v *vectors, n int) { kern.GELUBackward(v.z[:n*256], v.y[:n*256], v.x[:n*256]) }},
	{"QuickGELU", 512, 2, func(v *vectors, n int) { kern.QuickGELU(v.y[:n*512], v.x[:n*512]) }},
	{"Exp", 128, 2, func(v *vectors, n int) { kern.Exp(v.y[:n*128], v.x[:n*128]) }},
	{"Add", 128, 3, func(v *vectors, n int) { kern.Add(v.z[:n*128], v.x[:n*128], v.y[:n*128]) }},
	{"Axpy", 128, 3, func(v *vectors, n int) { kern.Axpy(1e-9, v.x[:n*128], v.z[:n*128]) }},
	{"ColSum", 384, 1, func(v *vectors, n int) { kern.ColSum(v.sums, v.x, 384, n, 384) }},
	{"SumSq", 128, 1, func(v *vectors, n int) { kern.SumSq(v.x[:n*128]) }},
	{"Adam", 128, 7, func(v *vectors, n int) {
		kern.Adam(v.x[:n*128], v.y[:n*128], v.z[:n*128], v.w[:n*128], adamStep)
	}},
}

func newVectors(n int) *vectors {
	v := &vectors{x: random(n), y: random(n), z: random(n), w: random(n), gamma: random(512), beta: random(512), sums: random(512), dot: random(512)}
	v.mean, v.rstd = random(n/attended+1), random(n/attended+1)
	kern.Mul(v.w, v.w, v.w) // second moments
	return v
}

// BenchmarkVector runs the kernels between the products, first on rows that
// stay in a core's second-level cache, where the engine keeps them, then on
// rows that come from memory. The share is of the ceiling for copying there.
func BenchmarkVector(b *testing.B) {
	for _, threads := range threadCounts {
		for _, k := range vectorKernels {
			b.Run(fmt.Sprintf("%s/L2/threads=%d", k.name, threads), func(b *testing.B) {
				k.bench(b, threads, 96<<10/k.arrays/k.cols, memory[threads]().CopyL2)
			})
			b.Run(fmt.Sprintf("%s/memory/threads=%d", k.name, threads), func(b *testing.B) {
				k.bench(b, threads, 64<<20/k.arrays/k.cols/threads, memory[threads]().Copy)
			})
		}
	}
}

// bench runs the kernel on rows of each thread's own.
func (k vectorKernel) bench(b *testing.B, threads, rows int, ceiling float64) {
	pool := par.New(threads)
	defer pool.Close()
	var each []*vectors
	for range threads {
		each = append(each, newVectors(rows*k.cols))
	}
	// A short run is repeated, so that starting threads does not count.
	times := max(1, (1<<20)/(rows*k.cols))
	body := func(i, _, _ int) {
		for range times {
			k.run(each[i], rows)
		}
	}
	pool.For(threads, 1, body)
	b.ReportAllocs()
	for b.Loop() {
		pool.For(threads, 1, body)
	}
	perRun := b.Elapsed().Seconds() / float64(b.N)
	rate := 4e-9 * float64(times*rows*k.cols*k.arrays*threads) / perRun
	b.ReportMetric(rate, "GB/s")
	b.ReportMetric(100*rate/ceiling, "%copy")
}
