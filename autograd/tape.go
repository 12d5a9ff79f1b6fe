package autograd

import "diffclip/tensor"

// Mode says what a tape is for.
type Mode uint8

const (
	// Train records operations, and normalisation layers use the statistics of
	// the batch.
	Train Mode = iota
	// Eval records nothing, and normalisation layers use their running statistics.
	Eval
)

// Var is a value on a tape. It is valid until the tape's Reset.
type Var struct {
	Value *tensor.Tensor

	grad  *tensor.Tensor
	fresh bool // grad is memory that nothing was written to yet
	lent  bool // grad belongs to someone else
	needs bool // a gradient is wanted
	owned bool // Value goes back to the backend with the tape
	param *Param
	hdr   tensor.Tensor // backs Value for views
	of    *Var          // of which a view shows the memory
}

// Shape returns the shape of the value.
func (v *Var) Shape() tensor.Shape { return v.Value.Shape }

// valueOf returns the value of v, nil for nil: an operand that may be missing.
func valueOf(v *Var) *tensor.Tensor {
	if v == nil {
		return nil
	}
	return v.Value
}

// Dim returns dimension i of the value; negative i counts from the last.
func (v *Var) Dim(i int) int { return v.Value.Dim(i) }

// Grad returns the gradient that Backward left for a value of InputGrad or, on a
// tape with KeepGrads, for any; that of a parameter is the parameter's, with what
// it held before. Else it is nil.
func (v *Var) Grad() *tensor.Tensor {
	if v.param != nil {
		return v.param.Grad
	}
	return v.grad
}

// Op is a kind of operation: its name and its backward pass.
type Op struct {
	Name     string
	backward func(t *Tape, n *node)
}

var registry = map[string]*Op{}

// register adds an operation. A test holds every registered one against finite
// differences.
func register(name string, backward func(t *Tape, n *node)) *Op {
	if registry[name] != nil {
		panic("autograd: operation " + name + " is registered twice")
	}
	op := &Op{name, backward}
	registry[name] = op
	return op
}

// node is one recorded operation: what it was computed from and what its
// backward pass needs.
type node struct {
	op    *Op
	in    [4]*Var
	list  []*Var // inputs of operations that take any number
	out   *Var
	saved [4]*tensor.Tensor // owned by the node
	ref   [2]*tensor.Tensor // constants, owned by the caller
	ids   []int32
	rows  tensor.Index
	ints  [4]int
	f     float32
	flag  bool
	conv  tensor.ConvShape
	group *shards
	redo  *recompute

	custom *CustomOp
}

// Tape records operations on one backend. It is used by one goroutine.
type Tape struct {
	be   tensor.Backend
	mode Mode

	// KeepGrads keeps every value and gradient after Backward, for study.
	KeepGrads bool
	// Trace looks for the first operation that makes a NaN or an infinity; see
	// NonFinite. It reads every value once more.
	Trace bool

	parent *Tape // of a sub-tape
	lane   *lane // where a shard's parameter gradients go
	replay bool  // computes again what was computed before
	spent  bool  // Backward has run

	vars   []*Var
	nvars  int
	nodes  []*node
	nnodes int
	quiet  int // depth of NoGrad

	groups  []*shards // reused from step to step
	ngroups int
	redos   []*recompute
	nredos  int

	nonFinite *NonFinite
}

// NewTape returns an empty tape that computes on be.
func NewTape(be tensor.Backend, mode Mode) *Tape { return &Tape{be: be, mode: mode} }

// Backend returns what the tape computes on.
func (t *Tape) Backend() tensor.Backend { return t.be }

// Training reports whether the tape was made for training.
func (t *Tape) Training() bool { return t.mode == Train }

// NoGrad runs f without recording: what it computes is a constant.
func (t *Tape) NoGrad(f func()) {
	t.quiet++
	defer func() { t.quiet-- }()
	f()
}

func (t *Tape) recording() bool { return t.mode == Train && t.quiet == 0 }

func (t *Tape) newVar() *Var {
	if t.nvars == len(t.vars) {
		t.vars = append(t.vars, new(Var))
	}
	v := t.vars[t.nvars]
	t.nvars++
	*v = Var{}
	return v
}

// Input places a constant on the tape.
func (t *Tape) Input(x *tensor.Tensor) *Var {
	v := t.newVar()
	v.Value = x
	return v
}

// InputGrad places x on the tape and asks for its gradient.
func (t *Tape) InputGrad(x *tensor.Tensor) *Var {
	v := t.Input(x)
	v.needs = t.recording()
	return v
}

// Param places a parameter on the tape.
func (t *Tape) Param(p *Param) *Var {
	v := t.newVar()
	v.Value, v.param = p.Value, p
	v.needs = t.recording() && !p.frozen()
	return v
}

// Const places a constant filled with v on the tape.
func (t *Tape) Const(v float32, dims ...int) *Var {
	c := t.result(tensor.Of(dims...))
	t.be.Fill(c.Value, v)
	return c
}

// Room places a constant on the tape whose memory the caller writes before it is
// used; what it holds until then is undefined.
func (t *Tape) Room(dims ...int) *Var { return t.result(tensor.Of(dims...)) }

// result returns a new variable with memory of the given shape.
func (t *Tape) result(s tensor.Shape) *Var {
	v := t.newVar()
	v.Value, v.owned = t.be.Get(s), true
	return v
}

// view returns a variable over x's memory with another shape.
func (t *Tape) view(x *Var, s tensor.Shape) *Var {
	v := t.newVar()
	v.hdr = x.Value.Slice(0, s)
	v.Value, v.of = &v.hdr, x
	return v
}

