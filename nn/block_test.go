package nn

import (
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/tensor"
)

func TestBlockAgainstPyTorch(t *testing.T) {
	f := golden.Load(t, "block")
	for _, name := range f.Cases() {
		t.Run(name, func(t *testing.T) {
			c := f.Case(t, name)
			cfg := BlockConfig{Dim: int(c.Attr("dim")), Heads: int(c.Attr("heads")), Eps: float32(c.Attr("eps")), Act: autograd.ActGELU}
			cfg.Hidden = cfg.Dim * int(c.Attr("mlp_ratio"))
			if c.Attr("causal") == 1 {
				cfg.Causal, cfg.Act = true, autograd.ActQuickGELU
			}
			set := NewSet(1)
			block := NewBlock(set.Root(), cfg)
			if block.Norm1.Eps != cfg.Eps || block.Norm2.Eps != cfg.Eps {
				t.Errorf("eps %v and %v, want %v", block.Norm1.Eps, block.Norm2.Eps, cfg.Eps)
			}
			names := strings.NewReplacer("norm1", "ln1", "norm2", "ln2", "mlp.fc1", "mlp.0", "mlp.fc2", "mlp.2")
			for _, p := range set.Params() {
				copy(p.Value.Data, c.Float32s(names.Replace(p.Name)))
				p.Changed()
			}
			be := tensor.NewCPU(2)
			defer be.Close()
			tape := autograd.NewTape(be, autograd.Train)
			x := tape.InputGrad(tensor.FromSlice(c.Float32s("input"), c.Shape("input")...))
			y := block.Forward(tape, x)
			golden.Near(t, "output", y.Value.Data, c.Float32s("output"), 1e-5)
			loss := tape.Sum(tape.Mul(y, tape.Input(tensor.FromSlice(c.Float32s("grad_output"), c.Shape("output")...))))
			tape.Backward(loss)
			golden.Near(t, "grad_input", x.Grad().Data, c.Float32s("grad_input"), 1e-4)
			for _, p := range set.Params() {
				golden.Near(t, p.Name, p.Grad.Data, c.Float32s("grad_"+names.Replace(p.Name)), 1e-4)
			}
		})
	}
}
