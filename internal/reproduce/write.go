package reproduce

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"diffclip/internal/atomicfile"
	"diffclip/internal/figure"
	"diffclip/rsdata"
)

// write writes every file of an outcome into a folder: NAME.csv and
// NAME-seeds.csv, NAME.tex, a PNG and an SVG of each chart, NAME.html; NAME ends in
// "-quick" for a quick run.
func (o *Outcome) write(dir string) error {
	name := o.name()
	for _, f := range []struct {
		name string
		fill func(io.Writer) error
	}{{name + ".csv", o.writeCSV}, {name + "-seeds.csv", o.writeSeeds}, {name + ".tex", o.writeLaTeX}} {
		if err := writeFile(filepath.Join(dir, f.name), f.fill); err != nil {
			return err
		}
	}
	for _, c := range o.charts() {
		if err := writeFile(filepath.Join(dir, c.file+".png"), func(w io.Writer) error { return figure.WritePNG(w, c.figure, 2) }); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, c.file+".svg"), func(w io.Writer) error {
			_, err := io.WriteString(w, figure.SVG(c.figure))
			return err
		}); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(dir, o.Page()), o.page().Write)
}

// name begins the names of all files of the outcome.
func (o *Outcome) name() string {
	if o.Options.Quick {
		return o.Study.Name + "-quick"
	}
	return o.Study.Name
}

// Page is the name of the page's file.
func (o *Outcome) Page() string { return o.name() + ".html" }

// writeFile writes a file that fill produces, whole or not at all, and clears away
// what a program that was killed has left of it; the folder is locked.
func writeFile(path string, fill func(io.Writer) error) error {
	if err := atomicfile.Sweep(path); err != nil {
		return err
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := fill(f); err != nil {
		return err
	}
	return f.Commit()
}

// chart is a figure of a panel with the name of its files.
type chart struct {
	panel  *Panel
	file   string
	figure figure.Figure
}

// charts draws every panel. Where names would be the same, all but the first are numbered.
func (o *Outcome) charts() []chart {
	if o.Study.Charts == nil {
		return nil
	}
	var out []chart
	taken := map[string]bool{}
	for _, p := range o.Panels {
		for _, f := range o.Study.Charts(p) {
			base := o.name() + "-" + fileName(p.Data)
			file := base
			for n := 2; taken[file]; n++ {
				file = base + "-" + strconv.Itoa(n)
			}
			taken[file] = true
			out = append(out, chart{p, file, f})
		}
	}
	return out
}

// fileName makes a label a part of a file's name: its letters, of any language, and digits.
func fileName(label string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(label), func(r rune) bool {
		return !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit)
	}), "-")
}

// writeCSV writes a row for every method, setting, data set and figure of merit, in
// percent. A cell is empty where there is no number.
func (o *Outcome) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"experiment", "data", "setting", "method", "metric", "seeds", "mean", "std", "paper", "difference", "p_wilcoxon", "p_holm", "mcnemar_better", "mcnemar_worse", "quick"})
	for _, p := range o.Panels {
		for _, row := range p.Rows {
			for i, m := range o.Study.Metrics {
				s := row.Ours[m]
				record := []string{o.Study.Name, p.Data, row.Setting, row.Method, m, strconv.Itoa(s.N), "", "", percentCSV(row.paper(m)), percentCSV(p.difference(row, m)), "", "", "", "", strconv.FormatBool(o.Options.Quick)}
				if s.N > 0 {
					record[6], record[7] = percentCSV(s.Mean), percentCSV(s.Std)
				}
				if t := row.Test; t != nil && i == 0 {
					record[10], record[11] = strconv.FormatFloat(t.Wilcoxon.P, 'g', 6, 64), strconv.FormatFloat(t.Adjusted, 'g', 6, 64)
					if t.Seeds > 0 {
						record[12], record[13] = strconv.Itoa(t.Better), strconv.Itoa(t.Worse)
					}
				}
				out.Write(record)
			}
		}
	}
	out.Flush()
	return out.Error()
}

// difference is ours minus the paper's, NaN where one is missing or the two are
// means over different scenes.
func (p *Panel) difference(row *Row, metric string) float64 {
	if p.Partial {
		return math.NaN()
	}
	return row.value(metric) - row.paper(metric)
}

func percentCSV(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(100*v, 'f', 4, 64)
}

// writeSeeds writes a row for every cell: its figures of merit in percent, its
// split and the file that lists it.
func (o *Outcome) writeSeeds(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"experiment", "data", "setting", "method", "seed"}
	head = append(head, o.Study.Metrics...)
	out.Write(append(head, "train", "test", "overlap", "split", "seconds", "seconds_stage1"))
	for _, p := range o.Panels {
		for _, row := range p.Rows {
			for i, c := range row.Cells {
				record := []string{o.Study.Name, p.Data, row.Setting, row.Method, strconv.FormatUint(row.Seeds[i], 10)}
				for _, m := range o.Study.Metrics {
					record = append(record, percentCSV(c.value(m)))
				}
				out.Write(append(record, strconv.Itoa(c.Split.Train), strconv.Itoa(c.Split.Test), strconv.Itoa(c.Split.Overlap), "splits/"+c.SplitFile, fmt.Sprintf("%.2f", c.Seconds), fmt.Sprintf("%.2f", c.Stage1)))
			}
		}
	}
	out.Flush()
	return out.Error()
}

// writeLaTeX writes one tabular for each panel: ours, and in brackets the paper's.
func (o *Outcome) writeLaTeX(w io.Writer) error {
	text := &strings.Builder{}
	fmt.Fprintf(text, "%% %s: mean $\\pm$ standard deviation over seeds, in percent; in brackets what the paper prints.\n", o.Study.Title)
	if o.Options.Quick {
		text.WriteString("% A quick run: these numbers say nothing of the method.\n")
	}
	for _, p := range o.Panels {
		columns, head := "l", "Method"
		settings := slices.ContainsFunc(p.Rows, func(r *Row) bool { return r.Setting != "" })
		if settings {
			columns, head = "ll", "Setting & Method"
		}
		fmt.Fprintf(text, "\n%% %s, %s\n\\begin{tabular}{%s%s}\n\\hline\n%s", rsdata.EscapeLaTeX(p.Name()), o.over(p), columns, strings.Repeat("r", len(o.Study.Metrics)), head)
		for _, m := range o.Study.Metrics {
			fmt.Fprintf(text, " & %s (\\%%)", rsdata.EscapeLaTeX(m))
		}
		text.WriteString(" \\\\\n\\hline\n")
		setting := ""
		for i, row := range p.Rows {
			if i > 0 && row.Setting != setting {
				text.WriteString("\\hline\n")
			}
			setting = row.Setting
			if settings {
				text.WriteString(rsdata.EscapeLaTeX(row.Setting) + " & ")
			}
			text.WriteString(rsdata.EscapeLaTeX(row.Method))
			for _, m := range o.Study.Metrics {
				text.WriteString(" & " + latexCell(row, m))
			}
			text.WriteString(" \\\\\n")
		}
		text.WriteString("\\hline\n\\end{tabular}\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func latexCell(row *Row, metric string) string {
	cell := "--"
	if s, ok := row.Ours[metric]; ok && s.N > 0 {
		cell = strings.Replace(s.Percent(), "±", `$\pm$`, 1)
	}
	if v := row.paper(metric); !math.IsNaN(v) {
		cell += fmt.Sprintf(" (%.2f)", 100*v)
	}
	return cell
}
