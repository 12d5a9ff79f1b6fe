package run

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"diffclip/clip"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// sameWeights reports whether two models have the same bits.
func sameWeights(a, b map[string]*tensor.Tensor) bool {
	return maps.EqualFunc(a, b, func(x, y *tensor.Tensor) bool { return slices.Equal(x.Data, y.Data) })
}

// Another draw of the samples has a stage 2 of its own seed, and the stage 1 of the run.
func TestResplitSeeds(t *testing.T) {
	x := small(t)
	x.Config.SetSeed(3)
	y, err := x.Resplit(8)
	if err != nil {
		t.Fatal(err)
	}
	if c := y.Config; c.Split.Seed != 8 || c.Finetune.Seed != 8 || c.Seed != 3 || c.Pretrain.Seed != 3 || y.Split.Config.Seed != 8 {
		t.Errorf("seeds %d of samples, %d of stage 2, %d and %d of stage 1, split of %d", c.Split.Seed, c.Finetune.Seed, c.Seed, c.Pretrain.Seed, y.Split.Config.Seed)
	}
	if c := x.Config; c.Split.Seed != 3 || c.Finetune.Seed != 3 || slices.Equal(x.Split.Train, y.Split.Train) {
		t.Errorf("the first draw has become that of seeds %d and %d, or is the same", c.Split.Seed, c.Finetune.Seed)
	}
}

// The windows that refine a head are those of stage 1 on every draw, and those of an inductive
// split keep clear of its own test.
func TestRefiningWindows(t *testing.T) {
	x := small(t)
	x.Config.SetSeed(3)
	again, err := x.Data.Split(x.Config.Split)
	if err != nil {
		t.Fatal(err)
	}
	x.Split = again
	y, err := x.Resplit(8)
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range []*Experiment{x, y} {
		got, err := z.unlabelled()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(x.Split.Unlabelled); n == 0 || len(got) != min(refiningWindows, x.Data.NumPixels()) || !slices.Equal(got[:n], x.Split.Unlabelled) {
			t.Errorf("draw %d: %d windows, which do not begin with the %d of stage 1", z.Config.Split.Seed, len(got), n)
		}
	}
	y.Config.Split.Inductive = true
	got, err := y.unlabelled()
	if err != nil && !strings.Contains(err.Error(), "clear of every test window") {
		t.Error(err)
	}
	for _, p := range rsdata.Pixels(nil, y.Split.Test) {
		if slices.Contains(got, p) {
			t.Fatalf("the window of a test sample at %v refines an inductive head", p)
		}
	}
	y.Config.Split.Inductive = false
	y.Config.Finetune.HeadFit = clip.HeadEM
	y.Config.SetEpochs(1)
	if _, _, err := y.Finetune(t.Context(), nil, train.Hooks{}); err != nil {
		t.Error(err)
	}
}

// Stage 1 begins from the seed of the run and stage 2 from its own, so that draws of the
// samples share one and not the other.
func TestSeedsOfStages(t *testing.T) {
	stage1 := func(change func(*Config)) map[string]*tensor.Tensor {
		x := small(t)
		x.Config.Pretrain.Epochs, x.Config.Pretrain.Batch = 1, 10
		change(&x.Config)
		m, _, err := x.Pretrain(t.Context(), train.Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		return m.Set.State()
	}
	stage2 := func(change func(*Config)) map[string]*tensor.Tensor {
		x := small(t)
		x.Config.Finetune.FreezeEncoder = 0
		x.Config.SetEpochs(1)
		change(&x.Config)
		m, _, err := x.Finetune(t.Context(), nil, train.Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		return m.Set.State()
	}
	as := func(*Config) {}
	for _, c := range []struct {
		name   string
		train  func(func(*Config)) map[string]*tensor.Tensor
		change func(*Config)
		same   bool
	}{
		{"stage 1, seed of the samples", stage1, func(c *Config) { c.Split.Seed = 9 }, true},
		{"stage 1, seed of stage 2", stage1, func(c *Config) { c.Finetune.Seed = 9 }, true},
		{"stage 1, its weights' seed", stage1, func(c *Config) { c.Seed = 9 }, false},
		{"stage 1, its windows' seed", stage1, func(c *Config) { c.Pretrain.Seed = 9 }, false},
		{"stage 2, seed of stage 1", stage2, func(c *Config) { c.Seed, c.Pretrain.Seed = 9, 9 }, true},
		{"stage 2, its seed", stage2, func(c *Config) { c.Finetune.Seed = 9 }, false},
		{"stage 2 from scratch, an encoder to freeze", stage2, func(c *Config) { c.Finetune.FreezeEncoder = 1 }, true},
		{"stage 2 from scratch, norms to fix", stage2, func(c *Config) { c.Finetune.FixNorms = true }, true},
	} {
		if got := sameWeights(c.train(as), c.train(c.change)); got != c.same {
			t.Errorf("%s: the same weights %v, want %v", c.name, got, c.same)
		}
	}
}
