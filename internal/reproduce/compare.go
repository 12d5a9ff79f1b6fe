package reproduce

import (
	"fmt"
	"math"

	"diffclip/rsdata"
)

// Comparison sets a method beside the reference of its setting on the same seeds,
// by the study's first figure of merit.
type Comparison struct {
	Difference rsdata.Summary          // method minus reference, over seeds
	Wilcoxon   rsdata.SignificanceTest // paired over seeds
	Adjusted   float64                 // P after Holm, over the methods of all settings of a panel
	// Seeds in which McNemar's test on the same test samples finds one of the two
	// better, at the level of 5 %.
	Better, Worse, Seeds int
}

// level is the chance of error that McNemar's counts allow per seed.
const level = 0.05

// compare tests every row of a panel against the reference of its setting.
func (p *Panel) compare() {
	if p.Study.Reference == "" {
		return
	}
	metric := p.Study.Metrics[0]
	var tested []*Row
	var chances []float64
	for _, row := range p.Rows {
		ref := p.reference(row.Setting)
		if ref == nil || row == ref || len(row.values[metric]) < 2 || len(row.values[metric]) != len(ref.values[metric]) {
			continue
		}
		a, b := row.values[metric], ref.values[metric]
		d := make([]float64, len(a))
		for i := range a {
			d[i] = a[i] - b[i]
		}
		row.Test = &Comparison{Difference: rsdata.Summarise(d), Wilcoxon: rsdata.Wilcoxon(a, b)}
		row.Test.countMcNemar(row.Cells, ref.Cells)
		tested, chances = append(tested, row), append(chances, row.Test.Wilcoxon.P)
	}
	for i, v := range rsdata.Holm(chances) {
		tested[i].Test.Adjusted = v
	}
}

// reference finds the row that others of a setting are tested against.
func (p *Panel) reference(setting string) *Row {
	for _, row := range p.Rows {
		if row.Setting == setting && row.Method == p.Study.Reference && row.values != nil {
			return row
		}
	}
	return nil
}

// countMcNemar tests the two seed by seed, where both saw the same test samples.
func (c *Comparison) countMcNemar(cells, reference []*Result) {
	for i := range min(len(cells), len(reference)) {
		a, b := cells[i], reference[i]
		if a.Split.Hash != b.Split.Hash || len(a.Correct) != len(b.Correct) {
			continue
		}
		c.Seeds++
		onlyA, onlyB := rsdata.Discordant(a.rights(), b.rights())
		if rsdata.McNemar(onlyA, onlyB).P < level {
			if onlyA > onlyB {
				c.Better++
			} else {
				c.Worse++
			}
		}
	}
}

// chance formats a P for people.
func chance(p float64) string {
	switch {
	case math.IsNaN(p):
		return ""
	case p < 0.0005:
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}
