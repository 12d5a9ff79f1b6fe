package kern

import (
	"fmt"
	"iter"
)

// A layout says how a tier's kernels cut op(B) into panels of columns.
type layout struct {
	lanes  int  // in a vector
	vecs   int  // at most, in a panel
	masked bool // the last vector of a panel of C may be partial

	// The kernels read rows of op(A) and panels of op(B) that are contiguous.
	contiguous bool
}

var layouts = [...]layout{
	Generic: {lanes: genericWidth, vecs: 1, contiguous: true},
	NEON:    {lanes: 4, vecs: 4},
	SSE:     {lanes: 4, vecs: 6, contiguous: true},
	AVX2:    {lanes: 8, vecs: 2},
	AVX512:  {lanes: 16, vecs: 4, masked: true},
}

// columns is a panel: columns start to end of C, in vecs vectors.
type columns struct{ start, end, vecs int }

// columns cuts n columns into as few panels as can be, of nearly one width.
func (l layout) columns(n int) iter.Seq[columns] {
	return func(yield func(columns) bool) {
		vecs := (n + l.lanes - 1) / l.lanes
		panels := (vecs + l.vecs - 1) / l.vecs
		start := 0
		for i := range panels {
			v := vecs / panels
			if i < vecs%panels {
				v++
			}
			end := min(start+v*l.lanes, n)
			if !yield(columns{start, end, v}) {
				return
			}
			start = end
		}
	}
}

// padded is n rounded up to whole vectors.
func (l layout) padded(n int) int { return (n + l.lanes - 1) / l.lanes * l.lanes }

// partial reports whether the panel ends inside a vector.
func (c columns) partial(l layout) bool { return (c.end-c.start)%l.lanes != 0 }

// mask has a bit for each lane of the panel's last vector that is in C.
func (c columns) mask(l layout) uint16 {
	return uint16(1<<((c.end-c.start-1)%l.lanes+1) - 1)
}

// A blockB is the part of op(B) that one block of a reduction reads. Packed,
// it holds its panels one after the other, each row by row, the last filled up
// to whole vectors with anything; otherwise it is B itself.
type blockB struct {
	data []float32
	ldb  int // 0 if packed
	lay  layout
}

// panel returns panel c of a block of k rows, and its stride.
func (b blockB) panel(c columns, k int) (data []float32, stride int) {
	if k == 0 {
		return nil, 0
	}
	if b.ldb > 0 {
		return b.data[c.start:], b.ldb
	}
	return b.data[c.start*k:], c.vecs * b.lay.lanes
}

// operandB returns rows k0 to k1 of op(B), packed into ws only if it is
// transposed or ends inside a vector, or the kernels want it so: otherwise
// packing costs more than it gives.
func (g *Gemm) operandB(ws *Workspace, k0, k1 int) blockB {
	lay := layouts[active]
	n := lay.padded(g.N)
	if g.Packed != nil {
		return blockB{g.Packed.data[k0*n : k1*n], 0, lay}
	}
	if !g.TransB && n == g.N && !lay.contiguous {
		return blockB{g.B[min(k0*g.LDB, len(g.B)):], g.LDB, lay}
	}
	ws.pack = grown(ws.pack, (k1-k0)*n)
	packBlock(lay, ws.pack, g.B, g.LDB, k0, k1, g.N, g.TransB)
	return blockB{ws.pack, 0, lay}
}

// contiguousA returns rows i0 to i1 and steps k0 to k1 of the transpose of A in ws.
func (g *Gemm) contiguousA(ws *Workspace, i0, i1, k0, k1 int) []float32 {
	rows, k := i1-i0, k1-k0
	ws.packA = grown(ws.packA, rows*k)
	Transpose(ws.packA, k, g.A[k0*g.LDA+i0:], g.LDA, k, rows)
	return ws.packA
}

// packBlock writes rows k0 to k1 of op(B) to dst in lay's panels. It leaves
// what dst holds past the last column: no kernel stores what comes of that.
func packBlock(lay layout, dst, b []float32, ldb, k0, k1, n int, trans bool) {
	if k0 == k1 {
		return
	}
	for c := range lay.columns(n) {
		width, stride := c.end-c.start, c.vecs*lay.lanes
		d := dst[c.start*(k1-k0):]
		if trans {
			Transpose(d, stride, b[c.start*ldb+k0:], ldb, width, k1-k0)
			continue
		}
		for k := range k1 - k0 {
			copy(d[k*stride:], b[(k0+k)*ldb+c.start:][:width])
		}
	}
}

// Packed is a matrix op(B) in the order in which the active tier's kernels
// read it. A weight is packed when it changes, not at each use.
type Packed struct {
	K, N int

	tier Tier
	data []float32 // a block of the reduction after the other, each like blockB
}

// Pack fills p with the k x n matrix op(B): b itself at stride ldb or, if
// trans, the transpose of the n x k matrix b. It allocates only if p has no
// room yet. A product with p panics once another tier has been made active.
func (p *Packed) Pack(b []float32, ldb, k, n int, trans bool) {
	rows, cols := k, n
	if trans {
		rows, cols = n, k
	}
	if k < 0 || n < 0 || rows > 0 && cols > 0 && (ldb < cols || len(b) < (rows-1)*ldb+cols) {
		panic(fmt.Sprintf("kern: Pack: b holds %d elements at stride %d, want %d x %d", len(b), ldb, rows, cols))
	}
	lay := layouts[active]
	p.K, p.N, p.tier = k, n, active
	p.data = grown(p.data, k*lay.padded(n))
	depth := depthBlock(k)
	for k0 := 0; k0 < k; k0 += depth {
		k1 := min(k0+depth, k)
		packBlock(lay, p.data[k0*lay.padded(n):], b, ldb, k0, k1, n, trans)
	}
}
