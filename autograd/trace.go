package autograd

import (
	"fmt"
	"io"
	"math"
	"strings"

	"diffclip/tensor"
)

// NonFinite says where a NaN or an infinity first appeared on a traced tape.
type NonFinite struct {
	Op       string       // the operation that made it
	Backward bool         // in its backward pass
	Shape    tensor.Shape // of the value or gradient
	Index    int          // flat index of the first one
	Value    float32
	Param    string // the parameter whose gradient it is, if it is one
}

// Error describes the place in one line.
func (n *NonFinite) Error() string {
	what := "result"
	if n.Backward {
		what = "gradient"
	}
	if n.Param != "" {
		what += " of " + n.Param
	}
	return fmt.Sprintf("%v first appeared in the %s of %s, at index %d of shape %v", n.Value, what, n.Op, n.Index, n.Shape)
}

// NonFinite returns where the first non-finite value since Reset appeared, or
// nil if there was none. The tape must have had Trace set.
func (t *Tape) NonFinite() *NonFinite { return t.nonFinite }

func firstNonFinite(x *tensor.Tensor) (index int, v float32, found bool) {
	for i, v := range x.Host() {
		if d := float64(v); math.IsNaN(d) || math.IsInf(d, 0) {
			return i, v, true
		}
	}
	return 0, 0, false
}

// adopt takes over what a sub-tape found.
func (t *Tape) adopt(n *NonFinite) {
	if t.nonFinite == nil {
		t.nonFinite = n
	}
}

func (t *Tape) traceValue(op *Op, out *Var) {
	if t.nonFinite != nil {
		return
	}
	if i, v, found := firstNonFinite(out.Value); found {
		t.nonFinite = &NonFinite{Op: op.Name, Shape: out.Shape(), Index: i, Value: v}
	}
}

func (t *Tape) traceGrads(n *node) {
	check := func(v *Var) {
		if v == nil || !v.needs || t.nonFinite != nil {
			return
		}
		g, name := v.grad, ""
		if v.param != nil {
			g, name = t.writtenGrad(v.param), v.param.Name
		}
		if g == nil {
			return
		}
		if i, x, found := firstNonFinite(g); found {
			t.nonFinite = &NonFinite{Op: n.op.Name, Backward: true, Shape: g.Shape, Index: i, Value: x, Param: name}
		}
	}
	for _, v := range n.in {
		check(v)
	}
	for _, v := range n.list {
		check(v)
	}
}

// WriteGraph prints the recorded operations in order, each with its inputs,
// shapes and parameter names. Call it before Backward, which gives values back,
// or set KeepGrads.
func (t *Tape) WriteGraph(w io.Writer) error {
	name := make(map[*Var]string)
	label := func(v *Var) string {
		s, ok := name[v]
		switch {
		case ok:
		case v.param != nil:
			s = v.param.Name
		default:
			s = "input"
		}
		return fmt.Sprintf("%s%v", s, v.Shape())
	}
	for i, n := range t.nodes[:t.nnodes] {
		var in []string
		for _, v := range append(n.in[:], n.list...) {
			if v != nil {
				in = append(in, label(v))
			}
		}
		name[n.out] = fmt.Sprintf("%%%d", i)
		if _, err := fmt.Fprintf(w, "%%%d = %s(%s) -> %v\n", i, n.op.Name, strings.Join(in, ", "), n.out.Shape()); err != nil {
			return err
		}
	}
	return nil
}
