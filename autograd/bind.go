package autograd

import "diffclip/tensor"

// Bind makes v the value of parameter p until the tape is reset, and v's
// gradient where that of p is added up. So a weight can be computed from others
// once, outside of the shards that multiply by it. p belongs to the caller and
// has v's shape; the tape must not run in shards.
func (t *Tape) Bind(p *Param, v *Var) {
	if t.parent != nil {
		fail("Bind", "not inside of shards", v)
	}
	if p.Value.Shape != v.Shape() || p.base != nil || len(p.views) > 0 {
		panic(&tensor.ShapeError{Op: "Bind", Shapes: []tensor.Shape{p.Value.Shape, v.Shape()}, Reason: "want a whole parameter of the value's shape"})
	}
	*p.Value, p.Grad = v.Value.Slice(0, v.Shape()), t.sumGrad(v)
	p.Frozen = p.Grad == nil
	p.Changed()
}
