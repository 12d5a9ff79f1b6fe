package diffusion

import (
	"slices"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/tensor"
)

// wholeBatch is a backend that takes a batch through the network as a whole, as a device
// does.
type wholeBatch struct{ *tensor.CPU }

func (wholeBatch) Lanes() int             { return 1 }
func (wholeBatch) Grain(_, batch int) int { return batch }

// TestAnyCutOfABatch: a batch that goes through the transformers as a whole has the loss,
// the gradients and the restoration of one that is cut, and so has its room when it is
// filled again.
func TestAnyCutOfABatch(t *testing.T) {
	cpu := tensor.NewCPU(2)
	defer cpu.Close()
	c := small()
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	const samples = 7
	corruptor := NewCorruptor(c, 2)
	restored := func(be tensor.Backend, batch *Corrupted) (values []float32) {
		for _, v := range m.Restore(autograd.NewTape(be, autograd.Eval), batch) {
			values = append(values, v.Value.Data...)
		}
		return values
	}
	trained := func(be tensor.Backend, batch *Corrupted) (values []float32) {
		m.Set.Flatten()
		m.Set.ZeroGrad()
		tape := autograd.NewTape(be, autograd.Train)
		loss := m.Loss(tape, batch)
		tape.Backward(loss)
		return append(slices.Clone(m.Set.Flatten().Grad.Data), loss.Value.Item())
	}
	used := corruptor.NewCorrupted(samples)
	for step := range uint64(3) {
		windows := randomWindows(c, samples, "windows")
		fresh := corruptor.NewCorrupted(samples)
		corruptor.Fill(fresh, windows, step)
		corruptor.Fill(used, windows, step)
		be := tensor.Backend(wholeBatch{cpu})
		if step == 2 {
			be = cpu // cut again
		}
		golden.Near(t, "restored windows", restored(be, used), restored(cpu, fresh), 1e-5)
		golden.Near(t, "gradients and loss", trained(be, used), trained(cpu, fresh), 1e-4)
	}
}
