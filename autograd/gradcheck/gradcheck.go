package gradcheck

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

// Tolerances of Check, relative as in golden.Near.
const (
	ForwardTol  = 1e-5
	GradientTol = 1e-4
)

// Input is one differentiable operand of a case.
type Input struct {
	Name  string
	Shape []int
	Data  []float32       // normal values if nil
	Param *autograd.Param // for operands that must be a parameter; nil otherwise
}

// Case is one use of an operation.
type Case struct {
	Op     string // as in autograd.Ops
	Name   string // what is special about it
	Inputs []Input
	// Forward computes the case's result on a tape.
	Forward func(t *autograd.Tape, in []*autograd.Var) *autograd.Var
	// Reference computes the same in float64.
	Reference func(in [][]float64) []float64
	// Outermost says that the case cannot run inside Recompute, nor with
	// parameters as inputs: it is a case of Shards.
	Outermost bool
}

// Title names the case in messages.
func (c *Case) Title() string { return strings.TrimSuffix(c.Op+"/"+c.Name, "/") }

// Values returns n normal values that depend on name alone.
func Values(name string, n int) []float32 {
	x := make([]float32, n)
	rng.New(1, name, 0).Normal(x, 0)
	return x
}

// Truth is what a case should give: its result and, for the loss Σ
// upstream·result, the gradient of each input.
type Truth struct {
	Output   []float32
	Upstream []float32
	Grads    [][]float32
	inputs   [][]float32
}

// Solve computes the truth by the reference, gradients by central differences.
func (c *Case) Solve() *Truth {
	tr := &Truth{}
	in := make([][]float64, len(c.Inputs))
	for i := range c.Inputs {
		data := c.Inputs[i].Data
		if p := c.Inputs[i].Param; p != nil {
			data = p.Value.Data
		} else if data == nil {
			data = Values(c.Title()+"/"+c.Inputs[i].Name, tensor.Of(c.Inputs[i].Shape...).Len())
		}
		tr.inputs = append(tr.inputs, data)
		in[i] = Float64s(data)
	}
	output := c.Reference(in)
	tr.Output = Float32s(output)
	tr.Upstream = Values(c.Title()+"/upstream", len(output))
	for i := range in {
		tr.Grads = append(tr.Grads, Float32s(Gradient(in, i, Float64s(tr.Upstream), c.Reference)))
	}
	return tr
}

// Gradient returns the gradient of Σ upstream·f(in) with respect to in[i], by
// central differences.
func Gradient(in [][]float64, i int, upstream []float64, f func([][]float64) []float64) []float64 {
	const h = 1.0 / (1 << 17)
	grad, x := make([]float64, len(in[i])), in[i]
	for k, v := range x {
		x[k] = v + h
		up := f(in)
		x[k] = v - h
		down := f(in)
		x[k] = v
		for j, u := range upstream {
			grad[k] += u * (up[j] - down[j]) / (2 * h)
		}
	}
	return grad
}

// Float64s widens.
func Float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// Float32s rounds.
func Float32s(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

// situation is one way an operation can be met by the backward pass.
type situation struct {
	name          string
	before, after bool // the inputs are also used by an operation recorded before, or after
	params        bool // the inputs are parameters
	keep          bool // the tape keeps gradients
	recompute     bool // the operation is computed again in backward
	frozen        int  // number of the input that is a constant, from 1; 0 for none
}

func (c *Case) situations() []situation {
	s := []situation{
		{name: "plain"},
		{name: "used before", before: true},
		{name: "used after", after: true},
		{name: "used before and after", before: true, after: true},
		{name: "gradients kept", keep: true, after: true},
	}
	if !c.Outermost {
		s = append(s, situation{name: "parameters", params: true}, situation{name: "recomputed", recompute: true}, situation{name: "recomputed, used before and after", recompute: true, before: true, after: true})
	}
	if len(c.Inputs) > 1 {
		for i, in := range c.Inputs {
			s = append(s, situation{name: in.Name + " frozen", frozen: i + 1}, situation{name: in.Name + " frozen, used after", frozen: i + 1, params: !c.Outermost, after: true})
		}
	}
	return s
}

// Check holds the case against its truth on backend be, in every situation.
func (c *Case) Check(t testing.TB, be tensor.Backend, truth *Truth) {
	t.Helper()
	for _, s := range c.situations() {
		r := c.run(t, be, truth, s)
		what := fmt.Sprintf("%s (%s, %s)", c.Title(), s.name, be.Name())
		golden.Near(t, what+" result", r.output, truth.Output, ForwardTol)
		for i, in := range c.Inputs {
			switch {
			case s.frozen == i+1:
				if r.grads[i] != nil {
					t.Errorf("%s: %s has a gradient", what, in.Name)
				}
			case r.grads[i] == nil && s.params && isZero(truth.Grads[i]): // nothing has reached the parameter
			case r.grads[i] == nil:
				t.Errorf("%s: %s has no gradient", what, in.Name)
			default:
				golden.Near(t, what+" gradient of "+in.Name, r.grads[i], c.expected(truth, s, i), GradientTol)
			}
		}
	}
	c.checkConstant(t, be, truth)
}

func isZero(x []float32) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}

