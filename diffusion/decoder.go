package diffusion

import (
	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/tensor"
	"diffclip/vit"
)

// Decoder restores one modality's window from encoded tokens: D_θ of Eq. (8).
type Decoder struct {
	Embed      *nn.Linear
	MaskToken  *nn.Param // (Dim), the learned vector of every masked token; starts at zero
	Positions  *nn.Param // (1 + L, Dim)
	Blocks     nn.Blocks
	Norm       *nn.LayerNorm
	Projection *nn.Linear
	Predict    *nn.Linear
	Expand     *nn.Linear // Dim -> P, back to the bands

	// What all windows of a step share, bound by share: every token as it is where
	// masked, (1 + L, Dim), and its queries, keys and values in the first block,
	// (1 + L, 3·Dim); and the last three layers, linear all, as one.
	masked, maskedQKV *autograd.Param
	restore           *nn.Linear
}

func newDecoder(s nn.Scope, c Config, bands int) *Decoder {
	e := c.Encoder
	encoded := vit.SinCosPositions(e.Window/e.Patch, e.Dim)
	d := &Decoder{
		Embed:     nn.NewLinear(s.Sub("embed"), e.Dim, e.Dim),
		MaskToken: s.Param("mask_token", nn.Zeros, e.Dim),
		Positions: s.Param("pos_embed", nn.CopyOf(encoded), 1+e.Tokens(), e.Dim),
	}
	d.Positions.Frozen = !e.TrainPositions
	for i := range c.DecoderDepth {
		d.Blocks = append(d.Blocks, nn.NewBlock(s.Sub("blocks").Index(i), e.Block()))
	}
	values := e.PatchPixels() * bands
	d.Norm = nn.NewLayerNorm(s.Sub("norm"), e.Dim, 1e-6)
	d.Projection = nn.NewLinear(s.Sub("projection"), e.Dim, e.Dim)
	d.Predict = nn.NewLinear(s.Sub("pred"), e.Dim, e.Dim)
	d.Expand = nn.NewLinear(s.Sub("expand"), e.Dim, values)

	bound := func(name string, dims ...int) *autograd.Param { return autograd.NewParam(name, tensor.New(dims...)) }
	d.masked = bound("masked", 1+e.Tokens(), e.Dim)
	d.maskedQKV = bound("masked.qkv", 1+e.Tokens(), 3*e.Dim)
	d.restore = &nn.Linear{Weight: bound("restore.weight", values, e.Dim), Bias: bound("restore.bias", values)}
	return d
}

// share computes, outside of shards, what all windows of a step have in common.
// The result is that of computing it for each: a masked token is the same in
// every window, and a product of matrices does not depend on where one begins.
func (d *Decoder) share(t *autograd.Tape) {
	x := t.Add(t.Param(d.Positions), t.Param(d.MaskToken)) // (1+L, D)
	t.Bind(d.masked, x)
	t.Bind(d.maskedQKV, d.Blocks[0].QKV(t, x))

	inner := t.MatMul(t.Param(d.Predict.Weight), t.Param(d.Projection.Weight), false, false)
	t.Bind(d.restore.Weight, t.MatMul(t.Param(d.Expand.Weight), inner, false, false)) // (P, D)
	bias := t.Reshape(t.Param(d.Projection.Bias), 1, d.Projection.Bias.Value.Len())
	bias = d.Expand.Forward(t, d.Predict.Forward(t, bias)) // (1, P)
	t.Bind(d.restore.Bias, t.Reshape(bias, bias.Dim(1)))
}

// Forward restores all tokens, (B, L, P), from the encoded visible ones,
// x (B, 1+k, Dim). places holds the position of each of these, (B·(1+k));
// restore for each of the B·(1+L) tokens its position if it is masked, else
// 1 + L + its row in x. Both must stay unchanged until the backward pass.
//
// Eq. (8): x̂ = D_θ({p_pᵛ + x̂ᵛ; p_pᵐ + x̂ᵐ}₁)
func (d *Decoder) Forward(t *autograd.Tape, x *autograd.Var, places, restore tensor.Index) *autograd.Var {
	b, dim := x.Dim(0), x.Dim(2)
	x = t.Reshape(d.Embed.Forward(t, x), places.Len(), dim)
	x = t.Add(x, t.GatherRows(t.Param(d.Positions), nil, places)) // (B·(1+k), D)
	qkv := d.Blocks[0].QKV(t, x)                                  // (B·(1+k), 3·D)
	all := func(masked *autograd.Param, visible *autograd.Var) *autograd.Var {
		rows := t.GatherRows(t.Concat(0, t.Param(masked), visible), nil, restore)
		return t.Reshape(rows, b, restore.Len()/b, rows.Dim(1))
	}
	x = d.Blocks[0].ForwardFrom(t, all(d.masked, x), all(d.maskedQKV, qkv)) // (B, 1+L, D)
	x = d.Blocks[1:].Forward(t, x)
	x = d.Norm.Forward(t, t.Slice(x, 1, 1, x.Dim(1))) // the class token restores nothing: (B, L, D)
	return d.restore.Forward(t, x)                    // (B, L, P)
}
