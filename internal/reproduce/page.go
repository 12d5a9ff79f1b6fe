package reproduce

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"diffclip/internal/report"
	"diffclip/internal/run"
)

// page puts an outcome on one page.
func (o *Outcome) page() *report.Report {
	p := &report.Report{Title: o.Study.Title, Subtitle: "An experiment of the paper DiffCLIP (AAAI 2025): what it gives here, beside what the paper prints."}
	if o.Options.Quick {
		p.Title += " (quick run)"
	}
	p.Summary = o.facts()
	p.Sections = append(p.Sections, report.Section{Title: "What this is", Text: o.about()})
	charts := o.charts()
	for _, panel := range o.Panels {
		s := report.Section{Title: panel.Name(), Text: panel.text(), Tables: []report.Table{panel.table(o)}}
		for _, c := range charts {
			if c.panel == panel {
				s.Figures = append(s.Figures, report.Figure{Drawing: c.figure})
			}
		}
		if t := panel.tests(); len(t.Rows) > 0 {
			s.Tables = append(s.Tables, t)
		}
		p.Sections = append(p.Sections, s)
	}
	p.Sections = append(p.Sections, report.Section{Title: "What does not compare, and what is missing", Text: slices.Concat(cautions, o.Study.Caution, o.Notes)})
	p.Sections = append(p.Sections, o.draws(), o.settings())
	return p
}

// cautions hold for every study of scenes.
var cautions = []string{
	"The paper's splits were not published, nor how many draws its numbers rest on. Its numbers and those here come from different samples; a difference of a few points between them says little.",
	"Methods of one table here share their samples, so that they compare with each other. Seeds share the scene, and tests over seeds speak of draws of the samples from this scene, not of other scenes.",
}

// facts are the figures at the top.
func (o *Outcome) facts() []report.Fact {
	var names []string
	for _, p := range o.Panels {
		if p.Scene != nil {
			names = append(names, p.Data)
		}
	}
	facts := []report.Fact{
		{Label: "data", Value: strings.Join(names, ", ")},
		{Label: "seeds", Value: o.drawn(), Note: fmt.Sprintf("of %d", o.Options.Seeds)},
		{Label: "protocol", Value: string(o.Options.Config.Split.Protocol)},
		{Label: "preset", Value: o.Options.Config.Preset},
	}
	if main := o.mainFact(); main != nil {
		facts = append(facts, *main)
	}
	return facts
}

// drawn is how many seeds the tables are of, which may differ from scene to scene.
func (o *Outcome) drawn() string {
	least, most := o.Seeds, 0
	for _, p := range o.Panels {
		if p.Scene != nil {
			least, most = min(least, p.seeds()), max(most, p.seeds())
		}
	}
	if least < most {
		return fmt.Sprintf("%d to %d", least, most)
	}
	return fmt.Sprint(most)
}

// mainFact is the reference's figure of merit on the first panel, nil where there is none.
func (o *Outcome) mainFact() *report.Fact {
	for _, p := range o.Panels {
		for _, row := range p.Rows {
			m := o.Study.Metrics[0]
			if s := row.Ours[m]; s.N > 0 && row.Method == o.Study.Reference {
				return &report.Fact{Label: m + ", " + row.Method, Value: s.Percent() + "\u00a0%", Note: strings.TrimSuffix(p.Data+", "+row.Setting, ", ")}
			}
		}
	}
	return nil
}

func (o *Outcome) about() []string {
	text := slices.Clone(o.Study.About)
	if o.Options.Quick {
		text = append([]string{"This is a quick run: fewer arms, fewer seeds, a small model and next to no training. It shows that the experiment works, not how accurate anything is."}, text...)
	}
	if o.Seeds < o.Options.Seeds {
		text = append(text, fmt.Sprintf("The run is not finished: %d of %d seeds are in these tables.", o.Seeds, o.Options.Seeds))
	}
	if o.Options.OneStage1 {
		text = append(text, "All seeds of a scene start from one stage 1, that of the first, unless it learns labels, as that of LDS2AE does.")
	}
	return text
}

// text says what the panel's data are.
func (p *Panel) text() []string {
	if p.Scene == nil {
		return nil
	}
	d := p.Scene.Data
	var mods []string
	for _, m := range d.Modalities {
		mods = append(mods, fmt.Sprintf("%s, %s", m.Name, run.Count(m.Bands, "band")))
	}
	text := []string{fmt.Sprintf("%s: %d classes; %s.", d.Name, len(d.Classes), strings.Join(mods, "; "))}
	if shares := p.overlaps(); shares != "" {
		text = append(text, fmt.Sprintf("Test windows that share a pixel with a training window, which flatters every row: %s (first seed).", shares))
	}
	for _, n := range d.Notes {
		text = append(text, "Note: "+n+".")
	}
	for _, row := range p.Rows {
		for i, c := range row.Cells {
			if c.Note != "" {
				text = append(text, fmt.Sprintf("%s, seed %d: %s", row.name(), row.Seeds[i], c.Note))
			}
		}
	}
	return text
}

// overlaps says of each setting what share of the first seed's test windows overlap
// with a training window; "" where none does.
func (p *Panel) overlaps() string {
	var parts []string
	some := false
	for _, setting := range p.settings() {
		least, most := math.Inf(1), math.Inf(-1)
		for _, row := range p.Rows {
			if row.Setting == setting && len(row.Cells) > 0 {
				s := row.Cells[0].Split
				share := 100 * float64(s.Overlap) / float64(s.Test)
				least, most = min(least, share), max(most, share)
			}
		}
		if least > most {
			continue
		}
		some = some || most > 0
		text := fmt.Sprintf("%.0f %%", most)
		if low := fmt.Sprintf("%.0f", least); low+" %" != text { // the rows of a setting differ in their windows
			text = low + " to " + text
		}
		if setting != "" {
			text = setting + " " + text
		}
		parts = append(parts, text)
	}
	if !some {
		return ""
	}
	return strings.Join(parts, ", ")
}

