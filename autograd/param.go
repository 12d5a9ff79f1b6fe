package autograd

import (
	"fmt"
	"sync/atomic"

	"diffclip/tensor"
)

var paramCount atomic.Int64

// Param is a trained tensor: its value, its gradient, and the name it has in a
// state dict. Gradients accumulate until they are cleared.
type Param struct {
	Name  string
	Value *tensor.Tensor
	Grad  *tensor.Tensor // same shape; nil until the first backward pass that reaches it

	// Frozen parameters take part in the forward pass but get no gradient.
	Frozen bool

	id     int
	weight *tensor.Weight // of a matrix

	base  *Param // of which this is a range of rows
	from  int    // first element in base
	views []*Param
}

// NewParam returns a parameter with the given value.
func NewParam(name string, value *tensor.Tensor) *Param {
	p := &Param{Name: name, Value: value, id: int(paramCount.Add(1)) - 1}
	if value.Rank() == 2 {
		p.weight = tensor.NewWeight(value)
	}
	return p
}

// Rows returns rows [from, to) of the first dimension as a parameter over the
// same memory: what is added to its gradient is added to p's. The query part of
// a joint query, key and value projection is one.
func (p *Param) Rows(from, to int) *Param {
	if s := p.Value.Shape; s.Rank() < 1 || from < 0 || to < from || to > s.Dim(0) {
		panic(&tensor.ShapeError{Op: "Rows", Shapes: []tensor.Shape{s}, Reason: fmt.Sprintf("no rows %d to %d", from, to)})
	}
	rows := p.Value.RowRange(from, to)
	v := NewParam(fmt.Sprintf("%s[%d:%d]", p.Name, from, to), &rows)
	v.base, v.from = p, from*(p.Value.Len()/max(p.Value.Dim(0), 1))
	p.views = append(p.views, v)
	return v
}

// Changed must be called after the value was written to, so that prepared forms
// of it are renewed before the next use.
func (p *Param) Changed() {
	if p.weight != nil {
		p.weight.Changed()
	}
	for _, v := range p.views {
		v.Changed()
	}
}

// Move makes the elements of value and grad from the given one on the
// parameter's memory. Contents are not copied.
func (p *Param) Move(value, grad *tensor.Tensor, from int) {
	g := grad.Slice(from, p.Value.Shape)
	*p.Value, p.Grad = value.Slice(from, p.Value.Shape), &g
	for _, v := range p.views {
		v.Move(value, grad, from+v.from)
	}
	p.Changed()
}

// root returns the parameter that owns p's memory.
func (p *Param) root() *Param {
	for p.base != nil {
		p = p.base
	}
	return p
}

func (p *Param) frozen() bool { return p.Frozen || p.base != nil && p.base.frozen() }

func (p *Param) grad() *tensor.Tensor {
	if p.Grad == nil {
		if p.base != nil {
			g := p.base.grad().Slice(p.from, p.Value.Shape)
			p.Grad = &g
		} else {
			p.Grad = tensor.New(p.Value.Dims()...)
		}
	}
	return p.Grad
}

// ZeroGrad clears the gradient.
func (p *Param) ZeroGrad() {
	if p.Grad != nil {
		p.Grad.Zero()
	}
}
