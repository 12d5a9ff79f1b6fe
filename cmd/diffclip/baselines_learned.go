package main

import (
	"fmt"

	"diffclip/internal/cells"
	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// learned trains variants of DiffCLIP on each split of a baselines table.
type learned struct {
	stage1      *run.Stage1
	fingerprint string                               // of its weights
	x           *run.Experiment                      // with the unlabelled windows of the run
	own         map[string]map[string]*tensor.Tensor // weights of other stages 1, by variant
}

// usualVariants are those of a table that names none.
var usualVariants = []string{"alone", "diffclip"}

// variantLines describes the variants.
func variantLines() []string {
	var lines []string
	for _, v := range run.Variants() {
		lines = append(lines, item(v.Name, v.Summary))
	}
	return lines
}

// openLearned opens the run that the table's -from names; nil for none.
func openLearned(a *app, o *baselineOptions) (*learned, error) {
	if o.from == "" {
		return nil, nil
	}
	folder, man, err := run.Open(o.from)
	if err != nil {
		return nil, err
	}
	stage1, err := run.OpenStage1(folder.Path(run.Stage1File))
	if err != nil {
		return nil, err
	}
	cfg := man.Config
	if cfg.Split.Inductive {
		return nil, fmt.Errorf("%s: its stage 1 kept clear of the test windows of its own split alone, so that other draws would test on windows it has seen: name a run that was trained without -inductive", o.from)
	}
	cfg.Data = o.data
	cfg.Split.Protocol, cfg.Split.PerClassTest, cfg.Split.Block, cfg.Split.Guard = o.split.Protocol, o.split.PerClassTest, o.split.Block, o.split.Guard
	if !o.windowGiven {
		o.split.Window = cfg.Split.Window
	}
	if cfg.Split.Window != o.split.Window {
		return nil, misuse("%s has windows of %d pixels: leave -window out, or say -window %d", o.from, cfg.Split.Window, cfg.Split.Window)
	}
	be, err := o.open(a)
	if err != nil {
		return nil, err
	}
	x, err := run.Prepare(cfg, run.Given{Scaling: stage1.Scaling}, be)
	if err == nil {
		err = stage1.Suits(x)
	}
	if err != nil {
		return nil, err
	}
	return &learned{stage1, stage1.Fingerprint(), x, map[string]map[string]*tensor.Tensor{}}, nil
}

// on returns the experiment of a variant on a split that has yet to be drawn.
func (l *learned) on(v run.Variant, split rsdata.SplitConfig) *run.Experiment {
	x := l.x.As(v)
	x.Config.Split, x.Split = split, nil
	x.Config.Finetune.Seed = split.Seed
	return x
}

// pretrained returns the experiment whose stage 1 the variant of x has for its own: that on the windows of the run or,
// where it takes labels, x itself.
func (l *learned) pretrained(v run.Variant, x *run.Experiment) *run.Experiment {
	if x.Config.NeedsLabels() {
		return x
	}
	return l.x.As(v)
}

// cell names the confusion of a variant on a split of data of a fingerprint.
func (l *learned) cell(v run.Variant, data string, split rsdata.SplitConfig) (cells.Identity, error) {
	x := l.on(v, split)
	switch {
	case v.Scratch:
		return x.Stage2Cell(data, "", nil)
	case v.Own:
		return x.Stage2Cell(data, "", &l.pretrained(v, x).Config)
	}
	return x.Stage2Cell(data, l.fingerprint, nil)
}

// evaluate returns the confusion of a variant on a split.
func (l *learned) evaluate(a *app, v run.Variant, split *rsdata.Split) (*rsdata.Confusion, error) {
	x := l.on(v, split.Config)
	x.Split = split
	state, err := l.weights(a, v, x)
	if err != nil {
		return nil, err
	}
	hooks, end := run.Watch(a.stderr, fmt.Sprintf("%s, %d shots, seed %d", v.Title, split.Config.Shots, split.Config.Seed), "")
	model, _, err := x.Finetune(a.ctx, state, hooks)
	end(err)
	if err != nil {
		return nil, err
	}
	return x.Evaluate(a.ctx, model)
}

// weights returns what stage 2 of a variant starts from on the split of x: nothing,
// the stage 1 of the run, or one of its own. That is trained once, on the windows
// of the run, or where it takes labels once for each split.
func (l *learned) weights(a *app, v run.Variant, x *run.Experiment) (map[string]*tensor.Tensor, error) {
	switch {
	case v.Scratch:
		return nil, nil
	case !v.Own:
		return l.stage1.Weights(), nil
	case l.own[v.Name] != nil:
		return l.own[v.Name], nil
	}
	title := v.Title + ", stage 1"
	if x.Config.NeedsLabels() {
		title += fmt.Sprintf(", %d shots, seed %d", x.Split.Config.Shots, x.Split.Config.Seed)
	}
	x = l.pretrained(v, x)
	hooks, end := run.Watch(a.stderr, title, "")
	model, _, err := x.Pretrain(a.ctx, hooks)
	end(err)
	if err != nil {
		return nil, err
	}
	if !x.Config.NeedsLabels() {
		l.own[v.Name] = model.Set.State()
	}
	return model.Set.State(), nil
}
