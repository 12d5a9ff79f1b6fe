package kern

import "fmt"

//go:generate go run ./gen

// An Activation is a function that Gemm applies to its result.
type Activation uint8

// The activations; see the functions ReLU, GELU, QuickGELU and SiLU.
const (
	Identity Activation = iota
	ReLUAct
	GELUAct
	QuickGELUAct
	SiLUAct
)

// apply computes dst = act(x) for slices of one length.
func (act Activation) apply(dst, x []float32) {
	switch act {
	case ReLUAct:
		ReLU(dst, x)
	case GELUAct:
		GELU(dst, x)
	case QuickGELUAct:
		QuickGELU(dst, x)
	case SiLUAct:
		SiLU(dst, x)
	default:
		panic(fmt.Sprintf("kern: Gemm: no activation has number %d", act))
	}
}

// Gemm describes a matrix product with what usually follows it:
//
//	P = Alpha*op(A)*op(B) + Beta*D + Bias,  C = Act(P)
//
// Matrices are row-major with the given strides between rows. C must not
// overlap A or B. Elements between the columns of a matrix and its stride are
// neither read nor written, but for Spill.
//
// An element of P depends on its row of op(A), its column of op(B) and the
// addends alone, not on M, N or the strides: a product may be split by rows or
// columns without any change of bits. The tiers that fuse multiplication and
// addition agree bit for bit, and so do those that do not, Generic and SSE.
type Gemm struct {
	M, N, K int // op(A) is M x K, op(B) is K x N, C is M x N

	A      []float32
	LDA    int
	TransA bool // A is stored K x M

	B      []float32
	LDB    int
	TransB bool    // B is stored N x K
	Packed *Packed // if set, stands for op(B), and B, LDB and TransB are ignored

	C   []float32
	LDC int

	D    []float32 // M x N addend, or nil; may be C itself
	LDD  int
	Beta float32 // factor of D, which is not read if this is 0

	Alpha float32
	Bias  []float32 // N elements added to every row, or nil

	Act Activation
	Pre []float32 // if set and Act is not Identity: receives P, at stride LDC

	// Spill allows a plain product, without D and bias, to write anything past the
	// last column of C, to a whole vector of 16 elements.
	Spill bool
}

// A Workspace is scratch memory for Gemm.Run. Each worker owns one; it grows to
// the largest product it has seen. Its zero value is ready for use.
type Workspace struct {
	pack  []float32 // a block of op(B) in panels
	packA []float32 // a block of op(A), on tiers that want its rows contiguous
	edge  []float32 // the partial panel of C on tiers without masked stores
	bias  []float32 // and its bias

	scores []float32 // of Attention: probabilities and what goes with them
}

// grown returns s with length n, on new memory only if it is too small.
func grown(s []float32, n int) []float32 {
	if cap(s) < n {
		s = make([]float32, n)
	}
	return s[:n]
}

// A panel is the argument of a micro-kernel, which computes rows of C in the
// columns of one panel:
//
//	c[r*cRow+j] = alpha*sum(a[r*aRow+k*aStep] * b[k*bStep+j], over k) + bias[j] + beta*d[r*dRow+j]
//
// Assembly knows the fields by their names.
type panel struct {
	a, b, c, d, bias []float32 // bias and d may be nil
	rows, k          int
	aRow, aStep      int
	bStep            int
	cRow, dRow       int
	alpha, beta      float32
	mask             uint16 // lanes of the last vector that exist, on tiers with masks

	// Addresses of the current row, and how far ahead of it A is fetched into cache.
	//lint:ignore U1000 the assembly's own
	aAt, cAt, dAt, aAhead uintptr
}

// Run computes the product on the calling goroutine. It allocates nothing once
// ws has grown. It panics if a slice is too short or a stride too small.
func (g *Gemm) Run(ws *Workspace) {
	g.check()
	if g.M == 0 || g.N == 0 {
		return
	}
	out := g.C
	if g.Act != Identity && g.Pre != nil {
		out = g.Pre
	}
	depth := depthBlock(g.K)
	height := rowBlock(g.N, depth)
	for k0 := 0; ; k0 += depth {
		k1 := min(k0+depth, g.K)
		b := g.operandB(ws, k0, k1)
		for i0 := 0; i0 < g.M; i0 += height {
			i1 := min(i0+height, g.M)
			g.rows(ws, b, out, i0, i1, k0, k1)
			if k1 == g.K && g.Act != Identity {
				g.activate(out, i0, i1)
			}
		}
		if k1 == g.K {
			return
		}
	}
}

