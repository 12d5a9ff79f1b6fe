package clip

import (
	"fmt"

	"diffclip/internal/weights"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Trained is a trained model with all it takes to classify scenes that it has not
// seen, as a stage2.safetensors holds it.
type Trained struct {
	Model   *Model
	Scaling *rsdata.Scaling // from measured values to those that the model reads
	Classes []rsdata.Class  // class i has label i+1
	Text    *Text           // one text for each class; not read with a linear head
}

// Save writes a file that Open reads, whole or not at all. It is an error where there
// is not one text for each class, or the model cannot read the texts.
func (s *Trained) Save(path string) error {
	if err := s.check(s.Model.Config); err != nil {
		return fmt.Errorf("%s: not written: %w", path, err)
	}
	return weights.Write(path, weights.Stage2, s.Model.Set, map[string]any{
		weights.Config: s.Model.Config, weights.Scaling: s.Scaling, weights.Classes: s.Classes, weights.Text: s.Text,
	})
}

// Open reads a file that Save wrote, as `diffclip finetune` does. Errors name the file
// and what is wrong with it; no file can ask for more memory than it holds.
func Open(path string) (*Trained, error) {
	var config Config
	s := &Trained{Scaling: &rsdata.Scaling{}, Text: &Text{}}
	facts := map[string]any{weights.Config: &config, weights.Scaling: s.Scaling, weights.Classes: &s.Classes, weights.Text: s.Text}
	err := weights.Read(path, weights.Stage2, facts, func(state map[string]*tensor.Tensor) (err error) {
		if err := config.Check(); err != nil {
			return err
		}
		if err := weights.Hold(config.LeastParameters(), state); err != nil {
			return err
		}
		if err := s.check(config); err != nil {
			return err
		}
		if s.Model, err = New(config, 0); err != nil {
			return err
		}
		return s.Model.Set.Load(state).Err()
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// check returns an error unless classes, texts and a model of the given sizes fit.
func (s *Trained) check(config Config) error {
	if s.Scaling == nil || s.Text == nil {
		return fmt.Errorf("scaling %v, text %v: want both", s.Scaling, s.Text)
	}
	if n := len(s.Classes); n == 0 || n > rsdata.MaxClasses || n != len(s.Text.Prompts) {
		return fmt.Errorf("%d classes and %d prompts: want as many of each, 1 to %d", n, len(s.Text.Prompts), rsdata.MaxClasses)
	}
	if n := len(s.Classes); config.Head == HeadLinear && config.Classes != n {
		return fmt.Errorf("a linear head for %d classes, and %d classes have names", config.Classes, n)
	}
	return s.Text.fits(config)
}

// Windows prepares the windows of a dataset for the model. It is an error where its
// modalities are not those that the model was trained on.
func (s *Trained) Windows(d *rsdata.Dataset) (*rsdata.Windows, error) {
	if err := s.Scaling.Check(d); err != nil {
		return nil, err
	}
	return rsdata.NewWindows(d, s.Scaling, s.Model.Config.Encoder.Window), nil
}

// Classifier returns a classifier of the model and its own texts.
func (s *Trained) Classifier(be tensor.Backend) *Classifier {
	return NewClassifier(be, s.Model, s.Text.Prompts)
}

// LeastParameters is a lower bound on the number of a model's parameters, counted
// before there is any memory for them.
func (c Config) LeastParameters() float64 {
	e, t := c.Encoder, c.Text
	if c.Head == HeadLinear {
		return weights.OfEncoder(e) + float64(c.Classes)*float64(len(e.Modalities))*float64(e.Dim)
	}
	return weights.OfEncoder(e) + (float64(t.Vocabulary)+float64(t.Context))*float64(t.Dim) + weights.OfBlocks(t.Depth, t.Dim, t.MLPRatio)
}
