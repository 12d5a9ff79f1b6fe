package run

import (
	"cmp"
	"fmt"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/tensor"
	"diffclip/vit"
)

// SaveStage1 writes the weights of stage 1.
func (f Folder) SaveStage1(x *Experiment, m *diffusion.Model) error {
	s := diffusion.Trained{Model: m, Scaling: x.Scaling}
	return s.Save(f.Path(Stage1File))
}

// SaveStage2 writes the weights of stage 2 with all it takes to classify other
// scenes: the scaling, the classes with their colours, tokenizer and prompts.
func (f Folder) SaveStage2(x *Experiment, m *clip.Model) error {
	s := clip.Trained{Model: m, Scaling: x.Scaling, Classes: x.Data.Classes, Text: x.Text}
	return s.Save(f.Path(Stage2File))
}

// Stage1 is a pre-trained model that stage 2 may begin with; nil where it begins anew.
type Stage1 struct{ *diffusion.Trained }

// Weights returns the state to start stage 2 from; nil for a nil stage 1.
func (s *Stage1) Weights() map[string]*tensor.Tensor {
	if s == nil {
		return nil
	}
	return s.Model.Set.State()
}

// Suits returns an error unless the encoder of an experiment is that of the stage 1, which it no longer is where run.json
// was changed by hand.
func (s *Stage1) Suits(x *Experiment) error {
	if has, wants := encoderSizes(s.Model.Config.Encoder), encoderSizes(x.Config.Classifier.Encoder); has != wants {
		return fmt.Errorf("stage 1 was trained with %s, and %s asks for %s: put those of stage 1 back", has, manifestFile, wants)
	}
	return nil
}

// encoderSizes names what two encoders must have in common to share weights, as run.json does.
func encoderSizes(e vit.Config) string {
	return fmt.Sprintf("window %d, patch %d, dim %d, heads %d, depth %d, mlp_ratio %d, timesteps %d, stem %s",
		e.Window, e.Patch, e.Dim, e.Heads, e.Depth, e.MLPRatio, e.Timesteps, cmp.Or(e.Stem, vit.StemReducer))
}

// OpenStage1 reads the weights of stage 1.
func OpenStage1(path string) (*Stage1, error) {
	s, err := diffusion.Open(path)
	if err != nil {
		return nil, err
	}
	return &Stage1{s}, nil
}
