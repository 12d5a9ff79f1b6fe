package diffusion

import (
	"errors"
	"fmt"

	"diffclip/internal/weights"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Trained is a pre-trained model with the scaling of the data that it saw, as a
// stage1.safetensors holds it: where stage 2 begins.
type Trained struct {
	Model   *Model
	Scaling *rsdata.Scaling // from measured values to those that the model reads
}

// Save writes a file that Open reads, whole or not at all. It is an error where the
// model cannot read what the scaling makes, or where a weight is not finite.
func (s *Trained) Save(path string) error {
	err := s.missing()
	if err == nil {
		err = weights.Fit(s.Model.Config.Encoder, s.Scaling)
	}
	if err != nil {
		return fmt.Errorf("%s: not written: %w", path, err)
	}
	return weights.Write(path, weights.Stage1, s.Model.Set, map[string]any{weights.Config: s.Model.Config, weights.Scaling: s.Scaling})
}

// Open reads a file that Save wrote, as `diffclip pretrain` does. Errors name the file
// and what is wrong with it; no file can ask for more memory than it holds.
func Open(path string) (*Trained, error) {
	var config Config
	s := &Trained{Scaling: &rsdata.Scaling{}}
	err := weights.Read(path, weights.Stage1, map[string]any{weights.Config: &config, weights.Scaling: s.Scaling}, func(state map[string]*tensor.Tensor) (err error) {
		if err := config.Check(); err != nil {
			return err
		}
		if err := weights.Hold(config.LeastParameters(), state); err != nil {
			return err
		}
		if err := weights.Fit(config.Encoder, s.Scaling); err != nil {
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

// missing returns an error that names what is not there.
func (s *Trained) missing() error {
	switch {
	case s.Model == nil:
		return errors.New("diffusion: there is no model")
	case s.Scaling == nil:
		return errors.New("diffusion: there is no scaling: rsdata.Fit makes one")
	}
	return nil
}

// Windows prepares the windows of a dataset for the model, and for one of stage 2 that
// begins with its encoder. It is an error where the dataset's modalities are not those
// that the model was trained on.
func (s *Trained) Windows(d *rsdata.Dataset) (*rsdata.Windows, error) {
	if err := s.missing(); err != nil {
		return nil, err
	}
	if err := s.Scaling.Check(d); err != nil {
		return nil, err
	}
	return rsdata.NewWindows(d, s.Scaling, s.Model.Config.Encoder.Window), nil
}

// LeastParameters is a lower bound on the number of a model's parameters, counted
// before there is any memory for them.
func (c Config) LeastParameters() float64 {
	e := c.Encoder
	n := weights.OfEncoder(e)
	for _, m := range e.Modalities {
		n += weights.OfBlocks(c.DecoderDepth, e.Dim, e.MLPRatio) + float64(e.Tokens())*float64(e.Dim)
		n += float64(m.Bands) * float64(e.PatchPixels()) * float64(e.Dim)
	}
	if c.ClassWeight > 0 {
		n += float64(c.Classes) * float64(len(e.Modalities)) * float64(e.Dim)
	}
	return n
}
