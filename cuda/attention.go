package cuda

import (
	"fmt"

	"diffclip/cuda/kernels"
	"diffclip/tensor"
)

// heads fails where the kernels cannot hold so many tokens: the one limit that
// this backend has and a processor has not.
func heads(h kernels.Heads, fits bool) kernels.Heads {
	if !fits {
		fail(fmt.Errorf("attention over %d tokens with heads of %d: this device takes at most %d, or any number in self-attention with heads of %d; use a smaller window, larger patches, or -device cpu",
			h.Tokens, h.Width/h.Heads, kernels.MaxTokens, kernels.TiledHeadSize))
	}
	return h
}

// SelfAttention is softmax(q·kᵀ/√d)·v for every head of packed qkv.
func (b *Backend) SelfAttention(dst, lse, qkv *tensor.Tensor, n int, causal bool) {
	checks.SelfAttention("SelfAttention", dst, lse, qkv, n)
	if dst.Len() == 0 {
		return
	}
	h := kernels.Heads{Batch: dst.Dim(0), Tokens: dst.Dim(1), Width: dst.Dim(2), Heads: n}
	b.k.SelfAttention(b.out(dst), b.out(lse), b.in(qkv), heads(h, h.Fits()), causal, b.precision != F32)
	b.done()
}

// SelfAttentionBackward overwrites dqkv.
func (b *Backend) SelfAttentionBackward(dqkv, dy, y, lse, qkv *tensor.Tensor, n int, causal bool) {
	checks.SelfAttentionBackward(dqkv, dy, y, lse, qkv, n)
	if dy.Len() == 0 {
		return
	}
	h := kernels.Heads{Batch: dy.Dim(0), Tokens: dy.Dim(1), Width: dy.Dim(2), Heads: n}
	b.k.SelfAttentionBackward(b.out(dqkv), b.in(dy), b.in(y), b.in(lse), b.in(qkv), heads(h, h.Fits()), causal, b.precision != F32)
	b.done()
}

// QueryAttention is attention of one query row per sample.
func (b *Backend) QueryAttention(dst, probs, q, kv *tensor.Tensor, n []int32, count int) {
	checks.QueryAttention("QueryAttention", dst, probs, q, kv, n, count)
	if kv.Len() == 0 {
		return
	}
	b.k.QueryAttention(b.out(dst), b.out(probs), b.in(q), b.in(kv), b.ints(n), query(q, kv, count))
	b.done()
}

// QueryAttentionBackward overwrites dq and dkv.
func (b *Backend) QueryAttentionBackward(dq, dkv, dy, probs, q, kv *tensor.Tensor, n []int32, count int) {
	checks.QueryAttentionBackward(dq, dkv, dy, probs, q, kv, n, count)
	if kv.Len() == 0 {
		return
	}
	b.k.QueryAttentionBackward(b.out(dq), b.out(dkv), b.in(dy), b.in(probs), b.in(q), b.in(kv), b.ints(n), query(q, kv, count))
	b.done()
}

func query(q, kv *tensor.Tensor, count int) kernels.Heads {
	h := kernels.Heads{Batch: q.Dim(0), Tokens: kv.Dim(1), Width: q.Dim(1), Heads: count}
	return heads(h, h.Tokens <= kernels.MaxTokens)
}
