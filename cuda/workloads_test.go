package cuda

import (
	"math"
	"testing"

	"diffclip/bench"
	"diffclip/tensor"
)

// losses are the losses of the first steps of a workload.
func losses(be tensor.Backend, name string, batch, steps int) []float64 {
	w, err := bench.New(name, be, batch)
	if err != nil {
		panic(err)
	}
	defer w.Close()
	var out []float64
	for range steps {
		w.Step()
		out = append(out, w.Loss())
	}
	return out
}

// TestWorkloads runs W1, W2 and W3, at their published sizes but for the batch,
// beside the processor. Losses that agree for a few steps mean that gradients and
// updates did.
func TestWorkloads(t *testing.T) {
	cpu := tensor.NewCPU(0)
	defer cpu.Close()
	for _, c := range []struct {
		name         string
		batch, steps int
	}{{"pretrain", 1, 2}, {"pretrain-reference", 1, 2}, {"fewshot", 2, 2}, {"infer", 2, 1}, {"scene", 3, 1}} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, Options{Precision: F32}, "async")
			got, want := losses(b, c.name, c.batch, c.steps), losses(cpu, c.name, c.batch, c.steps)
			for i := range want {
				if d := math.Abs(got[i] - want[i]); !(d <= 2e-5*math.Abs(want[i])) {
					t.Errorf("step %d: loss %v, on the processor %v", i, got[i], want[i])
				}
			}
		})
	}
}
