package kern

import "fmt"

// spillWidth is the elements of the widest vector of any tier.
const spillWidth = 16

// check panics unless every matrix holds what the shape says.
func (g *Gemm) check() {
	if g.M < 0 || g.N < 0 || g.K < 0 {
		g.fail("negative size")
	}
	if g.Act > SiLUAct {
		g.fail(fmt.Sprintf("no activation has number %d", g.Act))
	}
	g.checkMatrix("A", g.A, g.LDA, g.M, g.K, g.TransA)
	if p := g.Packed; p == nil {
		g.checkMatrix("B", g.B, g.LDB, g.K, g.N, g.TransB)
	} else if p.K != g.K || p.N != g.N {
		g.fail(fmt.Sprintf("packed B is %d x %d", p.K, p.N))
	} else if p.tier != active {
		g.fail(fmt.Sprintf("B was packed for tier %v, but %v is active: pack again", p.tier, active))
	}
	columns := g.N
	if g.Spill {
		columns = (g.N + spillWidth - 1) / spillWidth * spillWidth
		if g.Bias != nil || g.D != nil || g.Act != Identity {
			g.fail("Spill with a bias, an addend or an activation")
		}
	}
	g.checkMatrix("C", g.C, g.LDC, g.M, columns, false)
	if g.D != nil && g.Beta != 0 {
		g.checkMatrix("D", g.D, g.LDD, g.M, g.N, false)
	}
	if g.Bias != nil && len(g.Bias) < g.N {
		g.fail(fmt.Sprintf("bias holds %d elements", len(g.Bias)))
	}
	if g.Pre != nil && g.Act != Identity {
		g.checkMatrix("Pre", g.Pre, g.LDC, g.M, g.N, false)
	}
}

func (g *Gemm) checkMatrix(name string, x []float32, ld, rows, cols int, trans bool) {
	if trans {
		rows, cols = cols, rows
	}
	if rows == 0 || cols == 0 {
		return
	}
	if ld < cols || len(x) < (rows-1)*ld+cols {
		g.fail(fmt.Sprintf("%s holds %d elements at stride %d, want %d x %d", name, len(x), ld, rows, cols))
	}
}

func (g *Gemm) fail(why string) {
	panic(fmt.Sprintf("kern: Gemm with M=%d N=%d K=%d TransA=%t TransB=%t: %s", g.M, g.N, g.K, g.TransA, g.TransB, why))
}