// Blocks are sized for a second-level cache of 1 MiB.
const (
	maxDepth   = 384       // greatest part of the reduction done at once
	blockFloat = 100 << 10 // of A and C together in a block of rows
)

// depthBlock splits a reduction over k into equal blocks. It is a function of
// k alone, since it shows in the result's last bits.
func depthBlock(k int) int {
	blocks := max(1, (k+maxDepth-1)/maxDepth)
	return max(1, (k+blocks-1)/blocks)
}

// rowBlock is how many rows of C are finished before the next: their part of A
// and C stays in cache while the panels of B go by. It is a multiple of every
// tile's height.
func rowBlock(n, depth int) int {
	const tile = 24
	return max(1, blockFloat/(n+depth)/tile) * tile
}

// rows adds to rows i0 to i1 of out the reduction from k0 to k1, panel by panel.
func (g *Gemm) rows(ws *Workspace, b blockB, out []float32, i0, i1, k0, k1 int) {
	p := panel{
		rows: i1 - i0, k: k1 - k0,
		aRow: g.LDA, aStep: 1, cRow: g.LDC,
		alpha: g.Alpha,
	}
	if g.TransA {
		p.aRow, p.aStep = 1, g.LDA
	}
	if p.k > 0 {
		p.a = g.A[i0*p.aRow+k0*p.aStep:]
	}
	lay := layouts[active]
	if lay.contiguous && g.TransA && p.k > 0 {
		p.a, p.aRow, p.aStep = g.contiguousA(ws, i0, i1, k0, k1), p.k, 1
	}
	first := k0 == 0
	for c := range lay.columns(g.N) {
		p.b, p.bStep = b.panel(c, p.k)
		p.c = out[i0*g.LDC+c.start:]
		p.d, p.bias = nil, nil
		switch {
		case !first:
			p.d, p.dRow, p.beta = p.c, g.LDC, 1
		case g.D != nil && g.Beta != 0:
			p.d, p.dRow, p.beta = g.D[i0*g.LDD+c.start:], g.LDD, g.Beta
		}
		if first && g.Bias != nil {
			p.bias = g.Bias[c.start:c.end]
		}
		if c.partial(lay) && !lay.masked && !g.Spill {
			p.throughEdge(ws, c, lay)
			continue
		}
		p.mask = c.mask(lay)
		runPanel(active, c.vecs, p)
	}
}

// throughEdge runs a panel that ends inside a vector in scratch memory with
// whole vectors.
func (p panel) throughEdge(ws *Workspace, c columns, lay layout) {
	width, stride := c.end-c.start, c.vecs*lay.lanes
	ws.edge = grown(ws.edge, p.rows*stride)
	c0, cRow := p.c, p.cRow
	p.c, p.cRow = ws.edge, stride
	if p.d != nil {
		for r := range p.rows {
			copy(ws.edge[r*stride:], p.d[r*p.dRow:][:width])
		}
		p.d, p.dRow = ws.edge, stride
	}
	if p.bias != nil {
		ws.bias = grown(ws.bias, stride)
		copy(ws.bias, p.bias)
		p.bias = ws.bias
	}
	runPanel(active, c.vecs, p)
	for r := range p.rows {
		copy(c0[r*cRow:][:width], ws.edge[r*stride:])
	}
}

// activate finishes rows i0 to i1, which are in cache.
func (g *Gemm) activate(pre []float32, i0, i1 int) {
	if g.LDC == g.N {
		i, n := i0*g.LDC, (i1-i0)*g.LDC
		g.Act.apply(g.C[i:i+n], pre[i:i+n])
		return
	}
	for i := i0 * g.LDC; i < i1*g.LDC; i += g.LDC {
		g.Act.apply(g.C[i:i+g.N], pre[i:i+g.N])
	}
}
