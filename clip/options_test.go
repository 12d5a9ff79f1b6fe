package clip

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/traintest"
	"diffclip/nn"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// trained is a small model after 3 epochs of 3 steps, the last of each short, and
// the rates of the epochs.
func trained(t *testing.T, change func(*Config, *TrainConfig), hooks func(*Model) train.Hooks) (*Model, []train.Epoch) {
	t.Helper()
	be := tensor.NewCPU(2)
	defer be.Close()
	d, w, samples := traintest.Data(5, 23)
	model, cfg := small(), TrainConfig{Epochs: 3, Batch: 10, LR: 1e-2, Seed: 4}
	change(&model, &cfg)
	m, err := New(model, 3)
	if err != nil {
		t.Fatal(err)
	}
	history, err := m.Train(context.Background(), be, w, samples, smallPrompts(len(d.Classes)), cfg, hooks(m))
	if err != nil {
		t.Fatal(err)
	}
	return m, history
}

func noHooks(*Model) train.Hooks { return train.Hooks{} }

// TestEveryOptionCounts: each option of the training, and each of what a model does
// with a batch, leads to other weights.
func TestEveryOptionCounts(t *testing.T) {
	weights := func(change func(*Config, *TrainConfig)) []float32 {
		m, _ := trained(t, change, noHooks)
		return slices.Clone(m.Set.Flatten().Value.Data)
	}
	plain := weights(func(*Config, *TrainConfig) {})
	if !slices.Equal(weights(func(*Config, *TrainConfig) {}), plain) {
		t.Fatal("two equal trainings differ")
	}
	for name, change := range map[string]func(*Config, *TrainConfig){
		"rate":            func(_ *Config, c *TrainConfig) { c.LR = 2e-2 },
		"decay":           func(_ *Config, c *TrainConfig) { c.WeightDecay = 0.1 },
		"clip":            func(_ *Config, c *TrainConfig) { c.Clip = 1e-6 },
		"milestones":      func(_ *Config, c *TrainConfig) { c.Milestones = []int{1} },
		"symmetries":      func(_ *Config, c *TrainConfig) { c.Symmetries = true },
		"freezing":        func(_ *Config, c *TrainConfig) { c.FreezeEncoder = 1 },
		"fixed norms":     func(_ *Config, c *TrainConfig) { c.FixNorms = true },
		"head fit":        func(_ *Config, c *TrainConfig) { c.HeadFit = HeadLDA },
		"spectral":        func(_ *Config, c *TrainConfig) { c.Spectral = 0.1 },
		"average":         func(_ *Config, c *TrainConfig) { c.Average = 1 },
		"seed":            func(_ *Config, c *TrainConfig) { c.Seed = 5 }, // by the order of windows alone
		"batch":           func(_ *Config, c *TrainConfig) { c.Batch = 100 },
		"temperature":     func(m *Config, _ *TrainConfig) { m.Temperature = 0.07 },
		"head deviation":  func(m *Config, _ *TrainConfig) { m.HeadStd = 0.1 },
		"pool":            func(m *Config, _ *TrainConfig) { m.Pool = PoolMean },
		"targets":         func(m *Config, _ *TrainConfig) { m.Targets = TargetsClass },
		"positions":       func(m *Config, _ *TrainConfig) { m.Encoder.TrainPositions = false },
		"random timestep": func(m *Config, _ *TrainConfig) { m.RandomTimestep = true },
	} {
		if slices.Equal(weights(change), plain) {
			t.Errorf("%s: the same weights as without", name)
		}
	}
}

// TestRates: a tenth from each milestone on.
func TestRates(t *testing.T) {
	_, history := trained(t, func(_ *Config, c *TrainConfig) { c.Milestones = []int{1, 2} }, noHooks)
	for i, want := range []float64{1e-2, 1e-3, 1e-4} {
		if got := history[i].LR; math.Abs(got-want) > 1e-12 {
			t.Errorf("rate of epoch %d is %v, want %v", i, got, want)
		}
	}
}

// TestAverageIsThatOfTheLastEpochs: of the weights after every update of as many
// epochs at the end as asked for, and of no other.
func TestAverageIsThatOfTheLastEpochs(t *testing.T) {
	var after [][]float32
	m, _ := trained(t, func(_ *Config, c *TrainConfig) { c.Average = 2 }, func(m *Model) train.Hooks {
		return train.Hooks{OnStep: func(train.Step) { after = append(after, slices.Clone(m.Set.Flatten().Value.Data)) }}
	})
	if len(after) != 9 {
		t.Fatalf("%d updates, want 9", len(after))
	}
	for i, got := range m.Set.Flatten().Value.Data {
		want := 0.0
		for _, w := range after[3:] {
			want += float64(w[i]) / 6
		}
		if math.Abs(float64(got)-want) > 1e-6*max(1, math.Abs(want)) {
			t.Fatalf("value %d is %v, want the mean %v", i, got, want)
		}
	}
}

