package autograd

// recompute is a part of the graph that is computed again in backward.
type recompute struct {
	sub  *Tape
	body func(t *Tape, in []*Var) *Var
	in   []*Var
}

var opRecompute *Op

func init() { opRecompute = register("Recompute", recomputeBackward) }

// Recompute computes body(in) without keeping what it makes on the way, and
// computes it again when its gradient is wanted: memory for time. body must
// give the same result both times, and may use parameters freely.
func (t *Tape) Recompute(body func(t *Tape, in []*Var) *Var, in ...*Var) *Var {
	if t.nredos == len(t.redos) {
		t.redos = append(t.redos, &recompute{sub: NewTape(t.be, t.mode)})
	}
	r := t.redos[t.nredos]
	t.nredos++
	r.sub.parent, r.sub.lane, r.sub.Trace = t, t.lane, t.Trace
	r.body = body
	r.in = append(r.in[:0], in...)

	var y *Var
	r.sub.NoGrad(func() {
		out := body(r.sub, r.inputs())
		y = t.result(out.Shape())
		n := out.Value.Len()
		t.be.Copy2D(y.Value, 0, n, out.Value, 0, n, 1, n, false)
	})
	r.sub.Reset()
	// The parameters inside are not among the inputs: record whatever comes.
	if t.Trace {
		t.traceValue(opRecompute, y)
	}
	if n := t.recordAlways(opRecompute, y, in...); n != nil {
		n.redo = r
	}
	return y
}

// inputs places the outer values on the sub-tape.
func (r *recompute) inputs() []*Var {
	vars := make([]*Var, len(r.in))
	for i, v := range r.in {
		if v.param != nil {
			vars[i] = r.sub.Param(v.param)
			continue
		}
		vars[i] = r.sub.Input(v.Value)
		vars[i].needs = v.needs
	}
	return vars
}

func recomputeBackward(t *Tape, n *node) {
	r := n.redo
	in := r.inputs()
	for i, v := range in {
		if v.param != nil || !v.needs {
			continue
		}
		g, acc := t.gradOf(r.in[i])
		v.grad, v.fresh, v.lent = g, !acc, true
	}
	out := r.body(r.sub, in)
	if !out.needs {
		r.sub.Reset()
		return
	}
	out.grad, out.lent = n.out.grad, true
	r.sub.run(out)
	for i, v := range in {
		if v.fresh && v.grad != nil { // nothing depended on it
			t.be.Fill(v.grad, 0)
		}
		r.in[i].fresh = false
	}
	r.sub.Reset()
}

// recordAlways is record for operations whose parameters are not among their
// inputs.
func (t *Tape) recordAlways(op *Op, out *Var, in ...*Var) *node {
	if !t.recording() {
		return nil
	}
	var witness Var
	witness.needs = true
	n := t.record(op, out, append(in[:len(in):len(in)], &witness)...)
	n.list = append(n.list[:0], in...)
	n.in = [4]*Var{}
	return n
}
