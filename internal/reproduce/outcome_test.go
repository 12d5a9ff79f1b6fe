package reproduce

import (
	"math"
	"testing"
)

// A mean is over all scenes or over none: one that a scene had no part in would be too low, and of other scenes than
// the means beside it.
func TestMeansAreOverTheSameScenes(t *testing.T) {
	row := func(method string, oa ...float64) *Row {
		r := &Row{Method: method}
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
