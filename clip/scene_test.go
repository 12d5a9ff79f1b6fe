package clip

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/rng"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// noise is a dataset of one scene of random values in two modalities.
func noise(h, w int) *rsdata.Dataset {
	raster := func(bands int) rsdata.Raster {
		x := make([]float32, h*w*bands)
		rng.New(5, "noise", uint64(bands)).Normal(x, 0)
		return rsdata.NewRaster(h, w, bands, x)
	}
	return &rsdata.Dataset{
		Modalities: []rsdata.Modality{{Name: "a", Bands: 6}, {Name: "b", Bands: 2}},
		Scenes:     []*rsdata.Scene{{Name: "noise", H: h, W: w, Rasters: []rsdata.Raster{raster(6), raster(2)}}},
	}
}

// mapped is a classifier with statistics that are not those of a new model, and
// the windows it reads.
func mapped(t *testing.T, d *rsdata.Dataset, window, patch int, pool Pool) (*Classifier, *rsdata.Windows) {
	t.Helper()
	return mappedAs(t, d, window, patch, func(c *Config) { c.Pool = pool })
}

// mappedAs is mapped with changes of the configuration.
func mappedAs(t *testing.T, d *rsdata.Dataset, window, patch int, change func(*Config)) (*Classifier, *rsdata.Windows) {
	t.Helper()
	scaling, err := rsdata.Fit(d, rsdata.ScalingConfig{Method: rsdata.Standardise})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default(vit.Config{Modalities: []vit.Modality{{Name: "a", Bands: 6}, {Name: "b", Bands: 2}}, Window: window, Patch: patch, Dim: 16, Heads: 2, Depth: 2, MLPRatio: 2, Timesteps: 10}, 8)
	cfg.HeadStd, cfg.Temperature = 0.3, 0.1
	change(&cfg)
	m, err := New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range m.Encoder.Stems {
		if s.Reducer == nil {
			continue
		}
		for j, stats := range []*tensor.Tensor{s.Reducer.Norm1.Stats.Mean, s.Reducer.Norm1.Stats.Var, s.Reducer.Norm2.Stats.Mean, s.Reducer.Norm2.Stats.Var} {
			rng.New(7, "statistics", uint64(4*i+j)).Uniform(stats.Data, 0)
		}
	}
	be := tensor.NewCPU(2)
	t.Cleanup(be.Close)
	return NewClassifier(be, m, Prompts{{1, 5, 2}, {1, 6, 4, 2}, {1, 3, 2}}), rsdata.NewWindows(d, scaling, window)
}

// The rows of a scene are what its windows give one by one.
func TestMapSceneEqualsWindows(t *testing.T) {
	for _, c := range []struct {
		name                         string
		height, width, window, patch int
		change                       func(*Config)
	}{
		{"many strips", 40, 70, 5, 1, func(*Config) {}},
		{"mean pooling", 20, 60, 3, 1, func(c *Config) { c.Pool = PoolMean }},
		{"smaller than a window", 3, 4, 9, 1, func(*Config) {}},
		{"two pixels", 1, 2, 5, 1, func(*Config) {}},
		{"wider than a strip", 3, 1500, 3, 1, func(*Config) {}},
		{"patches of three pixels", 6, 7, 9, 3, func(*Config) {}},
		{"eight views", 9, 12, 5, 1, func(c *Config) { c.Views = 8 }},
		{"eight views of patches of three pixels", 4, 5, 9, 3, func(c *Config) { c.Views = 8 }},
		{"linear stem", 9, 12, 5, 1, func(c *Config) { c.Encoder.Stem = vit.StemLinear }},
		{"linear stem, patches of three pixels", 4, 5, 9, 3, func(c *Config) { c.Encoder.Stem = vit.StemLinear }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := noise(c.height, c.width)
			d.Scenes = []*rsdata.Scene{noise(2, 5).Scenes[0], d.Scenes[0]} // the first is not looked at
			classifier, w := mappedAs(t, d, c.window, c.patch, c.change)
			var pixels []rsdata.Pixel
			for i := range c.height * c.width {
				pixels = append(pixels, rsdata.Pixel{Scene: 1, Row: int32(i / c.width), Col: int32(i % c.width)})
			}
			k := classifier.Classes()
			want := make([]float32, len(pixels)*k)
			if err := classifier.Probabilities(t.Context(), w, pixels, want); err != nil {
				t.Fatal(err)
			}
			next, low, high := 0, float32(1), float32(0)
			err := MapScene(t.Context(), classifier, d, w, 1, func(row int, labels []uint8, confidence, probs []float32) error {
				if row != next || len(labels) != c.width || len(confidence) != c.width || len(probs) != c.width*k {
					t.Fatalf("row %d of %d labels, %d confidences, %d probabilities; want row %d of width %d", row, len(labels), len(confidence), len(probs), next, c.width)
				}
				next++
				for i, p := range probs {
					if at := row*c.width*k + i; math.Abs(float64(p-want[at])) > 1e-5 {
						t.Fatalf("pixel %d, class %d: %v, the window gives %v", at/k, at%k, p, want[at])
					}
				}
				for i, l := range labels {
					if best := Best(probs[i*k : (i+1)*k]); int(l) != best+1 || confidence[i] != probs[i*k+best] {
						t.Fatalf("label %d at %v, the best is %d", l, confidence[i], best+1)
					}
					low, high = min(low, probs[i*k]), max(high, probs[i*k])
				}
				return nil
			})
			if err != nil || next != c.height {
				t.Fatalf("%d of %d rows, error %v", next, c.height, err)
			}
			if high-low < 1e-4 {
				t.Errorf("probabilities of one class between %v and %v: every window looks the same, which shows nothing", low, high)
			}
		})
	}
}

