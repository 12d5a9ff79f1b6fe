package clip

import (
	"diffclip/autograd"
	"diffclip/vit"
)

// Pool says which of the encoder's outputs stand for a window.
type Pool string

// The ways of pooling.
const (
	PoolClass Pool = "class" // the class token, as published
	PoolMean  Pool = "mean"  // the mean over the patches
	// PoolCentre is a mean over the patches in which those near the centre, which
	// is what has the label, weigh more: vit.Config.CentreWeights.
	PoolCentre Pool = "centre"
)

// Forward encodes a modality's sequences, (B, 1+L, D), and pools what comes out:
// (B, D). rows holds 0, 1+L, 2·(1+L), ..., the rows of the class tokens, and must
// stay unchanged until the backward pass.
func (p Pool) Forward(t *autograd.Tape, e *vit.Encoder, x *autograd.Var, rows []int32) *autograd.Var {
	switch p {
	case PoolMean:
		return e.ForwardMean(t, x)
	case PoolCentre:
		return e.ForwardCentre(t, x)
	}
	return e.ForwardClass(t, x, rows)
}
