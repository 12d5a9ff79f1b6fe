package diffusion

import (
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/tensor"
)

func TestSamplePath(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  SampleConfig
		want []int
		err  string
	}{
		"every step":     {SampleConfig{Start: 3, Steps: 4}, []int{3, 2, 1, 0}, ""},
		"few steps":      {SampleConfig{Implicit: true, Start: 49, Steps: 5}, []int{49, 37, 25, 13, 0}, ""},
		"one step":       {SampleConfig{Implicit: true, Start: 49, Steps: 1}, []int{49}, ""},
		"all implicit":   {SampleConfig{Implicit: true, Start: 2, Steps: 3}, []int{2, 1, 0}, ""},
		"DDPM skips":     {SampleConfig{Start: 49, Steps: 10}, nil, "DDPM visits every step"},
		"too many":       {SampleConfig{Implicit: true, Start: 2, Steps: 4}, nil, "want 1 to 3"},
		"none":           {SampleConfig{Implicit: true, Start: 2}, nil, "want 1 to 3"},
		"start too high": {SampleConfig{Implicit: true, Start: 50, Steps: 4}, nil, "0..49"},
		"start negative": {SampleConfig{Implicit: true, Start: -1, Steps: 1}, nil, "0..49"},
	} {
		got, err := c.cfg.path(50)
		if c.err == "" && (err != nil || !slices.Equal(got, c.want)) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, want %q", name, err, c.err)
		}
	}
}

// sample runs the reverse process on a new model.
func sample(t *testing.T, cfg SampleConfig, threads int) ([]*tensor.Tensor, *Corrupted) {
	t.Helper()
	be := tensor.NewCPU(threads)
	defer be.Close()
	c := small()
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	batch := fill(c, 2, randomWindows(c, 5, "windows"), 5, 0)
	out, err := m.Sample(be, batch, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return out, batch
}

func TestSampleIsDeterministic(t *testing.T) {
	for name, cfg := range map[string]SampleConfig{
		"DDPM":          {Start: 49, Steps: 50, Seed: 1},
		"DDIM":          {Implicit: true, Start: 49, Steps: 7, Seed: 1},
		"from a window": {Implicit: true, Start: 20, Steps: 7, Seed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			first, _ := sample(t, cfg, 1)
			again, _ := sample(t, cfg, 2)
			cfg.Seed = 2
			other, _ := sample(t, cfg, 1)
			for i := range first {
				if !slices.Equal(first[i].Data, again[i].Data) {
					t.Errorf("modality %d: two runs differ", i)
				}
				if slices.Equal(first[i].Data, other[i].Data) {
					t.Errorf("modality %d: another seed gives the same windows", i)
				}
			}
		})
	}
}

// TestSampleEndsInTheRestoration: the last step is at index 0, the visible
// pixels end as the network's x̂_0, and every step is observed once, falling.
func TestSampleEndsInTheRestoration(t *testing.T) {
	for name, cfg := range map[string]SampleConfig{
		"DDPM": {Start: 49, Steps: 50}, "DDIM": {Implicit: true, Start: 49, Steps: 9},
	} {
		t.Run(name, func(t *testing.T) {
			var visited []int
			cfg.Observe = func(step int, c *Corrupted) { visited = append(visited, step) }
			out, batch := sample(t, cfg, 1)
			if want, _ := cfg.path(50); !slices.Equal(visited, want) {
				t.Errorf("visited %v, want %v", visited, want)
			}
			for m, in := range batch.Inputs {
				size := in.Target.Cols()
				for i, token := range in.from {
					for j := range size {
						got, want := in.Visible.Data[i*size+j], out[m].Data[int(token)*size+j]
						if math.Abs(float64(got-want)) > 1e-6*max(1, math.Abs(float64(want))) {
							t.Fatalf("modality %d: visible token %d ends in %v, restored %v", m, i, got, want)
						}
					}
				}
			}
		})
	}
}

func TestSampleRefuses(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	for want, change := range map[string]func(*Config){
		"reference order": func(c *Config) { c.ReferenceOrder = true },
		"without noise":   func(c *Config) { c.NoNoise = true },
	} {
		c := small()
		change(&c)
		m, err := New(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		batch := fill(c, 2, randomWindows(c, 2, "windows"), 2, 0)
		if _, err := m.Sample(be, batch, SampleConfig{Implicit: true, Start: 49, Steps: 5}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

// TestReverseNoise: DDPM adds other noise at each step and in each modality, and none
// at the last.
func TestReverseNoise(t *testing.T) {
	c := small()
	c.Encoder.Modalities[1].Bands = c.Encoder.Modalities[0].Bands
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := DefaultSchedule(c.Encoder.Timesteps)
	batch := fill(c, 2, randomWindows(c, 2, "windows"), 2, 0)
	x0 := tensor.New(batch.Inputs[0].Target.Dims()...)
	noise := func(t, modality int) []float32 {
		in := &batch.Inputs[modality]
		clear(in.Visible.Data)
		m.step(in, x0, s, SampleConfig{Seed: 1}, t, t-1, modality)
		out := make([]float32, len(in.Visible.Data))
		for i, v := range in.Visible.Data {
			out[i] = float32(float64(v) / math.Sqrt(s.PosteriorVar[max(t, 1)]))
		}
		return out
	}
	at := noise(30, 0)
	variance := 0.0
	for _, v := range at {
		variance += float64(v) * float64(v) / float64(len(at))
	}
	near(t, "variance of the noise", variance, 1, 5*math.Sqrt(2/float64(len(at))))
	for name, other := range map[string][]float32{"step": noise(29, 0), "modality": noise(30, 1)} {
		same := 0
		for i, v := range other {
			if math.Abs(float64(v-at[i])) < 1e-3 {
				same++
			}
		}
		if same > len(at)/20 {
			t.Errorf("%d of %d values of the noise are those of another %s", same, len(at), name)
		}
	}
	if slices.ContainsFunc(noise(0, 0), func(v float32) bool { return v != 0 }) {
		t.Error("the last step adds noise")
	}
}

// TestSampleStart: the process begins from noise alone, or from the windows, noised
// to a step.
func TestSampleStart(t *testing.T) {
	c := small()
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := DefaultSchedule(c.Encoder.Timesteps)
	begin := func(windows string, start int) []float32 {
		batch := fill(c, 2, randomWindows(c, 2, windows), 2, 0)
		m.start(batch, s, SampleConfig{Seed: 1, Start: start})
		return batch.Inputs[0].Visible.Data
	}
	if !slices.Equal(begin("windows", 49), begin("others", 49)) {
		t.Error("pure noise knows the windows")
	}
	if slices.Equal(begin("windows", 48), begin("others", 48)) {
		t.Error("noised windows do not tell the windows")
	}
}
