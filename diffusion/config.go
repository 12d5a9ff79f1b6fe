package diffusion

import (
	"fmt"

	"diffclip/vit"
)

// Config sizes the mask-diffusion model and says how windows are corrupted.
type Config struct {
	Encoder      vit.Config `json:"encoder"`
	DecoderDepth int        `json:"decoder_depth"` // blocks of each decoder
	MaskRatio    float64    `json:"mask_ratio"`    // share of patches that are masked, in [0, 1)

	// Weights of the two parts of the loss. The paper's Eq. (9) has one mean over
	// everything, which PaperLoss gives; the published code weighs masked patches
	// by 0.1 and visible ones by 1, each part a mean of its own.
	MaskedWeight  float64 `json:"masked_weight"`
	VisibleWeight float64 `json:"visible_weight"`
	PaperLoss     bool    `json:"paper_loss"`

	// NoNoise leaves the visible patches clean (the ablation "without diffusion").
	NoNoise bool `json:"no_noise"`
	// ReferenceOrder follows the published code: noise and reduce every pixel,
	// then mask, so that batch statistics see masked pixels too.
	ReferenceOrder bool `json:"reference_order"`

	// ClassWeight, if positive, adds the cross-entropy of a linear classifier on
	// the class tokens, which takes labelled windows (see TrainLabelled); Classes
	// is the number of classes. LDS2AE pre-trains so; DiffCLIP looks at no label.
	ClassWeight float64 `json:"class_weight,omitempty"`
	Classes     int     `json:"classes,omitempty"`
}

// Default returns the published sizes for an encoder: decoders of 3 blocks, 70 %
// of the patches masked.
func Default(encoder vit.Config) Config {
	return Config{Encoder: encoder, DecoderDepth: 3, MaskRatio: 0.7, MaskedWeight: 0.1, VisibleWeight: 1}
}

// maxWeight is far beyond what is of use; a loss of that weight is still finite.
const maxWeight = 1e6

// Check returns an error that names what is wrong.
func (c Config) Check() error {
	if err := c.Encoder.Check(); err != nil {
		return err
	}
	switch {
	case c.DecoderDepth < 1 || c.DecoderDepth > vit.MaxDepth:
		return fmt.Errorf("diffusion: decoder depth %d must be at least 1 and at most %d", c.DecoderDepth, vit.MaxDepth)
	case !(c.MaskRatio >= 0 && c.MaskRatio < 1):
		return fmt.Errorf("diffusion: mask ratio %v must lie in [0, 1)", c.MaskRatio)
	case c.Keep() < 1:
		return fmt.Errorf("diffusion: mask ratio %v of %d patches leaves none visible", c.MaskRatio, c.Encoder.Tokens())
	case !(c.ClassWeight >= 0 && c.ClassWeight <= maxWeight) || c.ClassWeight > 0 && c.Classes < 1:
		return fmt.Errorf("diffusion: weight %v of the classes' loss must lie in [0, %g], and %d classes be at least 1", c.ClassWeight, float64(maxWeight), c.Classes)
	case !(c.MaskedWeight >= 0 && c.VisibleWeight >= 0 && c.MaskedWeight <= maxWeight && c.VisibleWeight <= maxWeight):
		return fmt.Errorf("diffusion: loss weights %v and %v must lie in [0, %g]", c.MaskedWeight, c.VisibleWeight, float64(maxWeight))
	case !c.PaperLoss && c.VisibleWeight == 0 && (c.MaskedWeight == 0 || c.Keep() == c.Encoder.Tokens()) && c.ClassWeight == 0:
		return fmt.Errorf("diffusion: loss weights %v of masked and %v of visible patches, %d of %d of which are visible, leave nothing to learn",
			c.MaskedWeight, c.VisibleWeight, c.Keep(), c.Encoder.Tokens())
	}
	return nil
}

// Keep returns k, the number of visible patches of a window, rounded down; what
// rounding leaves just below a whole number, as 10·(1-0.9), is that number.
func (c Config) Keep() int { return int(float64(c.Encoder.Tokens())*(1-c.MaskRatio) + 1e-9) }

// visiblePixels returns how many pixels of a batch the encoder reads.
func (c Config) visiblePixels(batch int) int {
	if c.ReferenceOrder {
		return batch * c.Encoder.Tokens() * c.Encoder.PatchPixels()
	}
	return batch * c.Keep() * c.Encoder.PatchPixels()
}

// tokenWeights returns the weight of each masked and of each visible token in
// the loss of a batch.
func (c Config) tokenWeights(batch int) (masked, visible float32) {
	l, k := c.Encoder.Tokens(), c.Keep()
	if c.PaperLoss {
		w := float32(1 / float64(batch*l))
		return w, w
	}
	if l > k {
		masked = float32(c.MaskedWeight / float64(batch*(l-k)))
	}
	return masked, float32(c.VisibleWeight / float64(batch*k))
}
