package autograd

import (
	"fmt"
	"slices"

	"diffclip/tensor"
)

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

// Custom computes an operation of the caller's own, whose result has shape s. It panics
// where the operation has no name or no Forward, where a gradient will be wanted and it
// has no Backward, and where an input is nil.
func (t *Tape) Custom(op *CustomOp, s tensor.Shape, in ...*Var) *Var {
	if op == nil || op.Name == "" || op.Forward == nil {
		panic("autograd: Custom wants an operation with a name and a Forward")
	}
	if i := slices.Index(in, nil); i >= 0 {
		panic(fmt.Sprintf("autograd: %s: input %d of %d is nil", op.Name, i, len(in)))
	}
	y := t.result(s)
	op.Forward(t.be, y.Value, values(in))
	if n := t.record(&Op{op.Name, opCustom.backward}, y, in...); n != nil {
		if op.Backward == nil {
			panic(fmt.Sprintf("autograd: %s has no Backward, and a gradient is wanted", op.Name))
		}
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
