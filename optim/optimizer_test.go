package optim

import (
	"math"
	"strings"
	"testing"

	"diffclip/internal/rng"
	"diffclip/nn"
	"diffclip/tensor"
)

// optimisers makes one of each kind.
var optimisers = map[string]func(set *nn.Set) Optimizer{
	"Adam": func(set *nn.Set) Optimizer {
		return NewAdam(set, AdamConfig{Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1})
	},
	"AdamW": func(set *nn.Set) Optimizer {
		return NewAdam(set, AdamConfig{Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1, Decoupled: true})
	},
	"SGD": func(set *nn.Set) Optimizer {
		return NewSGD(set, SGDConfig{Momentum: 0.9, WeightDecay: 0.1, Nesterov: true})
	},
}

// half is a scale of gradients.
var half = tensor.FromSlice([]float32{0.5}, 1)

func newSet() *nn.Set {
	set := nn.NewSet(3)
	for _, name := range []string{"a", "b", "c", "d"} {
		set.Root().Param(name, nn.Normal(1), 3, 7)
	}
	return set
}

// step draws gradients for one step and makes it.
func step(be tensor.Backend, set *nn.Set, o Optimizer, number int) {
	for _, p := range set.Params() {
		rng.New(5, p.Name, uint64(number)).Normal(p.Grad.Data, 0)
	}
	o.Step(be, 0.01, half)
}

func equal(x, y []float32) bool {
	for i := range x {
		if math.Float32bits(x[i]) != math.Float32bits(y[i]) {
			return false
		}
	}
	return len(x) == len(y)
}

// TestFrozenParametersStay freezes, thaws and freezes others: what is frozen
// keeps its value, and the others move exactly as they do without it.
func TestFrozenParametersStay(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	for name, newOptimizer := range optimisers {
		for _, frozen := range []string{"a", "b", "d", "ab", "bc", "ad", "abcd", ""} {
			free, set := newSet(), newSet()
			of, o := newOptimizer(free), newOptimizer(set)
			start := set.Flatten().Value.Clone()
			set.Freeze(true, func(name string) bool { return strings.Contains(frozen, name) })
			for i := range 3 {
				step(be, free, of, i)
				step(be, set, o, i)
			}
			for i, p := range set.Params() {
				at := set.Flatten().Offset[i]
				want := free.Params()[i].Value.Data
				if p.Frozen {
					want = start.Data[at : at+p.Value.Len()]
				}
				if !equal(p.Value.Data, want) {
					t.Errorf("%s, %q frozen: %s has other values", name, frozen, p.Name)
				}
			}
			before := set.Flatten().Value.Clone()
			set.Freeze(false, func(string) bool { return true })
			step(be, set, o, 3)
			for i, p := range set.Params() {
				if at := set.Flatten().Offset[i]; equal(p.Value.Data, before.Data[at:at+p.Value.Len()]) {
					t.Errorf("%s, %q thawed: %s has not moved", name, frozen, p.Name)
				}
			}
		}
	}
}

// TestThawedParameterBegins: one that was frozen for some updates moves from then
// on as in an optimiser that begins, after a resume too. Adam corrects for the zeros
// its moments begin with by the number of a parameter's own updates, as PyTorch,
// which counts them for each.
func TestThawedParameterBegins(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	for name, newOptimizer := range optimisers {
		late, begun, resumed := newSet(), newSet(), newSet()
		ol, ob := newOptimizer(late), newOptimizer(begun)
		late.Param("b").Frozen = true
		for i := range 5 {
			step(be, late, ol, i)
		}
		late.Param("b").Frozen = false
		step(be, late, ol, 5)
		step(be, begun, ob, 5)
		or := newOptimizer(resumed)
		step(be, resumed, or, 0) // what it did before is forgotten
		if err := resumed.Load(late.State()).Err(); err != nil {
			t.Fatal(err)
		}
		if err := or.SetState(ol.State(), ol.Steps()); err != nil {
			t.Fatal(err)
		}
		for i := 6; i < 9; i++ {
			step(be, late, ol, i)
			step(be, begun, ob, i)
			step(be, resumed, or, i)
		}
		if !equal(late.Param("b").Value.Data, begun.Param("b").Value.Data) {
			t.Errorf("%s: a thawed parameter moves otherwise than one that begins", name)
		}
		if !equal(late.Flatten().Value.Data, resumed.Flatten().Value.Data) {
			t.Errorf("%s: other values after a resume", name)
		}
	}
}

