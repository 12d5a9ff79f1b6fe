package reproduce

import (
	"fmt"

	"diffclip/internal/figure"
	"diffclip/rsdata"
)

var figure5 = Study{
	Name:  "fig5",
	Title: "Figure 5: features of both modalities before and after few-shot training",
	About: []string{
		"The paper draws the features of the image encoder in the plane, for both modalities, after stage 1 and after few-shot training from, for instance, 2 labels per class.",
		"Here t-SNE puts test windows of the first seed in the plane, each picture for itself. So that the pictures can be checked against a number, each row also classifies all test windows of every seed: a window gets the class of the training window with the nearest features.",
	},
	Caution: []string{"t-SNE shows who lies beside whom. Distances between groups, their sizes and the directions mean nothing, and two pictures cannot be laid upon each other."},
	Metrics: sceneMetrics,
	Plane:   true,
	Arms: func(bool) []Arm {
		return []Arm{
			{Method: "after stage 1", Train: neighbour{}, Change: shots(2)},
			{Method: "after few-shot training", Train: neighbour{few: true}, Change: shots(2)},
		}
	},
	Reference: "after stage 1",
	Charts:    planeFigures,
}

// planeFigures draws a scatter for each modality and row.
func planeFigures(p *Panel) []figure.Figure {
	bare := figure.Axis{Ticks: []float64{}}
	var out []figure.Figure
	for m, modality := range p.Scene.Data.Modalities {
		for _, row := range p.Rows {
			if len(row.Cells) == 0 || row.Cells[0].Plane == nil || len(row.Cells[0].Plane.Places) <= m {
				continue
			}
			plane := row.Cells[0].Plane
			f := &figure.Scatter{Title: p.titled(fmt.Sprintf("%s, %s: %s", p.Data, modality.Name, row.Method)), X: bare, Y: bare,
				Categories: rsdata.Legend(p.Scene.Data.Classes),
				Note:       "t-SNE of the features of test windows, by their true class."}
			for i, at := range plane.Places[m] {
				f.Points = append(f.Points, figure.ScatterPoint{X: at[0], Y: at[1], Category: int(plane.Classes[i]) - 1})
			}
			out = append(out, f)
		}
	}
	return out
}
