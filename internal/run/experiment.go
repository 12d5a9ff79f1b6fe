package run

import (
	"context"
	"fmt"
	"slices"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// Experiment is a configuration with its data opened, scaled and split.
type Experiment struct {
	Config  Config // with everything filled in
	Data    *rsdata.Dataset
	Scaling *rsdata.Scaling
	Windows *rsdata.Windows
	Split   *rsdata.Split
	Text    *clip.Text
	Backend tensor.Backend
	NoTest  error // why no sample trains stage 2 or tests; nil where some do
}

// Given is what is open or fixed already; what is nil is made anew.
type Given struct {
	Data    *rsdata.Dataset
	Scaling *rsdata.Scaling
	Text    *clip.Text

	Stage1 bool // that stage 1 is all there will be: labels may then be missing or too few
}

// Prepare opens the data of a configuration and fits everything to them.
func Prepare(cfg Config, given Given, be tensor.Backend) (*Experiment, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	data := given.Data
	var err error
	if data == nil {
		if data, err = cfg.open(); err != nil {
			return nil, err
		}
	}
	if side := data.Scenes[0].H; data.Whole && side != cfg.Split.Window {
		return nil, fmt.Errorf("%s: pictures of %d x %d pixels, which are samples as a whole, and windows of %d: say -preset mrnet, or -window %d and a -patch that divides it", cfg.Data, side, side, cfg.Split.Window, side)
	}
	x := &Experiment{Config: cfg, Data: data, Scaling: given.Scaling, Text: given.Text, Backend: be}
	if x.Scaling == nil {
		if x.Scaling, err = rsdata.Fit(data, cfg.Scaling); err != nil {
			return nil, err
		}
	}
	if err := x.Scaling.Check(data); err != nil {
		return nil, NotAlike(cfg.Data, err)
	}
	x.Windows = rsdata.NewWindows(data, x.Scaling, cfg.Split.Window)
	if err := x.split(given.Stage1); err != nil {
		return nil, err
	}
	if x.Text == nil {
		if x.Text, err = NewText(cfg.Text, data); err != nil {
			return nil, err
		}
		x.Config.Classifier.Text.Vocabulary = x.Text.Vocabulary()
	}
	var mods []vit.Modality
	for i, m := range data.Modalities {
		mods = append(mods, vit.Modality{Name: m.Name, Bands: x.Windows.Bands(i)})
	}
	x.Config.setModalities(mods)
	x.Config.setClasses(len(data.Classes))
	return x, nil
}

// NotAlike is the error of data that a scaling, and so a run, was not fitted to.
func NotAlike(data string, err error) error {
	return fmt.Errorf("%s is not like the data that the run learned from: %w", data, err)
}

// split divides the samples. Stage 1 by itself reads no labels, and where they do not
// make a split it goes without, unless it learns classes too or has to keep clear of
// the windows that test.
func (x *Experiment) split(stage1 bool) (err error) {
	cfg := x.Config.Split
	windows := cfg
	windows.Seed = x.Config.Pretrain.Seed
	apart := windows.Seed != cfg.Seed && !cfg.Inductive // other samples, from the same stage 1
	if len(x.Data.Classes) == 0 {
		err = fmt.Errorf("%s: no labels, so nothing to learn classes from: see `diffclip inspect`, or list label files in a scene.json", x.Config.Data)
	} else {
		if apart {
			cfg.Unlabelled = 0
		}
		x.Split, err = x.Data.Split(cfg)
	}
	switch {
	case err == nil && apart:
		drawn, err := x.Data.SplitUnlabelled(windows)
		if err != nil {
			return err
		}
		x.Split.Unlabelled, x.Split.Config.Unlabelled = drawn.Unlabelled, windows.Unlabelled
		return nil
	case err == nil || !stage1 || x.Config.NeedsLabels() || cfg.Inductive:
		return err
	}
	x.NoTest = err
	x.Split, err = x.Data.SplitUnlabelled(windows)
	return err
}

// StartFrom says which run the stage 1 of the experiment is of, nil for no stage 1.
// Windows of these data are its own only where it was trained on them. An error says
// that it kept clear of other test windows than those of the experiment.
func (x *Experiment) StartFrom(m *Manifest) error {
	if now := x.dataFacts(); m == nil || m.Split.Unlabelled == 0 || m.Data.Name != now.Name || !slices.Equal(m.Data.Scenes, now.Scenes) {
		x.Split.Unlabelled = nil
		x.Config.Split.Inductive = false
		return nil
	}
	if was, is := m.Config.Split, x.Config.Split; was.Inductive && was != is {
		return fmt.Errorf("stage 1 kept clear of the test windows of its own split, -protocol %s -shots %d -max-test %d -block %d -guard %d -seed %d: leave these flags as they are, or train stage 1 anew with others",
			was.Protocol, was.Shots, was.PerClassTest, was.Block, was.Guard, was.Seed)
	}
	return nil
}

// Examples spreads a few windows over the test samples, so that they show different
// classes, or, where none test, over the windows of stage 1.
func (x *Experiment) Examples(n int) []rsdata.Pixel {
	all := rsdata.Pixels(nil, x.Split.Test)
	if len(all) == 0 {
		all = x.Split.Unlabelled
	}
	n = min(n, len(all))
	pixels := make([]rsdata.Pixel, n)
	for i := range pixels {
		pixels[i] = all[i*len(all)/n]
	}
	return pixels
}

// Reseeded returns the experiment with another seed of the split and of stage 2, which has yet to be drawn.
func (x *Experiment) Reseeded(seed uint64) *Experiment {
	y := *x
	y.Config.Split.Seed, y.Config.Finetune.Seed, y.Split = seed, seed, nil
	return &y
}

// Resplit draws the split anew from another seed, which stage 2 then uses too.
func (x *Experiment) Resplit(seed uint64) (y *Experiment, err error) {
	y = x.Reseeded(seed)
	y.Split, err = x.Data.Split(y.Config.Split)
	return y, err
}

// refiningWindows is how many windows without labels refine a head; with a quarter of them it comes out much the same.
const refiningWindows = 4096

// unlabelled draws the windows that refine a head: of these data, and where stage 1 learned from them by the order in which
// it took its own.
func (x *Experiment) unlabelled() ([]rsdata.Pixel, error) {
	cfg := x.Config.Split
	cfg.Unlabelled = refiningWindows
	draw := x.Data.Split // which keeps clear of the samples that test
	if !cfg.Inductive {
		draw, cfg.Seed = x.Data.SplitUnlabelled, x.Config.Pretrain.Seed
	}
	s, err := draw(cfg)
	if err != nil {
		return nil, err
	}
	return s.Unlabelled, nil
}

// Pretrain runs stage 1: on the unlabelled windows, or, where it learns classes too,
// on the training samples.
func (x *Experiment) Pretrain(ctx context.Context, h train.Hooks) (*diffusion.Model, []train.Epoch, error) {
	if err := x.Stage1Fits(); err != nil {
		return nil, nil, err
	}
	m, err := diffusion.New(x.Config.Diffusion, x.Config.Seed)
	if err != nil {
		return nil, nil, err
	}
	if m.Classifier != nil {
		history, err := m.TrainLabelled(ctx, x.Backend, x.Windows, x.Split.Train, x.Config.Pretrain, h)
		return m, history, err
	}
	history, err := m.Train(ctx, x.Backend, x.Windows, x.Split.Unlabelled, x.Config.Pretrain, h)
	return m, history, err
}

// Finetune runs stage 2, from the weights of stage 1 or, where state is nil,
// from scratch.
func (x *Experiment) Finetune(ctx context.Context, state map[string]*tensor.Tensor, h train.Hooks) (*clip.Model, []train.Epoch, error) {
	if err := x.Stage2Fits(); err != nil {
		return nil, nil, err
	}
	m, err := clip.New(x.Config.Classifier, x.Config.Finetune.Seed)
	if err != nil {
		return nil, nil, err
	}
	if state != nil {
		if err := m.LoadEncoder(state); err != nil {
			return nil, nil, fmt.Errorf("stage 2 cannot start from this stage 1: %w", err)
		}
	}
	cfg := x.Config.Finetune
	if state == nil {
		cfg.FreezeEncoder, cfg.FixNorms = 0, false // there is nothing to keep
	}
	if cfg.HeadFit == clip.HeadEM {
		if cfg.Unlabelled, err = x.unlabelled(); err != nil {
			return nil, nil, err
		}
	}
	history, err := m.Train(ctx, x.Backend, x.Windows, x.Split.Train, x.Text.Prompts, cfg, h)
	return m, history, err
}

// Evaluate classifies the test windows. The figures of a yes-or-no task come with the
// result; a window is called positive where that is at least as likely as not.
func (x *Experiment) Evaluate(ctx context.Context, m *clip.Model) (*rsdata.Confusion, error) {
	classifier, samples := clip.NewClassifier(x.Backend, m, x.Text.Prompts), x.Split.Test
	k := classifier.Classes()
	probs := make([]float32, len(samples)*k)
	if err := classifier.Probabilities(ctx, x.Windows, rsdata.Pixels(nil, samples), probs); err != nil {
		return nil, err
	}
	c, _ := clip.Tally(k, samples, probs)
	if positive := int(x.Data.Positive); positive > 0 {
		truth, score := make([]bool, len(samples)), make([]float64, len(samples))
		for i, s := range samples {
			truth[i], score[i] = int(s.Label) == positive, float64(probs[i*k+positive-1])
		}
		scores := rsdata.Binary(truth, score, 0.5)
		c.Binary = &scores
	}
	return c, nil
}
