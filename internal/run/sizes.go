package run

import (
	"fmt"

	"diffclip/clip"
	"diffclip/diffusion"
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
	e := c.Encoder
	need := encoderValues(e)
	for _, m := range e.Modalities {
		need += blockValues(c.DecoderDepth, e.Dim, e.MLPRatio) + float64(e.Tokens())*float64(e.Dim)
		need += float64(m.Bands) * float64(e.PatchPixels()) * float64(e.Dim)
	}
	if c.ClassWeight > 0 {
		need += float64(c.Classes) * float64(len(e.Modalities)) * float64(e.Dim)
	}
	return fitsFile(need, state)
}

// checkStage2 is checkStage1 for the classifier.
func checkStage2(c clip.Config, state map[string]*tensor.Tensor) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.Head == clip.HeadLinear {
		e := c.Encoder
		return fitsFile(encoderValues(e)+float64(c.Classes)*float64(len(e.Modalities))*float64(e.Dim), state)
	}
	t := c.Text
	need := encoderValues(c.Encoder) + (float64(t.Vocabulary)+float64(t.Context))*float64(t.Dim)
	return fitsFile(need+blockValues(t.Depth, t.Dim, t.MLPRatio), state)
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
