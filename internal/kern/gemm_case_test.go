package kern

import (
	"math"
	"math/rand/v2"
	"testing"
)

// guardWord stands between the columns of a matrix and its stride.
var guardWord = math.Float32frombits(0x7fc0dead)

// A matrix lies on memory of its own, behind whose last element is a fault.
type matrix struct {
	data       []float32
	rows, cols int
	ld         int
	trans      bool
}

func guardedUntilEnd(t testing.TB, n int) []float32 {
	data, free := guarded(t, n)
	t.Cleanup(free)
	return data
}

// newMatrix returns random numbers between -1 and 1, as op(X) of rows x cols.
func newMatrix(t testing.TB, rng *rand.Rand, rows, cols int, trans bool) *matrix {
	if trans {
		rows, cols = cols, rows
	}
	m := &matrix{rows: rows, cols: cols, ld: cols + rng.IntN(3)*rng.IntN(20), trans: trans}
	n := 0
	if rows > 0 && cols > 0 {
		n = (rows-1)*m.ld + cols
	}
	m.data = guardedUntilEnd(t, n)
	for i := range m.data {
		m.data[i] = guardWord
		if i%m.ld < cols {
			m.data[i] = rng.Float32()*2 - 1
		}
	}
	return m
}

// at is an element of op(X).
func (m *matrix) at(i, j int) float64 {
	if m.trans {
		i, j = j, i
	}
	return float64(m.data[i*m.ld+j])
}

// intact reports whether nothing was written between columns and stride.
func (m *matrix) intact() bool {
	for i, v := range m.data {
		if i%m.ld >= m.cols && math.Float32bits(v) != math.Float32bits(guardWord) {
			return false
		}
	}
	return true
}

type gemmOptions struct {
	transA, transB, packed bool
	alpha, beta            float32
	inPlace, bias, pre     bool // inPlace: D is C
	act                    Activation
}

// A gemmCase is a product and what it must give.
type gemmCase struct {
	Gemm
	c, pre   *matrix
	memory   []*matrix
	want     []float64 // before the activation
	tolerate []float64 // how far rounding may take each element from it
}

func newGemmCase(t testing.TB, rng *rand.Rand, m, n, k int, o gemmOptions) *gemmCase {
	c := &gemmCase{}
	alloc := func(rows, cols int, trans bool) *matrix {
		x := newMatrix(t, rng, rows, cols, trans)
		c.memory = append(c.memory, x)
		return x
	}
	a, b := alloc(m, k, o.transA), alloc(k, n, o.transB)
	c.c = alloc(m, n, false)
	c.Gemm = Gemm{
		M: m, N: n, K: k,
		A: a.data, LDA: a.ld, TransA: o.transA,
		B: b.data, LDB: b.ld, TransB: o.transB,
		C: c.c.data, LDC: c.c.ld,
		Alpha: o.alpha, Beta: o.beta, Act: o.act,
	}
	d, bias := c.c, (*matrix)(nil)
	if o.beta != 0 {
		if !o.inPlace {
			d = alloc(m, n, false)
		}
		c.D, c.LDD = d.data, d.ld
	}
	if o.bias {
		bias = alloc(1, n, false)
		c.Bias = bias.data
	}
	if o.pre {
		c.pre = c.c.clone(t)
		c.memory = append(c.memory, c.pre)
		c.Pre = c.pre.data
	}
	if o.packed {
		c.Packed = &Packed{}
		c.Packed.Pack(b.data, b.ld, k, n, o.transB)
		c.B = nil
	}
	c.reference(a, b, d, bias)
	return c
}

func (m *matrix) clone(t testing.TB) *matrix {
	c := *m
	c.data = guardedUntilEnd(t, len(m.data))
	copy(c.data, m.data)
	return &c
}

// reference is the product in float64. Each of its k+3 roundings may add one
// unit in the last place of the sum of magnitudes.
func (c *gemmCase) reference(a, b, d, bias *matrix) {
	// Columns of op(B) in one piece make this loop several times faster.
	cols := make([][]float64, c.N)
	for j := range cols {
		cols[j] = vector64(c.K, func(k int) float64 { return b.at(k, j) })
	}
	alpha, beta := float64(c.Alpha), float64(c.Beta)
	for i := range c.M {
		row := vector64(c.K, func(k int) float64 { return a.at(i, k) })
		for j, col := range cols {
			var sum, size float64
			for k, x := range row {
				sum += x * col[k]
				size += math.Abs(x * col[k])
			}
			sum, size = alpha*sum, math.Abs(alpha)*size
			if c.D != nil {
				sum += beta * d.at(i, j)
				size += math.Abs(beta * d.at(i, j))
			}
			if bias != nil {
				sum += bias.at(0, j)
				size += math.Abs(bias.at(0, j))
			}
			c.want = append(c.want, sum)
			c.tolerate = append(c.tolerate, size*float64(c.K+3)*0x1p-24)
		}
	}
}

func vector64(n int, at func(i int) float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = at(i)
	}
	return x
}

// activate64 is the activation in float64.
func activate64(act Activation, x float64) float64 {
	switch act {
	case ReLUAct:
		return max(x, 0)
	case GELUAct:
		return x * 0.5 * math.Erfc(-x/math.Sqrt2)
	case QuickGELUAct:
		return x / (1 + math.Exp(-1.702*x))
	case SiLUAct:
		return x / (1 + math.Exp(-x))
	}
	return x
}

// check runs the product and holds it against the reference.
func (c *gemmCase) check(t *testing.T, ws *Workspace, o gemmOptions) {
	t.Helper()
	c.Run(ws)
	for i := range c.M {
		for j := range c.N {
			want, tol := c.want[i*c.N+j], c.tolerate[i*c.N+j]
			if c.pre != nil && o.act != Identity {
				if got := c.pre.at(i, j); !(math.Abs(got-want) <= tol) {
					t.Fatalf("%dx%dx%d %+v: Pre[%d,%d] = %v, want %v within %.2g", c.M, c.N, c.K, o, i, j, got, want, tol)
				}
			}
			if o.act != Identity {
				// No activation is steeper than 1.2, none loses more than 4 ulp.
				want, tol = activate64(o.act, want), 1.2*tol+math.Abs(want)*0x1p-22
			}
			if got := c.c.at(i, j); !(math.Abs(got-want) <= tol) {
				t.Fatalf("%dx%dx%d %+v: C[%d,%d] = %v, want %v within %.2g", c.M, c.N, c.K, o, i, j, got, want, tol)
			}
		}
	}
	for i, m := range c.memory {
		if !m.intact() {
			t.Fatalf("%dx%dx%d %+v: matrix %d was written to past its columns", c.M, c.N, c.K, o, i)
		}
	}
}
