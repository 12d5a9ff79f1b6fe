// Package ladder climbs from three loops to the engine's matrix product, one
// idea a rung. Each rung computes C = A·B for row-major n x n matrices and is
// held against the first before it is timed.
//
//	go test -run '^$' -bench . ./bench/ladder
package ladder

import (
	"diffclip/internal/kern"
	"diffclip/internal/par"
)

// Size is the n that is timed: three matrices of 2 MB, more than a second-level
// cache holds, and no power of two, which would make the columns of B collide in
// the cache and the first rung look worse than it is.
const Size = 720

// Rung is one way of computing the product.
type Rung struct {
	Name   string
	Reason string // what it does that the rung below did not
	Tier   kern.Tier
	// New returns the product on the given number of threads, with scratch
	// memory of its own.
	New     func() func(c, a, b []float32, n int)
	Threads int
}

// Rungs returns the ladder on this machine, bottom first: the rungs in Go, then
// the shipped kernel in each tier of the processor, then threads.
func Rungs() []Rung {
	plain := func(f func(c, a, b []float32, n int)) func() func(c, a, b []float32, n int) {
		return func() func(c, a, b []float32, n int) { return f }
	}
	rungs := []Rung{
		{"1-ijk", "the definition: a row of A times a column of B", kern.Generic, plain(Naive), 1},
		{"2-ikj", "the innermost loop walks along rows, so every byte of a cache line is used", kern.Generic, plain(RowByRow), 1},
		{"3-blocked", "a block of B stays in the cache for every row of A, which pays once arithmetic is fast", kern.Generic, plain(Blocked), 1},
		{"4-registers", "2 x 4 sums stay in registers: 6 loads for 8 multiplications, no store; 4 x 4 would not fit sixteen registers", kern.Generic, plain(Registers), 1},
		{"5-packed", "panels of A and B are copied into the order in which they are read", kern.Generic, NewPacked, 1},
	}
	const vectors = "the shipped kernel: packed panels, sums in vector registers"
	const simd = vectors + ", fused multiply-add"
	reasons := map[kern.Tier]string{
		kern.Generic: "the shipped kernel in Go: eight sums a row, what a compiler without vectors keeps in registers",
		kern.SSE:     vectors + ", a multiplication and an addition on 4 lanes",
		kern.NEON:    simd + " on 4 lanes", kern.AVX2: simd + " on 8 lanes", kern.AVX512: simd + " on 16 lanes",
	}
	tiers := kern.Available()
	for _, t := range tiers {
		rungs = append(rungs, Rung{"6-shipped-" + t.String(), reasons[t], t, newShipped(1), 1})
	}
	top := tiers[len(tiers)-1]
	return append(rungs, Rung{"7-threads-2", "rows of C shared out over two threads", top, newShipped(2), 2})
}

// Naive is the definition: C[i,j] = Σ_p A[i,p]·B[p,j].
func Naive(c, a, b []float32, n int) {
	for i := range n {
		for j := range n {
			var sum float32
			for p := range n {
				sum += float32(a[i*n+p] * b[p*n+j])
			}
			c[i*n+j] = sum
		}
	}
}

// RowByRow adds multiples of rows of B to a row of C.
func RowByRow(c, a, b []float32, n int) {
	clear(c[:n*n])
	for i := range n {
		row := c[i*n : (i+1)*n]
		for p := range n {
			x := a[i*n+p]
			for j, y := range b[p*n : (p+1)*n] {
				row[j] += float32(x * y)
			}
		}
	}
}

// Blocked is RowByRow on blocks of 32 rows of B.
func Blocked(c, a, b []float32, n int) {
	const depth = 32
	clear(c[:n*n])
	for p0 := 0; p0 < n; p0 += depth {
		for i := range n {
			row := c[i*n : (i+1)*n]
			for p := p0; p < min(p0+depth, n); p++ {
				x := a[i*n+p]
				for j, y := range b[p*n : (p+1)*n] {
					row[j] += float32(x * y)
				}
			}
		}
	}
}

