package run

import (
	"fmt"

	"diffclip/internal/memory"
	"diffclip/vit"
)

// Stage1Fits returns an error where the machine has not the memory that training
// stage 1 takes at the very least.
func (x *Experiment) Stage1Fits() error {
	c, samples := x.Config.Diffusion, len(x.Split.Unlabelled)
	if c.ClassWeight > 0 {
		samples = len(x.Split.Train)
	}
	batch := float64(min(x.Config.Pretrain.Batch, samples))
	tokens := c.Keep()*c.Encoder.Depth + c.Encoder.Tokens()*c.DecoderDepth
	// Slices of the batch follow each other: the tokens of one window at least are there at a time.
	return fitsMemory("stage 1", c.LeastParameters(), batch*windowValues(c.Encoder)+tokenValues(c.Encoder, tokens))
}

// Stage2Fits is Stage1Fits for stage 2.
func (x *Experiment) Stage2Fits() error {
	c := x.Config.Classifier
	batch := float64(min(x.Config.Finetune.Batch, len(x.Split.Train)))
	tokens := c.Encoder.Tokens() * c.Encoder.Depth
	return fitsMemory("stage 2", c.LeastParameters(), batch*(windowValues(c.Encoder)+tokenValues(c.Encoder, tokens)))
}

// fitsMemory wants room for so many parameters, each with its gradient and two
// moments, and for so many other values.
func fitsMemory(stage string, parameters, values float64) error {
	if err := memory.Check(4 * (4*parameters + values)); err != nil {
		return fmt.Errorf("%s %w: make -window, -dim, -depth or -batch smaller", stage, err)
	}
	return nil
}

// windowValues is how many values a window has in all modalities.
func windowValues(e vit.Config) float64 {
	n := 0.0
	for _, m := range e.Modalities {
		n += float64(e.Window) * float64(e.Window) * float64(m.Bands)
	}
	return n
}

// tokenValues is how many values so many tokens of each modality have.
func tokenValues(e vit.Config, tokens int) float64 {
	return float64(len(e.Modalities)) * float64(tokens) * float64(e.Dim)
}
