package figure

import (
	"fmt"
	"strings"
)

// Scatter shows points of several categories, such as embedded features by class.
type Scatter struct {
	Title      string
	Note       string // added to the description
	X, Y       Axis   // an axis without label or ticks still scales the points
	Categories []Category
	Points     []ScatterPoint
}

// ScatterPoint is one point; Category indexes Scatter.Categories.
type ScatterPoint struct {
	X, Y     float64
	Category int
}

func (f *Scatter) legend() [][]legendEntry {
	var entries []legendEntry
	for i, k := range f.Categories {
		entries = append(entries, legendEntry{k.Name, func(c canvas, x, y float64) {
			outlined(c, point{x + 8, y}, 4, i, k.Color)
		}})
	}
	return legendRows(entries, chartWidth-8)
}

// outlined draws a mark with a thin outline, so that pale colours show on white
// and dark ones on black.
func outlined(c canvas, at point, radius float64, category int, color RGB) {
	shape := markShape(category) % markShapes
	c.mark(at, radius+0.8, shape, frame.paint())
	c.mark(at, radius, shape, fixed(color))
}

func (f *Scatter) size() (w, h float64) {
	return chartWidth, chartHeight + 80 + lineHeight*float64(len(f.legend()))
}

func (f *Scatter) draw(c canvas) {
	width, height := f.size()
	drawTitle(c, f.Title, width)
	legend := f.legend()
	drawLegend(c, legend, 4, titleSpace)
	var xs, ys []float64
	for i, q := range f.Points {
		if q.Category < 0 || q.Category >= len(f.Categories) {
			panic(fmt.Errorf("figure: Scatter: point %d has category %d of %d", i, q.Category, len(f.Categories)))
		}
		xs, ys = append(xs, q.X), append(ys, q.Y)
	}
	p := newPlot(f.X, f.Y, xs, ys, titleSpace+lineHeight*float64(len(legend)), width, height)
	p.draw(c)
	for _, q := range f.Points {
		if at, ok := p.at(q.X, q.Y); ok {
			outlined(c, at, 3, q.Category, f.Categories[q.Category].Color)
		}
	}
}

func (f *Scatter) describe() (title, text string) {
	counts := make([]int, len(f.Categories))
	for _, q := range f.Points {
		counts[q.Category]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Scatter plot of %d points:", len(f.Points))
	for i, k := range f.Categories {
		fmt.Fprintf(&b, " %s %d%s", k.Name, counts[i], map[bool]string{true: ".", false: ","}[i == len(counts)-1])
	}
	return f.Title, note(b.String(), f.Note)
}
