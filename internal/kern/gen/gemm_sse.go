package main

import "fmt"

// Tiles of 4-lane vectors. A product overwrites a factor, so that each takes a
// copy, a multiplication and an addition: what a processor issues in a cycle is
// the limit, not the multipliers. Wide tiles broadcast less. Two registers a row
// are left beside the sums: the broadcast and what it is multiplied by.
var gemmSSEShapes = []gemmShape{{6, 1}, {4, 2}, {3, 3}, {2, 4}, {2, 5}, {2, 6}}

// gemmSSERows are the registers that point at the rows of A.
var gemmSSERows = []string{"R8", "R9", "R10", "R11", "R12", "R13"}

const gemmSSEUnroll = 2 // steps of the reduction in a round of its loop

type gemmSSEKernel struct {
	*gemmText
	gemmShape
}

func gemmSSE() []byte {
	t := &gemmText{}
	t.header()
	for _, s := range gemmSSEShapes {
		g := gemmSSEKernel{t, s}
		g.emit()
	}
	peakSSE(t)
	yardstickSSE(t)
	return t.Bytes()
}

func (g *gemmSSEKernel) acc(row, vec int) string { return fmt.Sprintf("X%d", row*g.vecs+vec) }

// emit writes a kernel. BX is the panel. Rows of A and the panel of B are contiguous.
func (g *gemmSSEKernel) emit() {
	g.function(fmt.Sprintf("gemmSSEx%d", g.vecs), "(p *panel)", 8)
	g.op("MOVQ p+0(FP), BX")
	for _, f := range []string{"aRow", "cRow", "dRow"} {
		g.op("SHLQ $2, panel_%s(BX)", f)
	}
	for _, f := range []string{"a", "c", "d"} {
		g.op("MOVQ panel_%s(BX), AX", f)
		g.op("MOVQ AX, panel_%sAt(BX)", f)
	}
	g.label("tile")
	r := gemmSSERows
	g.op("MOVQ panel_aAt(BX), %s", r[0])
	g.op("MOVQ panel_aRow(BX), DX")
	g.op("MOVQ panel_rows(BX), CX")
	for i := 1; i < g.rows; i++ {
		g.op("LEAQ (%s)(DX*1), %s", r[i-1], r[i])
		g.op("CMPQ CX, $%d", i)
		g.op("CMOVQLE %s, %s", r[i-1], r[i])
	}
	g.reduce()
	g.finish()
	g.op("MOVQ panel_aRow(BX), CX")
	g.op("IMULQ $%d, CX", g.rows)
	g.op("ADDQ CX, panel_aAt(BX)")
	g.op("SUBQ $%d, panel_rows(BX)", g.rows)
	g.op("JGT tile")
	g.label("done")
	g.op("RET")
}

// reduce sums over k: CX counts the steps left, DX is A's offset, DI points into B.
func (g *gemmSSEKernel) reduce() {
	for i := range g.rows * g.vecs {
		g.op("XORPS X%[1]d, X%[1]d", i)
	}
	g.op("MOVQ panel_b(BX), DI")
	g.op("MOVQ panel_k(BX), CX")
	g.op("XORQ DX, DX")
	g.op("SUBQ $%d, CX", gemmSSEUnroll)
	g.op("JLT few")
	g.op("PCALIGN $32")
	g.label("many")
	g.steps(gemmSSEUnroll)
	g.op("SUBQ $%d, CX", gemmSSEUnroll)
	g.op("JGE many")
	g.label("few")
	g.op("ADDQ $%d, CX", gemmSSEUnroll)
	g.op("JZ reduced")
	g.label("one")
	g.steps(1)
	g.op("DECQ CX")
	g.op("JNZ one")
	g.label("reduced")
}

// steps emits n steps of the reduction.
func (g *gemmSSEKernel) steps(n int) {
	for u := range n {
		g.step(u)
	}
	g.op("ADDQ $%d, DX", 4*n)
	g.op("ADDQ $%d, DI", 16*n*g.vecs)
}

