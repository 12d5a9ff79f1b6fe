package bench

import (
	"math"
	"testing"

	"diffclip/internal/testenv"
	"diffclip/tensor"
)

// The counts and the sizes of the same networks in bench/peers/torch_peer.py.
func TestWorkloadSizes(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	for _, c := range []struct {
		w      *Workload
		gflop  float64
		params int
	}{
		{Pretrain(be, 16), 17.41, 1691025},
		{PretrainReference(be, 16), 17.41, 1691025},
		{FewShot(be, 16), 20.92, 7724801},
		{Infer(be, 16), 5.40, 7724801},
	} {
		if math.Abs(c.w.GFLOP-c.gflop) > 0.005 {
			t.Errorf("%s: %.3f GFLOP, want %.2f", c.w.Name, c.w.GFLOP, c.gflop)
		}
		if c.w.Params != c.params {
			t.Errorf("%s: %d parameters, want %d", c.w.Name, c.w.Params, c.params)
		}
		c.w.Close()
	}
}

// lossOf makes a step and returns its loss.
func lossOf(w *Workload) float64 {
	w.Step()
	return w.Loss()
}

func TestSceneIsMapped(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	w := Scene(be, 40)
	if w.Batch != 40 {
		t.Errorf("%d pixels, want 40", w.Batch)
	}
	if a, b := lossOf(w), lossOf(w); a != b || a < 40 || a > 40*classes {
		t.Errorf("labels add up to %v, then %v", a, b)
	}
}

// A step after the first few allocates nothing, and training lowers the loss.
func TestStepsAllocateNothing(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	for _, name := range []string{"pretrain", "pretrain-reference", "fewshot", "infer"} {
		w, err := New(name, be, 4)
		if err != nil {
			t.Fatal(err)
		}
		first := lossOf(w)
		for range 3 {
			w.Step()
		}
		if n := testenv.SteadyAllocs(3, func() { w.Step() }); n != 0 {
			t.Errorf("%s: %v allocations a step", name, n)
		}
		if last := lossOf(w); name != "infer" && !(last < first) {
			t.Errorf("%s: the loss went from %v to %v", name, first, last)
		}
		w.Close()
	}
	if _, err := New("train", be, 0); err == nil {
		t.Error("an unknown workload is no error")
	}
}