func TestMapSceneStops(t *testing.T) {
	d := noise(30, 60)
	classifier, w := mapped(t, d, 5, 1, PoolClass)
	stop := errors.New("enough")
	if err := MapScene(t.Context(), classifier, d, w, 0, func(int, []uint8, []float32, []float32) error { return stop }); err != stop {
		t.Errorf("error %v, want the one of the callback", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	none := func(int, []uint8, []float32, []float32) error { return nil }
	if err := MapScene(ctx, classifier, d, w, 0, none); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after cancelling", err)
	}
	if err := MapScene(t.Context(), classifier, d, w, 1, none); err == nil {
		t.Error("a scene that is not there is no error")
	}
	if err := MapScene(t.Context(), classifier, d, w, -1, none); err == nil {
		t.Error("scene -1 is no error")
	}
	whole := *d
	whole.Whole = true
	if err := MapScene(t.Context(), classifier, &whole, w, 0, none); err == nil || !strings.Contains(err.Error(), "nothing to map") {
		t.Errorf("a data set of whole scenes: %v", err)
	}
	other := *d
	other.Scenes = []*rsdata.Scene{{H: 31, W: 60}}
	if err := MapScene(t.Context(), classifier, &other, w, 0, none); err == nil || !strings.Contains(err.Error(), "a scene of 30 x 60 pixels") {
		t.Errorf("windows of a lower scene: %v", err)
	}
	other.Scenes = append([]*rsdata.Scene{}, d.Scenes[0], d.Scenes[0])
	if err := MapScene(t.Context(), classifier, &other, w, 1, none); err == nil || !strings.Contains(err.Error(), "windows are of 1 scenes") {
		t.Errorf("windows of fewer scenes: %v", err)
	}
	narrow, _ := mapped(t, d, 3, 1, PoolClass)
	if err := MapScene(t.Context(), narrow, d, w, 0, none); err == nil {
		t.Error("windows of another size are no error")
	}
}

// Features compared with the texts are the probabilities, whichever way they came
// about.
func TestScoreOfFeaturesIsProbabilities(t *testing.T) {
	const height, width = 12, 50
	d := noise(height, width)
	classifier, w := mapped(t, d, 5, 1, PoolClass)
	k, dim := classifier.Classes(), classifier.Dim()
	var pixels []rsdata.Pixel
	for i := range height * width {
		pixels = append(pixels, rsdata.Pixel{Row: int32(i / width), Col: int32(i % width)})
	}
	want := make([]float32, len(pixels)*k)
	if err := classifier.Probabilities(t.Context(), w, pixels, want); err != nil {
		t.Fatal(err)
	}
	byWindow, byScene := make([]float32, len(pixels)*dim), []float32(nil)
	if err := classifier.Features(t.Context(), w, pixels, byWindow); err != nil {
		t.Fatal(err)
	}
	err := SceneFeatures(t.Context(), classifier, d, w, 0, func(row int, features []float32) error {
		if row*width*dim != len(byScene) {
			t.Fatalf("row %d after %d values", row, len(byScene))
		}
		byScene = append(byScene, features...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, features := range map[string][]float32{"Features": byWindow, "SceneFeatures": byScene} {
		got := make([]float32, len(want))
		if err := classifier.Score(features, got); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-5 {
				t.Fatalf("%s: pixel %d, class %d: %v, want %v", name, i/k, i%k, got[i], want[i])
			}
		}
	}
	many := make([]float32, (2*scoreBatch+3)*k) // more than are compared at a time
	if err := classifier.Score(slices.Repeat(byWindow, len(many)/len(want)+1)[:(2*scoreBatch+3)*dim], many); err != nil {
		t.Fatal(err)
	}
	for i, got := range many {
		if at := i % len(want); math.Abs(float64(got-want[at])) > 1e-5 {
			t.Fatalf("value %d of many is %v, want %v", i, got, want[at])
		}
	}
	if classifier.Score(byWindow[1:], want) == nil || classifier.Score(byWindow, want[1:]) == nil {
		t.Error("lengths that do not fit are no error")
	}
}

// Where all windows are alike, pixels with one timestep have one feature, and others
// another, also past the first windows that are encoded together.
func TestMapUsesItsTimesteps(t *testing.T) {
	const width = classifyBatch + 30
	c, _ := mappedAs(t, noise(6, 6), 5, 1, func(c *Config) { c.RandomTimestep = true })
	for _, s := range c.model.Encoder.Stems { // at the start timesteps hardly tell
		for i := range s.Time2.Weight.Value.Data {
			s.Time2.Weight.Value.Data[i] *= 1000
		}
		s.Time2.Weight.Changed()
	}
	scaling, err := rsdata.Fit(noise(6, 6), rsdata.DefaultScaling())
	if err != nil {
		t.Fatal(err)
	}
	flat := noise(1, width)
	for _, r := range flat.Scenes[0].Rasters {
		clear(r.Array.Data.([]float32))
	}
	w := rsdata.NewWindows(flat, scaling, 5)
	m, err := newMapper(c, w, 0, 1, width, c.Dim(), c.normalise)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	of := map[int32][]float32{} // timestep -> feature
	err = m.run(t.Context(), func(_ int, features []float32) error {
		for i, step := range m.steps[:width] {
			z := features[i*c.Dim() : (i+1)*c.Dim()]
			if of[step] == nil {
				of[step] = z
			} else if !slices.Equal(of[step], z) {
				t.Fatalf("pixel %d of timestep %d has another feature than the first", i, step)
			}
		}
		return nil
	})
	if err != nil || len(of) != 10 || slices.Equal(of[0], of[1]) {
		t.Errorf("error %v; %d timesteps, want 10 with features of their own", err, len(of))
	}
}

// Where timesteps are drawn at random, those of a map do not depend on how its rows
// are grouped, nor repeat from row to row or from scene to scene.
func TestMapTimesteps(t *testing.T) {
	d := rsdata.Synthetic(rsdata.SyntheticConfig{H: 64, W: 64, Bands: 6, Noise: 0.01, Seed: 1})
	cfg := small()
	cfg.RandomTimestep = true
	m, err := New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	steps := func(scene, rows int) []int32 {
		mapper := &mapper{c: &Classifier{model: m}, scene: scene, height: d.Scenes[0].H, wide: d.Scenes[0].W}
		mapper.pixels, mapper.steps = make([]rsdata.Pixel, rows*mapper.wide), make([]int32, rows*mapper.wide)
		var out []int32
		for lo := 0; lo < mapper.height; lo += rows {
			mapper.place(lo, lo+rows)
			out = append(out, mapper.steps...)
		}
		return out
	}
	one := steps(0, 1)
	if !slices.Equal(steps(0, 4), one) {
		t.Error("strips of four rows have other timesteps than single ones")
	}
	if slices.Equal(one[:64], one[64:128]) {
		t.Error("two rows have the same timesteps")
	}
	if slices.Equal(steps(1, 1), one) {
		t.Error("two scenes have the same timesteps")
	}
}
