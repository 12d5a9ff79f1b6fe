package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// onEveryTier runs a test on each tier of this machine.
func onEveryTier(t *testing.T, f func(t *testing.T)) {
	for _, tier := range Available() {
		t.Run(tier.String(), func(t *testing.T) {
			defer Use(tier)()
			f(t)
		})
	}
}

// gemmSizes are around the heights and widths of tiles, panels and vectors.
var gemmSizes = []int{1, 2, 3, 5, 6, 7, 13, 15, 16, 17, 31, 33, 37, 63, 64, 65, 122, 127, 128, 129, 144}

// gemmVariants has every transposition, with and without packing, and every
// part of the epilogue at least twice.
var gemmVariants = []gemmOptions{
	{alpha: 1},
	{alpha: 1, transA: true},
	{alpha: 1, transB: true},
	{alpha: 1, transA: true, transB: true},
	{alpha: 1, packed: true, bias: true},
	{alpha: 0.25, packed: true, transB: true, beta: 1},
	{alpha: 1, beta: 1, inPlace: true},
	{alpha: 1, beta: 1, inPlace: true, transA: true},
	{alpha: -2, beta: 0.5, inPlace: true, transB: true, bias: true},
	{alpha: 1, beta: -1.5, bias: true, act: ReLUAct},
	{alpha: 1, packed: true, bias: true, act: GELUAct, pre: true},
	{alpha: 1, transB: true, bias: true, act: QuickGELUAct, pre: true},
	{alpha: 3, packed: true, transB: true, beta: 1, inPlace: true, act: SiLUAct, pre: true},
	{alpha: 1, beta: 1, act: GELUAct},
	{alpha: 0, beta: 2, bias: true},
	{alpha: 1, pre: true}, // without an activation Pre is not written
}

// some is all of them, or every third in short mode, for processors that are emulated.
func some[T any](all []T) []T {
	if !testing.Short() {
		return all
	}
	var few []T
	for i := 0; i < len(all); i += 3 {
		few = append(few, all[i])
	}
	return few
}

func TestGemm(t *testing.T) {
	depths := []int{0, 5, 10, 15, 20}
	eachTier(t, func(t *testing.T, rng *rand.Rand) {
		var ws Workspace
		variant := 0
		for i, m := range gemmSizes {
			t.Run(fmt.Sprint("M=", m), func(t *testing.T) { // which also frees the memory
				for j, n := range gemmSizes {
					for _, d := range some(depths) {
						o := gemmVariants[variant%len(gemmVariants)]
						variant += 1 + rng.IntN(3)
						k := gemmSizes[(i+4*j+d)%len(gemmSizes)]
						newGemmCase(t, rng, m, n, k, o).check(t, &ws, o)
					}
				}
			})
		}
	})
}

// Sizes that need several blocks of rows and of the reduction.
func TestGemmBlocks(t *testing.T) {
	eachTier(t, func(t *testing.T, rng *rand.Rand) {
		var ws Workspace
		for _, s := range [][3]int{{3, 5, 385}, {9, 17, 1000}, {50, 33, 769}, {1900, 9, 8}, {700, 130, 12}} {
			for _, o := range some(gemmVariants) {
				newGemmCase(t, rng, s[0], s[1], s[2], o).check(t, &ws, o)
			}
		}
	})
}

func TestGemmEmpty(t *testing.T) {
	eachTier(t, func(t *testing.T, rng *rand.Rand) {
		var ws Workspace
		for _, s := range [][3]int{{0, 5, 7}, {5, 0, 7}, {0, 0, 0}, {5, 7, 0}, {70, 33, 0}} {
			for _, o := range gemmVariants {
				newGemmCase(t, rng, s[0], s[1], s[2], o).check(t, &ws, o)
			}
		}
	})
}

// A beta of 0 means that D does not matter, even where it is not a number.
func TestGemmIgnoresDWithoutBeta(t *testing.T) {
	onEveryTier(t, func(t *testing.T) {
		var ws Workspace
		c := []float32{guardWord}
		g := Gemm{M: 1, N: 1, K: 1, A: []float32{2}, LDA: 1, B: []float32{3}, LDB: 1, C: c, LDC: 1, D: c, LDD: 1, Alpha: 1}
		g.Run(&ws)
		if c[0] != 6 {
			t.Errorf("got %v, want 6", c[0])
		}
	})
}

