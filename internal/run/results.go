package run

import (
	"fmt"
	"io"

	"diffclip/internal/figure"
	"diffclip/rsdata"
)

// Metrics is metrics.json.
type Metrics struct {
	Scores    rsdata.Scores     `json:"scores"`
	Classes   []string          `json:"classes"`
	Confusion *rsdata.Confusion `json:"confusion"`
	Overlap   int               `json:"overlap_train_test"`
}

// NewMetrics gathers the figures of merit of an experiment.
func NewMetrics(x *Experiment, c *rsdata.Confusion) Metrics {
	return Metrics{c.Scores(), x.ClassNames(), c, x.Split.OverlapTrainTest}
}

// Seeds is seeds.json: the scores of several draws of the samples.
type Seeds struct {
	Seeds   []uint64             `json:"seeds"`
	Overlap []int                `json:"overlap_train_test"`
	Scores  []rsdata.Scores      `json:"scores"`
	Summary rsdata.ScoresSummary `json:"summary"`
}

// Add adds the outcome of a seed.
func (s *Seeds) Add(seed uint64, x *Experiment, c *rsdata.Confusion) {
	s.Seeds = append(s.Seeds, seed)
	s.Overlap = append(s.Overlap, x.Split.OverlapTrainTest)
	s.Scores = append(s.Scores, c.Scores())
	s.Summary = rsdata.SummariseScores(s.Scores)
}

// SaveSeeds writes seeds.json and row.tex.
func (f Folder) SaveSeeds(s *Seeds) error {
	if err := f.WriteJSON("seeds.json", s); err != nil {
		return err
	}
	return f.saveRow(s.Summary)
}

// SaveResults writes metrics.json, confusion.csv, confusion.png, classes.csv and
// row.tex.
func (f Folder) SaveResults(x *Experiment, c *rsdata.Confusion) error {
	names := x.ClassNames()
	err := f.WriteJSON("metrics.json", NewMetrics(x, c))
	if err != nil {
		return err
	}
	if err := f.Write("confusion.csv", func(w io.Writer) error { return c.WriteCSV(w, names) }); err != nil {
		return err
	}
	if err := f.Write("classes.csv", func(w io.Writer) error { return c.WriteClassCSV(w, names) }); err != nil {
		return err
	}
	if err := f.saveRow(rsdata.SummariseScores([]rsdata.Scores{c.Scores()})); err != nil {
		return err
	}
	return f.Picture("confusion.png", confusionFigure(c, names))
}

// saveRow writes row.tex, a row of a LaTeX table with the figures of merit.
func (f Folder) saveRow(s rsdata.ScoresSummary) error {
	return f.Write("row.tex", func(w io.Writer) error {
		_, values := s.Columns()
		_, err := fmt.Fprintln(w, rsdata.LaTeXRow("DiffCLIP", values...))
		return err
	})
}

// ClassNames returns the names of the classes, in order.
func (x *Experiment) ClassNames() []string {
	names := make([]string, len(x.Data.Classes))
	for i, c := range x.Data.Classes {
		names[i] = c.Name
	}
	return names
}

// confusionFigure draws a confusion matrix.
func confusionFigure(c *rsdata.Confusion, names []string) figure.Figure {
	return &figure.Matrix{Title: "Confusion", Note: "Test windows by their class and the class they were given.", Names: names, Counts: c.Counts}
}

// Picture writes a figure as PNG.
func (f Folder) Picture(name string, fig figure.Figure) error {
	return f.Write(name, func(w io.Writer) error { return figure.WritePNG(w, fig, 2) })
}

// Metrics reads metrics.json, nil where there is none that can be read.
func (f Folder) Metrics() *Metrics {
	m := &Metrics{}
	if readJSON(f.Path("metrics.json"), maxManifest, m) != nil {
		return nil
	}
	return m
}
