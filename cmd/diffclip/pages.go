package main

import (
	"fmt"

	"diffclip/diffusion"
	"diffclip/internal/figure"
	"diffclip/internal/run"
)

// restorations draws what stage 1 restores and keeps the pictures in the folder.
func restorations(folder run.Folder, x *run.Experiment, m *diffusion.Model) ([]figure.Figure, error) {
	figures, err := x.Reconstructions(m, examples(x))
	if err != nil {
		return nil, err
	}
	for i, fig := range figures {
		if err := folder.Picture(fmt.Sprintf("reconstruction-%d.png", i+1), fig); err != nil {
			return nil, err
		}
	}
	return figures, nil
}

// pretrainPage writes the pictures and the report of a stage 1.
func pretrainPage(folder run.Folder, x *run.Experiment, m *diffusion.Model, curve run.Curve) error {
	figures, err := restorations(folder, x, m)
	if err != nil {
		return err
	}
	return writePage(folder, x, run.Results{Title: "DiffCLIP, stage 1", Curves: []run.Curve{curve}, Reconstructions: figures})
}

// writePage writes losses.png and report.html.
func writePage(folder run.Folder, x *run.Experiment, r run.Results) error {
	if len(r.Curves) > 0 {
		if err := folder.Picture("losses.png", run.LossFigure("Losses", r.Curves...)); err != nil {
			return err
		}
	}
	return x.Page(r).WriteFile(folder.Path("report.html"))
}
