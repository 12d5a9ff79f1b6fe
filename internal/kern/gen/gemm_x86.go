package main

import "fmt"

// gemmISA is what AVX2 and AVX-512 kernels differ in.
type gemmISA struct {
	name      string // in function names
	bytes     int    // in a vector
	reg       string // prefix of a vector register
	registers int
	masked    bool // the last vector of a panel may be partial, under K1
	shapes    []gemmShape
}

// The tallest tile that leaves registers for a row of B and a broadcast, and
// has at least the 8 sums that two FMA units of latency 4 need.
var gemmX86ISAs = []gemmISA{
	{"AVX2", 32, "Y", 16, false, []gemmShape{{8, 1}, {6, 2}}},
	{"AVX512", 64, "Z", 32, true, []gemmShape{{8, 1}, {8, 2}, {8, 3}, {6, 4}}},
}

// gemmX86Rows are the registers that point at the rows of A.
var gemmX86Rows = []string{"R8", "R9", "R10", "R11", "R12", "R13", "R15", "SI"}

const (
	gemmUnroll   = 4 // steps of the reduction in a round of its loop
	gemmTight    = 8 // and of a loop that knows where A lies
	gemmAheadLog = 4 // binary logarithm of the steps that A is fetched ahead
)

func gemmX86() []byte {
	t := &gemmText{}
	t.header()
	for _, isa := range gemmX86ISAs {
		for _, s := range isa.shapes {
			g := gemmX86Kernel{t, isa, s}
			g.emit()
		}
		peakX86(t, isa)
		yardstickX86(t, isa, isa.registers/8)
	}
	return t.Bytes()
}

type gemmX86Kernel struct {
	*gemmText
	isa gemmISA
	gemmShape
}

func (g *gemmX86Kernel) acc(row, vec int) string {
	return fmt.Sprintf("%s%d", g.isa.reg, row*g.vecs+vec)
}

// b is a register of the row of B or, after the reduction, of the bias.
func (g *gemmX86Kernel) b(vec int) string {
	return fmt.Sprintf("%s%d", g.isa.reg, g.rows*g.vecs+vec)
}

// tmp takes the registers that are left in turn.
func (g *gemmX86Kernel) tmp(i int) string {
	first := (g.rows + 1) * g.vecs
	return fmt.Sprintf("%s%d", g.isa.reg, first+i%(g.isa.registers-first))
}

func (g *gemmX86Kernel) emit() {
	g.function(fmt.Sprintf("gemm%sx%d", g.isa.name, g.vecs), "(p *panel)", 8)
	g.op("MOVQ p+0(FP), BX")
	if g.isa.masked {
		g.op("MOVWLZX panel_mask(BX), AX")
		g.op("KMOVW AX, K1")
	}
	for _, f := range []string{"aRow", "aStep", "bStep", "cRow", "dRow"} {
		g.op("SHLQ $2, panel_%s(BX)", f)
	}
	for _, f := range []string{"a", "c", "d"} {
		g.op("MOVQ panel_%s(BX), AX", f)
		g.op("MOVQ AX, panel_%sAt(BX)", f)
	}
	g.op("MOVQ panel_aStep(BX), AX")
	g.op("MOVQ panel_bStep(BX), R14")
	if g.prefetches() {
		g.ahead()
	}
	g.label("tile")
	g.rowPointers()
	g.reduce()
	g.finish()
	g.label("next")
	g.op("MOVQ panel_aRow(BX), CX")
	g.op("IMULQ $%d, CX", g.rows)
	g.op("ADDQ CX, panel_aAt(BX)")
	g.op("SUBQ $%d, panel_rows(BX)", g.rows)
	g.op("JGT tile")
	g.op("VZEROUPPER")
	g.op("RET")
}

func (g *gemmX86Kernel) rowPointers() {
	r := gemmX86Rows
	g.op("MOVQ panel_aAt(BX), %s", r[0])
	g.op("MOVQ panel_aRow(BX), DX")
	g.op("MOVQ panel_rows(BX), CX")
	for i := 1; i < g.rows; i++ {
		g.op("LEAQ (%s)(DX*1), %s", r[i-1], r[i])
		g.op("CMPQ CX, $%d", i)
		g.op("CMOVQLE %s, %s", r[i-1], r[i])
	}
}

// prefetches reports whether the kernel has the time to fetch elements of A
// into cache that it will need a tile or some steps later.
func (g *gemmX86Kernel) prefetches() bool { return g.rows*g.vecs*2 > g.isa.registers }

// ahead sets how far ahead A is fetched: the tile that is next, if its rows
// are contiguous, or else a number of steps.
func (g *gemmX86Kernel) ahead() {
	g.op("MOVQ panel_aRow(BX), DX")
	g.op("MOVQ AX, CX")
	g.op("SHLQ $%d, CX", gemmAheadLog)
	g.op("CMPQ AX, DX")
	g.op("JGT ahead")
	g.op("IMUL3Q $%d, DX, CX", g.rows)
	g.label("ahead")
	g.op("MOVQ CX, panel_aAhead(BX)")
}

