package autograd

import "diffclip/tensor"

// This file says where backward passes put the gradients of their inputs.

// gradOf returns where v's gradient goes, and whether to add to what is there.
// It returns nil if none is wanted, or there is no v.
func (t *Tape) gradOf(v *Var) (g *tensor.Tensor, acc bool) {
	switch {
	case v == nil || !v.needs:
		return nil, false
	case v.param != nil:
		return t.paramGrad(v.param)
	case v.grad == nil:
		v.grad = t.be.Get(v.Value.Shape)
		return v.grad, false
	case v.fresh:
		v.fresh = false
		return v.grad, false
	}
	return v.grad, true
}

// paramGrad returns the accumulator of p's gradient for this tape, and whether
// to add to what is there.
func (t *Tape) paramGrad(p *Param) (g *tensor.Tensor, acc bool) {
	if t.lane != nil {
		return t.lane.grad(p)
	}
	return p.grad(), true
}

// writtenGrad is the accumulator of p's gradient for this tape, or nil if nothing
// was written to it.
func (t *Tape) writtenGrad(p *Param) *tensor.Tensor {
	if l := t.lane; l != nil {
		if p.id >= len(l.clean) || l.clean[p.id] {
			return nil
		}
		return l.grads[p.id]
	}
	return p.grad()
}

// sumGrad returns the gradient of v as an accumulator: zeroed if nothing was
// added yet. It is for backward kernels that can only add.
func (t *Tape) sumGrad(v *Var) *tensor.Tensor {
	g, acc := t.gradOf(v)
	if g != nil && !acc {
		t.be.Fill(g, 0)
	}
	return g
}

// inputGrad is gradOf for input i of a sub-tape. An input that is passed twice
// has two variables there, so neither may overwrite what the other adds.
func (t *Tape) inputGrad(in []*Var, i int) (g *tensor.Tensor, acc bool) {
	g, acc = t.gradOf(in[i])
	if g == nil || acc {
		return g, acc
	}
	for _, v := range in[i+1:] {
		if v == in[i] {
			t.be.Fill(g, 0)
			return g, true
		}
	}
	return g, false
}

// accumulate lets write overwrite g, or a temporary that is then added to g.
func (t *Tape) accumulate(g *tensor.Tensor, acc bool, write func(g *tensor.Tensor)) {
	if g == nil {
		return
	}
	if !acc {
		write(g)
		return
	}
	tmp := t.be.Get(g.Shape)
	write(tmp)
	t.be.Axpy(g, 1, tmp)
	t.be.Put(tmp)
}

// addGrad adds g, a tensor from the backend that the caller gives up, to v's
// gradient.
func (t *Tape) addGrad(v *Var, g *tensor.Tensor) {
	if v.needs && v.param == nil && v.grad == nil {
		v.grad = g
		return
	}
	if d, acc := t.gradOf(v); d != nil {
		n := g.Len()
		t.be.Copy2D(d, 0, n, g, 0, n, 1, n, acc)
	}
	t.be.Put(g)
}

// passGrad gives the gradient of out to its input v, which has as many elements,
// unchanged. If v has none yet it takes over out's memory.
func (t *Tape) passGrad(v, out *Var) {
	if v == nil || !v.needs {
		return
	}
	if v.param == nil && v.grad == nil && !out.lent && !t.KeepGrads {
		v.grad, out.grad = out.grad, nil
		v.grad.Shape = v.Value.Shape
		return
	}
	g, acc := t.gradOf(v)
	n := g.Len()
	t.be.Copy2D(g, 0, n, out.grad, 0, n, 1, n, acc)
}

// discard gives back a tensor that may be nil.
func (t *Tape) discard(x *tensor.Tensor) {
	if x != nil {
		t.be.Put(x)
	}
}
