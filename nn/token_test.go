package nn

import (
	"fmt"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/tensor"
)

// TestForwardTokenEqualsForward compares one token of every sample, its value
// and every gradient, with that token taken from the whole output.
func TestForwardTokenEqualsForward(t *testing.T) {
	const batch, tokens = 5, 7
	for _, causal := range []bool{false, true} {
		for name, at := range map[string][]int32{"first": {0, 0, 0, 0, 0}, "last": {6, 6, 6, 6, 6}, "each another": {3, 0, 6, 1, 5}} {
			t.Run(fmt.Sprintf("causal %v, %s", causal, name), func(t *testing.T) {
				cfg := small
				cfg.Causal = causal
				set := NewSet(1)
				block := NewBlock(set.Root(), cfg)
				x := tensor.New(batch, tokens, cfg.Dim)
				Normal(1)(x, 1, "x")
				rows, lengths := make([]int32, batch), make([]int32, batch)
				for b := range rows {
					rows[b], lengths[b] = int32(b*tokens)+at[b], at[b]+1
				}
				if !causal {
					lengths = nil
				}
				y, dx, grads := gradients(t, set, x, func(tape *autograd.Tape, x *autograd.Var) *autograd.Var {
					return block.ForwardToken(tape, x, rows, lengths)
				})
				wantY, wantDX, wantGrads := gradients(t, set, x, func(tape *autograd.Tape, x *autograd.Var) *autograd.Var {
					return tape.GatherRows(block.Forward(tape, x), nil, tensor.IDs(rows))
				})
				golden.Near(t, "value", y, wantY, 1e-5)
				golden.Near(t, "gradient of the input", dx, wantDX, 1e-4)
				for name, want := range wantGrads {
					golden.Near(t, "gradient of "+name, grads[name], want, 1e-4)
				}
			})
		}
	}
}

// Without training, attention of one token to all goes without keys and values; that
// to the tokens before it does not.
func TestForwardTokenFolded(t *testing.T) {
	const batch, tokens = 5, 7
	be := tensor.NewCPU(1)
	defer be.Close()
	x := tensor.New(batch, tokens, small.Dim)
	Normal(1)(x, 1, "x")
	rows := []int32{0, 7 + 3, 2*7 + 6, 3*7 + 1, 4*7 + 5}
	for _, lengths := range [][]int32{nil, {1, 4, 7, 2, 6}} {
		cfg := small
		cfg.Causal = lengths != nil
		set := NewSet(1)
		block := NewBlock(set.Root(), cfg)
		for _, p := range set.Params() { // biases start at zero
			Normal(0.3)(p.Value, 1, p.Name)
			p.Changed()
		}
		tape := autograd.NewTape(be, autograd.Eval)
		in := tape.Input(x)
		want := tape.GatherRows(block.Forward(tape, in), nil, tensor.IDs(rows))
		golden.Near(t, "value", block.ForwardToken(tape, in, rows, lengths).Value.Data, want.Value.Data, 1e-5)
	}
}

// TestTokenAttention holds the shares against the attention that they make: with
// the values weighed by them, ForwardToken's attention comes out.
func TestTokenAttention(t *testing.T) {
	const batch, tokens = 3, 7
	set := NewSet(1)
	block := NewBlock(set.Root(), small)
	x := tensor.New(batch, tokens, small.Dim)
	Normal(1)(x, 1, "x")
	rows := []int32{0, tokens + 3, 3*tokens - 1}
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Eval)
	p := block.TokenAttention(tape, tape.Input(x), rows).Value
	if p.Shape != tensor.Of(batch, small.Heads, tokens) {
		t.Fatalf("shape %v", p.Shape)
	}
	q, kv := block.tokenQuery(tape, tape.Input(x), rows)
	want := tape.QueryAttention(q, kv, nil, small.Heads).Value.Data
	got := make([]float32, len(want))
	d, width := small.Dim, small.Dim/small.Heads
	for b := range batch {
		for h := range small.Heads {
			sum := float32(0)
			for j := range tokens {
				share := p.Data[(b*small.Heads+h)*tokens+j]
				sum += share
				for c := h * width; c < (h+1)*width; c++ {
					got[b*d+c] += share * kv.Value.Data[(b*tokens+j)*2*d+d+c]
				}
			}
			golden.Near(t, "sum of a row", []float32{sum}, []float32{1}, 1e-5)
		}
	}
	golden.Near(t, "weighed values", got, want, 1e-5)
}
