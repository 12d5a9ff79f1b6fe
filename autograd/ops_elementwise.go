package autograd

import "diffclip/tensor"

// unaryOps maps each element-wise function to its registered operation.
var unaryOps = func() (ops [8]*Op) {
	for u := tensor.ReLU; u <= tensor.Square; u++ {
		ops[u] = register(u.String(), unaryBackward)
	}
	return ops
}()

func (t *Tape) unary(u tensor.UnaryOp, x *Var) *Var {
	y := t.result(x.Shape())
	t.be.Unary(u, y.Value, x.Value)
	if n := t.record(unaryOps[u], y, x); n != nil {
		n.ints[0] = int(u)
	}
	return y
}

func unaryBackward(t *Tape, n *node) {
	if dx, acc := t.gradOf(n.in[0]); dx != nil {
		t.be.UnaryBackward(tensor.UnaryOp(n.ints[0]), dx, n.out.grad, n.in[0].Value, n.out.Value, acc)
	}
}

// ReLU is max(x, 0).
func (t *Tape) ReLU(x *Var) *Var { return t.unary(tensor.ReLU, x) }

// GELU is x·Φ(x), with the exact error function.
func (t *Tape) GELU(x *Var) *Var { return t.unary(tensor.GELU, x) }

// QuickGELU is CLIP's x·sigmoid(1.702x).
func (t *Tape) QuickGELU(x *Var) *Var { return t.unary(tensor.QuickGELU, x) }

// SiLU is x·sigmoid(x).
func (t *Tape) SiLU(x *Var) *Var { return t.unary(tensor.SiLU, x) }

// Sigmoid is 1/(1+exp(-x)).
func (t *Tape) Sigmoid(x *Var) *Var { return t.unary(tensor.Sigmoid, x) }

// Tanh is the hyperbolic tangent.
func (t *Tape) Tanh(x *Var) *Var { return t.unary(tensor.Tanh, x) }

// Exp is eˣ.
func (t *Tape) Exp(x *Var) *Var { return t.unary(tensor.Exp, x) }

// Square is x².
func (t *Tape) Square(x *Var) *Var { return t.unary(tensor.Square, x) }

var (
	opAdd = register("Add", func(t *Tape, n *node) { addBackward(t, n, 1) })
	opSub = register("Sub", func(t *Tape, n *node) { addBackward(t, n, -1) })
	opMul = register("Mul", mulBackward)
)

func (t *Tape) binary(b tensor.BinaryOp, op *Op, x, y *Var) *Var {
	z := t.result(x.Shape())
	t.be.Binary(b, z.Value, x.Value, y.Value)
	t.record(op, z, x, y)
	return z
}

// Add is x + y. y's shape is a suffix of x's: a bias row, a positional table or
// a single element is repeated over the leading dimensions.
func (t *Tape) Add(x, y *Var) *Var { return t.binary(tensor.Add, opAdd, x, y) }

// Sub is x - y, broadcast as in Add.
func (t *Tape) Sub(x, y *Var) *Var { return t.binary(tensor.Sub, opSub, x, y) }

// Mul is x · y element by element, broadcast as in Add.
func (t *Tape) Mul(x, y *Var) *Var { return t.binary(tensor.Mul, opMul, x, y) }

// addBackward handles x + s·y.
func addBackward(t *Tape, n *node, s float32) {
	x, y, dz := n.in[0], n.in[1], n.out.grad
	if y.needs {
		dy := t.sumGrad(y)
		if y.Value.Len() == x.Value.Len() {
			t.be.Axpy(dy, s, dz)
		} else if s == 1 {
			t.be.SumLeading(dy, dz)
		} else {
			tmp := t.be.Get(y.Shape())
			t.be.Fill(tmp, 0)
			t.be.SumLeading(tmp, dz)
			t.be.Axpy(dy, s, tmp)
			t.be.Put(tmp)
		}
	}
	t.passGrad(x, n.out)
}

func mulBackward(t *Tape, n *node) {
	x, y, dz := n.in[0], n.in[1], n.out.grad
	if dy := t.sumGrad(y); dy != nil {
		t.be.DotLeading(dy, dz, x.Value)
	}
	if dx, acc := t.gradOf(x); dx != nil {
		if acc {
			t.be.MulAcc(dx, dz, y.Value)
		} else {
			t.be.Binary(tensor.Mul, dx, dz, y.Value)
		}
	}
}

var opScale = register("Scale", func(t *Tape, n *node) {
	if dx, acc := t.gradOf(n.in[0]); acc {
		t.be.Axpy(dx, n.f, n.out.grad)
	} else {
		t.be.Scale(dx, n.out.grad, n.f)
	}
})

// Scale is s·x for a constant s.
func (t *Tape) Scale(x *Var, s float32) *Var {
	y := t.result(x.Shape())
	t.be.Scale(y.Value, x.Value, s)
	if n := t.record(opScale, y, x); n != nil {
		n.f = s
	}
	return y
}

var opSum = register("Sum", func(t *Tape, n *node) {
	dx, acc := t.gradOf(n.in[0])
	t.be.AddScalar(dx, n.out.grad, n.f, acc)
})

// Sum is the sum of all elements, a scalar.
func (t *Tape) Sum(x *Var) *Var { return t.scaledSum(x, 1) }

// Mean is the mean of all elements, a scalar; x must not be empty.
func (t *Tape) Mean(x *Var) *Var {
	if x.Value.Len() == 0 {
		fail("Mean", "of nothing", x)
	}
	return t.scaledSum(x, 1/float32(x.Value.Len()))
}

func (t *Tape) scaledSum(x *Var, s float32) *Var {
	y := t.result(tensor.Of())
	t.be.Sum(y.Value, x.Value, s)
	if n := t.record(opSum, y, x); n != nil {
		n.f = s
	}
	return y
}
