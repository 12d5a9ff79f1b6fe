// Package runtest makes small runs for tests of what looks at runs.
package runtest

import (
	"context"
	"io"

	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// Config is of a run on a synthetic scene that is trained in seconds.
func Config() (run.Config, error) {
	cfg, err := run.Preset("demo")
	if err != nil {
		return cfg, err
	}
	cfg.Scene.Bands = 12
	cfg.SetWindow(5)
	cfg.Encoder(func(e *vit.Config) { e.Dim, e.Heads, e.Depth = 16, 2, 2 })
	cfg.Classifier.Text.Dim, cfg.Classifier.Text.Heads, cfg.Classifier.Text.Depth = 16, 2, 1
	cfg.Split.Shots, cfg.Split.PerClassTest, cfg.Split.Unlabelled = 3, 15, 128
	cfg.Pretrain.Epochs, cfg.Pretrain.Batch = 3, 32
	cfg.SetEpochs(12)
	return cfg, nil
}

// Begin makes the folder of a run in which nothing is trained yet.
func Begin(dir string) (run.Folder, *run.Experiment, *run.Manifest, error) {
	cfg, err := Config()
	if err != nil {
		return run.Folder{}, nil, nil, err
	}
	x, err := run.Prepare(cfg, run.Given{}, tensor.NewCPU(2))
	if err != nil {
		return run.Folder{}, nil, nil, err
	}
	folder, err := run.Create(dir, false)
	if err != nil {
		return folder, nil, nil, err
	}
	man := run.NewManifest(x)
	if err := folder.SaveManifest(man); err != nil {
		return folder, nil, nil, err
	}
	return folder, x, man, folder.WriteSplit(x)
}

// Train makes a run with both stages, its results and its report.
func Train(ctx context.Context, dir string) (run.Folder, error) {
	folder, x, man, err := Begin(dir)
	if err != nil {
		return folder, err
	}
	stage1, _, err := folder.TrainStage1(ctx, x, man, io.Discard)
	if err != nil {
		return folder, err
	}
	stage2, _, err := folder.TrainStage2(ctx, x, man, stage1.Set.State(), io.Discard)
	if err != nil {
		return folder, err
	}
	confusion, err := x.Evaluate(ctx, stage2)
	if err != nil {
		return folder, err
	}
	if err := folder.SaveResults(x, confusion); err != nil {
		return folder, err
	}
	curves, err := folder.History()
	if err != nil {
		return folder, err
	}
	shown := rsdata.Pixels(nil, x.Split.Test[:4])
	restored, err := x.Reconstructions(stage1, shown)
	if err != nil {
		return folder, err
	}
	inside, err := x.LookInside(ctx, stage1, stage2, shown)
	if err != nil {
		return folder, err
	}
	page := x.Page(run.Results{Title: "A small run", Methods: []run.Method{{Name: "stages 1 and 2", Confusion: confusion}},
		Curves: curves, Reconstructions: restored, Inside: inside, Map: x.Data.Scenes[0].Labels})
	return folder, page.WriteFile(folder.Path("report.html"))
}
