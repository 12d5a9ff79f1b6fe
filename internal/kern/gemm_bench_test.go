package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// A gemmBench is a product of the workloads.
type gemmBench struct {
	name     string
	m, n, k  int
	ta, tb   bool
	packed   bool // B is a weight
	lda, ldc int  // 0 means no gap
}

func gemmBenches() (b []gemmBench) {
	for _, s := range [][3]int{{9472, 384, 128}, {9472, 128, 128}, {9472, 128, 256}, {30976, 128, 144}, {30976, 144, 128}} {
		b = append(b, gemmBench{name: "large", m: s[0], n: s[1], k: s[2], packed: true})
	}
	for _, s := range [][3]int{{122, 384, 128}, {122, 128, 128}, {122, 256, 128}, {122, 128, 256}, {37, 384, 128}, {1000, 384, 128}} {
		b = append(b, gemmBench{name: "cached", m: s[0], n: s[1], k: s[2], packed: true})
	}
	for _, t := range []int{37, 122} {
		b = append(b,
			gemmBench{name: "scores", m: t, n: t, k: 16, tb: true, lda: 384},
			gemmBench{name: "values", m: t, n: 16, k: t, ldc: 128},
			gemmBench{name: "scoresT", m: t, n: 16, k: t, ta: true, ldc: 128})
	}
	for _, s := range [][3]int{{384, 128, 122}, {128, 128, 122}, {384, 128, 9472}, {128, 256, 9472}, {128, 144, 30976}, {128, 1, 9472}} {
		b = append(b, gemmBench{name: "weight", m: s[0], n: s[1], k: s[2], ta: true})
	}
	return b
}

// BenchmarkGemm runs each product of the workloads on each tier, on one
// thread. It reports GFLOP/s and how much of the tier's ceiling, measured just
// before, that is.
func BenchmarkGemm(b *testing.B) {
	for _, tier := range Available() {
		restore := Use(tier)
		for _, s := range gemmBenches() {
			b.Run(fmt.Sprintf("%v/%s/%dx%dx%d", tier, s.name, s.m, s.n, s.k), s.run)
		}
		restore()
	}
}

func (s gemmBench) run(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	g := Gemm{M: s.m, N: s.n, K: s.k, TransA: s.ta, TransB: s.tb, LDA: s.k, LDB: s.n, LDC: s.n, Alpha: 1}
	rowsA, rowsB := s.m, s.k
	if s.ta {
		rowsA, g.LDA = s.k, s.m
	}
	if s.tb {
		rowsB, g.LDB = s.n, s.k
	}
	if s.lda > 0 {
		g.LDA, g.LDB = s.lda, s.lda
	}
	g.LDC = max(s.ldc, s.n)
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = rng.Float32() - 0.5
		}
		return x
	}
	g.A, g.B, g.C = random(rowsA*g.LDA), random(rowsB*g.LDB), random(s.m*g.LDC)
	if s.packed {
		g.Packed = &Packed{}
		g.Packed.Pack(g.B, g.LDB, s.k, s.n, s.tb)
	}
	if s.ta { // gradients add up
		g.D, g.LDD, g.Beta = g.C, g.LDC, 1
	}
	var ws Workspace
	peak := MeasurePeak(5 * time.Millisecond)
	for b.Loop() {
		g.Run(&ws)
	}
	gflops := 2 * float64(s.m) * float64(s.n) * float64(s.k) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
	b.ReportMetric(gflops, "GFLOP/s")
	b.ReportMetric(100*gflops/peak, "%peak")
	b.ReportMetric(0, "ns/op")
}
