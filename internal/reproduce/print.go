package reproduce

import (
	"fmt"
	"io"
	"math"

	"diffclip/internal/table"
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
		if _, err := fmt.Fprintf(w, "%s; %s, %s%s\n\n", o.Study.Title, p.Name(), o.over(p), quick); err != nil {
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
		if err := table.WriteMarkdown(w, withoutEmptyFirst(rows)); err != nil {
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

// withoutEmptyFirst leaves out the first column where it is empty below the header.
func withoutEmptyFirst(rows [][]string) [][]string {
	for _, row := range rows[1:] {
		if row[0] != "" {
			return rows
		}
	}
	for i := range rows {
		rows[i] = rows[i][1:]
	}
	return rows
}