// TestResumeIsBitIdentical stops after three steps, restores the state in a new
// optimiser over a copy of the parameters, and compares with going on.
func TestResumeIsBitIdentical(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	for name, newOptimizer := range optimisers {
		set, resumed := newSet(), newSet()
		set.Param("c").Frozen, resumed.Param("c").Frozen = true, true
		o := newOptimizer(set)
		for i := range 3 {
			step(be, set, o, i)
		}
		if err := resumed.Load(set.State()).Err(); err != nil {
			t.Fatal(err)
		}
		r := newOptimizer(resumed)
		if err := r.SetState(o.State(), o.Steps()); err != nil {
			t.Fatal(err)
		}
		for i := 3; i < 6; i++ {
			step(be, set, o, i)
			step(be, resumed, r, i)
		}
		if r.Steps() != 6 || o.Steps() != 6 {
			t.Errorf("%s: %d and %d steps, want 6", name, r.Steps(), o.Steps())
		}
		if !equal(set.Flatten().Value.Data, resumed.Flatten().Value.Data) {
			t.Errorf("%s: other values after a resume", name)
		}
	}
}

func TestStateThatDoesNotFitChangesNothing(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	set := newSet()
	o := NewAdam(set, DefaultAdam())
	step(be, set, o, 0)
	m, v := o.m.Clone(), o.v.Clone()
	for want, state := range map[string]map[string]*tensor.Tensor{
		`no "v"`:           {"m": tensor.New(m.Len())},
		`"m" has 3 values`: {"m": tensor.New(3), "v": tensor.New(m.Len())},
		`no "missed"`:      {"m": tensor.New(m.Len()), "v": tensor.New(m.Len())},
		"a missed 2 of 1":  {"m": tensor.New(m.Len()), "v": tensor.New(m.Len()), "missed": tensor.FromSlice([]float32{2, 0, 0, 0}, 4)},
		"a missed 0.5 of":  {"m": tensor.New(m.Len()), "v": tensor.New(m.Len()), "missed": tensor.FromSlice([]float32{0.5, 0, 0, 0}, 4)},
		"a missed NaN":     {"m": tensor.New(m.Len()), "v": tensor.New(m.Len()), "missed": tensor.FromSlice([]float32{float32(math.NaN()), 0, 0, 0}, 4)},
	} {
		if err := o.SetState(state, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if err := o.SetState(o.State(), -1); err == nil {
		t.Error("a negative number of steps is taken")
	}
	if !equal(o.m.Data, m.Data) || !equal(o.v.Data, v.Data) || o.Steps() != 1 {
		t.Error("a state that does not fit changed the optimiser")
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	for name, newOptimizer := range optimisers {
		set := newSet()
		o := newOptimizer(set)
		set.Params()[1].Frozen = true
		step(be, set, o, 0)
		log, loss := NewLog(be), tensor.New(1)
		if n := testing.AllocsPerRun(20, func() {
			o.Step(be, 0.01, log.Note(be, o, loss, 1))
			log.Read()
		}); n != 0 {
			t.Errorf("%s: %v allocations a step", name, n)
		}
	}
}

// TestDefaultAdam holds PyTorch's constants.
func TestDefaultAdam(t *testing.T) {
	if got, want := DefaultAdam(), (AdamConfig{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestWarmRestartsWithoutCyclePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	WarmRestarts{Base: 1}.LR(3)
}

// A cycle that does not grow repeats, whatever its factor below 1 says.
func TestWarmRestartsWithoutGrowth(t *testing.T) {
	for _, factor := range []int{1, 0, -1} {
		w := WarmRestarts{Base: 1, First: 3, Factor: factor}
		if a, b := w.LR(1), w.LR(7); a != b || w.LR(3) != 1 {
			t.Errorf("factor %d: rates %v and %v at the second step of two cycles, %v at the first of one", factor, a, b, w.LR(3))
		}
	}
}

// Half-way down a cosine the rate is half-way to the smallest.
func TestSmallestRate(t *testing.T) {
	for name, s := range map[string]Schedule{"Cosine": Cosine{Base: 1, Min: 0.2, Steps: 4}, "WarmRestarts": WarmRestarts{Base: 1, Min: 0.2, First: 4}} {
		if got := s.LR(2); math.Abs(got-0.6) > 1e-12 {
			t.Errorf("%s: rate %v, want 0.6", name, got)
		}
	}
}
