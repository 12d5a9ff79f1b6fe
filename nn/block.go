package nn

import (
	"diffclip/autograd"
	"diffclip/tensor"
)

// Attention is multi-head self-attention with a joint query, key and value
// projection.
type Attention struct {
	QKV, Proj *Linear
	Heads     int
	Causal    bool

	query, key, value, keyValue *Linear        // parts of QKV
	ownHead                     *tensor.Tensor // (Heads, dim), 1 where the column is the row's head's, else 0
}

// NewAttention makes self-attention of width dim.
func NewAttention(s Scope, dim, heads int, causal bool) *Attention {
	qkv := NewLinear(s.Sub("qkv"), dim, 3*dim)
	part := func(from, to int) *Linear { return &Linear{qkv.Weight.Rows(from, to), qkv.Bias.Rows(from, to)} }
	own := tensor.New(heads, dim)
	for i := range dim {
		own.Data[i/(dim/heads)*dim+i] = 1
	}
	s.Fixed(own)
	return &Attention{
		QKV: qkv, Proj: NewLinear(s.Sub("proj"), dim, dim), Heads: heads, Causal: causal,
		query: part(0, dim), key: part(dim, 2*dim), value: part(2*dim, 3*dim), keyValue: part(dim, 3*dim), ownHead: own,
	}
}

// Forward is residual + proj(attention), (B, T, D), of what QKV made, (B, T, 3·D).
func (a *Attention) Forward(t *autograd.Tape, qkv, residual *autograd.Var) *autograd.Var {
	y := t.SelfAttention(qkv, a.Heads, a.Causal) // (B, T, D)
	defer t.Drop(y)
	return a.Proj.ForwardAdd(t, y, residual) // (B, T, D)
}

// MLP is two linear layers with an activation between them.
type MLP struct {
	FC1, FC2 *Linear
	Act      autograd.Activation
}

// NewMLP makes a perceptron dim -> hidden -> dim.
func NewMLP(s Scope, dim, hidden int, act autograd.Activation) *MLP {
	return &MLP{NewLinear(s.Sub("fc1"), dim, hidden), NewLinear(s.Sub("fc2"), hidden, dim), act}
}

// Forward is residual + fc2(act(fc1(x))).
func (m *MLP) Forward(t *autograd.Tape, x, residual *autograd.Var) *autograd.Var {
	hidden := m.FC1.ForwardAct(t, x, m.Act)
	defer t.Drop(hidden)
	return m.FC2.ForwardAdd(t, hidden, residual)
}

// BlockConfig sizes a transformer block.
type BlockConfig struct {
	Dim, Heads, Hidden int
	Act                autograd.Activation
	Causal             bool
	Eps                float32 // of the layer norms
}

// Block is a pre-norm transformer block: x + attention(norm1(x)), then
// x + mlp(norm2(x)).
type Block struct {
	Norm1, Norm2 *LayerNorm
	Attn         *Attention
	MLP          *MLP
}

// NewBlock makes a block.
func NewBlock(s Scope, c BlockConfig) *Block {
	return &Block{
		Norm1: NewLayerNorm(s.Sub("norm1"), c.Dim, c.Eps),
		Attn:  NewAttention(s.Sub("attn"), c.Dim, c.Heads, c.Causal),
		Norm2: NewLayerNorm(s.Sub("norm2"), c.Dim, c.Eps),
		MLP:   NewMLP(s.Sub("mlp"), c.Dim, c.Hidden, c.Act),
	}
}

// Forward maps (B, T, D) to (B, T, D).
func (b *Block) Forward(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	qkv := b.QKV(t, x)
	defer t.Drop(qkv)
	return b.ForwardFrom(t, x, qkv)
}

// QKV returns the queries, keys and values of each token, (..., D) to (..., 3·D).
func (b *Block) QKV(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	y := b.Norm1.Forward(t, x)
	defer t.Drop(y)
	return b.Attn.QKV.Forward(t, y)
}

// ForwardFrom is Forward where the QKV of x, (B, T, 3·D), is known.
func (b *Block) ForwardFrom(t *autograd.Tape, x, qkv *autograd.Var) *autograd.Var {
	x = b.Attn.Forward(t, qkv, x)
	defer t.Drop(x)
	y := b.Norm2.Forward(t, x)
	defer t.Drop(y)
	return b.MLP.Forward(t, y, x)
}

// Blocks is a stack of blocks.
type Blocks []*Block

// Forward runs x, (B, T, D), through all of them.
func (s Blocks) Forward(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	for i, b := range s {
		y := b.Forward(t, x)
		if i > 0 { // x was made here
			t.Drop(x)
		}
		x = y
	}
	return x
}