func (r *Row) name() string {
	if r.Setting == "" {
		return r.Method
	}
	return r.Setting + ", " + r.Method
}

// table sets ours beside the paper's.
func (p *Panel) table(o *Outcome) report.Table {
	t := report.Table{Caption: fmt.Sprintf("%s, in percent: mean ± standard deviation over %s.", p.Name(), o.over(p))}
	switch {
	case p.hasPaper() && !p.Partial:
		t.Caption = fmt.Sprintf("%s, in percent: mean ± standard deviation over %s, what the paper prints, and the difference.", p.Name(), o.over(p))
	case p.Partial:
		t.Caption = fmt.Sprintf("%s, in percent. The paper's numbers are of all of them, those here of the ones that are there.", p.Name())
	}
	many := len(p.settings()) > 1
	if many {
		t.Header = append(t.Header, "setting")
	}
	t.Header = append(t.Header, "method")
	for _, m := range o.Study.Metrics {
		t.Header = append(t.Header, m)
		if p.hasPaper() {
			t.Header = append(t.Header, "paper", "diff.")
		}
	}
	for _, row := range p.Rows {
		var texts []string
		if many {
			texts = append(texts, row.Setting)
		}
		texts = append(texts, row.Method)
		for _, m := range o.Study.Metrics {
			texts = append(texts, ours(row, m))
			if p.hasPaper() {
				texts = append(texts, percent(row.paper(m), "%.2f"), percent(p.difference(row, m), "%+.1f"))
			}
		}
		cells := report.Cells(texts...)
		if row.Method == o.Study.Reference {
			for i := range cells {
				cells[i].Strong = true
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// hasPaper reports whether the paper prints anything for the panel.
func (p *Panel) hasPaper() bool {
	return slices.ContainsFunc(p.Rows, func(r *Row) bool { return r.Paper != nil })
}

func ours(row *Row, metric string) string {
	if s, ok := row.Ours[metric]; ok && s.N > 0 {
		return s.Percent()
	}
	return ""
}

func percent(v float64, format string) string {
	if math.IsNaN(v) {
		return ""
	}
	text := fmt.Sprintf(format, 100*v)
	if strings.Trim(text, "-0.") == "" {
		text = strings.TrimPrefix(text, "-")
	}
	return text
}

// tests lists the comparisons with the reference.
func (p *Panel) tests() report.Table {
	m := p.Study.Metrics[0]
	t := report.Table{Caption: fmt.Sprintf("Against \"%s\" on the same seeds: the difference in %s, Wilcoxon's signed-rank test over seeds (P, and P after Holm for all rows of this table), and in how many seeds McNemar's test on the test samples finds the method better or worse (P < %.2f).", p.Study.Reference, m, level),
		Header: []string{"method", m + " minus " + p.Study.Reference, "P", "P, Holm", "better", "worse"}}
	for _, row := range p.Rows {
		if row.Test == nil {
			continue
		}
		c := row.Test
		better, worse := "", ""
		if c.Seeds > 0 {
			better, worse = fmt.Sprintf("%d of %d", c.Better, c.Seeds), fmt.Sprintf("%d of %d", c.Worse, c.Seeds)
		}
		t.Rows = append(t.Rows, report.Cells(row.name(), c.Difference.Percent(), chance(c.Wilcoxon.P), chance(c.Adjusted), better, worse))
	}
	return t
}

// draws lists every cell.
func (o *Outcome) draws() report.Section {
	t := report.Table{Caption: "Every cell, in percent.", Header: append(append([]string{"cell", "seed"}, o.Study.Metrics...), "training windows", "test windows", "seconds", "of stage 1")}
	for _, p := range o.Panels {
		for _, row := range p.Rows {
			for i, c := range row.Cells {
				texts := []string{p.Data + ", " + row.name(), fmt.Sprint(row.Seeds[i])}
				for _, m := range o.Study.Metrics {
					texts = append(texts, percent(c.value(m), "%.2f"))
				}
				t.Rows = append(t.Rows, report.Cells(append(texts, fmt.Sprint(c.Split.Train), fmt.Sprint(c.Split.Test), fmt.Sprintf("%.1f", c.Seconds), stage1Time(c))...))
			}
		}
	}
	return report.Section{Title: "Every draw", Tables: []report.Table{t},
		Text: []string{"The coordinates of every sample are in the folder splits; " + o.name() + "-seeds.csv names the file of each cell. Seconds are of training and testing, with what was done before an interruption; those of the stage 1 that a cell starts from stand beside them, as cells share it."}}
}

// stage1Time formats the seconds of the stage 1 of a cell, "" where it has none.
func stage1Time(c *Result) string {
	if c.Stage1 == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", c.Stage1)
}

// settings shows the command and the configuration.
func (o *Outcome) settings() report.Section {
	e := run.CurrentEnvironment()
	text, err := json.MarshalIndent(o.Options.Config, "", "  ")
	if err != nil {
		text = []byte(err.Error())
	}
	return report.Section{Title: "Settings", Code: o.Options.Command + "\n\n" + string(text),
		Text: []string{fmt.Sprintf("diffclip %s, %s, %s/%s, %s, kernels %s. Seeds %d to %d; each seed sets the seeds below, and each row what the experiment sets by itself, such as the training samples per class.", e.Version, e.Go, e.OS, e.Arch, e.CPU, e.Tier, o.Options.First, o.Options.First+uint64(o.Options.Seeds)-1)}}
}