// Drop says that nothing will read v, nor a view of it, any more. Its memory is
// the next result's, still in the cache, where the tape records nothing; where it
// does backward may read v, and Drop does nothing.
func (t *Tape) Drop(v *Var) {
	if t.recording() || t.KeepGrads || !v.owned {
		return
	}
	t.be.Put(v.Value)
	v.Value, v.owned = nil, false
}

// record notes that out = op(in...), unless no input needs a gradient; it then
// returns nil, and the caller has nothing to save.
func (t *Tape) record(op *Op, out *Var, in ...*Var) *node {
	if t.Trace {
		t.traceValue(op, out)
	}
	needs := false
	for _, v := range in {
		needs = needs || v != nil && v.needs
	}
	if !needs || !t.recording() {
		return nil
	}
	return t.push(op, out, in)
}

// recordAlways is record for operations that may depend on parameters which are
// not among their inputs.
func (t *Tape) recordAlways(op *Op, out *Var, in ...*Var) *node {
	if t.Trace {
		t.traceValue(op, out)
	}
	if !t.recording() {
		return nil
	}
	return t.push(op, out, in)
}

func (t *Tape) push(op *Op, out *Var, in []*Var) *node {
	if t.nnodes == len(t.nodes) {
		t.nodes = append(t.nodes, new(node))
	}
	n := t.nodes[t.nnodes]
	t.nnodes++
	list := n.list[:0]
	*n = node{op: op, out: out}
	if len(in) > len(n.in) {
		n.list = append(list, in...)
	} else {
		n.list = list
		copy(n.in[:], in)
	}
	out.needs = true
	return n
}

// save keeps s for backward if the operation was recorded and gives it back to
// the backend otherwise.
func (t *Tape) save(n *node, saved ...*tensor.Tensor) {
	for i, s := range saved {
		switch {
		case s == nil:
		case n == nil:
			t.be.Put(s)
		default:
			n.saved[i] = s
		}
	}
}

// Backward computes the gradient of loss, which must have one element, with
// respect to every parameter and every InputGrad it depends on. Values and
// gradients in between are given back as soon as nothing needs them, unless
// KeepGrads is set; the value of loss itself stays. A tape can run backwards
// once: add up losses to have several.
func (t *Tape) Backward(loss *Var) {
	if loss == nil {
		panic("autograd: Backward of no loss")
	}
	if loss.Value.Len() != 1 {
		panic(&tensor.ShapeError{Op: "Backward", Shapes: []tensor.Shape{loss.Shape()}, Reason: "the loss must have one element"})
	}
	if !loss.needs {
		panic("autograd: Backward of a value that depends on no parameter, or of a tape that does not record")
	}
	if t.spent {
		panic("autograd: Backward a second time without Reset: the first has given the values back")
	}
	t.spent = true
	loss = t.ownResult(loss)
	g, _ := t.gradOf(loss)
	t.be.Fill(g, 1)
	t.run(loss)
}

// run walks the tape backwards from loss, whose gradient is set.
func (t *Tape) run(loss *Var) {
	keep := loss
	for keep.of != nil { // a view's value is that of the variable whose memory it shows
		keep = keep.of
	}
	for i := t.nnodes - 1; i >= 0; i-- {
		n := t.nodes[i]
		if n.out.grad == nil {
			if !t.KeepGrads {
				t.release(n, keep)
			}
			continue // the loss does not depend on it
		}
		n.op.backward(t, n)
		if t.Trace {
			t.traceGrads(n)
		}
		if !t.KeepGrads {
			t.release(n, keep)
		}
	}
}

// release gives back what only node n and its consumers, all done, needed, but for
// the value of keep.
func (t *Tape) release(n *node, keep *Var) {
	for i, s := range n.saved {
		if s != nil {
			t.be.Put(s)
			n.saved[i] = nil
		}
	}
	v := n.out
	if v.grad != nil && !v.lent {
		t.be.Put(v.grad)
		v.grad = nil
	}
	if v.owned && v != keep {
		t.be.Put(v.Value)
		v.owned = false
	}
}

// Reset forgets everything recorded and gives all memory back to the backend.
// Every Var of the tape becomes invalid.
func (t *Tape) Reset() {
	for _, n := range t.nodes[:t.nnodes] {
		for i, s := range n.saved {
			if s != nil {
				t.be.Put(s)
				n.saved[i] = nil
			}
		}
	}
	for _, v := range t.vars[:t.nvars] {
		if v.grad != nil && !v.lent {
			t.be.Put(v.grad)
		}
		if v.owned {
			t.be.Put(v.Value)
		}
		*v = Var{}
	}
	for _, g := range t.groups[:t.ngroups] {
		g.reset()
	}
	for _, r := range t.redos[:t.nredos] {
		r.sub.Reset()
	}
	t.nvars, t.nnodes, t.ngroups, t.nredos = 0, 0, 0, 0
	t.nonFinite, t.spent = nil, false
}

// fail panics with a shape error that lists the shapes of vs.
func fail(op, reason string, vs ...*Var) {
	e := &tensor.ShapeError{Op: op, Reason: reason}
	for _, v := range vs {
		if v != nil {
			e.Shapes = append(e.Shapes, v.Shape())
		}
	}
	panic(e)
}

// Ops returns the name of every differentiable operation, in no order.
func Ops() []string {
	names := make([]string, 0, len(registry))
	for name := range registry {
		names = append(names, name)
	}
	return names
}
