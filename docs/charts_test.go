package docs_test

import (
	"os"
	"strings"
	"testing"

	"diffclip/internal/figure"
	"diffclip/rsdata"
)

// TestCharts holds the charts of results.md to the scores; with -update it draws
// them anew.
func TestCharts(t *testing.T) {
	r := newRaw()
	page, err := os.ReadFile("results.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenes {
		name := "accuracy-" + s.name + ".svg"
		if !strings.Contains(string(page), "]("+name+")") {
			t.Errorf("results.md does not show %s", name)
		}
		chart, err := accuracyChart(r, s.name, s.title)
		if err != nil {
			t.Fatal(err)
		}
		old, err := os.ReadFile(name)
		if err != nil && !*update {
			t.Fatal(err)
		}
		keep(t, name, old, []byte(figure.SVG(chart)+"\n"))
	}
}

// accuracyChart draws OA over the number of shots, a line for each of some methods.
func accuracyChart(r *raw, scene, title string) (figure.Figure, error) {
	f := &figure.Lines{Title: title, Note: "Means over ten draws, whose deviations are in the table.",
		X: figure.Axis{Label: "labels per class", Log: true}, Y: figure.Axis{Label: "OA (%)"}}
	for _, n := range shots {
		f.X.Ticks = append(f.X.Ticks, float64(n))
	}
	for _, line := range []struct{ method, title string }{
		{"DiffCLIP", "DiffCLIP"}, {"stage 2 alone", "stage 2 alone"}, {"svm", "SVM"}, {"rf", "forest"}, {"lda-mnf", "LDA on noise fractions"},
	} {
		s := figure.Series{Name: line.title}
		for _, n := range shots {
			row, err := r.result(scene, line.method, n)
			if err != nil {
				return nil, err
			}
			s.X, s.Y = append(s.X, float64(n)), append(s.Y, 100*rsdata.Summarise(row.oa()).Mean)
		}
		f.Series = append(f.Series, s)
	}
	return f, nil
}
