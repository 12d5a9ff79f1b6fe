package autograd

import "diffclip/tensor"

// CustomOp is an operation that a Tape has no method for. Its functions keep nothing
// from call to call: Recompute calls Forward twice, Shards calls both on several
// goroutines. They compute with be or in loops over Data; on a device tensors have
// none, but Read and Write copy their values. Package gradcheck holds an operation
// against differences: see Case.
type CustomOp struct {
	Name string // for WriteGraph and NonFinite

	// Forward writes the result to y, which may hold anything.
	Forward func(be tensor.Backend, y *tensor.Tensor, x []*tensor.Tensor)
	// Backward adds to dx[i] the gradient of the loss with respect to x[i], given that
	// with respect to y; dx[i] is nil where none is wanted. It changes nothing else.
	Backward func(be tensor.Backend, dx []*tensor.Tensor, dy, y *tensor.Tensor, x []*tensor.Tensor)
}

var opCustom *Op

func init() { opCustom = register("Custom", customBackward) }

// Custom computes an operation of the caller's own, whose result has shape s.
func (t *Tape) Custom(op *CustomOp, s tensor.Shape, in ...*Var) *Var {
	y := t.result(s)
	op.Forward(t.be, y.Value, values(in))
	if n := t.record(&Op{op.Name, opCustom.backward}, y, in...); n != nil {
		n.custom, n.ints[0] = op, len(in)
	}
	return y
}

func values(in []*Var) []*tensor.Tensor {
	x := make([]*tensor.Tensor, len(in))
	for i, v := range in {
		x[i] = v.Value
	}
	return x
}

func customBackward(t *Tape, n *node) {
	in := n.list
	if len(in) == 0 {
		in = n.in[:n.ints[0]]
	}
	dx := make([]*tensor.Tensor, len(in))
	for i, v := range in {
		dx[i] = t.sumGrad(v)
	}
	n.custom.Backward(t.be, dx, n.out.grad, n.out.Value, values(in))
}