// Registers computes tiles of 2 x 4 of C; what is left at the edges it computes
// by the definition.
func Registers(c, a, b []float32, n int) {
	whole := n &^ 3
	for i := 0; i < whole; i += 2 {
		x0, x1 := a[i*n:(i+1)*n], a[(i+1)*n:(i+2)*n]
		for j := 0; j < whole; j += 4 {
			var s00, s01, s02, s03, s10, s11, s12, s13 float32
			for p, x := range x0 {
				y := b[p*n+j : p*n+j+4 : p*n+j+4]
				z := x1[p]
				s00, s01, s02, s03 = s00+float32(x*y[0]), s01+float32(x*y[1]), s02+float32(x*y[2]), s03+float32(x*y[3])
				s10, s11, s12, s13 = s10+float32(z*y[0]), s11+float32(z*y[1]), s12+float32(z*y[2]), s13+float32(z*y[3])
			}
			top, below := c[i*n+j:i*n+j+4], c[(i+1)*n+j:(i+1)*n+j+4]
			top[0], top[1], top[2], top[3] = s00, s01, s02, s03
			below[0], below[1], below[2], below[3] = s10, s11, s12, s13
		}
	}
	edges(c, a, b, n, whole)
}

// edges computes the rows and columns from whole on by the definition.
func edges(c, a, b []float32, n, whole int) {
	for i := range n {
		first := 0
		if i < whole {
			first = whole
		}
		for j := first; j < n; j++ {
			var sum float32
			for p := range n {
				sum += float32(a[i*n+p] * b[p*n+j])
			}
			c[i*n+j] = sum
		}
	}
}

// NewPacked returns Registers on packed panels: two rows of A and four columns
// of B lie interleaved, as the innermost loop reads them.
func NewPacked() func(c, a, b []float32, n int) {
	var pa, pb []float32
	return func(c, a, b []float32, n int) {
		whole := n &^ 3
		if len(pb) < n*whole {
			pa, pb = make([]float32, 2*n), make([]float32, n*whole)
		}
		for j := 0; j < whole; j += 4 {
			for p := range n {
				copy(pb[j*n+4*p:j*n+4*p+4], b[p*n+j:])
			}
		}
		for i := 0; i < whole; i += 2 {
			for p := range n {
				pa[2*p], pa[2*p+1] = a[i*n+p], a[(i+1)*n+p]
			}
			for j := 0; j < whole; j += 4 {
				tile(c[i*n+j:], n, pa[:2*n], pb[j*n:(j+4)*n])
			}
		}
		edges(c, a, b, n, whole)
	}
}

// tile computes a 2 x 4 tile of C from packed panels.
func tile(c []float32, ldc int, a, b []float32) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	for len(a) >= 2 && len(b) >= 4 {
		x, z := a[0], a[1]
		y0, y1, y2, y3 := b[0], b[1], b[2], b[3]
		s00, s01, s02, s03 = s00+float32(x*y0), s01+float32(x*y1), s02+float32(x*y2), s03+float32(x*y3)
		s10, s11, s12, s13 = s10+float32(z*y0), s11+float32(z*y1), s12+float32(z*y2), s13+float32(z*y3)
		a, b = a[2:], b[4:]
	}
	top, below := c[:4], c[ldc:ldc+4]
	top[0], top[1], top[2], top[3] = s00, s01, s02, s03
	below[0], below[1], below[2], below[3] = s10, s11, s12, s13
}

// newShipped returns kern.Gemm on a pool of threads, which lives as long as the
// program.
func newShipped(threads int) func() func(c, a, b []float32, n int) {
	return func() func(c, a, b []float32, n int) {
		pool := par.New(threads)
		ws := make([]kern.Workspace, threads)
		var packed kern.Packed
		var g kern.Gemm
		var c, a []float32
		rows := func(lo, hi, worker int) {
			h := g
			h.M, h.A, h.C = hi-lo, a[lo*g.K:], c[lo*g.N:]
			h.Run(&ws[worker])
		}
		return func(dst, x, b []float32, n int) {
			packed.Pack(b, n, n, n, false)
			c, a = dst, x
			g = kern.Gemm{N: n, K: n, Alpha: 1, LDA: n, LDC: n, Packed: &packed}
			pool.For(n, 24, rows)
		}
	}
}
