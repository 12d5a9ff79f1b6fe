package cuda

import (
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/cuda/kernels"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

// roundedAttention holds self-attention in a precision that rounds factors to the
// processor's, at the models' numbers of tokens, and a second run to the same bits.
func roundedAttention(t *testing.T, b *Backend) {
	t.Helper()
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	for _, c := range []struct {
		batch, tokens int
		causal        bool
	}{{3, 37, false}, {2, 122, false}, {2, 77, true}, {1, 16, true}, {1, 129, false}} {
		const width, heads = 64, 4
		qkv, dy := tensor.New(c.batch, c.tokens, 3*width), tensor.New(c.batch, c.tokens, width)
		rng.New(1, "attention/qkv", 0).Normal(qkv.Data, 0)
		rng.New(1, "attention/dy", 0).Normal(dy.Data, 0)
		run := func(be tensor.Backend) [][]float32 {
			y, lse, dqkv := be.Get(dy.Shape), be.Get(tensor.Of(c.batch, heads, c.tokens)), be.Get(qkv.Shape)
			x, dz := be.Get(qkv.Shape), be.Get(dy.Shape)
			x.Write(qkv.Data)
			dz.Write(dy.Data)
			be.SelfAttention(y, lse, x, heads, c.causal)
			be.SelfAttentionBackward(dqkv, dz, y, lse, x, heads, c.causal)
			var out [][]float32
			for _, v := range []*tensor.Tensor{y, lse, dqkv} {
				out = append(out, slices.Clone(v.Host()))
			}
			for _, v := range []*tensor.Tensor{y, lse, dqkv, x, dz} {
				be.Put(v)
			}
			return out
		}
		want, got, again := run(cpu), run(b), run(b)
		for i, name := range []string{"y", "lse", "dqkv"} {
			var off, all float64
			for k, v := range want[i] {
				d := float64(got[i][k] - v)
				off += d * d
				all += float64(v) * float64(v)
			}
			if d := math.Sqrt(off / all); !(d < 1e-3) {
				t.Errorf("%d tokens, causal %v: %s is off by %.2g of its length", c.tokens, c.causal, name, d)
			}
			if !slices.Equal(got[i], again[i]) {
				t.Errorf("%d tokens, causal %v: a second run gave other bits of %s", c.tokens, c.causal, name)
			}
		}
	}
}

func TestRoundedAttention(t *testing.T) {
	roundedAttention(t, open(t, Options{Precision: TF32}, "async", "random"))
	roundedAttention(t, open(t, Options{Precision: BF16, Strict: true}, "reverse"))
}

// TestTooManyTokens: what attention cannot hold is refused with what to do.
func TestTooManyTokens(t *testing.T) {
	const tokens, width = kernels.MaxTokens + 1, 5
	b := open(t, Options{Precision: F32})
	y, lse, qkv := b.Get(tensor.Of(1, tokens, width)), b.Get(tensor.Of(1, 1, tokens)), b.Get(tensor.Of(1, tokens, 3*width))
	q, kv, probs := b.Get(tensor.Of(1, width)), b.Get(tensor.Of(1, tokens, 2*width)), b.Get(tensor.Of(1, 1, tokens))
	for name, f := range map[string]func(){
		"self-attention": func() { b.SelfAttention(y, lse, qkv, 1, false) },
		"its gradient":   func() { b.SelfAttentionBackward(qkv, y, y, lse, qkv, 1, false) },
		"of one query":   func() { b.QueryAttention(q, probs, q, kv, nil, 1) },
		"its gradient ":  func() { b.QueryAttentionBackward(q, kv, q, probs, q, kv, nil, 1) },
	} {
		if err := deviceError(f); err == nil || !strings.Contains(err.Error(), "attention over 1025 tokens with heads of 5: this device takes at most 1024") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDeviceRoundedAttention(t *testing.T) {
	roundedAttention(t, onDevice(t, Options{Precision: TF32}))
}
