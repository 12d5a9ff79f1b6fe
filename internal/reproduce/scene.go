package reproduce

import (
	"encoding/json"
	"fmt"

	"diffclip/clip"
	"diffclip/internal/baseline"
	"diffclip/internal/cells"
	"diffclip/internal/run"
	"diffclip/rsdata"
)

// Scene is a dataset that studies run on, with what is fitted to it once.
type Scene struct {
	Label string // as tables name it: "Houston"
	Path  string // for rsdata.Open
	Data  *rsdata.Dataset

	fingerprint string // of everything
	*measured
	texts     map[run.TextConfig]*clip.Text
	evaluator *baseline.Evaluator
}

// measured is what follows from the values of a dataset alone. Scenes that share the
// values share it: the tasks of the same exams, and a scene with fewer classes.
type measured struct {
	values   string                     // fingerprint
	scalings map[string]*rsdata.Scaling // by configuration
}

func measure(d *rsdata.Dataset) *measured {
	return &measured{cells.Values(d), map[string]*rsdata.Scaling{}}
}

// newScene makes a scene of a dataset. What was measured there is nil where no other
// scene has it.
func newScene(label, path string, d *rsdata.Dataset, m *measured) *Scene {
	if m == nil {
		m = measure(d)
	}
	return &Scene{Label: label, Path: path, Data: d, fingerprint: cells.Fingerprint(d, m.values), measured: m,
		texts: map[run.TextConfig]*clip.Text{}, evaluator: baseline.NewEvaluator(d)}
}

// spare is how many more labelled samples than are drawn a class needs to count:
// a fifth of those drawn, and at least this many, remain to test on.
const spare = 5

// enough returns the scene with the classes that leave samples to test on where
// shots are drawn of each.
func (s *Scene) enough(shots int) (*Scene, error) {
	least := shots + max(spare, shots/4)
	for _, n := range s.Data.Counts() {
		if n < least {
			d, err := s.Data.AtLeast(least)
			if err != nil {
				return nil, err
			}
			return newScene(s.Label, s.Path, d, s.measured), nil
		}
	}
	return s, nil
}

// given returns what is open and fitted already for a configuration.
func (s *Scene) given(cfg run.Config) (run.Given, error) {
	name, err := json.Marshal(cfg.Scaling)
	if err != nil {
		return run.Given{}, err
	}
	scaling := s.scalings[string(name)]
	if scaling == nil {
		if scaling, err = rsdata.Fit(s.Data, cfg.Scaling); err != nil {
			return run.Given{}, fmt.Errorf("%s: %w", s.Label, err)
		}
		s.scalings[string(name)] = scaling
	}
	return run.Given{Data: s.Data, Scaling: scaling}, nil
}

// text returns what stands for the classes in language.
func (s *Scene) text(c run.TextConfig) (*clip.Text, error) {
	if t := s.texts[c]; t != nil {
		return t, nil
	}
	t, err := run.NewText(c, s.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Label, err)
	}
	s.texts[c] = t
	return t, nil
}