// reduce sums over k: CX counts the steps left, DX is A's offset, DI points
// into B, AX and R14 are the steps of A and B.
func (g *gemmX86Kernel) reduce() {
	for i := range g.rows {
		for j := range g.vecs {
			g.zero(g.acc(i, j))
		}
	}
	g.op("MOVQ panel_b(BX), DI")
	g.op("MOVQ panel_k(BX), CX")
	g.op("XORQ DX, DX")
	if g.prefetches() {
		g.tight()
	}
	g.op("SUBQ $%d, CX", gemmUnroll)
	g.op("JLT few")
	g.op("PCALIGN $32")
	g.label("many")
	for u := range gemmUnroll {
		g.step()
		if g.prefetches() {
			for i := u; i < g.rows; i += gemmUnroll {
				g.op("PREFETCHT0 (%s)(BX*1)", gemmX86Rows[i])
			}
			g.op("ADDQ AX, BX")
		}
	}
	g.op("SUBQ $%d, CX", gemmUnroll)
	g.op("JGE many")
	g.label("few")
	g.op("ADDQ $%d, CX", gemmUnroll)
	g.op("JZ reduced")
	g.label("one")
	g.step()
	g.op("DECQ CX")
	g.op("JNZ one")
	g.label("reduced")
	if g.prefetches() {
		g.op("MOVQ p+0(FP), BX")
	}
}

// tight emits the loops of whole rounds for the two usual layouts of A, its rows
// or its columns contiguous, and points BX ahead in A. What the general loop
// spends on pointers, an eighth of its instructions, is nothing to a core that has
// the multiplications alone to wait for, and all to one that issues few at a time:
// of half the width, or shared with another thread.
func (g *gemmX86Kernel) tight() {
	if g.rows > len(gemmX86Rows)-2 {
		g.op("MOVQ panel_aAhead(BX), BX")
		return // no register is left
	}
	g.op("LEAQ (R14)(R14*2), R15")
	g.op("CMPQ AX, $4")
	g.op("JEQ rows")
	g.op("CMPQ panel_rows(BX), $%d", g.rows)
	g.op("JLT general")
	g.op("CMPQ panel_aRow(BX), $4")
	g.op("JNE general")
	g.op("LEAQ (AX)(AX*2), SI")
	g.op("MOVQ panel_aAhead(BX), BX")
	g.rounds("columns", func(u, row int) string {
		return fmt.Sprintf("%d(R8)%s", 4*row, []string{"", "(AX*1)", "(AX*2)", "(SI*1)"}[u%gemmUnroll])
	}, func(u int) {
		for i := u % gemmUnroll; i < g.rows; i += gemmUnroll {
			g.op("PREFETCHT0 %d(R8)(BX*1)", 4*i)
		}
		if u%gemmUnroll < gemmUnroll-1 {
			g.op("ADDQ AX, BX")
			return
		}
		g.op("SUBQ SI, BX")
		g.op("LEAQ (R8)(AX*%d), R8", gemmUnroll)
	})
	for i := 1; i < g.rows; i++ {
		g.op("LEAQ %d(R8), %s", 4*i, gemmX86Rows[i])
	}
	g.op("JMP rest")
	g.label("rows")
	g.op("MOVQ panel_aAhead(BX), BX")
	g.rounds("row", func(u, row int) string {
		return fmt.Sprintf("%d(%s)(DX*1)", 4*u, gemmX86Rows[row])
	}, func(u int) {
		if u < g.rows {
			g.op("PREFETCHT0 (%s)(BX*1)", gemmX86Rows[u])
		}
		if u == gemmTight-1 {
			g.op("ADDQ $%d, DX", 4*gemmTight)
			g.op("ADDQ $%d, BX", 4*gemmTight)
		}
	})
	g.op("JMP rest")
	g.label("general")
	g.op("MOVQ panel_aAhead(BX), BX")
	g.label("rest")
}

// rounds loops over whole rounds of gemmTight steps; a is the address of a row's
// element at a step, and after runs behind each.
func (g *gemmX86Kernel) rounds(name string, a func(u, row int) string, after func(u int)) {
	g.op("SUBQ $%d, CX", gemmTight)
	g.op("JLT %sDone", name)
	g.op("PCALIGN $32")
	g.label(name + "Round")
	for u := range gemmTight {
		at := []string{"(DI)", "(DI)(R14*1)", "(DI)(R14*2)", "(DI)(R15*1)"}[u%gemmUnroll]
		g.products(at, func(row int) string { return a(u, row) })
		if u%gemmUnroll == gemmUnroll-1 {
			g.op("LEAQ (DI)(R14*%d), DI", gemmUnroll)
		}
		after(u)
	}
	g.op("SUBQ $%d, CX", gemmTight)
	g.op("JGE %sRound", name)
	g.label(name + "Done")
	g.op("ADDQ $%d, CX", gemmTight)
}

func (g *gemmX86Kernel) zero(r string) { g.isa.zero(g.gemmText, r) }

func (isa gemmISA) zero(t *gemmText, r string) {
	if isa.reg == "Z" {
		t.op("VPXORD %s, %s, %s", r, r, r)
	} else {
		t.op("VXORPS %s, %s, %s", r, r, r)
	}
}

