package nn_test

import (
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/tensor"
)

// TestTrainingFollowsPyTorch trains from given weights, plainly and in shards,
// and compares every loss.
func TestTrainingFollowsPyTorch(t *testing.T) {
	f := golden.Load(t, "trajectory")
	be := tensor.NewCPU(2)
	defer be.Close()
	tests := map[string]func(c golden.Case, set *nn.Set) func(tape *autograd.Tape, x *autograd.Var) *autograd.Var{
		"mlp": func(c golden.Case, set *nn.Set) func(*autograd.Tape, *autograd.Var) *autograd.Var {
			fc1, fc2 := nn.NewLinear(set.Root().Sub("fc1"), 5, 9), nn.NewLinear(set.Root().Sub("fc2"), 9, 3)
			var targets []int32
			for _, v := range c.Int64s("target") {
				targets = append(targets, int32(v))
			}
			return func(t *autograd.Tape, x *autograd.Var) *autograd.Var {
				return t.CrossEntropy(fc2.Forward(t, fc1.ForwardAct(t, x, autograd.ActGELU)), targets)
			}
		},
		"block": func(c golden.Case, set *nn.Set) func(*autograd.Tape, *autograd.Var) *autograd.Var {
			dim := c.Int("dim")
			block := nn.NewBlock(set.Root(), nn.BlockConfig{Dim: dim, Heads: c.Int("heads"), Hidden: dim * c.Int("mlp_ratio"), Act: autograd.ActGELU, Eps: float32(c.Attr("eps"))})
			target := tensor.FromSlice(c.Float32s("target"), c.Shape("target")...)
			share := tensor.New(target.Rows())
			for i := range share.Data {
				share.Data[i] = 1 / float32(share.Len())
			}
			rows := target.Dim(1)
			slice := func(t *autograd.Tape, lo, hi int, in []*autograd.Var) *autograd.Var {
				n := rows * dim
				part := tensor.FromSlice(target.Data[lo*n:hi*n], hi-lo, rows, dim)
				return t.WeightedMSE(block.Forward(t, in[0]), part, tensor.FromSlice(share.Data[lo*rows:hi*rows], (hi-lo)*rows))
			}
			return func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.ShardSum(1, slice, x) }
		},
	}
	names := strings.NewReplacer("norm1", "ln1", "norm2", "ln2", "mlp.fc1", "mlp.0", "mlp.fc2", "mlp.2")
	for _, name := range f.Cases() {
		t.Run(name, func(t *testing.T) {
			c := f.Case(t, name)
			if tests[name] == nil {
				t.Fatal("this golden case has no test")
			}
			set := nn.NewSet(1)
			loss := tests[name](c, set)
			adam := optim.DefaultAdam()
			adam.WeightDecay = c.Attr("weight_decay")
			opt := optim.NewAdam(set, adam)
			for _, p := range set.Params() {
				copy(p.Value.Data, c.Float32s(names.Replace(p.Name)))
				p.Changed()
			}
			tape := autograd.NewTape(be, autograd.Train)
			x := tensor.FromSlice(c.Float32s("input"), c.Shape("input")...)
			for step, want := range c.Float32s("losses") {
				set.ZeroGrad()
				l := loss(tape, tape.Input(x))
				tape.Backward(l)
				if got := l.Value.Item(); !(got-want < 1e-4*want && want-got < 1e-4*want) {
					t.Errorf("step %d: loss %v, want %v", step, got, want)
				}
				tape.Reset()
				opt.Step(be, c.Attr("lr"), nil)
			}
		})
	}
}
