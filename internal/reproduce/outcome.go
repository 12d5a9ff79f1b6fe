package reproduce

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"diffclip/internal/run"
	"diffclip/rsdata"
)

// Outcome is what a study gave, beside the paper's numbers.
type Outcome struct {
	Study   *Study
	Options Options
	Panels  []*Panel // one for each scene, then that of the means
	Notes   []string // what is missing or was left out
	Seeds   int      // that are complete, with those that were left out
}

// Panel is a study on one scene.
type Panel struct {
	Data    string // as the paper names it
	Study   *Study
	Scene   *Scene // nil for the panel of means
	Rows    []*Row
	Quick   bool // the numbers say nothing of the methods
	Partial bool // some of the scenes that the paper averages over are not there
}

// Row is one arm on one scene. Values are by figure of merit, as fractions of 1.
type Row struct {
	Setting, Method string
	X               float64
	Cells           []*Result // by seed; empty for a method that is not built here
	Seeds           []uint64
	Ours            map[string]rsdata.Summary
	Paper           map[string]float64 // nil where the paper prints none
	Test            *Comparison        // with the reference of the setting; nil for itself
	values          map[string][]float64
}

// value returns the mean of a figure of merit, NaN where there is none.
func (r *Row) value(metric string) float64 {
	if s, ok := r.Ours[metric]; ok {
		return s.Mean
	}
	return math.NaN()
}

// paper returns what the paper prints, NaN where it prints nothing.
func (r *Row) paper(metric string) float64 {
	if v, ok := r.Paper[metric]; ok {
		return v
	}
	return math.NaN()
}

// outcome gathers the results of the first n seeds.
func (r *runner) outcome(n int) *Outcome {
	o := &Outcome{Study: r.study, Options: r.options, Notes: slices.Clone(r.notes), Seeds: n}
	for _, s := range r.scenes {
		p := &Panel{Data: s.Label, Study: r.study, Scene: s, Quick: r.options.Quick}
		for i := range r.arms {
			if row := r.row(s, &r.arms[i], n); row != nil {
				p.Rows = append(p.Rows, row)
			}
		}
		if p.Rows == nil {
			continue // none of these seeds can be drawn
		}
		p.addPrinted()
		p.compare()
		o.Panels = append(o.Panels, p)
	}
	if r.study.Mean != nil {
		o.Panels = append(o.Panels, o.means(r.arms))
	}
	return o
}

// row gathers the cells of an arm on a scene; nil where there are none.
func (r *runner) row(s *Scene, a *Arm, n int) *Row {
	row := &Row{Setting: a.Setting, Method: a.Method, X: a.X, Paper: printedRow(r.study.Name, a.Setting, a.printedAs(), s.Label)}
	for _, cells := range r.cells[:n] {
		for _, c := range cells {
			if c.scene == s && c.arm == a && r.results[c] != nil {
				row.Cells = append(row.Cells, r.results[c])
				row.Seeds = append(row.Seeds, c.seed)
			}
		}
	}
	if row.Cells == nil {
		return nil
	}
	values := map[string][]float64{}
	for _, m := range r.study.Metrics {
		for _, c := range row.Cells {
			values[m] = append(values[m], c.value(m))
		}
	}
	row.summarise(values)
	return row
}

func (r *Row) summarise(values map[string][]float64) {
	r.values, r.Ours = values, map[string]rsdata.Summary{}
	for m, v := range values {
		r.Ours[m] = rsdata.Summarise(v)
	}
}

// addPrinted adds the paper's rows that no arm stands for, each at the end of its
// setting.
func (p *Panel) addPrinted() {
	have := map[string]bool{}
	for _, a := range p.Study.Arms(false) {
		have[a.Setting+"/"+a.printedAs()] = true
	}
	var rows []*Row
	for i, row := range p.Rows {
		rows = append(rows, row)
		if i+1 < len(p.Rows) && p.Rows[i+1].Setting == row.Setting {
			continue
		}
		for _, q := range printed {
			if q.Table == p.Study.Name && q.Setting == row.Setting && q.Data == p.Data && !have[q.Setting+"/"+q.Method] {
				rows = append(rows, &Row{Setting: q.Setting, Method: q.Method, X: math.NaN(), Paper: q.Values})
			}
		}
	}
	p.Rows = rows
}

// means makes the panel of means: of a seed over those scenes that are there, then
// over seeds.
func (o *Outcome) means(arms []Arm) *Panel {
	var among []*Panel
	names := ""
	over := o.Study.Mean
	for _, p := range o.Panels {
		if slices.Contains(over.labels, p.Data) {
			among = append(among, p)
			names += ", " + p.Data
		}
	}
	out := &Panel{Data: over.data, Study: o.Study, Quick: o.Options.Quick, Partial: len(among) < len(over.labels)}
	for i := range arms {
		a := &arms[i]
		row := &Row{Setting: a.Setting, Method: a.Method, X: a.X, Paper: printedRow(o.Study.Name, a.Setting, a.printedAs(), over.data)}
		seeds, values := meanValues(among, a, o.Study.Metrics)
		if values != nil {
			row.Seeds = seeds
			row.summarise(values)
		}
		if row.Paper != nil || values != nil {
			out.Rows = append(out.Rows, row)
		}
	}
	out.addPrinted()
	if out.Partial {
		o.Notes = append(o.Notes, fmt.Sprintf("Means are over %s. %d of them are here%s: the means do not compare.", strings.Join(over.labels, ", "), len(among), names))
	} else {
		out.compare()
	}
	return out
}

// meanValues averages an arm over panels, seed by seed, for the seeds that all of them
// have; nil where there is no panel or one that lacks the arm, beside whose mean no other
// could be set.
func meanValues(among []*Panel, a *Arm, metrics []string) (seeds []uint64, values map[string][]float64) {
	var rows []*Row
	for _, p := range among {
		i := slices.IndexFunc(p.Rows, func(r *Row) bool { return r.Setting == a.Setting && r.Method == a.Method && r.values != nil })
		if i < 0 {
			return nil, nil
		}
		rows = append(rows, p.Rows[i])
	}
	if rows == nil {
		return nil, nil
	}
	for _, seed := range rows[0].Seeds {
		if !slices.ContainsFunc(rows, func(r *Row) bool { return !slices.Contains(r.Seeds, seed) }) {
			seeds = append(seeds, seed)
		}
	}
	if seeds == nil {
		return nil, nil
	}
	values = map[string][]float64{}
	for _, m := range metrics {
		mean := make([]float64, len(seeds))
		for _, row := range rows {
			for k, seed := range seeds {
				mean[k] += row.values[m][slices.Index(row.Seeds, seed)] / float64(len(rows))
			}
		}
		values[m] = mean
	}
	return seeds, values
}

// seeds is how many seeds the rows of the panel are of: those whose samples could be drawn.
func (p *Panel) seeds() int {
	most := 0
	for _, row := range p.Rows {
		most = max(most, len(row.Seeds))
	}
	return most
}

// over says how many seeds the panel's means are over, of how many.
func (o *Outcome) over(p *Panel) string {
	if n := p.seeds(); 0 < n && n < o.Seeds {
		return fmt.Sprintf("%d of %s", n, run.Count(o.Seeds, "seed"))
	}
	return run.Count(o.Seeds, "seed")
}
