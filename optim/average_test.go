package optim

import (
	"math"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/tensor"
)

// averaged is a set of parameters, one of them frozen, and a buffer.
func averaged() (*nn.Set, *tensor.Tensor) {
	set := newSet()
	buffer := set.Root().Buffer("statistics", 0.1, 3)
	set.Freeze(true, func(name string) bool { return name == "b" })
	return set, buffer
}

// TestAverageIsTheMean holds it against the sum of what the values were after each
// update that counts; what is frozen keeps its bits.
func TestAverageIsTheMean(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	const from, steps = 2, 7
	set, buffer := averaged()
	a := NewAverage(NewAdam(set, DefaultAdam()), set, from)
	sums := map[string][]float64{}
	frozen := set.Param("b").Value.Clone()
	for i := range steps {
		buffer.Data[1] = float32(i)
		step(be, set, a, i)
		if i < from {
			before := set.Flatten().Value.Clone()
			if a.Adopt(be); !equal(before.Data, set.Flatten().Value.Data) {
				t.Fatalf("update %d does not count, and the model changed", i)
			}
			continue
		}
		for name, x := range set.State() {
			if sums[name] == nil {
				sums[name] = make([]float64, x.Len())
			}
			for j, v := range x.Data {
				sums[name][j] += float64(v) / (steps - from)
			}
		}
	}
	a.Adopt(be)
	for name, x := range set.State() {
		for j, v := range x.Data {
			if d := float64(v) - sums[name][j]; d > 1e-6 || d < -1e-6 {
				t.Errorf("%s, value %d: %v, the mean is %v", name, j, v, sums[name][j])
			}
		}
	}
	if !equal(frozen.Data, set.Param("b").Value.Data) || buffer.Data[0] != 0.1 {
		t.Error("what stays the same has another mean than itself")
	}
}

// TestAdoptIsSeen: a layer computes with the mean, of which forms were prepared before.
func TestAdoptIsSeen(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	set := nn.NewSet(1)
	l := nn.NewLinear(set.Root(), 3, 2)
	a := NewAverage(NewSGD(set, SGDConfig{}), set, 0)
	forward := func() float32 {
		tape := autograd.NewTape(be, autograd.Eval)
		return l.Forward(tape, tape.Input(tensor.FromSlice([]float32{1, 0, 0}, 1, 3))).Value.Data[0]
	}
	var sum float32
	for range 2 {
		l.Weight.Grad.Data[0] = 1
		a.Step(be, 0.5, nil)
		sum += forward()
	}
	a.Adopt(be)
	if got := forward(); math.Abs(float64(got-sum/2)) > 1e-6 {
		t.Errorf("the layer gives %v, want %v of the mean weights", got, sum/2)
	}
}

// TestAverageGoesOn: with its state restored, the mean comes out with the same bits;
// a state that does not fit changes nothing.
func TestAverageGoesOn(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	run := func(stop int) []float32 {
		set, _ := averaged()
		a := NewAverage(NewAdam(set, DefaultAdam()), set, 1)
		for i := range 5 {
			if i == stop {
				state := map[string]*tensor.Tensor{}
				for name, x := range a.State() {
					state[name] = x.Clone()
				}
				values := set.Flatten().Value.Clone()
				set, _ = averaged()
				copy(set.Flatten().Value.Data, values.Data)
				a = NewAverage(NewAdam(set, DefaultAdam()), set, 1)
				if err := a.SetState(state, stop); err != nil {
					t.Fatal(err)
				}
			}
			step(be, set, a, i)
		}
		a.Adopt(be)
		return set.Flatten().Value.Data
	}
	want := run(-1)
	for stop := range 4 {
		if !equal(run(stop+1), want) {
			t.Errorf("resumed after %d updates, the mean differs", stop+1)
		}
	}
	set, _ := averaged()
	a := NewAverage(NewAdam(set, DefaultAdam()), set, 0)
	for want, change := range map[string]func(map[string]*tensor.Tensor){
		`no "average.statistics" of 3 values`: func(s map[string]*tensor.Tensor) { delete(s, "average.statistics") },
		`no "average" of `:                    func(s map[string]*tensor.Tensor) { s["average"] = tensor.New(2) },
	} {
		state := a.State()
		change(state)
		if err := a.SetState(state, 3); err == nil || !strings.Contains(err.Error(), want) || a.Steps() != 0 {
			t.Errorf("error %v after %d updates, want one that says %s", err, a.Steps(), want)
		}
	}
}
