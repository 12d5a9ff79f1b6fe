// Package report writes the account of a run as one HTML file that needs
// nothing else: no network, no script, no second file. It reads on a phone and
// in dark mode, by keyboard and by screen reader.
package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"diffclip/internal/atomicfile"
	"diffclip/internal/figure"
)

// Report is the content of a page.
type Report struct {
	Title    string
	Subtitle string
	Summary  []Fact
	Sections []Section
	Choice   *Choice // nil where pictures have one form
}

// Fact is one figure of the summary, such as OA, 81.2 %, "10 seeds".
type Fact struct {
	Label, Value, Note string
}

// Section is a heading and what stands below it, in this order.
type Section struct {
	Title   string
	Text    []string // paragraphs
	Code    string   // set in a fixed-width font as it is, "" for none
	Tables  []Table
	Figures []Figure
	Legend  []Key // of the colours in the figures, nil for none
}

// Key says what a colour of the section's pictures stands for. Other is the colour
// of their other form, where the page has a choice.
type Key struct {
	Name         string
	Color, Other figure.RGB
}

// Choice lets the reader see all of a page in one form or another, such as in other
// colours. It stands in the first section that has both. All three names are required.
type Choice struct {
	Title, One, Other string
}

// Table has a header per column and, in each row, as many cells. The first cell
// of a row is its header.
type Table struct {
	Caption string
	Header  []string
	Rows    [][]Cell
}

// Cell is one cell of a table. A swatch stands before the text; Other is its other
// form, where the page has a choice.
type Cell struct {
	Text          string
	Swatch, Other *figure.RGB
	Strong        bool
}

// Cells returns plain cells.
func Cells(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, s := range texts {
		cells[i].Text = s
	}
	return cells
}

// Figure is a picture with a caption: either a drawing, inlined as SVG with its
// own description, or a PNG file with a text for those who cannot see it.
type Figure struct {
	Drawing figure.Figure
	PNG     []byte
	Alt     string // of the PNG; required
	Zoom    int    // of the PNG, on a page with room for it; 0 and 1 show it as it is
	Caption string // "" for none

	// The other form, of the same size, where the page has a choice; nil for none.
	OtherDrawing figure.Figure
	OtherPNG     []byte
}

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var page = template.Must(template.New("page").Parse(pageText))

// Write writes the page to w. It returns an error where a table's rows do not
// match its header, a figure has neither drawing nor PNG, a PNG cannot be
// decoded or has no Alt, a choice is missing or has no names, or where writing fails.
func (r *Report) Write(w io.Writer) error {
	v, err := newView(r)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return page.Execute(w, v)
}

// WriteFile writes the page to a file, whole or not at all.
func (r *Report) WriteFile(path string) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.Write(f); err != nil {
		return err
	}
	return f.Commit()
}
