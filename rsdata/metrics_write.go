package rsdata

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// WriteCSV writes the table with a header row and column of class names, rows
// the truth. It panics where there is not one name per class.
func (c *Confusion) WriteCSV(w io.Writer, names []string) error {
	c.checkNames(names)
	out := csv.NewWriter(w)
	out.Write(append([]string{"truth \\ predicted"}, names...))
	for t, row := range c.Counts {
		record := []string{names[t]}
		for _, n := range row {
			record = append(record, strconv.FormatInt(n, 10))
		}
		out.Write(record)
	}
	out.Flush()
	return out.Error()
}

// WriteClassCSV writes one row per class (name, support, predicted, recall,
// precision, F1) and the rows OA, AA and kappa. Fractions have six digits; an
// undefined one is an empty cell. It panics where there is not one name per
// class.
func (c *Confusion) WriteClassCSV(w io.Writer, names []string) error {
	c.checkNames(names)
	out := csv.NewWriter(w)
	out.Write([]string{"class", "support", "predicted", "recall", "precision", "f1"})
	for i, s := range c.PerClass() {
		out.Write([]string{names[i], strconv.FormatInt(s.Support, 10), strconv.FormatInt(s.Predicted, 10),
			csvFraction(s.Recall), csvFraction(s.Precision), csvFraction(s.F1)})
	}
	total := strconv.FormatInt(c.Total(), 10)
	for _, row := range []struct {
		name  string
		value float64
	}{{"OA", c.OA()}, {"AA", c.AA()}, {"kappa", c.Kappa()}} {
		out.Write([]string{row.name, total, total, csvFraction(row.value), "", ""})
	}
	out.Flush()
	return out.Error()
}

func (c *Confusion) checkNames(names []string) {
	if len(names) != len(c.Counts) {
		panic(fmt.Errorf("rsdata: Confusion: %d names for %d classes", len(names), len(c.Counts)))
	}
}

func csvFraction(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'f', 6, 64)
}

var latexEscapes = strings.NewReplacer(
	`\`, `\textbackslash{}`, `{`, `\{`, `}`, `\}`, `$`, `\$`, `&`, `\&`, `#`, `\#`, `%`, `\%`, `_`, `\_`,
	`^`, `\textasciicircum{}`, `~`, `\textasciitilde{}`, "\n", " ")

// EscapeLaTeX returns a text as LaTeX sets it.
func EscapeLaTeX(text string) string { return latexEscapes.Replace(text) }

// LaTeXRow returns one row of a LaTeX table: the method's name, escaped, and
// each summary in percent as "81.2 $\pm$ 1.3", "--" where there is no value.
func LaTeXRow(method string, columns ...Summary) string {
	var b strings.Builder
	b.WriteString(EscapeLaTeX(method))
	for _, s := range columns {
		b.WriteString(" & " + s.format("--", ` $\pm$ `))
	}
	b.WriteString(` \\`)
	return b.String()
}
