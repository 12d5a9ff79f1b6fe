package autograd

import "diffclip/tensor"

// Activation is what a linear layer ends with.
type Activation = tensor.Activation

// The activations of LinearAct.
const (
	NoAct        = tensor.NoAct
	ActReLU      = tensor.ActReLU
	ActGELU      = tensor.ActGELU
	ActQuickGELU = tensor.ActQuickGELU
	ActSiLU      = tensor.ActSiLU
)

var opLinear = register("Linear", linearBackward)

// Linear is x·Wᵀ + b: x (..., in), w a parameter (out, in), b a parameter (out)
// or nil; the result is (..., out).
func (t *Tape) Linear(x, w, b *Var) *Var { return t.linear(x, w, b, NoAct, nil) }

// LinearAct is act(x·Wᵀ + b).
func (t *Tape) LinearAct(x, w, b *Var, act Activation) *Var { return t.linear(x, w, b, act, nil) }

// LinearAdd is x·Wᵀ + b + residual, the end of a residual branch.
func (t *Tape) LinearAdd(x, w, b, residual *Var) *Var { return t.linear(x, w, b, NoAct, residual) }

func (t *Tape) linear(x, w, b *Var, act Activation, residual *Var) *Var {
	if w.param == nil || w.Value.Rank() != 2 || x.Shape().Rank() < 1 {
		fail("Linear", "want x (..., in) and as weight a parameter (out, in)", x, w, b)
	}
	y := t.result(x.Shape().WithDim(-1, w.Dim(0)))
	var pre *tensor.Tensor
	if act != NoAct && t.recording() {
		pre = t.be.Get(y.Shape())
	}
	t.be.Linear(y.Value, pre, x.Value, w.param.weight, valueOf(b), act, valueOf(residual))
	n := t.record(opLinear, y, x, w, b, residual)
	if n != nil {
		n.ints[0] = int(act)
	}
	t.save(n, pre)
	return y
}

func linearBackward(t *Tape, n *node) {
	x, w, b, residual, dy := n.in[0], n.in[1], n.in[2], n.in[3], n.out.grad
	if act := Activation(n.ints[0]); act != NoAct {
		if n.out.lent || t.KeepGrads { // it is not ours to change
			dy = t.be.Get(dy.Shape)
			defer t.be.Put(dy)
			size := dy.Len()
			t.be.Copy2D(dy, 0, size, n.out.grad, 0, size, 1, size, false)
		}
		t.be.ActBackward(act, dy, n.saved[0])
	}
	dw, acc := t.gradOf(w)
	db := t.sumGrad(b)
	switch {
	case dw != nil:
		t.be.LinearBackwardWeight(dw, db, dy, x.Value, acc)
	case db != nil:
		t.be.SumLeading(db, dy)
	}
	if dx, acc := t.gradOf(x); dx != nil {
		t.be.LinearBackwardInput(dx, dy, w.param.weight, acc)
	}
	t.passGrad(residual, n.out)
}

var opMatMul = register("MatMul", matMulBackward)

// MatMul is op(x)·op(y), for two matrices or for each pair of two batches of
// matrices; transX and transY transpose the last two dimensions.
func (t *Tape) MatMul(x, y *Var, transX, transY bool) *Var {
	if x.Shape().Rank() < 2 || y.Shape().Rank() != x.Shape().Rank() {
		fail("MatMul", "want two matrices or two batches of matrices", x, y)
	}
	m, k := x.Dim(-2), y.Dim(-1)
	if transX {
		m = x.Dim(-1)
	}
	if transY {
		k = y.Dim(-2)
	}
	z := t.result(x.Shape().WithDim(-2, m).WithDim(-1, k))
	t.be.MatMul(z.Value, x.Value, y.Value, transX, transY, 1, 0)
	if n := t.record(opMatMul, z, x, y); n != nil {
		n.ints = [4]int{toInt(transX), toInt(transY)}
	}
	return z
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func matMulBackward(t *Tape, n *node) {
	x, y, dz := n.in[0], n.in[1], n.out.grad
	tx, ty := n.ints[0] == 1, n.ints[1] == 1
	if dx, acc := t.gradOf(x); dx != nil {
		beta := float32(toInt(acc))
		if tx { // dX = op(Y)·dZᵀ
			t.be.MatMul(dx, y.Value, dz, ty, true, 1, beta)
		} else { // dX = dZ·op(Y)ᵀ
			t.be.MatMul(dx, dz, y.Value, false, !ty, 1, beta)
		}
	}
	if dy, acc := t.gradOf(y); dy != nil {
		beta := float32(toInt(acc))
		if ty { // dY = dZᵀ·op(X)
			t.be.MatMul(dy, dz, x.Value, true, tx, 1, beta)
		} else { // dY = op(X)ᵀ·dZ
			t.be.MatMul(dy, x.Value, dz, !tx, false, 1, beta)
		}
	}
}

var opTranspose = register("Transpose", func(t *Tape, n *node) {
	dx, acc := t.gradOf(n.in[0])
	t.accumulate(dx, acc, func(g *tensor.Tensor) { t.be.Transpose(g, n.out.grad) })
})

// Transpose swaps the last two dimensions.
func (t *Tape) Transpose(x *Var) *Var {
	if x.Shape().Rank() < 2 {
		fail("Transpose", "want at least a matrix", x)
	}
	y := t.result(x.Shape().WithDim(-2, x.Dim(-1)).WithDim(-1, x.Dim(-2)))
	t.be.Transpose(y.Value, x.Value)
	t.record(opTranspose, y, x)
	return y
}