// step is one step of the reduction by the general pointers.
func (g *gemmX86Kernel) step() {
	g.products("(DI)", func(row int) string { return fmt.Sprintf("(%s)(DX*1)", gemmX86Rows[row]) })
	g.op("ADDQ AX, DX")
	g.op("ADDQ R14, DI")
}

// products multiplies a row of B, at the given address, by an element of each row
// of A.
func (g *gemmX86Kernel) products(b string, a func(row int) string) {
	for j := range g.vecs {
		g.op("VMOVUPS %d%s, %s", j*g.isa.bytes, b, g.b(j))
	}
	for i := range g.rows {
		if g.vecs == 1 && g.isa.reg == "Z" {
			g.op("VFMADD231PS.BCST %s, %s, %s", a(i), g.b(0), g.acc(i, 0))
			continue
		}
		g.op("VBROADCASTSS %s, %s", a(i), g.tmp(i))
		for j := range g.vecs {
			g.op("VFMADD231PS %s, %s, %s", g.tmp(i), g.b(j), g.acc(i, j))
		}
	}
}

// finish writes the tile: C = alpha*sum + bias, plus beta*D if there is a D.
func (g *gemmX86Kernel) finish() {
	g.bias()
	g.op("MOVQ panel_rows(BX), CX")
	g.op("MOVQ panel_cAt(BX), DI")
	g.op("MOVQ panel_cRow(BX), DX")
	g.op("MOVQ panel_dAt(BX), R8")
	g.op("VBROADCASTSS panel_alpha(BX), %s", g.tmp(0))
	g.op("TESTQ R8, R8")
	g.op("JZ plain")
	g.op("MOVQ panel_dRow(BX), R9")
	for i := range g.rows {
		g.addend(i)
	}
	g.op("MOVQ R8, panel_dAt(BX)")
	g.op("MOVQ DI, panel_cAt(BX)")
	g.op("JMP next")
	g.label("plain")
	for i := range g.rows {
		for j := range g.vecs {
			g.op("VFMADD213PS %s, %s, %s", g.b(j), g.tmp(0), g.acc(i, j))
		}
		g.store(i)
	}
	g.op("MOVQ DI, panel_cAt(BX)")
}

func (g *gemmX86Kernel) last(vec int) bool { return g.isa.masked && vec == g.vecs-1 }

// bias loads the panel's bias, or zeros, where the row of B was.
func (g *gemmX86Kernel) bias() {
	for j := range g.vecs {
		g.zero(g.b(j))
	}
	g.op("MOVQ panel_bias(BX), SI")
	g.op("TESTQ SI, SI")
	g.op("JZ unbiased")
	for j := range g.vecs {
		if g.last(j) {
			g.op("VMOVUPS.Z %d(SI), K1, %s", j*g.isa.bytes, g.b(j))
		} else {
			g.op("VMOVUPS %d(SI), %s", j*g.isa.bytes, g.b(j))
		}
	}
	g.label("unbiased")
}

// addend finishes row i with beta*D; with few registers beta is read again.
func (g *gemmX86Kernel) addend(i int) {
	for j := range g.vecs {
		g.op("VFMADD213PS %s, %s, %s", g.b(j), g.tmp(0), g.acc(i, j))
	}
	beta := g.tmp(1)
	g.op("VBROADCASTSS panel_beta(BX), %s", beta)
	for j := range g.vecs {
		off := j * g.isa.bytes
		if g.last(j) {
			g.op("VFMADD231PS %d(R8), %s, K1, %s", off, beta, g.acc(i, j))
		} else {
			g.op("VFMADD231PS %d(R8), %s, %s", off, beta, g.acc(i, j))
		}
	}
	g.op("ADDQ R9, R8")
	g.store(i)
}

// store writes row i and leaves if it was the last.
func (g *gemmX86Kernel) store(i int) {
	for j := range g.vecs {
		off := j * g.isa.bytes
		if g.last(j) {
			g.op("VMOVUPS %s, K1, %d(DI)", g.acc(i, j), off)
		} else {
			g.op("VMOVUPS %s, %d(DI)", g.acc(i, j), off)
		}
	}
	g.op("ADDQ DX, DI")
	if i < g.rows-1 {
		g.op("CMPQ CX, $%d", i+1)
		g.op("JLE next")
	}
}

// peakX86 emits n rounds of independent FMAs on registers, as many per round
// as hide the latency of two units.
func peakX86(t *gemmText, isa gemmISA) {
	const chains = 12
	t.function("peak"+isa.name, "(n int)", 8)
	t.op("MOVQ n+0(FP), CX")
	for r := range chains + 2 {
		t.op("VXORPS %[1]s%[2]d, %[1]s%[2]d, %[1]s%[2]d", "Y", r)
	}
	t.op("PCALIGN $32")
	t.label("round")
	for r := range chains {
		t.op("VFMADD231PS %[1]s%[2]d, %[1]s%[3]d, %[1]s%[4]d", isa.reg, chains, chains+1, r)
	}
	t.op("DECQ CX")
	t.op("JNZ round")
	t.op("VZEROUPPER")
	t.op("RET")
}