// An element must not depend on how the product is cut up.
func TestGemmBitsDoNotDependOnSplit(t *testing.T) {
	eachTier(t, func(t *testing.T, rng *rand.Rand) {
		var ws Workspace
		const m, n, k = 61, 150, 500
		for _, o := range some(gemmVariants) {
			o.packed = false
			whole := newGemmCase(t, rng, m, n, k, o)
			parts := whole.Gemm
			d := whole.c.clone(t)
			parts.C = d.data
			if o.inPlace {
				parts.D = d.data
			}
			if o.pre {
				parts.Pre = whole.pre.clone(t).data
			}
			for i := 0; i < m; i += 7 {
				for j := 0; j < n; j += 37 {
					parts.sub(i, min(i+7, m), j, min(j+37, n)).Run(&ws)
				}
			}
			whole.check(t, &ws, o)
			for i, v := range d.data {
				if w := whole.c.data[i]; v != w && i%d.ld < n {
					t.Fatalf("%+v: element %d is %v in parts, %v at once", o, i, v, w)
				}
			}
		}
	})
}

// sub is the part of g that gives rows i0 to i1 and columns j0 to j1.
func (g Gemm) sub(i0, i1, j0, j1 int) *Gemm {
	offset := func(ld int, trans bool, i, j int) int {
		if trans {
			i, j = j, i
		}
		return i*ld + j
	}
	g.M, g.N = i1-i0, j1-j0
	g.A = g.A[offset(g.LDA, g.TransA, i0, 0):]
	g.B = g.B[offset(g.LDB, g.TransB, 0, j0):]
	g.C = g.C[offset(g.LDC, false, i0, j0):]
	if g.D != nil {
		g.D = g.D[offset(g.LDD, false, i0, j0):]
	}
	if g.Bias != nil {
		g.Bias = g.Bias[j0:]
	}
	if g.Pre != nil {
		g.Pre = g.Pre[offset(g.LDC, false, i0, j0):]
	}
	return &g
}

// Tiers that round alike take the same steps in the same order: those that fuse
// multiplication and addition, and those that do not.
func TestGemmBitsAgreeBetweenTiers(t *testing.T) {
	first := map[bool][]float32{} // by whether the tier fuses
	for _, tier := range Available() {
		fuses := tier != Generic && tier != SSE
		restore := Use(tier)
		rng := rand.New(rand.NewPCG(7, 8))
		c := newGemmCase(t, rng, 61, 150, 500, gemmOptions{alpha: 3, transB: true, bias: true, beta: 0.3})
		c.Run(&Workspace{})
		restore()
		if first[fuses] == nil {
			first[fuses] = c.C
		}
		for i, v := range c.C {
			if w := first[fuses][i]; math.Float32bits(v) != math.Float32bits(w) {
				t.Fatalf("%v: element %d is %v, on the first tier that rounds alike %v", tier, i, v, w)
			}
		}
	}
}

func TestGemmDoesNotAllocate(t *testing.T) {
	eachTier(t, func(t *testing.T, rng *rand.Rand) {
		var ws Workspace
		for _, o := range gemmVariants {
			c := newGemmCase(t, rng, 37, 37, 400, o)
			c.Run(&ws)
			if n := testing.AllocsPerRun(5, func() { c.Run(&ws) }); n != 0 {
				t.Errorf("%+v: %v allocations", o, n)
			}
		}
		x, p := make([]float32, 33*65), &Packed{}
		p.Pack(x, 65, 33, 65, false)
		if n := testing.AllocsPerRun(5, func() { p.Pack(x, 33, 33, 65, true) }); n != 0 {
			t.Errorf("Pack: %v allocations", n)
		}
	})
}

