package reproduce

import (
	"slices"
	"strings"
	"testing"

	"diffclip/internal/figure"
	"diffclip/rsdata"
)

// Distances add up over modalities: the first alone would choose otherwise.
func TestNearestNeighbour(t *testing.T) {
	n := &trainedNeighbour{train: make([]rsdata.Sample, 3), known: [][][]float64{
		{{0, 0}, {2, 0}, {5, 5}},
		{{9}, {1}, {0}},
	}}
	x := [][][]float64{{{0.5, 0}, {4, 4}}, {{1}, {0}}}
	for i, want := range []int{1, 2} {
		if got := n.nearest(x, i); got != want {
			t.Errorf("window %d: neighbour %d, want %d", i, got, want)
		}
	}
}

// A class has the same colour in the maps of Figure 3 and in the features of Figure 5.
func TestClassesKeepTheirColours(t *testing.T) {
	r, c, result := storedCell(t)
	r.results[c] = result
	p := r.outcome(1).Panels[0]
	maps, planes := mapFigures(p), planeFigures(p)
	if len(maps) != 1 || len(planes) != 2 {
		t.Fatalf("%d maps and %d planes, want 1 and 2", len(maps), len(planes))
	}
	for _, f := range planes {
		if legend := f.(*figure.Scatter).Categories; !slices.Equal(legend, maps[0].(*figure.Images).Legend) {
			t.Errorf("the map is in %v, the plane in %v", maps[0].(*figure.Images).Legend, legend)
		}
	}
}

// A picture of a quick run says that it is one, also without the page; the paper's own numbers are of none.
func TestPicturesOfQuickRuns(t *testing.T) {
	for _, quick := range []bool{true, false} {
		r, c, result := storedCell(t)
		r.results[c], r.options.Quick = result, quick
		p := r.outcome(1).Panels[0]
		figures := append(p.Study.Charts(p), sweepCurves(p)...)
		if len(figures) < 5 {
			t.Errorf("%d figures", len(figures))
		}
		for _, f := range figures {
			if has := strings.Contains(figure.SVG(f), "(quick run)"); has != quick {
				t.Errorf("%T of a quick run %v says so %v", f, quick, has)
			}
		}
		p.Rows = []*Row{{Method: "printed", Paper: map[string]float64{"OA": 0.5}}}
		if f := bars(p); len(f) != 1 || strings.Contains(figure.SVG(f[0]), "quick") {
			t.Error("the paper's numbers are called those of a quick run")
		}
	}
}

// The table for LaTeX has a column of settings where there are some.
func TestColumnsOfLaTeX(t *testing.T) {
	for setting, want := range map[string]string{"": "\\begin{tabular}{lrrr}\n\\hline\nMethod & OA (\\%)", "2-shot": "\\begin{tabular}{llrrr}\n\\hline\nSetting & Method & OA (\\%)"} {
		r, c, result := storedCell(t)
		r.results[c], r.arms[0].Setting = result, setting
		var text strings.Builder
		if err := r.outcome(1).writeLaTeX(&text); err != nil {
			t.Fatal(err)
		}
		row := strings.TrimPrefix(setting+" & first & ", " & ")
		if !strings.Contains(text.String(), want) || !strings.Contains(text.String(), "\n"+row) {
			t.Errorf("setting %q: want %q and a row %q:\n%s", setting, want, row, text.String())
		}
	}
}
