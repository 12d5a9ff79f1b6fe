package kernels

import "math"

// MaxTokens is how many tokens attention can see: any number in self-attention of
// head size TiledHeadSize, else MaxTokens.
const MaxTokens = 1024

// TiledHeadSize is the head size with kernels of its own.
const TiledHeadSize = 16

// Limits of attention.cu: TILE and ROW_WARPS.
const (
	tileTokens = 64
	rowWarps   = 4
)

// Heads is the size of multi-head attention: q, k and v are Width wide, in Heads
// parts side by side.
type Heads struct{ Batch, Tokens, Width, Heads int }

// Fits reports whether SelfAttention and its backward can run.
func (h Heads) Fits() bool { return h.Width/h.Heads == TiledHeadSize || h.Tokens <= MaxTokens }

func (h Heads) scale() float32 { return float32(1 / math.Sqrt(float64(h.Width/h.Heads))) }

// choose returns the kernel for a head size, with the grid and block of sample first .. first+Z-1.
func (h Heads) choose(tiled, rows *Kernel) (k *Kernel, grid, block Dim) {
	if h.Width/h.Heads == TiledHeadSize {
		return tiled, Dim{uint32(ceil(h.Tokens, tileTokens)), uint32(h.Heads), 0}, Dim{tileTokens, 1, 1}
	}
	return rows, Dim{uint32(ceil(h.Tokens, rowWarps)), uint32(h.Heads), 0}, Dim{32 * rowWarps, 1, 1}
}

// MMATokens is how many tokens the kernels on tensor cores take, for head size TiledHeadSize.
const MMATokens = 128

// mmaBlock is MMA_BLOCK of attention_mma.cu.
const mmaBlock = 128

// byTensorCores chooses between kernels for 64 and for 128 tokens, nil where they
// do not fit: they read 16 bytes at once.
func (h Heads) byTensorCores(half, whole *Kernel, operands ...Ptr) *Kernel {
	switch {
	case h.Width/h.Heads != TiledHeadSize || h.Tokens > MMATokens || !aligned(operands...):
		return nil
	case h.Tokens > MMATokens/2:
		return whole
	}
	return half
}

// SelfAttention is y = softmax(q·kᵀ/√d)·v per head for packed qkv (B, T, 3·Width);
// y is (B, T, Width), lse (B, Heads, T). Causal: token i sees tokens 0..i. Rounded:
// the factors of its products may be rounded to 10 bits, as TF32 has them.
func (s *Set) SelfAttention(y, lse, qkv Ptr, h Heads, causal, rounded bool) {
	k, grid, block := h.choose(selfAttention16, selfAttention)
	if mma := h.byTensorCores(selfAttentionMMA64, selfAttentionMMA128, y, qkv); rounded && mma != nil {
		k, grid, block = mma, Dim{1, uint32(h.Heads), 0}, Dim{mmaBlock, 1, 1}
	}
	for b := 0; b < h.Batch; b += maxGridZ {
		grid.Z = uint32(min(maxGridZ, h.Batch-b))
		s.launch(k, grid, block, ptr(y.At(b*h.Tokens*h.Width)), ptr(lse.At(b*h.Heads*h.Tokens)), ptr(qkv.At(3*b*h.Tokens*h.Width)),
			i32(h.Tokens), i32(h.Width), i32(h.Heads), flag(causal), f32(h.scale()))
	}
}

// SelfAttentionBackward overwrites dqkv.
func (s *Set) SelfAttentionBackward(dqkv, dy, y, lse, qkv Ptr, h Heads, causal, rounded bool) {
	run := func(k *Kernel, grid, block Dim) {
		for b := 0; b < h.Batch; b += maxGridZ {
			grid.Z = uint32(min(maxGridZ, h.Batch-b))
			at := b * h.Tokens * h.Width
			s.launch(k, grid, block, ptr(dqkv.At(3*at)), ptr(dy.At(at)), ptr(y.At(at)), ptr(lse.At(b*h.Heads*h.Tokens)), ptr(qkv.At(3*at)),
				i32(h.Tokens), i32(h.Width), i32(h.Heads), flag(causal), f32(h.scale()))
		}
	}
	if mma := h.byTensorCores(selfAttentionMMABackward64, selfAttentionMMABackward128, dqkv, dy, y, qkv); rounded && mma != nil {
		run(mma, Dim{1, uint32(h.Heads), 0}, Dim{mmaBlock, 1, 1})
		return
	}
	run(h.choose(selfAttentionDq16, selfAttentionDq))
	run(h.choose(selfAttentionDkv16, selfAttentionDkv))
}

func (h Heads) queryGrid() Dim { return each(ceil(h.Batch*h.Heads, rowWarps)) }

// QueryAttention is attention of one query row per sample, q (B, Width), over kv
// (B, T, 2·Width); sample b sees its first n[b] keys, n int32 (B), or all if n is 0.
// probs is (B, Heads, T). T is at most MaxTokens.
func (s *Set) QueryAttention(y, probs, q, kv, n Ptr, h Heads) {
	s.launch(queryAttention, h.queryGrid(), Dim{32 * rowWarps, 1, 1}, ptr(y), ptr(probs), ptr(q), ptr(kv), ptr(n),
		i32(h.Batch), i32(h.Tokens), i32(h.Width), i32(h.Heads), f32(h.scale()))
}

// QueryAttentionBackward overwrites dq and dkv.
func (s *Set) QueryAttentionBackward(dq, dkv, dy, probs, q, kv, n Ptr, h Heads) {
	s.launch(queryAttentionBackward, h.queryGrid(), Dim{32 * rowWarps, 1, 1}, ptr(dq), ptr(dkv), ptr(dy), ptr(probs), ptr(q), ptr(kv), ptr(n),
		i32(h.Batch), i32(h.Tokens), i32(h.Width), i32(h.Heads), f32(h.scale()))
}
