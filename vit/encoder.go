package vit

import (
	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/tensor"
)

// Encoder is the modality-shared image encoder, E_θ of Eq. (7).
type Encoder struct {
	Stems  []*Stem // one per modality
	Blocks nn.Blocks
	Norm   *nn.LayerNorm

	Config Config
	centre *tensor.Tensor // (L), Config.CentreWeights
}

// NewEncoder makes an encoder in scope s. It panics if the sizes do not pass
// Config.Check.
func NewEncoder(s nn.Scope, c Config) *Encoder {
	if err := c.Check(); err != nil {
		panic(err)
	}
	e := &Encoder{Config: c, centre: tensor.FromSlice(c.CentreWeights(), c.Tokens())}
	sinusoid := nn.SinusoidTable(c.Timesteps, timeFeatures)
	s.Fixed(sinusoid)
	s.Fixed(e.centre)
	for i, m := range c.Modalities {
		e.Stems = append(e.Stems, newStem(s.Sub("stems").Index(i), c, m.Bands, sinusoid))
	}
	for i := range c.Depth {
		e.Blocks = append(e.Blocks, nn.NewBlock(s.Sub("blocks").Index(i), c.Block()))
	}
	e.Norm = nn.NewLayerNorm(s.Sub("norm"), c.Dim, normEps)
	return e
}

// Forward encodes a sequence, (B, T, Dim) to (B, T, Dim).
//
// Eq. (7): x̂ᵛ = E_θ({p_ct + p_p + p_dt; xᵛ}₁)
func (e *Encoder) Forward(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	y := e.Blocks.Forward(t, x)
	defer t.Drop(y)
	return e.Norm.Forward(t, y)
}

// ForwardClass is Forward's output at the class token, (B, Dim). The last block
// computes that token alone; rows holds 0, T, 2T, ... and must stay unchanged
// until the backward pass.
func (e *Encoder) ForwardClass(t *autograd.Tape, x *autograd.Var, rows []int32) *autograd.Var {
	last := len(e.Blocks) - 1
	return e.Norm.Forward(t, e.Blocks[last].ForwardToken(t, e.Blocks[:last].Forward(t, x), rows, nil))
}

// ForwardMean is the mean of Forward's output over the patches, (B, Dim),
// leaving out the class token.
func (e *Encoder) ForwardMean(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	x = e.Forward(t, x)
	b, n, d := x.Dim(0), x.Dim(1)-1, x.Dim(2)
	weights := t.Const(1/float32(n), b, 1, n)
	return t.Reshape(t.MatMul(weights, t.Slice(x, 1, 1, n+1), false, false), b, d)
}

// ForwardCentre is ForwardMean with the weights of Config.CentreWeights.
func (e *Encoder) ForwardCentre(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	x = e.Forward(t, x)
	b, n, d := x.Dim(0), x.Dim(1)-1, x.Dim(2)
	weights := t.Reshape(t.Add(t.Const(0, b, n), t.Input(e.centre)), b, 1, n)
	return t.Reshape(t.MatMul(weights, t.Slice(x, 1, 1, n+1), false, false), b, d)
}

// Attention returns how one token per sample shares its attention among all
// tokens in the given block, (B, heads, T), for study. rows holds the token's row
// among the B·T rows of x: 0, T, 2T, ... for the class token.
func (e *Encoder) Attention(t *autograd.Tape, x *autograd.Var, block int, rows []int32) *autograd.Var {
	return e.Blocks[block].TokenAttention(t, e.Blocks[:block].Forward(t, x), rows)
}
