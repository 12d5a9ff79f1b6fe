package figure

import (
	"fmt"
	"math"
	"strings"
)

// Series is one line of a chart: Y over X, which have the same length. A value
// that is not finite interrupts the line.
type Series struct {
	Name string
	X, Y []float64
	Err  []float64 // half length of error bars, nil for none
}

// Lines is a line chart, such as a loss over the steps of a training.
type Lines struct {
	Title  string
	Note   string // added to the description
	X, Y   Axis
	Series []Series
}

// markedPoints is the number of points up to which a series shows each of them.
const markedPoints = 30

func (f *Lines) legend() [][]legendEntry {
	if len(f.Series) < 2 {
		return nil
	}
	var entries []legendEntry
	for i, s := range f.Series {
		entries = append(entries, legendEntry{s.Name, func(c canvas, x, y float64) {
			c.line([]point{{x, y}, {x + 18, y}}, 2, seriesDash(i), seriesPaint(i))
			if len(s.X) <= markedPoints {
				c.mark(point{x + 9, y}, 3.5, markShape(i)%markShapes, seriesPaint(i))
			}
		}})
	}
	return legendRows(entries, chartWidth-8)
}

func (f *Lines) size() (w, h float64) {
	return chartWidth, chartHeight + lineHeight*float64(len(f.legend()))
}

func (f *Lines) draw(c canvas) {
	width, height := f.size()
	drawTitle(c, f.Title, width)
	legend := f.legend()
	drawLegend(c, legend, 4, titleSpace)
	var xs, ys []float64
	for i, s := range f.Series {
		if len(s.Y) != len(s.X) || s.Err != nil && len(s.Err) != len(s.X) {
			panic(fmt.Errorf("figure: Lines: series %d (%s): %d x values, %d y values, %d errors", i, s.Name, len(s.X), len(s.Y), len(s.Err)))
		}
		xs, ys = append(xs, s.X...), append(ys, s.Y...)
		for k, e := range s.Err {
			ys = append(ys, s.Y[k]-e, s.Y[k]+e)
		}
	}
	p := newPlot(f.X, f.Y, xs, ys, titleSpace+lineHeight*float64(len(legend)), width, height)
	p.draw(c)
	for i, s := range f.Series {
		p.drawSeries(c, i, s)
	}
}

func (p *plot) drawSeries(c canvas, i int, s Series) {
	var run []point
	flush := func() {
		if len(run) > 1 {
			c.line(thin(run), 1.6, seriesDash(i), seriesPaint(i))
		}
		run = run[:0:0]
	}
	for k, x := range s.X {
		q, ok := p.at(x, s.Y[k])
		if !ok || math.IsInf(s.Y[k], 0) {
			flush()
			continue
		}
		run = append(run, q)
		if s.Err != nil {
			p.errorBar(c, x, s.Y[k], s.Err[k], seriesPaint(i))
		}
		if len(s.X) <= markedPoints {
			c.mark(q, 3.5, markShape(i)%markShapes, seriesPaint(i))
		}
	}
	flush()
}

func (p *plot) errorBar(c canvas, x, y, e float64, color paint) {
	low, ok1 := p.at(x, y-e)
	high, ok2 := p.at(x, y+e)
	if !ok1 || !ok2 || e == 0 {
		return
	}
	c.line([]point{low, high}, 1, nil, color)
	for _, q := range []point{low, high} {
		c.line([]point{{q.x - 3, q.y}, {q.x + 3, q.y}}, 1, nil, color)
	}
}

// thin keeps, of each pixel column with many points of a line, the first, the
// lowest, the highest and the last, which draw the same picture.
func thin(points []point) []point {
	const most = 4
	var out []point
	for i := 0; i < len(points); {
		j, lo, hi := i, i, i
		for j < len(points) && math.Floor(points[j].x) == math.Floor(points[i].x) {
			if points[j].y < points[lo].y {
				lo = j
			}
			if points[j].y > points[hi].y {
				hi = j
			}
			j++
		}
		if j-i <= most {
			out = append(out, points[i:j]...)
		} else {
			out = append(out, points[i], points[min(lo, hi)], points[max(lo, hi)], points[j-1])
		}
		i = j
	}
	return out
}

func (f *Lines) describe() (title, text string) {
	var b strings.Builder
	fmt.Fprintf(&b, "Line chart of %s over %s.", orElse(f.Y.Label, "y"), orElse(f.X.Label, "x"))
	for _, s := range f.Series {
		first, last := -1, -1
		for k, y := range s.Y {
			if !math.IsNaN(y) && !math.IsInf(y, 0) {
				if first < 0 {
					first = k
				}
				last = k
			}
		}
		if first < 0 {
			fmt.Fprintf(&b, " %s: no values.", orElse(s.Name, "One series"))
			continue
		}
		fmt.Fprintf(&b, " %s: from %s at %s to %s at %s.", orElse(s.Name, "One series"),
			short(s.Y[first]), short(s.X[first]), short(s.Y[last]), short(s.X[last]))
	}
	return f.Title, note(b.String(), f.Note)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func note(text, extra string) string {
	if extra == "" {
		return text
	}
	return text + " " + extra
}
