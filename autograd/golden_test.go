package autograd_test

import (
	"slices"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/tensor"
)

// goldenCase is a case of package golden on a tape.
type goldenCase struct {
	golden.Case
	t    *testing.T
	tape *autograd.Tape
	vars map[string]*autograd.Var
}

// tensor returns a part as a tensor of its shape.
func (g *goldenCase) tensor(part string) *tensor.Tensor {
	return tensor.FromSlice(g.Float32s(part), g.Shape(part)...)
}

// in returns a part as a variable with a gradient.
func (g *goldenCase) in(part string) *autograd.Var {
	if g.vars[part] == nil {
		g.vars[part] = g.tape.InputGrad(g.tensor(part))
	}
	return g.vars[part]
}

// param returns a part as a parameter, or nil if the case has no such part.
func (g *goldenCase) param(part string) *autograd.Var {
	if g.vars[part] == nil && g.Has(part) {
		g.vars[part] = g.tape.Param(autograd.NewParam(part, g.tensor(part)))
	}
	return g.vars[part]
}

// int32s returns an integer part as indices.
func (g *goldenCase) int32s(part string) []int32 {
	var ids []int32
	for _, v := range g.Int64s(part) {
		ids = append(ids, int32(v))
	}
	return ids
}

// ones returns a constant matrix of ones.
func (g *goldenCase) ones(rows, cols int) *autograd.Var { return g.tape.Const(1, rows, cols) }

// goldenTests maps each case of a family to how the engine computes it.
type goldenTests map[string]func(g *goldenCase) *autograd.Var

// run compares outputs and gradients of a family, and fails for a case of the
// family that has no test.
func (tests goldenTests) run(t *testing.T, family string) {
	f := golden.Load(t, family)
	for _, name := range f.Cases() {
		t.Run(name, func(t *testing.T) {
			test := tests[name]
			if test == nil {
				t.Fatal("this golden case has no test")
			}
			be := tensor.NewCPU(2)
			defer be.Close()
			g := &goldenCase{f.Case(t, name), t, autograd.NewTape(be, autograd.Train), map[string]*autograd.Var{}}
			y := test(g)
			if y == nil {
				return // the test has compared
			}
			golden.Near(t, "output", y.Value.Data, g.Float32s("output"), 1e-5)
			w := tensor.FromSlice(g.Float32s("grad_output"), y.Shape().Dims()...)
			g.tape.Backward(g.tape.Sum(g.tape.Mul(y, g.tape.Input(w))))
			compared := 0
			for part, v := range g.vars {
				if g.Has("grad_" + part) {
					golden.Near(t, "grad_"+part, v.Grad().Data, g.Float32s("grad_"+part), 1e-4)
					compared++
				}
			}
			grads := slices.DeleteFunc(g.Parts(), func(p string) bool { return len(p) < 5 || p[:5] != "grad_" || p == "grad_output" })
			if compared != len(grads) {
				t.Errorf("%d of the gradients %v compared", compared, grads)
			}
		})
	}
	for name := range tests {
		if !slices.Contains(f.Cases(), name) {
			t.Errorf("there is no golden case %s", name)
		}
	}
}
