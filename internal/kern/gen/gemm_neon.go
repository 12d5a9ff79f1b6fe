package main

import "fmt"

// Tiles of 4-lane vectors: 24 sums where a product is wide enough, as out of
// order cores with four FMA units of latency 4 want, in 32 registers.
var gemmNEONShapes = []gemmShape{{8, 1}, {8, 2}, {8, 3}, {6, 4}}

type gemmNEONKernel struct {
	*gemmText
	gemmShape
}

func gemmNEON() []byte {
	t := &gemmText{}
	t.header()
	for _, s := range gemmNEONShapes {
		g := gemmNEONKernel{t, s}
		g.emit()
	}
	peakNEON(t)
	yardstickNEON(t)
	return t.Bytes()
}

// acc is one of the 24 highest registers, b one of the lowest 4; 4 to 7 are temporary.
func (g *gemmNEONKernel) acc(row, vec int) string { return fmt.Sprintf("V%d", 8+row*g.vecs+vec) }
func (g *gemmNEONKernel) b(vec int) string        { return fmt.Sprintf("V%d", vec) }

// vectors is a register list such as [V0.S4, V1.S4].
func (g *gemmNEONKernel) vectors(reg func(int) string) string {
	s := ""
	for j := range g.vecs {
		s += fmt.Sprintf(", %s.S4", reg(j))
	}
	return "[" + s[2:] + "]"
}

// emit writes a kernel. R0 is the panel; R1 the rows left; R2 A, R3 its row
// and R4 its k stride; R5 B's stride; R6 C and R7 D at the tile, R8 and R9
// their strides; R10 to R12 scratch, R19 and on the rows of A.
func (g *gemmNEONKernel) emit() {
	g.function(fmt.Sprintf("gemmNEONx%d", g.vecs), "(p *panel)", 8)
	g.op("MOVD p+0(FP), R0")
	for i, f := range []string{"rows", "a", "aRow", "aStep", "bStep", "c", "d", "cRow", "dRow"} {
		g.op("MOVD panel_%s(R0), R%d", f, i+1)
	}
	for _, r := range []int{3, 4, 5, 8, 9} {
		g.op("LSL $2, R%d", r)
	}
	g.label("tile")
	g.op("MOVD R2, %s", g.row(0))
	for i := 1; i < g.rows; i++ {
		g.op("ADD R3, %s, %s", g.row(i-1), g.row(i))
		g.op("CMP $%d, R1", i)
		g.op("CSEL LE, %s, %s, %s", g.row(i-1), g.row(i), g.row(i))
	}
	g.reduce()
	g.finish()
	g.op("MOVD $%d, R10", g.rows)
	g.op("MADD R3, R2, R10, R2")
	g.op("SUBS $%d, R1", g.rows)
	g.op("BGT tile")
	g.label("done")
	g.op("RET")
}

func (g *gemmNEONKernel) row(i int) string { return fmt.Sprintf("R%d", 19+i) }

func (g *gemmNEONKernel) reduce() {
	for i := range g.rows {
		for j := range g.vecs {
			g.op("VEOR %[1]s.B16, %[1]s.B16, %[1]s.B16", g.acc(i, j))
		}
	}
	g.op("MOVD panel_b(R0), R10")
	g.op("MOVD panel_k(R0), R11")
	g.op("CBZ R11, reduced")
	g.label("step")
	g.op("VLD1 (R10), %s", g.vectors(g.b))
	g.op("ADD R5, R10")
	for i := range g.rows {
		a := fmt.Sprintf("V%d.S4", 4+i%4)
		g.op("VLD1R (%s), [%s]", g.row(i), a)
		g.op("ADD R4, %[1]s, %[1]s", g.row(i))
		for j := range g.vecs {
			g.op("VFMLA %s, %s.S4, %s.S4", a, g.b(j), g.acc(i, j))
		}
	}
	g.op("SUBS $1, R11")
	g.op("BNE step")
	g.label("reduced")
}

// finish writes the tile: C = alpha*sum + bias, plus beta*D if there is a D.
func (g *gemmNEONKernel) finish() {
	for j := range g.vecs {
		g.op("VEOR %[1]s.B16, %[1]s.B16, %[1]s.B16", g.b(j))
	}
	g.op("MOVD panel_bias(R0), R10")
	g.op("CBZ R10, unbiased")
	g.op("VLD1 (R10), %s", g.vectors(g.b))
	g.label("unbiased")
	g.op("MOVD $panel_alpha(R0), R10")
	g.op("VLD1R (R10), [V6.S4]")
	g.op("MOVD $panel_beta(R0), R10")
	g.op("VLD1R (R10), [V7.S4]")
	for i := range g.rows {
		g.store(i)
	}
}

// store writes row i and leaves if it was the last.
func (g *gemmNEONKernel) store(i int) {
	plain := fmt.Sprintf("plain%d", i)
	for j := range g.vecs {
		g.op("VMOV %s.B16, V4.B16", g.b(j))
		g.op("VFMLA V6.S4, %s.S4, V4.S4", g.acc(i, j))
		g.op("VMOV V4.B16, %s.B16", g.acc(i, j))
	}
	g.op("CBZ R7, %s", plain)
	for j := range g.vecs {
		g.op("ADD $%d, R7, R10", j*16)
		g.op("VLD1 (R10), [V5.S4]")
		g.op("VFMLA V7.S4, V5.S4, %s.S4", g.acc(i, j))
	}
	g.op("ADD R9, R7")
	g.label(plain)
	g.op("VST1 %s, (R6)", g.vectors(func(j int) string { return g.acc(i, j) }))
	g.op("ADD R8, R6")
	if i < g.rows-1 {
		g.op("CMP $%d, R1", i+1)
		g.op("BLE done")
	}
}

// peakNEON is peakX86's like, for four units.
func peakNEON(t *gemmText) {
	const chains = 24
	t.function("peakNEON", "(n int)", 8)
	t.op("MOVD n+0(FP), R0")
	for r := range chains + 2 {
		t.op("VEOR V%[1]d.B16, V%[1]d.B16, V%[1]d.B16", r)
	}
	t.label("round")
	for r := range chains {
		t.op("VFMLA V%d.S4, V%d.S4, V%d.S4", chains, chains+1, r)
	}
	t.op("SUBS $1, R0")
	t.op("BNE round")
	t.op("RET")
}
