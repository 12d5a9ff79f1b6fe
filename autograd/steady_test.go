package autograd_test

import (
	"testing"

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
				if n := testing.AllocsPerRun(20, func() { r.step(how) }); n != 0 {
					t.Errorf("%d threads, way %d, recompute %v: %v allocations a step", threads, how, redo, n)
				}
				be.Close()
			}
		}
	}
}

// TestMemoryStaysFlat trains for a thousand steps of several kinds on one tape.
func TestMemoryStaysFlat(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	r := newTrainer(newModel(6), be)
	kinds := func(i int) int {
		r.redo = i%2 == 0
		return []int{whole, inShards, inSums}[i%3]
	}
	first := float32(0)
	for i := range 12 { // each kind twice: what the first time leaves behind is held the second time
		loss := r.step(kinds(i))
		if i == 0 {
			first = loss
		}
	}
	held := be.MemoryInUse()
	last := float32(0)
	for i := range 1000 {
		last = r.step(kinds(i))
	}
	if now := be.MemoryInUse(); now != held {
		t.Errorf("%d bytes after 1000 steps, %d after 12", now, held)
	}
	if !(last < first/10) {
		t.Errorf("loss %v after 1000 steps, %v at first", last, first)
	}
}
