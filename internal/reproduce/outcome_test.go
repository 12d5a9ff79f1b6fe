package reproduce

import (
	"math"
	"slices"
	"testing"

	"diffclip/internal/figure"
	"diffclip/internal/run"
	"diffclip/rsdata"
)

// A mean is over all scenes or over none: one that a scene had no part in would be too low, and of other scenes than
// the means beside it.
func TestMeansAreOverTheSameScenes(t *testing.T) {
	row := func(method string, oa ...float64) *Row {
		r := &Row{Method: method, Seeds: []uint64{1, 2}}
		r.summarise(map[string][]float64{"OA": oa})
		return r
	}
	study := &Study{Name: "none", Metrics: []string{"OA"}, Mean: &meanOver{data: "mean", labels: []string{"A", "B"}}, Arms: func(bool) []Arm { return nil }}
	o := &Outcome{Study: study, Panels: []*Panel{
		{Data: "A", Rows: []*Row{row("both", 0.5, 0.7), row("one", 0.9, 0.9)}},
		{Data: "B", Rows: []*Row{row("both", 0.7, 0.9)}},
		{Data: "C", Rows: []*Row{row("both", 0, 0), row("one", 0, 0)}}, // not of the mean
	}}
	p := o.means([]Arm{{Method: "both"}, {Method: "one"}})
	if len(p.Rows) != 1 || p.Rows[0].Method != "both" || p.Partial {
		t.Fatalf("%d rows of means, want that of the method which both scenes have", len(p.Rows))
	}
	for k, want := range []float64{0.6, 0.8} {
		if got := p.Rows[0].values["OA"][k]; math.Abs(got-want) > 1e-12 {
			t.Errorf("seed %d: mean %v, want %v", k, got, want)
		}
	}
}

// A seed that one of the scenes could not be drawn from has no part in the means over scenes, and the others keep theirs.
func TestMeansAreOverTheSeedsOfAllScenes(t *testing.T) {
	row := func(method string, seeds []uint64, oa ...float64) *Row {
		r := &Row{Method: method, Seeds: seeds}
		r.summarise(map[string][]float64{"OA": oa})
		return r
	}
	among := []*Panel{
		{Data: "A", Rows: []*Row{row("m", []uint64{3, 4, 6}, 0.1, 0.2, 0.3)}},
		{Data: "B", Rows: []*Row{row("m", []uint64{4, 5, 6, 7}, 0.4, 0.5, 0.6, 0.7)}},
	}
	seeds, values := meanValues(among, &Arm{Method: "m"}, []string{"OA"})
	if !slices.Equal(seeds, []uint64{4, 6}) || len(values["OA"]) != 2 || math.Abs(values["OA"][0]-0.3) > 1e-12 || math.Abs(values["OA"][1]-0.45) > 1e-12 {
		t.Errorf("means of seeds %v: %v, want 0.3 of seed 4 and 0.45 of seed 6", seeds, values)
	}
	among[1].Rows[0] = row("m", []uint64{9}, 1)
	if seeds, values := meanValues(among, &Arm{Method: "m"}, []string{"OA"}); seeds != nil || values != nil {
		t.Errorf("no seed in common: means of %v: %v", seeds, values)
	}
}

// The share of windows that overlap stands there for every setting: it grows with the shots.
func TestOverlaps(t *testing.T) {
	row := func(setting string, overlap int) *Row {
		return &Row{Setting: setting, Cells: []*Result{{Split: run.SplitFacts{Test: 200, Overlap: overlap}}}}
	}
	for want, rows := range map[string][]*Row{
		"":                                   {row("2-shot", 0), row("8-shot", 0)},
		"26 %":                               {row("", 52)},
		"2-shot 0 %, 8-shot 10 %":            {row("2-shot", 0), row("8-shot", 20), row("8-shot", 20), {Setting: "20-shot"}},
		"mask 90 %, side of window 5 to 9 %": {row("mask", 180), row("side of window", 10), row("side of window", 18)},
	} {
		if got := (&Panel{Rows: rows}).overlaps(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Maps have room for their captions, and a row of them for a page.
func TestMapsHaveAReadableSize(t *testing.T) {
	for _, c := range []struct {
		width, columns int
		zoom           float64
	}{{11, 4, 21}, {70, 4, 3}, {121, 4, 1}, {220, 4, 1}, {600, 1, 1}, {1905, 1, 0.5}} {
		if zoom, columns := mapZoom(c.width), mapColumns(&rsdata.Scene{W: c.width}); zoom != c.zoom || columns != c.columns {
			t.Errorf("a scene %d wide: zoom %v in %d columns, want %v in %d", c.width, zoom, columns, c.zoom, c.columns)
		}
	}
}

// Every chart has a file of its own, whatever the scenes are called.
func TestChartsHaveNamesOfTheirOwn(t *testing.T) {
	study := &Study{Name: "s", Charts: func(p *Panel) []figure.Figure {
		return []figure.Figure{&figure.Bars{}, &figure.Bars{}}
	}}
	o := &Outcome{Study: study}
	for _, name := range []string{"Rur Valley!", "Рейн", "黄河", "长江", "ab", "AB", "ab-2", "?", ""} {
		o.Panels = append(o.Panels, &Panel{Data: name})
	}
	var got []string
	for _, c := range o.charts() {
		got = append(got, c.file)
	}
	want := []string{"s-rur-valley", "s-rur-valley-2", "s-рейн", "s-рейн-2", "s-黄河", "s-黄河-2", "s-长江", "s-长江-2",
		"s-ab", "s-ab-2", "s-ab-3", "s-ab-4", "s-ab-2-2", "s-ab-2-3", "s-", "s--2", "s--3", "s--4"}
	if !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}
