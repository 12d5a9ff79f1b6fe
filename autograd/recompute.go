package autograd

// recompute is a part of the graph that is computed again in backward.
type recompute struct {
	sub  *Tape
	body func(t *Tape, in []*Var) *Var
	in   []*Var
	vars []*Var // in, on the sub-tape
}

var opRecompute *Op

func init() { opRecompute = register("Recompute", recomputeBackward) }

// Recompute computes body(in) without keeping what it makes on the way, and
// computes it again when its gradient is wanted: memory for time. body must
// give the same result both times, and may use parameters freely; running
// statistics of a BatchNorm move the first time alone.
func (t *Tape) Recompute(body func(t *Tape, in []*Var) *Var, in ...*Var) *Var {
	if t.nredos == len(t.redos) {
		t.redos = append(t.redos, &recompute{sub: new(Tape)})
	}
	r := t.redos[t.nredos]
	t.nredos++
	r.sub.be, r.sub.mode, r.sub.parent, r.sub.lane = t.be, t.mode, t, t.lane
	r.sub.Trace, r.sub.replay = t.Trace, t.replay
	r.body = body
	r.in = append(r.in[:0], in...)

	var y *Var
	r.sub.NoGrad(func() {
		out := body(r.sub, r.inputs())
		y = t.result(out.Shape())
		n := out.Value.Len()
		t.be.Copy2D(y.Value, 0, n, out.Value, 0, n, 1, n, false)
	})
	t.adopt(r.sub.nonFinite)
	r.sub.Reset()
	if n := t.recordAlways(opRecompute, y, in...); n != nil {
		n.redo = r
	}
	return y
}

// inputs places the outer values on the sub-tape.
func (r *recompute) inputs() []*Var {
	r.vars = r.vars[:0]
	for _, v := range r.in {
		var x *Var
		if v.param != nil {
			x = r.sub.Param(v.param)
		} else {
			x = r.sub.Input(v.Value)
			x.needs = v.needs
		}
		r.vars = append(r.vars, x)
	}
	return r.vars
}

// ownResult returns a sub-tape's result out as a variable that an operation
// made. An input or a parameter that is returned as it is gets a view, so that
// its own gradient and that of the result are two things.
func (t *Tape) ownResult(out *Var) *Var {
	if out.owned || out.Value == &out.hdr {
		return out
	}
	return t.Reshape(out, out.Shape().Dims()...)
}

func recomputeBackward(t *Tape, n *node) {
	r := n.redo
	r.sub.replay = true
	in := r.inputs()
	for i, v := range in {
		if v.param != nil || !v.needs {
			continue
		}
		g, acc := t.inputGrad(r.in, i)
		v.grad, v.fresh, v.lent = g, !acc, true
	}
	if out := r.sub.ownResult(r.body(r.sub, in)); out.needs {
		out.grad, out.lent = n.out.grad, true
		r.sub.run(out)
		t.adopt(r.sub.nonFinite)
	}
	settle(t.be, in)
	r.sub.Reset()
}
