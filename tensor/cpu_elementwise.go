package tensor

import (
	"math"

	"diffclip/internal/kern"
)

// elementGrain is how many elements make a chunk worth a thread's while.
const elementGrain = 1 << 14

type unaryJob struct {
	op     UnaryOp
	dst, x []float32
}

func (j *unaryJob) run(_ *worker, lo, hi int) {
	dst, x := j.dst[lo:hi], j.x[lo:hi]
	switch j.op {
	case ReLU:
		kern.ReLU(dst, x)
	case GELU:
		kern.GELU(dst, x)
	case QuickGELU:
		kern.QuickGELU(dst, x)
	case SiLU:
		kern.SiLU(dst, x)
	case Sigmoid:
		kern.Sigmoid(dst, x)
	case Tanh:
		for i, v := range x {
			dst[i] = float32(math.Tanh(float64(v)))
		}
	case Exp:
		kern.Exp(dst, x)
	case Square:
		kern.Mul(dst, x, x)
	}
}

// Unary is dst = op(x).
func (b *CPU) Unary(op UnaryOp, dst, x *Tensor) {
	checks.Unary(op, dst, x)
	b.jobs.unary = unaryJob{op, dst.Data, x.Data}
	b.do(dst.Len(), elementGrain, &b.jobs.unary)
}

type unaryBackwardJob struct {
	op           UnaryOp
	dx, dy, x, y []float32
	acc          bool
}

func (j *unaryBackwardJob) run(w *worker, lo, hi int) {
	dy, x, y, out := j.dy[lo:hi], j.x[lo:hi], j.y[lo:hi], j.dx[lo:hi]
	g := out
	if j.acc {
		g = w.floats(hi - lo)
	}
	switch j.op {
	case ReLU:
		kern.ReLUBackward(g, dy, y)
	case GELU:
		kern.GELUBackward(g, dy, x)
	case QuickGELU:
		kern.QuickGELUBackward(g, dy, x)
	case SiLU:
		kern.SiLUBackward(g, dy, x)
	case Sigmoid:
		for i, s := range y {
			g[i] = dy[i] * s * (1 - s)
		}
	case Tanh:
		for i, t := range y {
			g[i] = dy[i] * (1 - float32(t*t))
		}
	case Exp:
		kern.Mul(g, dy, y)
	case Square:
		kern.Mul(g, dy, x)
		kern.Scale(g, g, 2)
	}
	if j.acc {
		kern.Add(out, out, g)
	}
}

// UnaryBackward is dx (+)= dy · op'(x).
func (b *CPU) UnaryBackward(op UnaryOp, dx, dy, x, y *Tensor, acc bool) {
	checks.UnaryBackward(op, dx, dy, x, y)
	b.jobs.unaryBackward = unaryBackwardJob{op, dx.Data, dy.Data, x.Data, y.Data, acc}
	b.do(dx.Len(), elementGrain, &b.jobs.unaryBackward)
}

type binaryJob struct {
	op     BinaryOp
	dst, a []float32
	b      []float32 // repeated
}

func (j *binaryJob) run(_ *worker, lo, hi int) {
	n := len(j.b)
	for row := lo; row < hi; row++ {
		dst, a := j.dst[row*n:(row+1)*n], j.a[row*n:(row+1)*n]
		switch j.op {
		case Add:
			kern.Add(dst, a, j.b)
		case Sub:
			kern.Sub(dst, a, j.b)
		case Mul:
			kern.Mul(dst, a, j.b)
		}
	}
}

// Binary is dst = op(a, b), b repeated over a's leading dimensions.
func (b *CPU) Binary(op BinaryOp, dst, x, y *Tensor) {
	checks.Binary(op, dst, x, y)
	if dst.Len() == 0 {
		return
	}
	n := y.Len()
	if n == 1 && op != Sub { // a scalar operand: do not loop over single elements
		if op == Mul {
			kern.Scale(dst.Data, x.Data, y.Data[0])
			return
		}
		for i, v := range x.Data {
			dst.Data[i] = v + y.Data[0]
		}
		return
	}
	b.jobs.binary = binaryJob{op, dst.Data, x.Data, y.Data}
	b.do(x.Len()/n, max(1, elementGrain/n), &b.jobs.binary)
}

