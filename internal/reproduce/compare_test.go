package reproduce

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"testing"

	"diffclip/internal/run"
)

// compared is a row with a cell for each OA; rights says by letters which test samples of
// a cell are right, and hash of which split they are.
func compared(setting, method string, oa []float64, rights []string, hash []string) *Row {
	r := &Row{Setting: setting, Method: method}
	for i := range oa {
		c := &Result{Split: run.SplitFacts{Hash: hash[i], Test: len(rights[i])}, Correct: make([]byte, (len(rights[i])+7)/8)}
		for k, letter := range rights[i] {
			if letter == 'r' {
				c.Correct[k/8] |= 1 << (k % 8)
			}
		}
		r.Cells, r.Seeds = append(r.Cells, c), append(r.Seeds, uint64(i+1))
	}
	r.summarise(map[string][]float64{"OA": oa, "AA": oa})
	return r
}

// Every method is set beside the reference of its own setting, with the sign that says
// which of the two is better; the chances are adjusted for all rows of the panel.
func TestCompare(t *testing.T) {
	same := []string{"1", "2", "3", "4", "5", "6"}
	other := []string{"1", "2", "x", "4", "5", "6"} // the third draw is another
	none, all := "wwwwwwwwww", "rrrrrrrrrr"
	refs := []string{none, all, none, "rwwwwwwwww", none, none}
	p := &Panel{Data: "A", Study: &Study{Name: "none", Metrics: []string{"OA", "AA"}, Reference: "ref"}, Rows: []*Row{
		compared("a", "ref", []float64{0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, refs, same),
		compared("a", "better", []float64{0.51, 0.52, 0.53, 0.54, 0.55, 0.56}, []string{all, none, all, "wrrrrwwwww", none, all}, other),
		compared("b", "ref", []float64{0.9, 0.9, 0.9, 0.9, 0.9, 0.9}, refs, same),
		compared("b", "mixed", []float64{0.89, 0.92, 0.93, 0.94, 0.95, 0.96}, refs, same),
		compared("b", "alike", []float64{0.91, 0.88, 0.93, 0.86, 0.95, 0.84}, refs, same),
		compared("b", "fewer", []float64{0.1, 0.2}, []string{none, none}, same),
	}}
	p.compare()
	for _, c := range []struct {
		row                 int
		mean, p, adjusted   float64
		better, worse, seen int
	}{
		{1, 0.035, 2. / 64, 6. / 64, 2, 1, 5}, // all up: 1 of 64 patterns of signs on either side; three rows are tested
		{3, 0.095 / 3, 4. / 64, 8. / 64, 0, 0, 6},
		{4, -0.005, 2 * 27. / 64, 2 * 27. / 64, 0, 0, 6}, // ranks 1, 3 and 5 are up: 27 of the 64 sets of ranks have a sum of at most 9
	} {
		got := p.Rows[c.row].Test
		if got == nil || math.Abs(got.Difference.Mean-c.mean) > 1e-9 || math.Abs(got.Wilcoxon.P-c.p) > 1e-9 || math.Abs(got.Adjusted-c.adjusted) > 1e-9 ||
			got.Better != c.better || got.Worse != c.worse || got.Seeds != c.seen {
			t.Errorf("%s: %+v, want %+v", p.Rows[c.row].name(), got, c)
		}
	}
	for _, row := range []int{0, 2, 5} {
		if p.Rows[row].Test != nil {
			t.Errorf("%s is tested: the reference, or a row of other seeds", p.Rows[row].name())
		}
	}
	var text bytes.Buffer
	if err := (&Outcome{Study: p.Study, Panels: []*Panel{p}, Seeds: 6}).writeCSV(&text); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rows[3][10:14], []string{"0.03125", "0.09375", "2", "1"}; rows[3][3] != "better" || !slices.Equal(got, want) {
		t.Errorf("the table has %v for %s, want %v", got, rows[3][3], want)
	}
	if got := rows[4][10:14]; !slices.Equal(got, []string{"", "", "", ""}) {
		t.Errorf("the second figure of merit was not tested, and has %v", got)
	}
}
