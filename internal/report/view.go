package report

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"image/png"
	"slices"
	"strings"
	"unicode"

	"diffclip/internal/figure"
)

// view is the content in the shape that the page's template wants.
type view struct {
	*Report
	Style    template.CSS
	Sections []sectionView
}

type sectionView struct {
	Section
	ID      string
	Chooses bool // has the page's choice
	Tables  []tableView
	Figures []figureView
}

// twoForms reports whether anything of a section has another form.
func (s *Section) twoForms() bool {
	for _, t := range s.Tables {
		for _, row := range t.Rows {
			if slices.ContainsFunc(row, func(c Cell) bool { return c.Other != nil }) {
				return true
			}
		}
	}
	return slices.ContainsFunc(s.Figures, func(f Figure) bool { return f.OtherPNG != nil || f.OtherDrawing != nil })
}

type tableView struct {
	Table
	ID      string
	Numeric []bool // per column: every cell below the header is a number or empty
}

type figureView struct {
	Label         string // names the scrolling box
	Caption       string
	SVG, OtherSVG template.HTML
	URI, OtherURI template.URL
	Alt           string
	Width, Height int
}

func newView(r *Report) (*view, error) {
	v := &view{Report: r, Style: template.CSS(pageStyle)}
	if c := r.Choice; c != nil && (c.Title == "" || c.One == "" || c.Other == "") {
		return nil, fmt.Errorf("a choice wants three names, has %q, %q and %q", c.Title, c.One, c.Other)
	}
	taken, chooses := map[string]bool{"main": true}, false // which the template has
	for _, s := range r.Sections {
		sv := sectionView{Section: s, ID: slug(s.Title, taken)}
		if s.twoForms() && !chooses {
			if chooses, sv.Chooses = true, true; r.Choice == nil {
				return nil, fmt.Errorf("section %q: two forms want a choice", s.Title)
			}
		}
		for i, t := range s.Tables {
			for k, row := range t.Rows {
				if len(row) != len(t.Header) {
					return nil, fmt.Errorf("table %q, row %d: %d cells under %d headers", t.Caption, k+1, len(row), len(t.Header))
				}
			}
			sv.Tables = append(sv.Tables, tableView{t, fmt.Sprintf("%s-table-%d", sv.ID, i+1), numericColumns(t)})
		}
		for i, f := range s.Figures {
			fv, err := newFigureView(f)
			if err != nil {
				return nil, fmt.Errorf("section %q, figure %d: %w", s.Title, i+1, err)
			}
			sv.Figures = append(sv.Figures, fv)
		}
		v.Sections = append(v.Sections, sv)
	}
	return v, nil
}

func newFigureView(f Figure) (figureView, error) {
	if f.Drawing != nil {
		title, _ := figure.Describe(f.Drawing)
		// figure.SVG escapes every text that it is given.
		v := figureView{Label: title, Caption: f.Caption, SVG: template.HTML(figure.SVG(f.Drawing))}
		if f.OtherDrawing != nil {
			v.OtherSVG = template.HTML(figure.SVG(f.OtherDrawing))
		}
		return v, nil
	}
	if f.PNG == nil {
		return figureView{}, errors.New("neither a drawing nor a PNG")
	}
	if f.Alt == "" {
		return figureView{}, errors.New("a PNG wants an Alt text")
	}
	config, err := png.DecodeConfig(bytes.NewReader(f.PNG))
	if err != nil {
		return figureView{}, err
	}
	zoom := max(f.Zoom, 1)
	v := figureView{Caption: f.Caption, URI: pngURI(f.PNG), Alt: f.Alt, Width: zoom * config.Width, Height: zoom * config.Height}
	if f.OtherPNG != nil {
		v.OtherURI = pngURI(f.OtherPNG)
	}
	return v, nil
}

func pngURI(file []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(file))
}

// slug makes a page-wide unique fragment of a title.
func slug(title string, taken map[string]bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	base := strings.Trim(b.String(), "-")
	if base == "" {
		base = "section"
	}
	id := base
	for n := 2; taken[id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	taken[id] = true
	return id
}

// numericColumns tells which columns hold numbers alone, which stand flush right.
func numericColumns(t Table) []bool {
	numeric := make([]bool, len(t.Header))
	for c := range numeric {
		numeric[c] = c > 0 && len(t.Rows) > 0
		for _, row := range t.Rows {
			numeric[c] = numeric[c] && isNumber(row[c].Text)
		}
	}
	return numeric
}

// isNumber accepts numbers with units and deviations, such as "81.2 ± 1.3 %",
// and the dashes that stand for a missing one.
func isNumber(s string) bool {
	for _, r := range s {
		if !unicode.IsDigit(r) && !strings.ContainsRune(" .,+-–±%×eNa", r) {
			return false
		}
	}
	return true
}
