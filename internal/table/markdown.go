package table

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteMarkdown writes rows as a table in Markdown with its columns aligned, the
// first row as its header. All rows have the same number of cells.
func WriteMarkdown(w io.Writer, rows [][]string) error {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, s := range row {
			width[i] = max(width[i], utf8.RuneCountInString(s))
		}
	}
	for k, row := range rows {
		line, rule := "|", "|"
		for i, s := range row {
			line += " " + s + strings.Repeat(" ", width[i]-utf8.RuneCountInString(s)) + " |"
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