// Scale is dst = s·x.
func (b *CPU) Scale(dst, x *Tensor, s float32) {
	checks.Scale(dst, x)
	kern.Scale(dst.Data, x.Data, s)
}

// Axpy is y += s·x.
func (b *CPU) Axpy(y *Tensor, s float32, x *Tensor) {
	checks.Axpy(y, x)
	kern.Axpy(s, x.Data, y.Data)
}

// AxpyBy is y += s[0]·x.
func (b *CPU) AxpyBy(y, s, x *Tensor) {
	checks.AxpyBy(y, s, x)
	b.Axpy(y, s.Data[0], x)
}

// MulAcc is dst += x·y with y broadcast.
func (b *CPU) MulAcc(dst, x, y *Tensor) {
	checks.MulAcc(dst, x, y)
	n := y.Len()
	for i := 0; i < dst.Len(); i += n {
		kern.MulAdd(dst.Data[i:i+n], x.Data[i:i+n], y.Data)
	}
}

// ScaleByScalar is dst = x·s[0].
func (b *CPU) ScaleByScalar(dst, x, s *Tensor) {
	checks.ScaleByScalar(dst, x, s)
	if s.Data[0] == 1 && dst == x {
		return
	}
	kern.Scale(dst.Data, x.Data, s.Data[0])
}

// SumLeading is dst += the sum of x over leading dimensions.
func (b *CPU) SumLeading(dst, x *Tensor) {
	checks.SumLeading(dst, x)
	if n := dst.Len(); x.Len() > 0 {
		b.addColSums(dst.Data, x.Data, x.Len()/n, n)
	}
}

// DotLeading is dst += the sum of x·y over leading dimensions.
func (b *CPU) DotLeading(dst, x, y *Tensor) {
	checks.DotLeading(dst, x, y)
	n := dst.Len()
	if x.Len() == 0 {
		return
	}
	if n == 1 {
		dst.Data[0] += float32(blockSum(len(x.Data), func(lo, hi int) float32 { return kern.Dot(x.Data[lo:hi], y.Data[lo:hi]) }))
		return
	}
	kern.ColDot(dst.Data, x.Data, y.Data, n, n, x.Len()/n, n)
}

type colSumJob struct {
	x           []float32
	cols, grain int
	part        []float32
}

func (j *colSumJob) run(_ *worker, lo, hi int) {
	c := lo / j.grain
	kern.ColSum(j.part[c*j.cols:(c+1)*j.cols], j.x[lo*j.cols:hi*j.cols], j.cols, hi-lo, j.cols)
}

// addColSums is dst[c] += Σ_r x[r,c], in fixed chunks of rows.
func (b *CPU) addColSums(dst, x []float32, rows, cols int) {
	grain := b.reductionGrain(rows, rowsTogether)
	if rows <= grain {
		kern.ColSum(dst, x, cols, rows, cols)
		return
	}
	part := b.partials(rows, grain, cols)
	b.jobs.colSum = colSumJob{x, cols, grain, part}
	b.do(rows, grain, &b.jobs.colSum)
	for c := 0; c < len(part); c += cols {
		kern.Add(dst, dst, part[c:c+cols])
	}
}

// blockSum adds up f over blocks of 4096 elements in float64.
func blockSum(n int, f func(lo, hi int) float32) float64 {
	const block = 4096
	var sum float64
	for lo := 0; lo < n; lo += block {
		sum += float64(f(lo, min(lo+block, n)))
	}
	return sum
}

// Sum is dst[0] = s·Σx.
func (b *CPU) Sum(dst, x *Tensor, s float32) {
	checks.Sum(dst, x)
	dst.Data[0] = float32(float64(s) * blockSum(x.Len(), func(lo, hi int) float32 { return kern.Sum(x.Data[lo:hi]) }))
}

// AddScalar is dst (+)= s·v[0].
func (b *CPU) AddScalar(dst, v *Tensor, s float32, acc bool) {
	checks.AddScalar(v)
	g := s * v.Data[0]
	if !acc {
		kern.Fill(dst.Data, g)
		return
	}
	for i := range dst.Data {
		dst.Data[i] += g
	}
}