// expected is the gradient of input i with the uses beside the operation.
func (c *Case) expected(truth *Truth, s situation, i int) []float32 {
	uses := 0
	if s.before {
		uses++
	}
	if s.after {
		uses++
	}
	want := append([]float32(nil), truth.Grads[i]...)
	for k, v := range c.besides(i, len(want)) {
		want[k] += float32(uses) * v
	}
	return want
}

// besides is the weight of input i in the other operation that uses it.
func (c *Case) besides(i, n int) []float32 {
	return Values(fmt.Sprintf("%s/besides/%d", c.Title(), i), n)
}

// Result is what a case gave.
type Result struct {
	output []float32
	grads  [][]float32
}

// Bits returns all of the result's numbers in one slice.
func (r *Result) Bits() []float32 {
	all := append([]float32(nil), r.output...)
	for _, g := range r.grads {
		all = append(all, g...)
	}
	return all
}

// Run computes the case once in the plain situation.
func (c *Case) Run(t testing.TB, be tensor.Backend, truth *Truth) *Result {
	return c.run(t, be, truth, situation{})
}

// place puts the case's inputs on the tape.
func (c *Case) place(tape *autograd.Tape, truth *Truth, s situation) []*autograd.Var {
	in := make([]*autograd.Var, len(c.Inputs))
	for i, spec := range c.Inputs {
		frozen := s.frozen == i+1
		p := spec.Param
		if p == nil && s.params {
			p = autograd.NewParam(spec.Name, tensor.FromSlice(truth.inputs[i], spec.Shape...))
		}
		switch {
		case p != nil:
			p.Grad, p.Frozen = nil, frozen
			p.Changed() // it may have been prepared for other kernels
			in[i] = tape.Param(p)
		case frozen:
			in[i] = tape.Input(tensor.FromSlice(truth.inputs[i], spec.Shape...))
		default:
			in[i] = tape.InputGrad(tensor.FromSlice(truth.inputs[i], spec.Shape...))
		}
	}
	return in
}

func (c *Case) run(t testing.TB, be tensor.Backend, truth *Truth, s situation) *Result {
	t.Helper()
	tape := autograd.NewTape(be, autograd.Train)
	tape.KeepGrads = s.keep
	defer tape.Reset()
	in := c.place(tape, truth, s)
	var losses []*autograd.Var
	use := func() {
		for i, x := range in {
			w := tensor.FromSlice(c.besides(i, x.Value.Len()), x.Shape().Dims()...)
			losses = append(losses, tape.Sum(tape.Mul(x, tape.Input(w))))
		}
	}
	if s.before {
		use()
	}
	var y *autograd.Var
	if s.recompute {
		y = tape.Recompute(c.Forward, in...)
	} else {
		y = c.Forward(tape, in)
		c.checkGraph(t, tape)
	}
	r := &Result{output: append([]float32(nil), y.Value.Data...)}
	losses = append(losses, tape.Sum(tape.Mul(y, tape.Input(tensor.FromSlice(truth.Upstream, y.Shape().Dims()...)))))
	if s.after {
		use()
	}
	total := losses[0]
	for _, l := range losses[1:] {
		total = tape.Add(total, l)
	}
	tape.Backward(total)
	for _, x := range in {
		var g []float32
		if x.Grad() != nil {
			g = append(make([]float32, 0, 1), x.Grad().Data...)
		}
		r.grads = append(r.grads, g)
	}
	return r
}

// checkGraph fails unless the tape holds the operation that the case is about.
func (c *Case) checkGraph(t testing.TB, tape *autograd.Tape) {
	t.Helper()
	var graph strings.Builder
	if err := tape.WriteGraph(&graph); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(graph.String(), " = "+c.Op+"(") {
		t.Errorf("%s does not use the operation it is a case of:\n%s", c.Title(), &graph)
	}
}

// checkConstant runs the case where nothing is recorded.
func (c *Case) checkConstant(t testing.TB, be tensor.Backend, truth *Truth) {
	t.Helper()
	eval := func(tape *autograd.Tape, how string) {
		defer tape.Reset()
		var y *autograd.Var
		compute := func() { y = c.Forward(tape, c.place(tape, truth, situation{})) }
		if tape.Training() {
			tape.NoGrad(compute)
		} else {
			compute()
		}
		golden.Near(t, c.Title()+" "+how, y.Value.Data, truth.Output, ForwardTol)
		n := new(lines)
		if err := tape.WriteGraph(n); err != nil || *n != 0 {
			t.Errorf("%s %s: %d operations recorded, %v", c.Title(), how, *n, err)
		}
	}
	eval(autograd.NewTape(be, autograd.Eval), "in evaluation")
	eval(autograd.NewTape(be, autograd.Train), "without gradients")
}

// lines counts writes, one for each line of a graph.
type lines int

var _ io.Writer = (*lines)(nil)

func (n *lines) Write(p []byte) (int, error) { *n++; return len(p), nil }
