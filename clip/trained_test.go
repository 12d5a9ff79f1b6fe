package clip

import (
	"context"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/traintest"
	"diffclip/internal/weights"
	"diffclip/nn"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// untrained is a small model with its initial weights and all that goes with it.
func untrained(tb testing.TB, change func(*Config)) (*Trained, *rsdata.Dataset) {
	tb.Helper()
	d, _, _ := traintest.Data(5, 1)
	s := &Trained{Classes: d.Classes}
	var names []string
	for _, c := range d.Classes {
		names = append(names, c.Name)
	}
	texts, err := Texts("p1", d.Name, names, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if s.Text, err = NewText(NewCompact(texts), texts); err != nil {
		tb.Fatal(err)
	}
	if s.Scaling, err = rsdata.Fit(d, rsdata.DefaultScaling()); err != nil {
		tb.Fatal(err)
	}
	c := small()
	c.Text.Vocabulary = s.Text.Vocabulary()
	if change != nil {
		change(&c)
	}
	if s.Model, err = New(c, 6); err != nil {
		tb.Fatal(err)
	}
	return s, d
}

// TestTrainedComesBack: a model that was saved and opened classifies as it did, with
// a text head and with a linear one.
func TestTrainedComesBack(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	pixels := []rsdata.Pixel{{}, {Row: 30, Col: 40}, {Row: 63, Col: 63}}
	for name, change := range map[string]func(*Config){
		"text":   nil,
		"linear": func(c *Config) { c.Head, c.Classes = HeadLinear, 10 },
	} {
		t.Run(name, func(t *testing.T) {
			s, d := untrained(t, change)
			path := filepath.Join(t.TempDir(), "stage2.safetensors")
			if err := s.Save(path); err != nil {
				t.Fatal(err)
			}
			back, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back.Scaling, s.Scaling) || !reflect.DeepEqual(back.Classes, d.Classes) || !reflect.DeepEqual(back.Text.Prompts, s.Text.Prompts) {
				t.Error("scaling, classes or prompts differ")
			}
			probabilities := func(s *Trained) []float32 {
				w, err := s.Windows(d)
				if err != nil {
					t.Fatal(err)
				}
				probs := make([]float32, len(pixels)*len(s.Classes))
				if err := s.Classifier(be).Probabilities(context.Background(), w, pixels, probs); err != nil {
					t.Fatal(err)
				}
				return probs
			}
			if back.Text.Vocabulary() != s.Text.Vocabulary() {
				t.Errorf("a vocabulary of %d, saved %d", back.Text.Vocabulary(), s.Text.Vocabulary())
			}
			if got, want := probabilities(back), probabilities(s); !slices.Equal(got, want) {
				t.Errorf("opened %v\nsaved %v", got, want)
			}
			one := *d
			one.Modalities = d.Modalities[:1]
			if _, err := back.Windows(&one); err == nil {
				t.Error("a dataset without one of the modalities is no error")
			}
		})
	}
}

// TestSaveRefusesWhatOpenWould: nothing is written that could not be read.
func TestSaveRefusesWhatOpenWould(t *testing.T) {
	for want, spoil := range map[string]func(*Trained){
		"9 classes and 10 prompts":                func(s *Trained) { s.Classes = s.Classes[:9] },
		"0 classes and 10 prompts":                func(s *Trained) { s.Classes = nil },
		"token id":                                func(s *Trained) { s.Text.Prompts[3] = []int32{99999} },
		"10 prompts of 9 texts":                   func(s *Trained) { s.Text.Texts = s.Text.Texts[:9] },
		"there is no model":                       func(s *Trained) { s.Model = nil },
		"there is no scaling":                     func(s *Trained) { s.Scaling = nil },
		"there is no text":                        func(s *Trained) { s.Text = nil },
		"reads 2 modalities, the scaling makes 1": func(s *Trained) { s.Scaling.Modalities = s.Scaling.Modalities[:1] },
		"the scaling makes 5":                     func(s *Trained) { m := &s.Scaling.Modalities[0]; m.Bands = m.Bands[:5] },
		"an odd number":                           func(s *Trained) { s.Model.Config.Encoder.Window = 4 },
		"is NaN":                                  func(s *Trained) { s.Model.LogitScale.Value.Data[0] = float32(math.NaN()) },
	} {
		s, _ := untrained(t, nil)
		spoil(s)
		path := filepath.Join(t.TempDir(), "stage2.safetensors")
		if err := s.Save(path); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path+": not written: ") || len(err.Error()) > 400 {
			t.Errorf("error %v, want one line that says %q", err, want)
		}
		if found, _ := filepath.Glob(path + "*"); len(found) > 0 {
			t.Errorf("%s: there is %v", want, found)
		}
	}
}

// TestWhatIsMissingIsNamed: where a Trained was put together by hand.
func TestWhatIsMissingIsNamed(t *testing.T) {
	s, d := untrained(t, nil)
	s.Text = nil
	if _, err := s.Windows(d); err == nil || !strings.Contains(err.Error(), "no text") {
		t.Errorf("error %v, want one that says that there is no text", err)
	}
	defer func() {
		if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), "no text") {
			t.Errorf("panic %v, want one that says that there is no text", err)
		}
	}()
	be := tensor.NewCPU(1)
	defer be.Close()
	s.Classifier(be)
}

