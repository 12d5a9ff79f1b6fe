package reproduce

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"diffclip/clip"
	"diffclip/internal/baseline"
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
	return &measured{valuesOf(d), map[string]*rsdata.Scaling{}}
}

// newScene makes a scene of a dataset. What was measured there is nil where no other
// scene has it.
func newScene(label, path string, d *rsdata.Dataset, m *measured) *Scene {
	if m == nil {
		m = measure(d)
	}
	return &Scene{Label: label, Path: path, Data: d, fingerprint: fingerprint(d, m.values), measured: m,
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

// fingerprintPixels is about how many pixels of a scene a fingerprint looks at.
const fingerprintPixels = 4096

// fingerprint tells datasets apart by their classes, sizes and labels, and by the
// fingerprint of their values.
func fingerprint(d *rsdata.Dataset, values string) string {
	h := sha256.New()
	put(h, d.Name, values)
	for _, c := range d.Classes {
		put(h, c.Name)
	}
	for _, s := range d.Scenes {
		put(h, s.Objects)
		if s.Shapes != nil {
			put(h, s.Shapes)
		}
		for _, labels := range [][]uint8{s.Labels, s.Train, s.Test} {
			put(h, len(labels))
			h.Write(labels)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// valuesOf is a fingerprint of what was measured, classes and labels aside: the
// sizes of all scenes and the values of pixels spread over each.
func valuesOf(d *rsdata.Dataset) string {
	h := sha256.New()
	for _, m := range d.Modalities {
		put(h, m.Name, m.Bands)
	}
	var word [8]byte
	for _, s := range d.Scenes {
		put(h, s.Name, s.H, s.W)
		step := max(1, s.H*s.W/fingerprintPixels)
		for _, r := range s.Rasters {
			for at := 0; at < s.H*s.W; at += step {
				for b := range r.Bands() {
					binary.LittleEndian.PutUint64(word[:], math.Float64bits(r.At(at/s.W, at%s.W, b)))
					h.Write(word[:])
				}
			}
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// put adds plain data to a hash.
func put(h io.Writer, values ...any) {
	if err := json.NewEncoder(h).Encode(values); err != nil {
		panic(fmt.Errorf("reproduce: fingerprint: %w", err))
	}
}
