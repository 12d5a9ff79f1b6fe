package main

import (
	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/figure"
	"diffclip/internal/progress"
	"diffclip/internal/run"
)

// shownWindows is how many windows the pictures of the models have.
const shownWindows = 6

// restorations draws what stage 1 restores and keeps the pictures in the folder.
func restorations(folder run.Folder, x *run.Experiment, m *diffusion.Model) ([]figure.Figure, error) {
	figures, err := x.Reconstructions(m, x.Examples(shownWindows))
	if err != nil {
		return nil, err
	}
	for i, fig := range figures {
		if err := folder.Picture(run.RestoredPicture(i), fig); err != nil {
			return nil, err
		}
	}
	return figures, nil
}

// pretrainPage writes the pictures and the report of a stage 1.
func pretrainPage(a *app, folder run.Folder, x *run.Experiment, m *diffusion.Model, curves ...run.Curve) error {
	figures, err := restorations(folder, x, m)
	if err != nil {
		return err
	}
	inside, err := lookInside(a, x, m, nil)
	if err != nil {
		return err
	}
	return writePage(folder, x, run.Results{Title: "DiffCLIP, stage 1", Curves: curves, Reconstructions: figures, Inside: inside})
}

// lookInside draws what the report shows of the models, with progress on stderr.
func lookInside(a *app, x *run.Experiment, stage1 *diffusion.Model, stage2 *clip.Model) (*run.Inside, error) {
	p := progress.New(a.stderr, "attention and features of test windows", 0)
	inside, err := x.LookInside(a.ctx, stage1, stage2, x.Examples(shownWindows))
	if err == nil {
		p.Done("drawn")
	}
	return inside, err
}

// writePage writes losses.png and report.html.
func writePage(folder run.Folder, x *run.Experiment, r run.Results) error {
	if len(r.Curves) > 0 {
		if err := folder.Picture("losses.png", run.LossFigure("Losses", r.Curves...)); err != nil {
			return err
		}
	}
	return x.Page(r).WriteFile(folder.Path(run.ReportFile))
}
