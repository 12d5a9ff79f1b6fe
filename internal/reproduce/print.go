package reproduce

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// Print writes the tables as text in Markdown: ours, and the paper's in brackets.
func (o *Outcome) Print(w io.Writer) error {
	for i, p := range o.Panels {
		if i > 0 {
			fmt.Fprintln(w)
		}
		quick := ""
		if o.Options.Quick {
			quick = ", quick"
		}
		if _, err := fmt.Fprintf(w, "%s; %s, %d seeds%s\n\n", o.Study.Title, p.Name(), o.Seeds, quick); err != nil {
			return err
		}
		head := []string{"setting", "method"}
		suffix := ""
		if p.hasPaper() {
			suffix = " (paper)"
		}
		for _, m := range o.Study.Metrics {
			head = append(head, m+suffix)
		}
		rows := [][]string{head}
		for _, row := range p.Rows {
			texts := []string{row.Setting, row.Method}
			for _, m := range o.Study.Metrics {
				texts = append(texts, textCell(row, m))
			}
			rows = append(rows, texts)
		}
		if err := printMarkdown(w, rows); err != nil {
			return err
		}
	}
	return nil
}

func textCell(row *Row, metric string) string {
	cell := ours(row, metric)
	if cell == "" {
		cell = "-"
	}
	if v := row.paper(metric); !math.IsNaN(v) {
		cell += fmt.Sprintf(" (%.2f)", 100*v)
	}
	return cell
}

// printMarkdown writes rows with the first one as header, the first column left
// out where it is empty throughout.
func printMarkdown(w io.Writer, rows [][]string) error {
	from := 1
	for _, row := range rows[1:] {
		if row[0] != "" {
			from = 0
		}
	}
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, s := range row {
			width[i] = max(width[i], utf8.RuneCountInString(s))
		}
	}
	for k, row := range rows {
		line, rule := "|", "|"
		for i := from; i < len(row); i++ {
			line += " " + row[i] + strings.Repeat(" ", width[i]-utf8.RuneCountInString(row[i])) + " |"
			rule += strings.Repeat("-", width[i]+2) + "|"
		}
		if k == 0 {
			line += "\n" + rule
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
