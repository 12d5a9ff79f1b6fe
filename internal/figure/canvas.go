package figure

import (
	"image"
	"strings"
	"unicode"
)

// canvas is what figures draw on. Coordinates are pixels at scale 1 from the
// top left corner, y downward.
type canvas interface {
	rect(x, y, w, h float64, p paint)
	line(points []point, width float64, dash []float64, p paint)
	mark(at point, radius float64, shape markShape, p paint)
	text(x, baseline float64, s string, style textStyle)
	// image scales im to the rectangle with hard pixel edges.
	image(x, y, w, h float64, im image.Image)
}

type point struct{ x, y float64 }

// textStyle says how a line of text stands. Its anchor is the point that x names.
type textStyle struct {
	paint  paint
	anchor anchor
	bold   bool
	upward bool // reads from bottom to top; x is then its baseline and baseline its anchor
}

type anchor int

const (
	start anchor = iota
	middle
	end
)

type markShape int

// The shapes of marks, in the order in which series take them.
const (
	disc markShape = iota
	square
	triangle
	diamond
	cross
	markShapes
)

// paint is a role, whose colour depends on light or dark mode, or a fixed colour.
type paint struct {
	role  role
	fixed RGB
}

func fixed(c RGB) paint { return paint{fixed: c} }

type role int

const (
	noRole role = iota
	ink         // titles, labels
	muted       // ticks, secondary text
	grid        // grid lines
	frame       // axes, outlines
	page        // background
	series      // series + i is the colour of series i, for i in [0, len(seriesColors))
)

func (r role) paint() paint { return paint{role: r} }

// seriesPaint returns the colour of series i.
func seriesPaint(i int) paint { return (series + role(i%len(seriesColors))).paint() }

// seriesDash returns the dash pattern of series i, so that lines differ by more
// than colour.
func seriesDash(i int) []float64 { return dashes[i%len(dashes)] }

var dashes = [][]float64{nil, {6, 3}, {2, 2}, {9, 3, 2, 3}, {12, 4}, {4, 2, 1, 2}}

// Metrics of the built-in font, of which every letter is as wide as the other.
const (
	advance    = 6.0
	lineHeight = 14.0
	capHeight  = 7.0
)

// textWidth returns the room that s takes in pixels at scale 1: what the built-in
// font needs, and more for letters that are wider in the fonts of browsers.
func textWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("mwMW@%", r):
			w += 1.5 * advance
		case unicode.IsUpper(r):
			w += 1.2 * advance
		default:
			w += advance
		}
	}
	return w
}

// fit shortens s to the width, ending in ".." where something was cut.
func fit(s string, width float64) string {
	r := []rune(s)
	limit := max(int(width/advance), 1)
	if len(r) <= limit {
		return s
	}
	if limit <= 3 {
		return string(r[:limit])
	}
	return string(r[:limit-2]) + ".."
}

// wrap breaks s between words into lines of at most the width. A word that is wider is
// broken where the line ends.
func wrap(s string, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && textWidth(line+" "+word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		for _, r := range word {
			if line != "" && textWidth(line+string(r)) > width {
				lines, line = append(lines, line), ""
			}
			line += string(r)
		}
	}
	return append(lines, line)
}
