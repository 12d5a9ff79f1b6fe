package clip

import (
	"errors"
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
// is not one text for each class, where the model cannot read the texts or what the
// scaling makes, or where a weight is not finite.
func (s *Trained) Save(path string) error {
	err := s.missing()
	if err == nil {
		err = s.check(s.Model.Config)
	}
	if err != nil {
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
		s.Text.vocabulary = config.Text.Vocabulary
		return s.Model.Set.Load(state).Err()
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// missing returns an error that names what is not there.
func (s *Trained) missing() error {
	switch {
	case s.Model == nil:
		return errors.New("clip: there is no model")
	case s.Scaling == nil:
		return errors.New("clip: there is no scaling: rsdata.Fit makes one")
	case s.Text == nil:
		return errors.New("clip: there is no text: NewText makes it")
	}
	return nil
}

// check returns an error unless classes, texts, scaling and a model of the given sizes fit.
func (s *Trained) check(config Config) error {
	n := len(s.Classes)
	if n == 0 || n > rsdata.MaxClasses || n != len(s.Text.Prompts) || n != len(s.Text.Texts) {
		return fmt.Errorf("%d classes and %d prompts of %d texts: want as many of each, 1 to %d", n, len(s.Text.Prompts), len(s.Text.Texts), rsdata.MaxClasses)
	}
	if config.Head == HeadLinear && config.Classes != n {
		return fmt.Errorf("a linear head for %d classes, and %d classes have names", config.Classes, n)
	}
	if err := weights.Fit(config.Encoder, s.Scaling); err != nil {
		return err
	}
	return s.Text.fits(config)
}

// Windows prepares the windows of a dataset for the model. It is an error where its
// modalities are not those that the model was trained on.
func (s *Trained) Windows(d *rsdata.Dataset) (*rsdata.Windows, error) {
	if err := s.missing(); err != nil {
		return nil, err
	}
	if err := s.Scaling.Check(d); err != nil {
		return nil, err
	}
	return rsdata.NewWindows(d, s.Scaling, s.Model.Config.Encoder.Window), nil
}

// Classifier returns a classifier of the model and its own texts. It panics where the
// model, the scaling or the text is not there.
func (s *Trained) Classifier(be tensor.Backend) *Classifier {
	if err := s.missing(); err != nil {
		panic(err)
	}
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
