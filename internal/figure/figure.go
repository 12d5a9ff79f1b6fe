// Package figure draws the pictures of a run: line, bar and scatter charts,
// confusion matrices, and grids of images with captions and a legend.
//
// A Figure is plain data. WritePNG renders it with a built-in bitmap font; SVG
// returns it as text for a web page, with selectable labels, a description for
// screen readers and colours that follow the reader's light or dark mode. Both
// come from the same drawing code on a canvas, so they agree.
//
// Start with Lines; palette.go holds the colours.
package figure

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
)

// Figure is a picture that WritePNG and SVG can draw: *Lines, *Bars, *Scatter,
// *Matrix and *Images.
type Figure interface {
	// size returns width and height in pixels at scale 1.
	size() (w, h float64)
	draw(c canvas)
	// describe returns the title and, in a sentence or two, what the picture shows.
	describe() (title, text string)
}

// Category is a named colour of a legend.
type Category struct {
	Name  string
	Color RGB
}

// MaxSide bounds the width and height of a picture in pixels.
const MaxSide = 32768

// WritePNG draws f in light colours at an integer scale: 1 is 96 pixels per
// inch, 2 suits dense screens and print. It returns an error where the picture
// would be larger than MaxSide, or where writing fails.
func WritePNG(w io.Writer, f Figure, scale int) error {
	width, height := f.size()
	if scale < 1 || width*float64(scale) > MaxSide || height*float64(scale) > MaxSide {
		return fmt.Errorf("figure: a picture of %.0f x %.0f at scale %d: want a scale of at least 1 and at most %d pixels a side",
			width, height, scale, MaxSide)
	}
	c := newRaster(width, height, scale)
	f.draw(c)
	return png.Encode(w, c.img)
}

// SVG returns f as an <svg> element that stands alone or inside HTML. It scales
// down with the page and follows prefers-color-scheme.
func SVG(f Figure) string {
	width, height := f.size()
	c := &svg{used: map[string]bool{}}
	f.draw(c)
	var b bytes.Buffer
	title, text := f.describe()
	c.write(&b, width, height, title, text)
	return b.String()
}

// Describe returns the title and a description of f for readers who cannot see it.
func Describe(f Figure) (title, text string) { return f.describe() }
