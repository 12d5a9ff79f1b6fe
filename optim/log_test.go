package optim

import (
	"math"
	"slices"
	"testing"

	"diffclip/nn"
	"diffclip/tensor"
)

// ahead is a backend that goes three steps ahead.
type ahead struct{ tensor.Backend }

func (ahead) Ahead() int { return 3 }

// TestNormIgnoresFrozen: also where nothing is trained, and nothing is left of a sum
// of before.
func TestNormIgnoresFrozen(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	loss := tensor.FromSlice([]float32{7}, 1)
	set := nn.NewSet(1)
	a, b, c := set.Root().Param("a", nn.Zeros, 2), set.Root().Param("b", nn.Zeros, 1), set.Root().Param("c", nn.Zeros, 1)
	o, log := NewSGD(set, SGDConfig{}), NewLog(be)
	noted := func() Noted {
		log.Note(be, o, loss, 0)
		return log.Read()[0]
	}
	if got := noted(); got != (Noted{Loss: 7}) {
		t.Errorf("%+v without gradients, want a loss of 7", got)
	}
	copy(a.Grad.Data, []float32{3, 4})
	b.Grad.Data[0] = 12
	if got := noted().Norm; got != 13 {
		t.Errorf("norm %v, want 13", got)
	}
	b.Frozen = true
	c.Grad.Data[0] = 12
	if got := noted().Norm; got != 13 {
		t.Errorf("norm of two ranges %v, want 13", got)
	}
	c.Frozen = true
	if got := noted().Norm; got != 5 {
		t.Errorf("norm %v, want 5", got)
	}
	a.Frozen = true
	if got := noted().Norm; got != 0 {
		t.Errorf("norm %v where everything is frozen", got)
	}
}

// TestLogGoesRound: what was noted comes in its order, wherever in the log it lies.
func TestLogGoesRound(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	be := ahead{cpu}
	set := newSet()
	o, log := NewSGD(set, SGDConfig{}), NewLog(be)
	if len(log.Read()) != 0 {
		t.Error("a new log is not empty")
	}
	loss := tensor.New(1)
	for _, n := range []int{1, 3, 2, 2, 3, 3, 1} {
		var want []float64
		for range n {
			loss.Data[0]++
			log.Note(be, o, loss, 0)
			want = append(want, float64(loss.Data[0]))
		}
		if log.Full() != (n == 3) {
			t.Errorf("after %d steps of 3: full %v", n, log.Full())
		}
		var got []float64
		for _, step := range log.Read() {
			got = append(got, step.Loss)
		}
		if !slices.Equal(got, want) || log.Full() {
			t.Errorf("losses %v, want %v", got, want)
		}
	}
	for range 3 {
		log.Note(be, o, loss, 0)
	}
	defer func() {
		if recover() == nil {
			t.Error("a full log took another step")
		}
	}()
	log.Note(be, o, loss, 0)
}

// TestNoUpdateOfWhatIsNotFinite: neither weights nor moments change, by this step
// or a later one.
func TestNoUpdateOfWhatIsNotFinite(t *testing.T) {
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	be := ahead{cpu}
	for name, spoil := range map[string]func(set *nn.Set, loss *tensor.Tensor){
		"loss":     func(_ *nn.Set, loss *tensor.Tensor) { loss.Data[0] = float32(math.Inf(1)) },
		"gradient": func(set *nn.Set, _ *tensor.Tensor) { set.Param("b").Grad.Data[3] = float32(math.NaN()) },
		"norm":     func(set *nn.Set, _ *tensor.Tensor) { set.Param("b").Grad.Data[3] = 1e30 },
	} {
		for kind, newOptimizer := range optimisers {
			set, loss := newSet(), tensor.New(1)
			o, log := newOptimizer(set), NewLog(be)
			step(be, set, o, 0)
			var before [][]float32
			state := func() (all [][]float32) {
				all = append(all, slices.Clone(set.Flatten().Value.Data))
				for _, m := range []string{"m", "v"} {
					if s := o.State()[m]; s != nil {
						all = append(all, slices.Clone(s.Data))
					}
				}
				return all
			}
			before = state()
			spoil(set, loss)
			o.Step(be, 0.1, log.Note(be, o, loss, 1))
			loss.Data[0] = 1
			for _, p := range set.Params() {
				p.Grad.Zero()
			}
			o.Step(be, 0.1, log.Note(be, o, loss, 1))
			if noted := log.Read(); noted[0].Finite() || !noted[1].Finite() {
				t.Errorf("%s, %s: noted %v", kind, name, noted)
			}
			for i, values := range state() {
				if !equal(values, before[i]) {
					t.Errorf("%s, %s: an update was made", kind, name)
				}
			}
		}
	}
}
