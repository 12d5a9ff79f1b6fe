package cuda

import (
	"math"
	"slices"
	"testing"

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

func TestDeviceRoundedAttention(t *testing.T) {
	roundedAttention(t, onDevice(t, Options{Precision: TF32}))
}
