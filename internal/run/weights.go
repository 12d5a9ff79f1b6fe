package run

import (
	"encoding/json"
	"fmt"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/nn"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Keys of the metadata of a weights file.
const (
	keyKind    = "diffclip.kind" // "stage 1" or "stage 2"
	keyConfig  = "diffclip.config"
	keyScaling = "diffclip.scaling"
	keyClasses = "diffclip.classes"
	keyText    = "diffclip.text"

	kindStage1 = "stage 1"
	kindStage2 = "stage 2"
)

// SaveStage1 writes the weights of stage 1.
func (f Folder) SaveStage1(x *Experiment, m *diffusion.Model) error {
	return f.save(Stage1File, m.Set, map[string]any{keyConfig: m.Config, keyScaling: x.Scaling}, kindStage1)
}

// SaveStage2 writes the weights of stage 2 with all it takes to classify other
// scenes: the scaling, the classes with their colours, tokenizer and prompts.
func (f Folder) SaveStage2(x *Experiment, m *clip.Model) error {
	return f.save(Stage2File, m.Set, map[string]any{keyConfig: m.Config, keyScaling: x.Scaling, keyClasses: x.Data.Classes, keyText: x.Text}, kindStage2)
}

func (f Folder) save(name string, set *nn.Set, facts map[string]any, kind string) error {
	meta := map[string]string{keyKind: kind}
	for key, v := range facts {
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", f.Path(name), key, err)
		}
		meta[key] = string(text)
	}
	return nn.WriteState(f.Path(name), set.State(), meta)
}

// Stage1 is a pre-trained model read back.
type Stage1 struct {
	Model   *diffusion.Model
	State   map[string]*tensor.Tensor
	Scaling *rsdata.Scaling
}

// Weights returns the state to start stage 2 from; nil for a nil stage 1.
func (s *Stage1) Weights() map[string]*tensor.Tensor {
	if s == nil {
		return nil
	}
	return s.State
}

// OpenStage1 reads the weights of stage 1.
func OpenStage1(path string) (*Stage1, error) {
	var config diffusion.Config
	s := &Stage1{Scaling: &rsdata.Scaling{}}
	err := openWeights(path, kindStage1, map[string]any{keyConfig: &config, keyScaling: s.Scaling}, func(state map[string]*tensor.Tensor) (err error) {
		if err := checkStage1(config, state); err != nil {
			return err
		}
		s.State = state
		if s.Model, err = diffusion.New(config, 0); err != nil {
			return err
		}
		return s.Model.Set.Load(state).Err()
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Stage2 is a classifier read back.
type Stage2 struct {
	Model   *clip.Model
	Scaling *rsdata.Scaling
	Classes []rsdata.Class
	Text    *Text
}

// OpenStage2 reads the weights of stage 2.
func OpenStage2(path string) (*Stage2, error) {
	var config clip.Config
	s := &Stage2{Scaling: &rsdata.Scaling{}, Text: &Text{}}
	facts := map[string]any{keyConfig: &config, keyScaling: s.Scaling, keyClasses: &s.Classes, keyText: s.Text}
	err := openWeights(path, kindStage2, facts, func(state map[string]*tensor.Tensor) (err error) {
		if err := checkStage2(config, state); err != nil {
			return err
		}
		if n := len(s.Classes); n == 0 || n > rsdata.MaxClasses || n != len(s.Text.Prompts) {
			return fmt.Errorf("%d classes and %d prompts: want as many of each, 1 to %d", n, len(s.Text.Prompts), rsdata.MaxClasses)
		}
		if n := len(s.Classes); config.Head == clip.HeadLinear && config.Classes != n {
			return fmt.Errorf("a linear head for %d classes, and %d classes have names", config.Classes, n)
		}
		if err := s.Text.fits(config); err != nil {
			return err
		}
		if s.Model, err = clip.New(config, 0); err != nil {
			return err
		}
		return s.Model.Set.Load(state).Err()
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// openWeights reads a weights file of the given kind: its facts into the values
// they are given, then its tensors, with which build makes the model.
func openWeights(path, kind string, facts map[string]any, build func(map[string]*tensor.Tensor) error) error {
	state, meta, err := nn.ReadState(path)
	if err != nil {
		return err
	}
	if meta[keyKind] != kind {
		return fmt.Errorf("%s: not the weights of %s: it says %q", path, kind, meta[keyKind])
	}
	for key, v := range facts {
		if err := json.Unmarshal([]byte(meta[key]), v); err != nil {
			return fmt.Errorf("%s: %s in its metadata cannot be read: %w", path, key, err)
		}
	}
	if err := finite(state); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := build(state); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// finite wants every weight to be a number, which those of a finished training are.
func finite(state map[string]*tensor.Tensor) error {
	for name, t := range state {
		for i, v := range t.Host() {
			if v-v != 0 {
				return fmt.Errorf("value %d of tensor %q is %v: the file is damaged", i, name, v)
			}
		}
	}
	return nil
}
