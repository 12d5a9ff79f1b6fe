package vit

import (
	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/tensor"
)

// Stem turns one modality's pixels into tokens.
type Stem struct {
	Reducer      *Reducer   // nil with StemLinear
	Embed        *nn.Linear // patch embedding, p²·Dim -> Dim, or p²·bands -> Dim
	Class        *nn.Param  // (1, Dim), p_ct
	Positions    *nn.Param  // (1 + L, Dim), p_p; row 0 is the class token's
	Time1, Time2 *nn.Linear // timestep embedding p_dt: sinusoid -> SiLU -> Dim

	cfg      Config
	bands    int
	sinusoid *tensor.Tensor // (T, timeFeatures)
}

// Reducer is what a stem does to each pixel before it embeds patches: bands -> Dim
// -> Dim, each with batch norm and ReLU.
type Reducer struct {
	Linear1, Linear2 *nn.Linear
	Norm1, Norm2     *nn.BatchNorm
}

func newReducer(s nn.Scope, bands, dim int) *Reducer {
	return &Reducer{
		Linear1: nn.NewLinearInit(s.Sub("reduce1"), bands, dim, nn.KaimingUniform, nn.Zeros),
		Norm1:   nn.NewBatchNorm(s.Sub("norm1"), dim),
		Linear2: nn.NewLinearInit(s.Sub("reduce2"), dim, dim, nn.KaimingUniform, nn.Zeros),
		Norm2:   nn.NewBatchNorm(s.Sub("norm2"), dim),
	}
}

// forward reduces pixels, (N, bands) to (N, Dim).
func (r *Reducer) forward(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	x = reduce(t, r.Linear1, r.Norm1, x)
	defer t.Drop(x)
	return reduce(t, r.Linear2, r.Norm2, x)
}

func reduce(t *autograd.Tape, l *nn.Linear, n *nn.BatchNorm, x *autograd.Var) *autograd.Var {
	y := l.Forward(t, x)
	defer t.Drop(y)
	return n.Forward(t, y, true)
}

func newStem(s nn.Scope, c Config, bands int, sinusoid *tensor.Tensor) *Stem {
	st := &Stem{cfg: c, bands: bands, sinusoid: sinusoid}
	if c.Stem == StemLinear {
		st.Embed = nn.NewLinearInit(s.Sub("embed"), c.PatchPixels()*bands, c.Dim, nn.Orthogonal, nn.Zeros)
	} else {
		st.Reducer = newReducer(s, bands, c.Dim)
		st.Embed = nn.NewLinear(s.Sub("embed"), c.PatchPixels()*c.Dim, c.Dim)
	}
	st.Class = s.Param("cls_token", nn.Normal(0.02), 1, c.Dim)
	st.Positions = s.Param("pos_embed", nn.CopyOf(SinCosPositions(c.Window/c.Patch, c.Dim)), 1+c.Tokens(), c.Dim)
	st.Time1 = nn.NewLinearInit(s.Sub("time1"), timeFeatures, c.Dim, nn.Normal(0.02), nn.Zeros)
	st.Time2 = nn.NewLinearInit(s.Sub("time2"), c.Dim, c.Dim, nn.Normal(0.02), nn.Zeros)
	st.Positions.Frozen = !c.TrainPositions
	return st
}

// Patches embeds whole patches, x (N·p², bands) to (N, Dim), before any position is
// added. In training the batch norms of the reducer see all N·p² pixels.
func (s *Stem) Patches(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	if s.Reducer != nil {
		x = s.Reducer.forward(t, x) // (N·p², D)
		defer t.Drop(x)
	}
	if p := s.cfg.PatchPixels(); p > 1 {
		x = t.Reshape(x, x.Dim(0)/p, p*x.Dim(1))
	}
	return s.Embed.Forward(t, x) // (N, D)
}

// ClassToken returns p_ct + p_p + p_dt of Eq. (7) for each sample's timestep:
// (len(steps), Dim). steps must stay unchanged until the backward pass.
func (s *Stem) ClassToken(t *autograd.Tape, steps []int32) *autograd.Var {
	f := t.GatherRows(t.Input(s.sinusoid), nil, tensor.IDs(steps))     // (B, features)
	f = s.Time2.Forward(t, s.Time1.ForwardAct(t, f, autograd.ActSiLU)) // (B, D)
	f = t.Add(f, t.Reshape(t.Param(s.Class), s.cfg.Dim))               // (B, D)
	first := t.Slice(t.Param(s.Positions), 0, 0, 1)                    // (1, D)
	return t.Add(f, t.Reshape(first, s.cfg.Dim))                       // (B, D)
}

// sequence puts class tokens (B, Dim) in front of patches (B, k, Dim): (B, 1+k, Dim).
func (s *Stem) sequence(t *autograd.Tape, class, patches *autograd.Var) *autograd.Var {
	return t.Concat(1, t.Reshape(class, class.Dim(0), 1, s.cfg.Dim), patches)
}

// All returns the sequence of every token of each window, (B, 1+L, Dim), from
// x (B·L·p², bands) with pixels in the order of Config.PixelOrder.
func (s *Stem) All(t *autograd.Tape, x *autograd.Var, steps []int32) *autograd.Var {
	return s.AllOf(t, s.ClassToken(t, steps), s.Patches(t, x))
}

// AllOf is All where the class tokens, (B, Dim), and the patches, (B·L, Dim), are
// there already; patches is dropped.
func (s *Stem) AllOf(t *autograd.Tape, class, patches *autograd.Var) *autograd.Var {
	x := s.place(t, patches)
	t.Drop(patches)
	defer t.Drop(x)
	return s.sequence(t, class, x)
}

// place adds the positional embedding to the patches of whole windows, (B·L, Dim):
// (B, L, Dim).
func (s *Stem) place(t *autograd.Tape, patches *autograd.Var) *autograd.Var {
	l := s.cfg.Tokens()
	pos := t.Slice(t.Param(s.Positions), 0, 1, 1+l) // (L, D)
	return t.Add(t.Reshape(patches, patches.Dim(0)/l, l, s.cfg.Dim), pos)
}

// Visible returns the sequence of the kept tokens only, (B, 1+k, Dim), from
// x (B·k·p², bands). rows holds 1 + position of each kept token, (B·k), and must
// stay unchanged until the backward pass.
func (s *Stem) Visible(t *autograd.Tape, x *autograd.Var, rows tensor.Index, steps []int32) *autograd.Var {
	patches := t.Add(s.Patches(t, x), t.GatherRows(t.Param(s.Positions), nil, rows)) // (B·k, D)
	return s.sequence(t, s.ClassToken(t, steps), s.windows(t, patches, len(steps)))
}

// VisibleOfAll is Visible for the published code's order: every pixel of the
// window goes through the reducer, and so through its batch statistics, before
// the kept tokens are taken. x is (B·L·p², bands); from holds the row of each
// kept token among the B·L patches.
func (s *Stem) VisibleOfAll(t *autograd.Tape, x *autograd.Var, from tensor.Index, steps []int32) *autograd.Var {
	all := s.place(t, s.Patches(t, x))
	kept := t.GatherRows(t.Reshape(all, len(steps)*s.cfg.Tokens(), s.cfg.Dim), nil, from) // (B·k, D)
	return s.sequence(t, s.ClassToken(t, steps), s.windows(t, kept, len(steps)))
}

// windows are rows (B·k, Dim) window by window, (B, k, Dim).
func (s *Stem) windows(t *autograd.Tape, rows *autograd.Var, b int) *autograd.Var {
	return t.Reshape(rows, b, rows.Dim(0)/b, s.cfg.Dim)
}
