package main

import (
	"fmt"

	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// learned trains stage 2 on each split of a baselines table: once from the
// stage 1 of a run and once from scratch.
type learned struct {
	stage1 *run.Stage1
	x      *run.Experiment
}

// learnedRows are the rows that learned adds to a table.
var learnedRows = []string{"stage 2 alone", "DiffCLIP"}

// openLearned opens the run that the table's -from names; nil for none.
func openLearned(o *baselineOptions) (*learned, error) {
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
	cfg.Data = o.data
	cfg.Split.Protocol, cfg.Split.PerClassTest = o.split.Protocol, o.split.PerClassTest
	if cfg.Split.Window != o.split.Window {
		return nil, misuse("%s has windows of %d pixels: say -window %d", o.from, cfg.Split.Window, cfg.Split.Window)
	}
	x, err := run.Prepare(cfg, run.Given{Scaling: stage1.Scaling}, tensor.NewCPU(o.threads))
	if err != nil {
		return nil, err
	}
	return &learned{stage1, x}, nil
}

// evaluate returns the confusion of a row on a split.
func (l *learned) evaluate(a *app, row string, split *rsdata.Split) (*rsdata.Confusion, error) {
	x := *l.x
	x.Split, x.Config.Split = split, split.Config
	x.Config.Finetune.Seed = split.Config.Seed
	state := l.stage1.Weights()
	if row == learnedRows[0] {
		state = nil
	}
	hooks, done := run.Watch(a.stderr, fmt.Sprintf("%s, %d shots, seed %d", row, split.Config.Shots, split.Config.Seed), "")
	model, _, err := x.Finetune(a.ctx, state, hooks)
	done()
	if err != nil {
		return nil, err
	}
	return x.Evaluate(a.ctx, model)
}
