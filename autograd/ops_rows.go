package autograd

import (
	"fmt"

	"diffclip/tensor"
)

var opReshape = register("Reshape", func(t *Tape, n *node) { t.passGrad(n.in[0], n.out) })

// Reshape gives x another shape of the same length, without a copy.
func (t *Tape) Reshape(x *Var, dims ...int) *Var {
	s := tensor.Of(dims...)
	if s.Len() != x.Value.Len() {
		panic(&tensor.ShapeError{Op: "Reshape", Shapes: []tensor.Shape{x.Shape(), s}, Reason: "lengths differ"})
	}
	y := t.view(x, s)
	t.record(opReshape, y, x)
	return y
}

var opGatherRows = register("GatherRows", func(t *Tape, n *node) {
	dx, dfill := t.sumGrad(n.in[0]), t.sumGrad(n.in[1])
	t.be.ScatterAddRows(dx, dfill, n.out.grad, n.rows)
})

// GatherRows takes rows of x (R, D) by index: (ids.Len(), D), which may be no rows
// at all. Where an index is negative it takes fill (D), which may be nil if none
// is. ids must stay unchanged until Backward. An embedding is a GatherRows from
// its table.
func (t *Tape) GatherRows(x, fill *Var, ids tensor.Index) *Var {
	if x.Shape().Rank() < 1 {
		fail("GatherRows", "want rows", x)
	}
	y := t.result(tensor.Of(ids.Len(), x.Shape().Cols()))
	t.be.GatherRows(y.Value, x.Value, valueOf(fill), ids)
	if n := t.record(opGatherRows, y, x, fill); n != nil {
		n.rows = ids
	}
	return y
}

// block is a tensor seen around dimension d: outer slabs of size·inner elements.
func block(s tensor.Shape, d int) (outer, size, inner int) {
	outer, inner = 1, 1
	for i := range s.Rank() {
		switch {
		case i < d:
			outer *= s.Dim(i)
		case i > d:
			inner *= s.Dim(i)
		}
	}
	return outer, s.Dim(d), inner
}

var opConcat = register("Concat", func(t *Tape, n *node) {
	d := n.ints[0]
	_, total, inner := block(n.out.Shape(), d)
	off := 0
	for _, x := range n.list {
		outer, size, _ := block(x.Shape(), d)
		if dx, acc := t.gradOf(x); dx != nil {
			t.be.Copy2D(dx, 0, size*inner, n.out.grad, off*inner, total*inner, outer, size*inner, acc)
		}
		off += size
	}
})

// Concat joins at least one tensor along dimension d; the other dimensions agree.
func (t *Tape) Concat(d int, xs ...*Var) *Var {
	if len(xs) == 0 || d < 0 || d >= xs[0].Shape().Rank() {
		fail("Concat", fmt.Sprintf("no dimension %d", d), xs...)
	}
	total := 0
	for _, x := range xs {
		if x.Shape().Rank() != xs[0].Shape().Rank() || x.Shape().WithDim(d, 0) != xs[0].Shape().WithDim(d, 0) {
			fail("Concat", "all dimensions but the joined one must agree", xs...)
		}
		total += x.Dim(d)
	}
	y := t.result(xs[0].Shape().WithDim(d, total))
	_, _, inner := block(y.Shape(), d)
	off := 0
	for _, x := range xs {
		outer, size, _ := block(x.Shape(), d)
		t.be.Copy2D(y.Value, off*inner, total*inner, x.Value, 0, size*inner, outer, size*inner, false)
		off += size
	}
	if n := t.record(opConcat, y, xs...); n != nil {
		n.ints[0] = d
		if len(n.list) == 0 {
			n.list = append(n.list, xs...)
			n.in = [4]*Var{}
		}
	}
	return y
}

var opSlice = register("Slice", func(t *Tape, n *node) {
	x, d, from := n.in[0], n.ints[0], n.ints[1]
	outer, total, inner := block(x.Shape(), d)
	_, size, _ := block(n.out.Shape(), d)
	dx := t.sumGrad(x)
	t.be.Copy2D(dx, from*inner, total*inner, n.out.grad, 0, size*inner, outer, size*inner, true)
})

// Slice takes the part [from, to) of dimension d.
func (t *Tape) Slice(x *Var, d, from, to int) *Var {
	if d < 0 || d >= x.Shape().Rank() || from < 0 || to < from || to > x.Dim(d) {
		fail("Slice", "range outside of the dimension", x)
	}
	y := t.result(x.Shape().WithDim(d, to-from))
	outer, total, inner := block(x.Shape(), d)
	size := to - from
	t.be.Copy2D(y.Value, 0, size*inner, x.Value, from*inner, total*inner, outer, size*inner, false)
	if n := t.record(opSlice, y, x); n != nil {
		n.ints = [4]int{d, from}
	}
	return y
}
