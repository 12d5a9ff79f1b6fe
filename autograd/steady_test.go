package autograd_test

import (
	"testing"

	"diffclip/autograd"
	"diffclip/internal/testenv"
	"diffclip/tensor"
)

// TestSteadyStepAllocatesNothing trains a model of two transformer blocks with
// Adam: after the first steps nothing is allocated.
func TestSteadyStepAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 2} {
		for _, how := range []int{whole, inShards, inSums} {
			for _, redo := range []bool{false, true} {
				be := tensor.NewCPU(threads)
				m := newModel(10)
				m.redo = redo
				r := newTrainer(m, be)
				for range 3 {
					r.step(how)
				}
				if n := testenv.SteadyAllocs(20, func() { r.step(how) }); n != 0 {
					t.Errorf("%d threads, way %d, recompute %v: %v allocations a step", threads, how, redo, n)
				}
				be.Close()
			}
		}
	}
}

// TestMemoryStaysFlat trains for a thousand steps of several kinds on one tape.
// With two threads chance decides whose memory a slice is computed in, so that
// the second one may come to hold as much as the first.
func TestMemoryStaysFlat(t *testing.T) {
	held := 0
	for _, threads := range []int{1, 2} {
		be := tensor.NewCPU(threads)
		defer be.Close()
		r := newTrainer(newModel(6), be)
		step := func(i int) float32 {
			r.redo = i%2 == 0
			return r.step([]int{whole, inShards, inSums}[i%3])
		}
		first := step(0)
		for i := range 12 { // each kind twice: what the first time leaves behind is held the second time
			step(i)
		}
		limit := 2 * held
		if threads == 1 {
			held = be.MemoryInUse()
			limit = held
		}
		last := float32(0)
		for i := range 1000 {
			last = step(i)
		}
		if now := be.MemoryInUse(); now > limit {
			t.Errorf("%d threads: %d bytes after 1000 steps, want at most %d", threads, now, limit)
		}
		if !(last < first/10) {
			t.Errorf("loss %v after 1000 steps, %v at first", last, first)
		}
	}
}

// TestSteadyConcatAllocatesNothing joins more values than a node has room for.
func TestSteadyConcatAllocatesNothing(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	x, parts := tensor.New(2, 3), make([]*autograd.Var, 6)
	step := func() {
		tape.Reset()
		for i := range parts {
			parts[i] = tape.InputGrad(x)
		}
		tape.Backward(tape.Sum(tape.Concat(0, parts...)))
	}
	step()
	if n := testenv.SteadyAllocs(20, step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}
