package tensor

import "diffclip/internal/kern"

// rowGrain is how many rows of a matrix product make a chunk: about a
// millisecond's work, and a multiple of every tier's tile height.
const rowGrain = 192

var kernAct = [...]kern.Activation{
	NoAct: kern.Identity, ActReLU: kern.ReLUAct, ActGELU: kern.GELUAct, ActQuickGELU: kern.QuickGELUAct, ActSiLU: kern.SiLUAct,
}

type linearJob struct {
	dst, pre, x, bias, residual []float32
	w                           *kern.Packed
	in, out                     int
	act                         Activation
}

func (j *linearJob) run(w *worker, lo, hi int) {
	g := kern.Gemm{
		M: hi - lo, N: j.out, K: j.in, Alpha: 1,
		A: j.x[lo*j.in : hi*j.in], LDA: j.in,
		Packed: j.w,
		C:      j.dst[lo*j.out : hi*j.out], LDC: j.out,
		Bias: j.bias, Act: kernAct[j.act],
	}
	if j.residual != nil {
		g.D, g.LDD, g.Beta = j.residual[lo*j.out:hi*j.out], j.out, 1
	}
	if j.pre != nil {
		g.Pre = j.pre[lo*j.out : hi*j.out]
	}
	g.Run(&w.gemm)
}

func data(t *Tensor) []float32 {
	if t == nil {
		return nil
	}
	return t.Data
}

// Linear is dst = act(x·Wᵀ + bias) + residual.
func (b *CPU) Linear(dst, pre, x *Tensor, w *Weight, bias *Tensor, act Activation, residual *Tensor) {
	in, out, rows := w.Dim(1), w.Dim(0), x.Rows()
	checks.Linear(dst, pre, x, w, bias, act, residual)
	b.jobs.linear = linearJob{dst.Data, data(pre), x.Data, data(bias), data(residual), w.transposed(), in, out, act}
	b.do(rows, rowGrain, &b.jobs.linear)
}

// ActBackward is dy = dy·act'(pre), in place.
func (b *CPU) ActBackward(act Activation, dy, pre *Tensor) {
	op := [...]UnaryOp{ActReLU: ReLU, ActGELU: GELU, ActQuickGELU: QuickGELU, ActSiLU: SiLU}
	if act != NoAct {
		b.UnaryBackward(op[act], dy, dy, pre, pre, false)
	}
}

type linearInputJob struct {
	dx, dy, w []float32
	in, out   int
	beta      float32
}

func (j *linearInputJob) run(w *worker, lo, hi int) {
	dx := j.dx[lo*j.in : hi*j.in]
	g := kern.Gemm{
		M: hi - lo, N: j.in, K: j.out, Alpha: 1,
		A: j.dy[lo*j.out : hi*j.out], LDA: j.out,
		B: j.w, LDB: j.in,
		C: dx, LDC: j.in,
	}
	if j.beta != 0 {
		g.D, g.LDD, g.Beta = dx, j.in, j.beta
	}
	g.Run(&w.gemm)
}

// LinearBackwardInput is dx (+)= dy·W.
func (b *CPU) LinearBackwardInput(dx, dy *Tensor, w *Weight, acc bool) {
	in, out := w.Dim(1), w.Dim(0)
	checks.LinearBackwardInput(dx, dy, w)
	b.jobs.linearInput = linearInputJob{dx.Data, dy.Data, w.Data, in, out, beta(acc)}
	b.do(dx.Rows(), rowGrain, &b.jobs.linearInput)
}

func beta(acc bool) float32 {
	if acc {
		return 1
	}
	return 0
}

type linearWeightJob struct {
	dw, dy, x     []float32
	rows, in, out int
	beta          float32
}

