package diffusion

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/autograd"
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
				for i, token := range in.from.IDs {
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

// TestSampleStart: the process begins from noise alone, another in each modality, or
// from the windows, noised with it to the step that was asked for.
func TestSampleStart(t *testing.T) {
	c := small()
	c.Encoder.Modalities[1].Bands = c.Encoder.Modalities[0].Bands
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := DefaultSchedule(c.Encoder.Timesteps)
	begin := func(windows string, start int) *Corrupted {
		batch := fill(c, 2, randomWindows(c, 2, windows), 2, 0)
		m.start(batch, s, SampleConfig{Seed: 1, Start: start})
		return batch
	}
	noise := begin("windows", 49)
	first := noise.Inputs[0].Visible.Data
	if !slices.Equal(first, begin("others", 49).Inputs[0].Visible.Data) {
		t.Error("pure noise knows the windows")
	}
	if slices.Equal(first, noise.Inputs[1].Visible.Data) {
		t.Error("two modalities begin from the same noise")
	}
	in := begin("windows", 20).Inputs[0]
	size := in.Target.Cols()
	for i, token := range in.from.IDs {
		for j := range size {
			want := math.Sqrt(s.AlphaCumprod[20])*float64(in.Target.Data[int(token)*size+j]) + math.Sqrt(1-s.AlphaCumprod[20])*float64(first[i*size+j])
			near(t, "window noised to index 20", float64(in.Visible.Data[i*size+j]), want, 1e-5)
		}
	}
}

// TestSampleFollowsTheChain goes along the observed steps: each is Eq. (4), or DDIM's
// formula, of the step before and of what the model restores from it at its timestep.
func TestSampleFollowsTheChain(t *testing.T) {
	for name, cfg := range map[string]SampleConfig{
		"DDPM": {Start: 49, Steps: 50, Seed: 1}, "DDIM": {Implicit: true, Start: 49, Steps: 7, Seed: 1},
	} {
		t.Run(name, func(t *testing.T) { followChain(t, cfg) })
	}
}

func followChain(t *testing.T, cfg SampleConfig) {
	c := small()
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Encoder.Stems { // at the start timesteps hardly tell
		w := m.Encoder.Stems[i].Time2.Weight
		for j := range w.Value.Data {
			w.Value.Data[j] *= 1000
		}
		w.Changed()
	}
	be := tensor.NewCPU(1)
	defer be.Close()
	s := DefaultSchedule(c.Encoder.Timesteps)
	before := fill(c, 2, randomWindows(c, 2, "windows"), 2, 0)
	m.start(before, s, cfg)
	last := fill(c, 2, randomWindows(c, 2, "windows"), 2, 0)
	var noise, earlier []float64 // what DDPM added, and the same values of the step before
	at := cfg.Start
	visit := func(next int, to *Corrupted) { // from before, at index at
		for b := range before.Steps {
			before.Steps[b] = int32(at)
		}
		restored := m.Restore(autograd.NewTape(be, autograd.Eval), before)
		var added []float64
		for k := range before.Inputs {
			in, x0 := &before.Inputs[k], restored[k].Value
			size := x0.Cols()
			for i, x := range in.Visible.Data {
				clean, got := float64(x0.Data[int(in.from.IDs[i/size])*size+i%size]), float64(to.Inputs[k].Visible.Data[i])
				want := expected(s, cfg.Implicit, float64(x), clean, at, next)
				if sd := math.Sqrt(s.PosteriorVar[at]); !cfg.Implicit && at > 0 {
					added = append(added, (got-want)/sd)
					continue
				}
				near(t, fmt.Sprintf("modality %d, value %d of step %d", k, i, at), got, want, 1e-4)
			}
			copy(in.Visible.Data, to.Inputs[k].Visible.Data)
		}
		if len(noise) > 0 && len(added) > 0 {
			earlier = append(earlier, noise[len(noise)-len(added):]...)
		}
		noise = append(noise, added...)
		at = next
	}
	path, err := cfg.path(50)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Observe = func(step int, to *Corrupted) {
		next := -1
		if i := slices.Index(path, step); i+1 < len(path) {
			next = path[i+1]
		}
		visit(next, to)
	}
	if _, err := m.Sample(be, last, cfg); err != nil {
		t.Fatal(err)
	}
	if cfg.Implicit {
		return
	}
	n := len(earlier)
	mean, variance := moments(len(noise), func(i int) float64 { return noise[i] })
	near(t, "mean of the noise", mean, 0, 5/math.Sqrt(float64(n)))
	near(t, "variance of the noise", variance, 1, 5*math.Sqrt(2/float64(n)))
	product, _ := moments(n, func(i int) float64 { return earlier[i] * noise[len(noise)-n+i] })
	near(t, "correlation of neighbouring steps", product, 0, 5/math.Sqrt(float64(n)))
	for _, lag := range []int{1, 6} { // of neighbouring bands, and of one band of neighbouring tokens
		product, _ = moments(len(noise)-lag, func(i int) float64 { return noise[i] * noise[i+lag] })
		near(t, fmt.Sprintf("correlation of values %d apart", lag), product, 0, 5/math.Sqrt(float64(len(noise))))
	}
}

// expected is the mean of the value after a step from index at to next, of the value x
// and the restored one.
func expected(s *Schedule, implicit bool, x, restored float64, at, next int) float64 {
	to := 1.0
	if next >= 0 {
		to = s.AlphaCumprod[next]
	}
	from := s.AlphaCumprod[at]
	if implicit {
		return math.Sqrt(to)*restored + math.Sqrt(1-to)*(x-math.Sqrt(from)*restored)/math.Sqrt(1-from)
	}
	beta := s.Beta[at] // Ho et al. 2020, Eq. (7)
	return (math.Sqrt(to)*beta*restored + math.Sqrt(1-beta)*(1-to)*x) / (1 - from)
}
