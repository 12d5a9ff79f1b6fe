package diffusion

import (
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/traintest"
	"diffclip/internal/weights"
	"diffclip/nn"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// untrained is a small model with its initial weights and the scaling of a scene.
func untrained(tb testing.TB, change func(*Config)) (*Trained, *rsdata.Dataset) {
	tb.Helper()
	d, _, _ := traintest.Data(5, 1)
	scaling, err := rsdata.Fit(d, rsdata.DefaultScaling())
	if err != nil {
		tb.Fatal(err)
	}
	c := small()
	if change != nil {
		change(&c)
	}
	m, err := New(c, 6)
	if err != nil {
		tb.Fatal(err)
	}
	return &Trained{m, scaling}, d
}

// TestTrainedComesBack: a model that was saved and opened restores as it did, and reads
// windows of the scene.
func TestTrainedComesBack(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	for name, change := range map[string]func(*Config){
		"plain":   nil,
		"classes": func(c *Config) { c.ClassWeight, c.Classes = 1, 10 },
	} {
		s, d := untrained(t, change)
		path := filepath.Join(t.TempDir(), "stage1.safetensors")
		if err := s.Save(path); err != nil {
			t.Fatal(err)
		}
		back, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back.Scaling, s.Scaling) || !reflect.DeepEqual(back.Model.Config, s.Model.Config) {
			t.Errorf("%s: scaling or configuration differ", name)
		}
		restored := func(s *Trained) (values []float32) {
			w, err := s.Windows(d)
			if err != nil {
				t.Fatal(err)
			}
			pixels := []rsdata.Pixel{{}, {Row: 30, Col: 40}, {Row: 63, Col: 63}}
			windows := w.NewBuffers(len(pixels))
			w.Gather(windows, pixels)
			corruptor := NewCorruptor(s.Model.Config, 2)
			batch := corruptor.NewCorrupted(len(pixels))
			corruptor.Fill(batch, windows, 0)
			for _, v := range s.Model.Restore(autograd.NewTape(be, autograd.Eval), batch) {
				values = append(values, v.Value.Data...)
			}
			return values
		}
		if !slices.Equal(restored(back), restored(s)) {
			t.Errorf("%s: what was opened restores otherwise", name)
		}
		one := *d
		one.Modalities = d.Modalities[:1]
		if _, err := back.Windows(&one); err == nil {
			t.Errorf("%s: a dataset without one of the modalities is no error", name)
		}
	}
}

// TestSaveRefusesWhatOpenWould: nothing is written that could not be read.
func TestSaveRefusesWhatOpenWould(t *testing.T) {
	for want, spoil := range map[string]func(*Trained){
		"there is no model":                       func(s *Trained) { s.Model = nil },
		"there is no scaling":                     func(s *Trained) { s.Scaling = nil },
		"reads 2 modalities, the scaling makes 1": func(s *Trained) { s.Scaling.Modalities = s.Scaling.Modalities[:1] },
		"is NaN": func(s *Trained) { s.Model.Decoders[0].MaskToken.Value.Data[0] = float32(math.NaN()) },
	} {
		s, d := untrained(t, nil)
		spoil(s)
		path := filepath.Join(t.TempDir(), "stage1.safetensors")
		if err := s.Save(path); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path+": not written: ") {
			t.Errorf("error %v, want one that says %q", err, want)
		}
		if found, _ := filepath.Glob(path + "*"); len(found) > 0 {
			t.Errorf("%s: there is %v", want, found)
		}
		if _, err := s.Windows(d); want != "is NaN" && err == nil {
			t.Errorf("%s: windows are made all the same", want)
		}
	}
}

// TestHostileFile: no metadata can make a file ask for more than it holds.
func TestHostileFile(t *testing.T) {
	s, _ := untrained(t, nil)
	path := filepath.Join(t.TempDir(), "stage1.safetensors")
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	state, meta, err := nn.ReadState(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, from, to, want string }{
		{weights.Config, `"dim":8`, `"dim":8000`, "holds"},
		{weights.Config, `"decoder_depth":1`, `"decoder_depth":900`, "holds"},
		{weights.Config, `"window":5`, `"window":2001`, "holds"},
		{weights.Config, `"bands":6`, `"bands":60000000000`, "holds"},
		{weights.Config, `"mask_ratio":`, `"class_weight":1,"classes":90000000000,"mask_ratio":`, "holds"},
		{weights.Config, `"mask_ratio":0.`, `"mask_ratio":1.`, "mask ratio"},
		{weights.Config, `"heads":2,"depth":1`, `"heads":2,"depth":2`, "missing"},
		{weights.Scaling, `"bands":[0,`, `"bands":[`, "the scaling makes 5"},
		{weights.Kind, "stage 1", "stage 2", "not the weights"},
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

// TestLeastParameters: a model has at least as many as are counted before it is made.
func TestLeastParameters(t *testing.T) {
	for _, change := range []func(*Config){nil, func(c *Config) { c.ClassWeight, c.Classes = 1, 10 }, func(c *Config) { c.Encoder.Window, c.Encoder.Patch = 9, 3 }} {
		s, _ := untrained(t, change)
		if n, least := s.Model.Set.Count(), s.Model.Config.LeastParameters(); least > float64(n) || least < float64(n)/4 {
			t.Errorf("at least %v parameters of %d", least, n)
		}
	}
}