// step multiplies row u of B by an element of each row of A.
func (g *gemmSSEKernel) step(u int) {
	x := func(row int) string { return fmt.Sprintf("X%d", g.rows*g.vecs+row) }
	y := func(row int) string { return fmt.Sprintf("X%d", g.rows*(g.vecs+1)+row) }
	for i := range g.rows {
		g.op("MOVSS %d(%s)(DX*1), %s", 4*u, gemmSSERows[i], x(i))
		g.op("SHUFPS $0, %s, %s", x(i), x(i))
	}
	for j := range g.vecs {
		g.op("MOVUPS %d(DI), %s", 16*(u*g.vecs+j), y(0))
		last := j == g.vecs-1 // which may overwrite the broadcasts
		for i := 1; i < g.rows && !last; i++ {
			g.op("MOVAPS %s, %s", y(0), y(i))
		}
		for i := range g.rows {
			factor, product := x(i), y(i)
			if last {
				factor, product = y(0), x(i)
			}
			g.op("MULPS %s, %s", factor, product)
			g.op("ADDPS %s, %s", product, g.acc(i, j))
		}
	}
}

// finish writes the tile: C = alpha*sum + bias, plus beta*D if there is a D.
func (g *gemmSSEKernel) finish() {
	g.spread("alpha")
	for i := range g.rows * g.vecs {
		g.op("MULPS X15, X%d", i)
	}
	g.op("MOVQ panel_bias(BX), R8")
	g.op("TESTQ R8, R8")
	g.op("JZ unbiased")
	for j := range g.vecs {
		g.op("MOVUPS %d(R8), X14", 16*j)
		for i := range g.rows {
			g.op("ADDPS X14, %s", g.acc(i, j))
		}
	}
	g.label("unbiased")
	g.op("MOVQ panel_rows(BX), CX")
	g.op("MOVQ panel_dAt(BX), R8")
	g.op("TESTQ R8, R8")
	g.op("JZ plain")
	g.spread("beta")
	g.op("MOVQ panel_dRow(BX), DX")
	g.eachRow("R8", "plain", func(i int) {
		for j := range g.vecs {
			g.op("MOVUPS %d(R8), X14", 16*j)
			g.op("MULPS X15, X14")
			g.op("ADDPS X14, %s", g.acc(i, j))
		}
	})
	g.op("MOVQ R8, panel_dAt(BX)")
	g.label("plain")
	g.op("MOVQ panel_cAt(BX), DI")
	g.op("MOVQ panel_cRow(BX), DX")
	g.eachRow("DI", "done", func(i int) {
		for j := range g.vecs {
			g.op("MOVUPS %s, %d(DI)", g.acc(i, j), 16*j)
		}
	})
	g.op("MOVQ DI, panel_cAt(BX)")
}

// spread loads a factor of the panel into all of X15.
func (g *gemmSSEKernel) spread(factor string) {
	g.op("MOVSS panel_%s(BX), X15", factor)
	g.op("SHUFPS $0, X15, X15")
}

// eachRow emits body for each row that pointer goes through with stride DX, and
// jumps to end behind the last of CX rows.
func (g *gemmSSEKernel) eachRow(pointer, end string, body func(row int)) {
	for i := range g.rows {
		body(i)
		g.op("ADDQ DX, %s", pointer)
		if i < g.rows-1 {
			g.op("CMPQ CX, $%d", i+1)
			g.op("JLE %s", end)
		}
	}
}

// peakSSE has as many multiplications as additions, all independent.
func peakSSE(t *gemmText) {
	const chains = 7
	t.function("peakSSE", "(n int)", 8)
	t.op("MOVQ n+0(FP), CX")
	for r := range 2*chains + 1 {
		t.op("XORPS X%[1]d, X%[1]d", r)
	}
	t.op("PCALIGN $32")
	t.label("round")
	for r := range chains {
		t.op("MULPS X%d, X%d", 2*chains, r)
		t.op("ADDPS X%d, X%d", 2*chains, chains+r)
	}
	t.op("DECQ CX")
	t.op("JNZ round")
	t.op("RET")
}
