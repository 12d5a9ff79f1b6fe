package optim

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"diffclip/internal/golden"
	"diffclip/nn"
	"diffclip/tensor"
)

// vectors returns a set of one parameter for each part of a golden case.
func vectors(c golden.Case, parts ...string) *nn.Set {
	set := nn.NewSet(1)
	for _, part := range parts {
		set.Root().Param(part, nn.CopyOf(tensor.FromSlice(c.Float32s(part), c.Shape(part)...)), c.Shape(part)...)
	}
	return set
}

func TestGoldenOptimisers(t *testing.T) {
	adam := func(decoupled bool) func(golden.Case, *nn.Set) Optimizer {
		return func(c golden.Case, set *nn.Set) Optimizer {
			return NewAdam(set, AdamConfig{Beta1: c.Attr("beta1"), Beta2: c.Attr("beta2"), Eps: c.Attr("eps"), WeightDecay: c.Attr("weight_decay"), Decoupled: decoupled})
		}
	}
	sgd := func(nesterov bool) func(golden.Case, *nn.Set) Optimizer {
		return func(c golden.Case, set *nn.Set) Optimizer {
			return NewSGD(set, SGDConfig{Momentum: c.Attr("momentum"), WeightDecay: c.Attr("weight_decay"), Nesterov: nesterov})
		}
	}
	tests := map[string]func(golden.Case, *nn.Set) Optimizer{
		"adam": adam(false), "adam_l2": adam(false), "adamw": adam(true), "sgd": sgd(false), "sgd_momentum": sgd(false), "sgd_nesterov": sgd(true),
		"clip_grad_norm": nil, "clip_grad_norm_inside": nil,
	}
	be := tensor.NewCPU(2)
	defer be.Close()
	f := golden.Load(t, "optim")
	for _, name := range f.Cases() {
		t.Run(name, func(t *testing.T) {
			c := f.Case(t, name)
			newOptimizer, ok := tests[name]
			if !ok {
				t.Fatal("this golden case has no test")
			}
			if newOptimizer == nil {
				clips(t, be, c)
				return
			}
			set := vectors(c, "param")
			o := newOptimizer(c, set)
			p, n := set.Param("param"), c.Shape("param")[0]
			for step := range c.Shape("grads")[0] {
				copy(p.Grad.Data, c.Float32s("grads")[step*n:])
				o.Step(be, c.Attr("lr"), nil)
				golden.Near(t, fmt.Sprintf("step %d", step), p.Value.Data, c.Float32s("output")[step*n:(step+1)*n], 1e-5)
			}
		})
	}
	for name := range tests {
		if !slices.Contains(f.Cases(), name) {
			t.Errorf("there is no golden case %s", name)
		}
	}
}

// clips compares the norm and, by a step of rate -1 on parameters of zero, the
// gradients that a step sees.
func clips(t *testing.T, be tensor.Backend, c golden.Case) {
	parts := []string{"a", "b", "c"}
	set := vectors(c, parts...)
	o := NewSGD(set, SGDConfig{})
	for _, p := range set.Params() {
		copy(p.Grad.Data, p.Value.Data)
		clear(p.Value.Data)
	}
	log := NewLog(be)
	o.Step(be, -1, log.Note(be, o, tensor.New(1), c.Attr("max_norm")))
	golden.Near(t, "norm", []float32{float32(log.Read()[0].Norm)}, c.Float32s("norm"), 1e-6)
	for _, part := range parts {
		golden.Near(t, part, set.Param(part).Value.Data, c.Float32s("output_"+part), 1e-6)
	}
}

func TestGoldenSchedules(t *testing.T) {
	tests := map[string]func(c golden.Case) Schedule{
		"cosine": func(c golden.Case) Schedule { return Cosine{c.Attr("lr"), c.Attr("min_lr"), c.Int("t_max")} },
		"cosine_periodic": func(c golden.Case) Schedule {
			return Cosine{c.Attr("lr"), c.Attr("min_lr"), c.Int("t_max")}
		},
		"warm_restarts": func(c golden.Case) Schedule {
			return WarmRestarts{Base: c.Attr("lr"), First: c.Int("t0"), Factor: c.Int("t_mult")}
		},
		"warm_restarts_fractional": func(c golden.Case) Schedule {
			return WarmRestarts{Base: c.Attr("lr"), First: c.Int("t0") * c.Int("steps_per_epoch"), Factor: c.Int("t_mult")}
		},
		"step": func(c golden.Case) Schedule { return Step{c.Attr("lr"), c.Attr("gamma"), c.Int("step_size")} },
		"multistep": func(c golden.Case) Schedule {
			return MultiStep{c.Attr("lr"), c.Attr("gamma"), []int{c.Int("milestone1"), c.Int("milestone2")}}
		},
		"warmup_cosine": func(c golden.Case) Schedule {
			warm := c.Int("warmup")
			return WarmUp{warm, Cosine{c.Attr("lr"), c.Attr("min_lr"), c.Int("total") - warm}}
		},
	}
	f := golden.Load(t, "schedule")
	for _, name := range f.Cases() {
		c := f.Case(t, name)
		newSchedule := tests[name]
		if newSchedule == nil {
			t.Errorf("golden case %s has no test", name)
			continue
		}
		s := newSchedule(c)
		for step, want := range c.Float64s("output") {
			if got := s.LR(step); math.Abs(got-want) > 1e-12*c.Attr("lr") {
				t.Errorf("%s: step %d has rate %v, want %v", name, step, got, want)
				break
			}
		}
	}
	if len(tests) != len(f.Cases()) {
		t.Errorf("%d tests for %d golden cases", len(tests), len(f.Cases()))
	}
	if got := Constant(0.25).LR(7); got != 0.25 {
		t.Errorf("Constant(0.25) has rate %v", got)
	}
}