// run computes rows lo..hi of dW: the reduction over the batch is not cut, so
// nothing has to be added up across threads.
func (j *linearWeightJob) run(w *worker, lo, hi int) {
	dw := j.dw[lo*j.in : hi*j.in]
	g := kern.Gemm{
		M: hi - lo, N: j.in, K: j.rows, Alpha: 1,
		A: j.dy[lo:], LDA: j.out, TransA: true,
		B: j.x, LDB: j.in,
		C: dw, LDC: j.in,
	}
	if j.beta != 0 {
		g.D, g.LDD, g.Beta = dw, j.in, j.beta
	}
	g.Run(&w.gemm)
}

// LinearBackwardWeight is dw (+)= dyᵀ·x, dbias += Σ dy.
func (b *CPU) LinearBackwardWeight(dw, dbias, dy, x *Tensor, acc bool) {
	in, out, rows := x.Cols(), dy.Cols(), x.Rows()
	checks.LinearBackwardWeight(dw, dbias, dy, x)
	if rows == 0 {
		if !acc {
			b.Fill(dw, 0)
		}
		return
	}
	b.jobs.linearWeight = linearWeightJob{dw.Data, dy.Data, x.Data, rows, in, out, beta(acc)}
	b.do(out, 24, &b.jobs.linearWeight)
	if dbias != nil {
		b.addColSums(dbias.Data, dy.Data, rows, out)
	}
}

type matmulJob struct {
	g          kern.Gemm
	sa, sb, sc int // elements between one matrix and the next
	a, b, c    []float32
}

func (j *matmulJob) run(w *worker, lo, hi int) {
	for i := lo; i < hi; i++ {
		g := j.g
		g.A, g.B, g.C = j.a[i*j.sa:(i+1)*j.sa], j.b[i*j.sb:(i+1)*j.sb], j.c[i*j.sc:(i+1)*j.sc]
		if g.Beta != 0 {
			g.D, g.LDD = g.C, g.LDC
		}
		g.Run(&w.gemm)
	}
}

// matmulRowsJob is a single product, cut by its rows.
type matmulRowsJob struct{ g kern.Gemm }

func (j *matmulRowsJob) run(w *worker, lo, hi int) {
	g := j.g
	g.M, g.C = hi-lo, g.C[lo*g.LDC:hi*g.LDC]
	switch {
	case g.K == 0: // a sum over nothing: there are no columns to begin from
	case g.TransA:
		g.A = g.A[lo:]
	default:
		g.A = g.A[lo*g.LDA : hi*g.LDA]
	}
	if g.Beta != 0 {
		g.D, g.LDD = g.C, g.LDC
	}
	g.Run(&w.gemm)
}

// MatMul is dst = alpha·op(x)·op(y) + beta·dst, batched over the first
// dimension where the rank is 3.
func (b *CPU) MatMul(dst, x, y *Tensor, transA, transB bool, alpha, beta float32) {
	batch, m, n, k := checks.MatMul(dst, x, y, transA, transB)
	g := kern.Gemm{
		M: m, N: n, K: k, Alpha: alpha, Beta: beta,
		LDA: x.Cols(), TransA: transA, LDB: y.Cols(), TransB: transB, LDC: n,
	}
	if batch == 1 {
		g.A, g.B, g.C = x.Data, y.Data, dst.Data
		b.jobs.matmulRows = matmulRowsJob{g}
		b.do(m, rowGrain, &b.jobs.matmulRows)
		return
	}
	b.jobs.matmul = matmulJob{g: g, sa: m * k, sb: k * n, sc: m * n, a: x.Data, b: y.Data, c: dst.Data}
	b.do(batch, 1, &b.jobs.matmul)
}

// Transpose swaps the last two dimensions.
func (b *CPU) Transpose(dst, x *Tensor) {
	checks.Transpose(dst, x)
	r, c := x.Dim(-2), x.Dim(-1)
	for i := 0; i < x.Len(); i += r * c {
		kern.Transpose(dst.Data[i:i+r*c], r, x.Data[i:i+r*c], c, r, c)
	}
}
