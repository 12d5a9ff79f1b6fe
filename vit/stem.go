package vit

import (
	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/tensor"
)

// Stem turns one modality's pixels into tokens.
type Stem struct {
	// Reducer: bands -> Dim -> Dim per pixel, each with batch norm and ReLU.
	Reduce1, Reduce2 *nn.Linear
	Norm1, Norm2     *nn.BatchNorm
	Embed            *nn.Linear // patch embedding, p²·Dim -> Dim
	Class            *nn.Param  // (1, Dim), p_ct
	Positions        *nn.Param  // (1 + L, Dim), p_p; row 0 is the class token's
	Time1, Time2     *nn.Linear // timestep embedding p_dt: sinusoid -> SiLU -> Dim

	cfg      Config
	bands    int
	sinusoid *tensor.Tensor // (T, timeFeatures)
}

func newStem(s nn.Scope, c Config, bands int, sinusoid *tensor.Tensor) *Stem {
	st := &Stem{
		Reduce1:   nn.NewLinearInit(s.Sub("reduce1"), bands, c.Dim, nn.KaimingUniform, nn.Zeros),
		Norm1:     nn.NewBatchNorm(s.Sub("norm1"), c.Dim),
		Reduce2:   nn.NewLinearInit(s.Sub("reduce2"), c.Dim, c.Dim, nn.KaimingUniform, nn.Zeros),
		Norm2:     nn.NewBatchNorm(s.Sub("norm2"), c.Dim),
		Embed:     nn.NewLinear(s.Sub("embed"), c.PatchPixels()*c.Dim, c.Dim),
		Class:     s.Param("cls_token", nn.Normal(0.02), 1, c.Dim),
		Positions: s.Param("pos_embed", nn.CopyOf(SinCosPositions(c.Window/c.Patch, c.Dim)), 1+c.Tokens(), c.Dim),
		Time1:     nn.NewLinearInit(s.Sub("time1"), timeFeatures, c.Dim, nn.Normal(0.02), nn.Zeros),
		Time2:     nn.NewLinearInit(s.Sub("time2"), c.Dim, c.Dim, nn.Normal(0.02), nn.Zeros),
		cfg:       c, bands: bands, sinusoid: sinusoid,
	}
	st.Positions.Frozen = !c.TrainPositions
	return st
}

// Patches reduces and embeds whole patches, x (N·p², bands) to (N, Dim), before
// any position is added. In training the batch norms see all N·p² pixels.
func (s *Stem) Patches(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	x = s.Norm1.Forward(t, s.Reduce1.Forward(t, x), true) // (N·p², D)
	x = s.Norm2.Forward(t, s.Reduce2.Forward(t, x), true) // (N·p², D)
	if p := s.cfg.PatchPixels(); p > 1 {
		x = t.Reshape(x, x.Dim(0)/p, p*s.cfg.Dim)
	}
	return s.Embed.Forward(t, x) // (N, D)
}

// ClassToken returns p_ct + p_p + p_dt of Eq. (7) for each sample's timestep:
// (len(steps), Dim). steps must stay unchanged until the backward pass.
func (s *Stem) ClassToken(t *autograd.Tape, steps []int32) *autograd.Var {
	f := t.GatherRows(t.Input(s.sinusoid), nil, steps)                 // (B, features)
	f = s.Time2.Forward(t, s.Time1.ForwardAct(t, f, autograd.ActSiLU)) // (B, D)
	f = t.Add(f, t.Reshape(t.Param(s.Class), s.cfg.Dim))               // (B, D)
	first := t.Slice(t.Param(s.Positions), 0, 0, 1)                    // (1, D)
	return t.Add(f, t.Reshape(first, s.cfg.Dim))                       // (B, D)
}

// Sequence puts class tokens (B, Dim) in front of patches (B·k, Dim): (B, 1+k, Dim).
func (s *Stem) Sequence(t *autograd.Tape, class, patches *autograd.Var) *autograd.Var {
	b, d := class.Dim(0), s.cfg.Dim
	k := patches.Dim(0) / b
	return t.Concat(1, t.Reshape(class, b, 1, d), t.Reshape(patches, b, k, d))
}

// All returns the sequence of every token of each window, (B, 1+L, Dim), from
// x (B·L·p², bands) with pixels in the order of Config.PixelOrder.
func (s *Stem) All(t *autograd.Tape, x *autograd.Var, steps []int32) *autograd.Var {
	return s.AllOf(t, s.Patches(t, x), steps)
}

// AllOf is All for windows whose patches, (B·L, Dim), are there already: in
// evaluation a patch is the same in every window that holds it.
func (s *Stem) AllOf(t *autograd.Tape, patches *autograd.Var, steps []int32) *autograd.Var {
	return s.Sequence(t, s.ClassToken(t, steps), s.place(t, patches))
}

// place adds the positional embedding to the patches of whole windows.
func (s *Stem) place(t *autograd.Tape, patches *autograd.Var) *autograd.Var {
	l, d := s.cfg.Tokens(), s.cfg.Dim
	pos := t.Slice(t.Param(s.Positions), 0, 1, 1+l) // (L, D)
	x := t.Reshape(patches, patches.Dim(0)/l, l, d)
	return t.Reshape(t.Add(x, pos), patches.Dim(0), d)
}

// Visible returns the sequence of the kept tokens only, (B, 1+k, Dim), from
// x (B·k·p², bands). rows holds 1 + position of each kept token, (B·k), and must
// stay unchanged until the backward pass.
func (s *Stem) Visible(t *autograd.Tape, x *autograd.Var, rows, steps []int32) *autograd.Var {
	patches := t.Add(s.Patches(t, x), t.GatherRows(t.Param(s.Positions), nil, rows)) // (B·k, D)
	return s.Sequence(t, s.ClassToken(t, steps), patches)
}

// VisibleOfAll is Visible for the published code's order: every pixel of the
// window goes through the reducer, and so through its batch statistics, before
// the kept tokens are taken. x is (B·L·p², bands); from holds the row of each
// kept token among the B·L patches.
func (s *Stem) VisibleOfAll(t *autograd.Tape, x *autograd.Var, from, steps []int32) *autograd.Var {
	all := s.place(t, s.Patches(t, x))
	return s.Sequence(t, s.ClassToken(t, steps), t.GatherRows(all, nil, from))
}