// TestTemperatureBegins: logits are cosines over τ.
func TestTemperatureBegins(t *testing.T) {
	c := small()
	c.Temperature = 0.07
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := math.Exp(-float64(m.LogitScale.Value.Item())); math.Abs(got-0.07) > 1e-7 {
		t.Errorf("τ begins at %v, want 0.07", got)
	}
}

// TestResumeBeforeTheHead: a run that is stopped when the last update is made, while
// its weights are averaged and its head is fitted, ends like one that is not.
func TestResumeBeforeTheHead(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	path := filepath.Join(t.TempDir(), "c.safetensors")
	want, err := stage(context.Background(), be, train.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	for name, stop := range map[string]func(context.CancelFunc) train.Hooks{
		"after the last step":  func(c context.CancelFunc) train.Hooks { return train.Hooks{OnStep: stopAt(15, c)} },
		"after the last epoch": func(c context.CancelFunc) train.Hooks { return train.Hooks{OnEpoch: stopAfter(2, c)} },
	} {
		ctx, cancel := context.WithCancel(context.Background())
		h := stop(cancel)
		h.Checkpoint = path + name
		if _, err := stage(ctx, be, h); !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := stage(context.Background(), be, train.Hooks{Checkpoint: path + name, OnStep: func(train.Step) { t.Errorf("%s: a step was made", name) }})
		if err != nil {
			t.Fatal(err)
		}
		sameState(t, name, got, want)
	}
}

func stopAt(done int, cancel func()) func(train.Step) {
	return func(s train.Step) {
		if s.Done == done {
			cancel()
		}
	}
}

func stopAfter(epoch int, cancel func()) func(train.Epoch) error {
	return func(e train.Epoch) error {
		if e.Epoch == epoch {
			cancel()
		}
		return nil
	}
}

// sameState compares all weights and statistics.
func sameState(t *testing.T, what string, got, want *nn.Set) {
	t.Helper()
	state := got.State()
	for name, w := range want.State() {
		if !slices.Equal(state[name].Data, w.Data) {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

// TestTimestepsFollowSeedAndStep: those of windows, where they are drawn at random, as
// do changes of their spectra.
func TestTimestepsFollowSeedAndStep(t *testing.T) {
	c := small()
	c.RandomTimestep = true
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	d, w, samples := traintest.Data(5, 10)
	data := w.NewBuffers(len(samples))
	prepared := func(seed, step uint64) *Batch {
		b := &rsdata.Batch{Samples: samples, Data: data}
		m.prepare(b, nil, smallPrompts(len(d.Classes)), TrainConfig{Seed: seed, Spectral: 0.1}, step)
		return b.Extra.(*Batch)
	}
	steps := func(seed, step uint64) []int32 { return prepared(seed, step).Steps }
	gains := func(seed, step uint64) []float32 { return prepared(seed, step).spectra.gain[0].Data }
	first := steps(1, 1)
	if !slices.Equal(steps(1, 1), first) || slices.Equal(steps(2, 1), first) || slices.Equal(steps(1, 2), first) {
		t.Errorf("timesteps %v, with another seed %v, in another step %v", first, steps(2, 1), steps(1, 2))
	}
	if first := gains(1, 1); !slices.Equal(gains(1, 1), first) || slices.Equal(gains(2, 1), first) || slices.Equal(gains(1, 2), first) {
		t.Errorf("gains %v, with another seed %v, in another step %v", first, gains(2, 1), gains(1, 2))
	}
}

// TestResumeWantsTheSameRun: a checkpoint of other samples, prompts or options is
// refused.
func TestResumeWantsTheSameRun(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	d, w, samples := traintest.Data(5, 12)
	h := train.Hooks{Checkpoint: filepath.Join(t.TempDir(), "c.safetensors")}
	model := small()
	run := func(samples []rsdata.Sample, prompts Prompts, cfg TrainConfig) error {
		m, err := New(model, 3)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Train(context.Background(), be, w, samples, prompts, cfg, h)
		return err
	}
	cfg, prompts := TrainConfig{Epochs: 1, Batch: 6, LR: 1e-3}, smallPrompts(len(d.Classes))
	if err := errors.Join(run(samples, prompts, cfg), run(samples, prompts, cfg)); err != nil {
		t.Fatal(err)
	}
	others, decayed := slices.Clone(samples), cfg
	others[3].Row++
	decayed.WeightDecay = 0.1
	changed := slices.Clone(prompts)
	changed[0], changed[1] = changed[1], changed[0]
	errs := map[string]error{
		"samples": run(others, prompts, cfg), "prompts": run(samples, changed, cfg), "decay": run(samples, prompts, decayed),
	}
	model.Targets = TargetsClass
	errs["targets"] = run(samples, prompts, cfg)
	for name, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "another configuration") {
			t.Errorf("other %s: %v", name, err)
		}
	}
}