// TestTextReader: the tokenizer comes back from what is stored with the weights.
func TestTextReader(t *testing.T) {
	s, _ := untrained(t, nil)
	tok, err := s.Text.Reader("")
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range s.Text.Texts {
		if ids, err := tok.Encode(text); err != nil || !slices.Equal(ids, s.Text.Prompts[i]) {
			t.Errorf("%q: %v, want %v (%v)", text, ids, s.Text.Prompts[i], err)
		}
	}
	other := *s.Text
	other.Hash = "another"
	if _, err := other.Reader(""); err == nil {
		t.Error("another vocabulary is no error")
	}
	bpe := Text{Tokenizer: "clip-bpe"}
	if _, err := bpe.Reader(""); err == nil || !strings.Contains(err.Error(), "vocabulary file") {
		t.Errorf("error %v without the vocabulary file", err)
	}
}

// written saves a model and returns the parts of its file.
func written(tb testing.TB) (path string, state map[string]*tensor.Tensor, meta map[string]string, d *rsdata.Dataset) {
	tb.Helper()
	s, d := untrained(tb, nil)
	path = filepath.Join(tb.TempDir(), "stage2.safetensors")
	if err := s.Save(path); err != nil {
		tb.Fatal(err)
	}
	state, meta, err := nn.ReadState(path)
	if err != nil {
		tb.Fatal(err)
	}
	return path, state, meta, d
}

// TestHostileFile: no metadata can make a file ask for more than it holds.
func TestHostileFile(t *testing.T) {
	path, state, meta, _ := written(t)
	for _, c := range []struct{ key, from, to, want string }{
		{weights.Config, `"dim":8`, `"dim":8000000`, "at most"},
		{weights.Config, `"dim":8`, `"dim":8000`, "holds"},
		{weights.Config, `"depth":2`, `"depth":900000000`, "at most"},
		{weights.Config, `"depth":2`, `"depth":900`, "holds"},
		{weights.Config, `"window":5`, `"window":1000001`, "at most"},
		{weights.Config, `"window":5`, `"window":2001`, "holds"},
		{weights.Config, `"vocabulary":`, `"vocabulary":99999`, "holds"},
		{weights.Config, `"bands":6`, `"bands":60000000000`, "holds"},
		{weights.Config, `"timesteps":50`, `"timesteps":1000000000`, "timesteps"},
		{weights.Config, `"heads":2`, `"heads":3`, "multiple"},
		{weights.Config, `{`, `[`, weights.Config},
		{weights.Scaling, `{`, ``, weights.Scaling},
		{weights.Classes, `{`, `{"name":"one more"},{`, "11 classes and 10 prompts"},
		{weights.Text, `"texts":["`, `"texts":["one more","`, "10 prompts of 11 texts"},
		{weights.Scaling, `"bands":[0,`, `"bands":[`, "the scaling makes 5"},
		{weights.Scaling, `{"modalities":[`, `{"others":[`, "the scaling makes 0"},
		{weights.Config, `"window":5`, `"window":4`, "an odd number"},
		{weights.Text, `"prompts":[[`, `"prompts":[[2147483647,`, "token id"},
		{weights.Text, `"prompts":[[`, `"prompts":[[-1,`, "token id"},
		{weights.Kind, "stage 2", "stage 1", "not the weights"},
		{weights.Config, `"head":"text"`, `"head":"linear"`, "0 classes"},
		{weights.Config, `"head":"text"`, `"head":"linear","classes":9`, "9 classes, and 10"},
		{weights.Config, `"head":"text"`, `"head":"linear","classes":90000000000`, "want 1 to 255"},
	} {
		bad := maps.Clone(meta)
		bad[c.key] = strings.Replace(bad[c.key], c.from, c.to, 1)
		if bad[c.key] == meta[c.key] {
			t.Fatalf("%s has no %q:\n%s", c.key, c.from, meta[c.key])
		}
		if err := nn.WriteState(path, state, bad); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s in place of %s: error %v, want one about %q", c.to, c.from, err, c.want)
		}
	}
}

// TestWeightsMustBeNumbers: a weight that is no number would spread to every result.
func TestWeightsMustBeNumbers(t *testing.T) {
	path, state, meta, _ := written(t)
	if _, err := Open(path); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
		state["encoder.blocks.0.norm1.weight"].Host()[1] = bad
		if err := nn.WriteState(path, state, meta); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "norm1.weight") || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("a weight of %v: %v", bad, err)
		}
	}
}

// Whatever the metadata of a weights file say, opening it ends in a classifier or in
// an error, and in no more memory than the file's own weights take.
func FuzzOpen(f *testing.F) {
	path, state, meta, d := written(f)
	f.Add(meta[weights.Config], meta[weights.Scaling], meta[weights.Classes], meta[weights.Text])
	f.Add(meta[weights.Config], `{"modalities":[null]}`, `[{}]`, `{"prompts":[[]]}`)
	f.Add(`{"encoder":{"modalities":[{"name":"a","bands":1}],"window":4095,"patch":1,"dim":65536,"heads":1,"depth":1024}}`, "null", "[]", "{}")
	f.Fuzz(func(t *testing.T, config, scaling, classes, text string) {
		fuzzed := filepath.Join(filepath.Dir(path), "fuzzed.safetensors")
		if err := nn.WriteState(fuzzed, state, map[string]string{weights.Kind: weights.Stage2, weights.Config: config, weights.Scaling: scaling, weights.Classes: classes, weights.Text: text}); err != nil {
			t.Skip(err) // such as text that JSON cannot hold
		}
		s, err := Open(fuzzed)
		if err != nil {
			return
		}
		if err := s.Scaling.Check(d); err == nil {
			s.Scaling.Notes()
		}
	})
}
