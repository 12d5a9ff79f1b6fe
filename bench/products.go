package bench

import (
	"fmt"

	"diffclip/internal/kern"
	"diffclip/internal/par"
	"diffclip/internal/rng"
)

// Product is a matrix product of the workloads, C (M, N) of depth K.
type Product struct {
	Use     string // where the workloads have it
	Layout  string // AB, ABt or AtB: which operand is transposed
	M, N, K int
	Batch   int // products of neighbouring heads, at least 1
}

// Products are those of W1, of 9472 rows in the encoder and 30976 of all
// pixels, then those of four windows in a core's cache, then the products of
// attention.
var Products = []Product{
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

// String names the product, as in "AB/qkv/9472x384x128".
func (p Product) String() string {
	return fmt.Sprintf("%s/%s/%dx%dx%d", p.Layout, p.Use, p.M, p.N, p.K)
}

// GFLOP is 2·M·N·K for each product of the batch.
func (p Product) GFLOP() float64 {
	return 2e-9 * float64(p.M) * float64(p.N) * float64(p.K) * float64(p.Batch)
}

// Runner returns a function that computes the product once on the pool. Large
// products are cut by rows of C, as the backend cuts them; batches by product.
func (p Product) Runner(pool *par.Pool) func() {
	a, b, c := random(p.Batch*p.M*p.K), random(p.Batch*p.K*p.N), random(p.Batch*p.M*p.N)
	g := kern.Gemm{M: p.M, N: p.N, K: p.K, LDA: p.K, LDB: p.N, LDC: p.N, Alpha: 1, TransA: p.Layout == "AtB", TransB: p.Layout == "ABt"}
	if g.TransA {
		g.LDA = p.M
	}
	if g.TransB {
		g.LDB = p.K
	}
	if p.Batch == 1 && p.Layout == "AB" { // the right operand is a weight, packed once per update
		g.Packed = &kern.Packed{}
		g.Packed.Pack(b, g.LDB, p.K, p.N, false)
	}
	ws := make([]kern.Workspace, pool.Threads())
	rows := func(lo, hi, worker int) {
		h := g
		h.M, h.A, h.B, h.C = hi-lo, a[lo*p.K:], b, c[lo*p.N:]
		if g.TransA {
			h.A = a[lo:]
		}
		h.Run(&ws[worker])
	}
	each := func(i, _, worker int) {
		h := g
		h.A, h.B, h.C = a[i*p.M*p.K:], b[i*p.K*p.N:], c[i*p.M*p.N:]
		h.Run(&ws[worker])
	}
	if p.Batch > 1 {
		return func() { pool.For(p.Batch, 1, each) }
	}
	const tile, most = 24, 192 // rows: a multiple of every tier's tile, a millisecond's work
	grain := min(most, (p.M/pool.Threads()+tile-1)/tile*tile)
	return func() { pool.For(p.M, grain, rows) }
}

// random draws n normal numbers, which repeat after 65536: drawing more would take
// longer than what is measured.
func random(n int) []float32 {
	x := make([]float32, n)
	drawn := min(n, 1<<16)
	rng.New(1, "bench/random", uint64(n)).Normal(x[:drawn], 0)
	for drawn < n {
		drawn += copy(x[drawn:], x[:drawn])
	}
	return x
}
