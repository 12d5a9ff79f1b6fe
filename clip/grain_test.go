package clip

import (
	"slices"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

// wholeBatch is a backend that takes a batch through the networks as a whole, as a device
// does.
type wholeBatch struct{ *tensor.CPU }

func (wholeBatch) Lanes() int             { return 1 }
func (wholeBatch) Grain(_, batch int) int { return batch }

// TestAnyCutOfABatch: windows and prompts that go through the encoders as a whole have the
// loss, the gradients and the features of those that are cut.
func TestAnyCutOfABatch(t *testing.T) {
	cpu := tensor.NewCPU(2)
	defer cpu.Close()
	c := small()
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	const samples = 7
	b := &Batch{Steps: make([]int32, samples), Prompts: smallPrompts(5), Prompt: []int32{4, 0, 1, 2, 3, 0, 4}}
	for _, mod := range c.Encoder.Modalities {
		x := tensor.New(samples*c.Encoder.Window*c.Encoder.Window, mod.Bands)
		rng.New(1, mod.Name, 0).Normal(x.Data, 0)
		b.Windows = append(b.Windows, x)
	}
	used := func(be tensor.Backend) []float32 {
		return slices.Clone(m.Images(autograd.NewTape(be, autograd.Eval), b).Value.Data)
	}
	trained := func(be tensor.Backend) (values []float32) {
		m.Set.Flatten()
		m.Set.ZeroGrad()
		tape := autograd.NewTape(be, autograd.Train)
		loss := m.Loss(tape, b)
		tape.Backward(loss)
		return append(slices.Clone(m.Set.Flatten().Grad.Data), loss.Value.Item())
	}
	whole := wholeBatch{cpu}
	golden.Near(t, "features", used(whole), used(cpu), 1e-5)
	golden.Near(t, "gradients and loss", trained(whole), trained(cpu), 1e-4)
}
