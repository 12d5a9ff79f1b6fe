package run

import (
	"fmt"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/memory"
	"diffclip/tensor"
	"diffclip/vit"
)

// checkStage1 returns an error unless the sizes of a stage-1 file are sound and
// its tensors large enough for them, so that no file can ask for more memory
// than it holds.
func checkStage1(c diffusion.Config, state map[string]*tensor.Tensor) error {
	if err := c.Check(); err != nil {
		return err
	}
	return fitsFile(stage1Values(c), state)
}

// stage1Values is a lower bound on the parameters of stage 1.
func stage1Values(c diffusion.Config) float64 {
	e := c.Encoder
	n := encoderValues(e)
	for _, m := range e.Modalities {
		n += blockValues(c.DecoderDepth, e.Dim, e.MLPRatio) + float64(e.Tokens())*float64(e.Dim)
		n += float64(m.Bands) * float64(e.PatchPixels()) * float64(e.Dim)
	}
	if c.ClassWeight > 0 {
		n += float64(c.Classes) * float64(len(e.Modalities)) * float64(e.Dim)
	}
	return n
}

// checkStage2 is checkStage1 for the classifier.
func checkStage2(c clip.Config, state map[string]*tensor.Tensor) error {
	if err := c.Check(); err != nil {
		return err
	}
	return fitsFile(stage2Values(c), state)
}

// stage2Values is stage1Values for the classifier.
func stage2Values(c clip.Config) float64 {
	if c.Head == clip.HeadLinear {
		e := c.Encoder
		return encoderValues(e) + float64(c.Classes)*float64(len(e.Modalities))*float64(e.Dim)
	}
	t := c.Text
	return encoderValues(c.Encoder) + (float64(t.Vocabulary)+float64(t.Context))*float64(t.Dim) + blockValues(t.Depth, t.Dim, t.MLPRatio)
}

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
	return fitsMemory("stage 1", stage1Values(c), batch*windowValues(c.Encoder)+tokenValues(c.Encoder, tokens))
}

// Stage2Fits is Stage1Fits for stage 2.
func (x *Experiment) Stage2Fits() error {
	c := x.Config.Classifier
	batch := float64(min(x.Config.Finetune.Batch, len(x.Split.Train)))
	tokens := c.Encoder.Tokens() * c.Encoder.Depth
	return fitsMemory("stage 2", stage2Values(c), batch*(windowValues(c.Encoder)+tokenValues(c.Encoder, tokens)))
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

// encoderValues is a lower bound on an encoder's parameters.
func encoderValues(e vit.Config) float64 {
	n := blockValues(e.Depth, e.Dim, e.MLPRatio)
	for _, m := range e.Modalities {
		n += float64(e.Dim) * (float64(m.Bands) + float64(e.Tokens()) + float64(e.PatchPixels())*float64(e.Dim))
	}
	return n
}

func blockValues(depth, dim, ratio int) float64 {
	return float64(depth) * (4 + 2*float64(ratio)) * float64(dim) * float64(dim)
}

func fitsFile(need float64, state map[string]*tensor.Tensor) error {
	held := 0
	for _, t := range state {
		held += t.Len()
	}
	if need > float64(held) {
		return fmt.Errorf("its configuration describes a model of at least %.0f values, the file holds %d", need, held)
	}
	return nil
}
