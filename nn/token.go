package nn

import (
	"math"

	"diffclip/autograd"
	"diffclip/tensor"
)

// ForwardToken is Forward's output at one token per sample, (B, D), computing
// query, projection and MLP for that token alone; rows holds its row among the
// B·T rows of x. With causal attention sample b sees its first lengths[b]
// tokens, of which the token must be the last; lengths is nil otherwise. rows
// and lengths must stay unchanged until the backward pass.
func (b *Block) ForwardToken(t *autograd.Tape, x *autograd.Var, rows, lengths []int32) *autograd.Var {
	flat := t.Reshape(x, x.Dim(0)*x.Dim(1), x.Dim(2))
	q, y := b.tokenOf(t, x, rows)
	a := b.Attn.forToken(t, q, y, lengths) // (B, D)
	t.Drop(y)
	r := b.Attn.Proj.ForwardAdd(t, a, t.GatherRows(flat, nil, tensor.IDs(rows)))
	return b.MLP.Forward(t, b.Norm2.Forward(t, r), r)
}

// tokenQuery returns the query of one token per sample, (B, D), and the keys and
// values of all tokens, (B, T, 2·D).
func (b *Block) tokenQuery(t *autograd.Tape, x *autograd.Var, rows []int32) (q, kv *autograd.Var) {
	q, y := b.tokenOf(t, x, rows)
	return q, b.Attn.keyValue.Forward(t, y)
}

// tokenOf returns the query of one token per sample, (B, D), and all tokens as
// attention sees them, (B, T, D).
func (b *Block) tokenOf(t *autograd.Tape, x *autograd.Var, rows []int32) (q, y *autograd.Var) {
	y = b.Norm1.Forward(t, x)
	token := t.GatherRows(t.Reshape(y, y.Dim(0)*y.Dim(1), y.Dim(2)), nil, tensor.IDs(rows))
	return b.Attn.query.Forward(t, token), y
}

// TokenAttention returns how one token per sample shares its attention among all
// tokens, (B, heads, T), each row adding up to 1. rows is as in ForwardToken; it
// is for study, and carries no gradient.
func (b *Block) TokenAttention(t *autograd.Tape, x *autograd.Var, rows []int32) *autograd.Var {
	q, kv := b.tokenQuery(t, x, rows)
	return t.QueryProbabilities(q, kv, nil, b.Attn.Heads)
}

// forToken is attention of one query per sample, (B, D), to the samples' tokens y
// (B, T, D).
func (a *Attention) forToken(t *autograd.Tape, q, y *autograd.Var, lengths []int32) *autograd.Var {
	// Keys and values of every token cost T·2D² multiplications, folded ones
	// Heads·2D². Training keeps to the published order, which it rounds as.
	if !t.Training() && lengths == nil && y.Dim(1) > a.Heads {
		return a.folded(t, q, y)
	}
	return t.QueryAttention(q, a.keyValue.Forward(t, y), lengths, a.Heads)
}

// folded is attention of one query per sample without keys or values: with the
// matrices of head h,
//
//	q·(W_k·y) = (W_kᵀ·q)·y,  Σ_j p_j·(W_v·y_j + b_v) = W_v·(Σ_j p_j·y_j) + b_v
//
// and what the bias of the keys adds to every score does not change a softmax.
func (a *Attention) folded(t *autograd.Tape, q, y *autograd.Var) *autograd.Var {
	b, d, h := y.Dim(0), y.Dim(2), a.Heads
	own := t.Input(a.ownHead)
	q = t.Scale(q, float32(1/math.Sqrt(float64(d/h))))
	wide := t.Mul(t.MatMul(t.Const(1, b, h, 1), t.Reshape(q, b, 1, d), false, false), own) // (B, h, D)
	keys := t.MatMul(t.Reshape(wide, b*h, d), t.Param(a.key.Weight), false, false)         // (B·h, D), W_kᵀ·q
	p := t.Softmax(t.MatMul(t.Reshape(keys, b, h, d), y, false, true))                     // (B, h, T)
	mean := t.MatMul(p, y, false, false)                                                   // (B, h, D), Σ p·y
	values := t.Mul(a.value.Forward(t, mean), own)                                         // (B, h, D)
	return t.Reshape(t.MatMul(t.Const(1, b, 1, h), values, false, false), b, d)
}