// A product that may spill is the same to its last column, and writes to whole
// vectors at most: behind them memory ends.
func TestGemmSpill(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		var ws Workspace
		m := &arena{t: t, r: r}
		for _, n := range []int{1, 7, 8, 15, 16, 17, 33, 122} {
			for _, k := range []int{1, 16, 500} {
				const rows = 13
				ld := (n + spillWidth - 1) / spillWidth * spillWidth
				g := Gemm{M: rows, N: n, K: k, Alpha: 1, A: m.vector(rows * k), LDA: k, B: m.vector(n * k), LDB: k, TransB: true, C: m.vector(rows * ld), LDC: ld}
				plain := g
				plain.C = make([]float32, rows*ld)
				plain.Run(&ws)
				g.Spill = true
				g.Run(&ws)
				for i := range rows {
					if !slices.Equal(g.C[i*ld:][:n], plain.C[i*ld:][:n]) {
						t.Fatalf("%d columns, %d deep: row %d differs where the product spills", n, k, i)
					}
				}
			}
		}
		m.check("spill")
	})
}

func TestGemmPanics(t *testing.T) {
	x := make([]float32, 12)
	good := Gemm{M: 3, N: 2, K: 4, A: x, LDA: 4, B: x, LDB: 2, C: make([]float32, 6), LDC: 2, Alpha: 1}
	good.Run(&Workspace{})
	packed := &Packed{}
	packed.Pack(x, 3, 4, 3, false)
	for _, c := range []struct {
		change func(g *Gemm)
		want   string
	}{
		{func(g *Gemm) { g.M = -1 }, "negative size"},
		{func(g *Gemm) { g.A = x[:11] }, "A holds 11 elements at stride 4, want 3 x 4"},
		{func(g *Gemm) { g.LDA = 3 }, "A holds 12 elements at stride 3, want 3 x 4"},
		{func(g *Gemm) { g.TransB, g.B = true, x[:2] }, "B holds 2 elements at stride 2, want 2 x 4"},
		{func(g *Gemm) { g.C = x[:5] }, "C holds 5 elements"},
		{func(g *Gemm) { g.D, g.LDD, g.Beta = x, 1, 1 }, "D holds 12 elements at stride 1"},
		{func(g *Gemm) { g.Bias = x[:1] }, "bias holds 1 elements"},
		{func(g *Gemm) { g.Pre, g.Act = x[:5], GELUAct }, "Pre holds 5 elements"},
		{func(g *Gemm) { g.Act = 9 }, "no activation has number 9"},
		{func(g *Gemm) { g.Packed = packed }, "packed B is 4 x 3"},
		{func(g *Gemm) { g.Spill = true }, "C holds 6 elements at stride 2, want 3 x 16"},
		{func(g *Gemm) { g.Spill, g.Bias = true, x }, "Spill with a bias"},
		{func(g *Gemm) { g.Spill, g.D, g.LDD = true, x, 2 }, "Spill with a bias, an addend"},
		{func(g *Gemm) { g.Spill, g.Act = true, GELUAct }, "Spill with a bias, an addend or an activation"},
	} {
		g := good
		c.change(&g)
		wantPanic(t, "kern: Gemm with M=", c.want, func() { g.Run(&Workspace{}) })
	}
	wantPanic(t, "kern: Pack", "b holds 12 elements at stride 4, want 4 x 4", func() { packed.Pack(x, 4, 4, 4, true) })
	wantPanic(t, "kern: Pack", "b holds 12 elements at stride 3, want 2 x 4", func() { packed.Pack(x, 3, 2, 4, false) })
}

func TestGemmPackedForAnotherTierPanics(t *testing.T) {
	have := Available()
	if len(have) == 1 {
		t.Skip("only the generic tier is here")
	}
	x := make([]float32, 4)
	g := Gemm{M: 2, N: 2, K: 2, A: x, LDA: 2, Packed: &Packed{}, C: make([]float32, 4), LDC: 2, Alpha: 1}
	g.Packed.Pack(x, 2, 2, 2, false)
	to := Generic
	if Active() == Generic {
		to = have[1]
	}
	defer Use(to)()
	wantPanic(t, "kern: Gemm", "pack again", func() { g.Run(&Workspace{}) })
	g.Packed.Pack(x, 2, 2, 2, false)
	g.Run(&Workspace{})
}

func wantPanic(t *testing.T, op, why string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if s, _ := recover().(string); !strings.HasPrefix(s, op) || !strings.Contains(s, why) {
			t.Errorf("panic %q, want one that says %q and %q", s, op, why)
		}
	}()
	f()
}
