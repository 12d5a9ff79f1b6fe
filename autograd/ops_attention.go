package autograd

import "diffclip/tensor"

var opSelfAttention = register("SelfAttention", func(t *Tape, n *node) {
	qkv := n.in[0]
	dqkv, acc := t.gradOf(qkv)
	t.accumulate(dqkv, acc, func(g *tensor.Tensor) {
		t.be.SelfAttentionBackward(g, n.out.grad, n.out.Value, n.saved[0], qkv.Value, n.ints[0], n.flag)
	})
})

// SelfAttention is softmax(q·kᵀ/√d)·v for every head: qkv (B, T, 3·D) holds
// query, key and value side by side, heads of size d = D/heads within each. The
// result is (B, T, D). Causal: token i attends to tokens 0..i.
func (t *Tape) SelfAttention(qkv *Var, heads int, causal bool) *Var {
	if qkv.Shape().Rank() != 3 || heads < 1 || qkv.Dim(2)%(3*heads) != 0 {
		fail("SelfAttention", "want qkv (B, T, 3·D) with D a multiple of the heads", qkv)
	}
	y := t.result(qkv.Shape().WithDim(2, qkv.Dim(2)/3))
	lse := t.be.Get(tensor.Of(qkv.Dim(0), heads, qkv.Dim(1)))
	t.be.SelfAttention(y.Value, lse, qkv.Value, heads, causal)
	n := t.record(opSelfAttention, y, qkv)
	if n != nil {
		n.ints[0], n.flag = heads, causal
	}
	t.save(n, lse)
	return y
}

var opQueryAttention = register("QueryAttention", func(t *Tape, n *node) {
	q, kv := n.in[0], n.in[1]
	dq, dkv := t.be.Get(q.Shape()), t.be.Get(kv.Shape())
	t.be.QueryAttentionBackward(dq, dkv, n.out.grad, n.saved[0], q.Value, kv.Value, n.ids, n.ints[0])
	t.addGrad(q, dq)
	t.addGrad(kv, dkv)
})

// QueryAttention is attention of one query per sample, q (B, D), over keys and
// values kv (B, T, 2·D). Sample b attends to its first lengths[b] tokens, or to
// all if lengths is nil; the slice must stay unchanged until Backward. It gives
// what SelfAttention gives at one token, at the price of one token.
func (t *Tape) QueryAttention(q, kv *Var, lengths []int32, heads int) *Var {
	if q.Shape().Rank() != 2 || kv.Shape().Rank() != 3 {
		fail("QueryAttention", "want q (B, D), kv (B, T, 2·D)", q, kv)
	}
	y := t.result(q.Shape())
	probs := t.be.Get(tensor.Of(q.Dim(0), heads, kv.Dim(1)))
	t.be.QueryAttention(y.Value, probs, q.Value, kv.Value, lengths, heads)
	n := t.record(opQueryAttention, y, q, kv)
	if n != nil {
		n.ints[0], n.ids = heads, lengths
	}
	t.save(n, probs)
	return y
}

// QueryProbabilities are the shares that QueryAttention gives the tokens, (B,
// heads, T), for study: a constant, through which no gradient flows.
func (t *Tape) QueryProbabilities(q, kv *Var, lengths []int32, heads int) *Var {
	if q.Shape().Rank() != 2 || kv.Shape().Rank() != 3 {
		fail("QueryProbabilities", "want q (B, D), kv (B, T, 2·D)", q, kv)
	}
	probs := t.result(tensor.Of(q.Dim(0), heads, kv.Dim(1)))
	y := t.be.Get(q.Shape())
	t.be.QueryAttention(y, probs.Value, q.Value, kv.Value, lengths, heads)
	t.be.Put(y)
	return probs
}
