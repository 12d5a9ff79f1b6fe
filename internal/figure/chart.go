package figure

import "math"

// The size of a chart with axes: narrow enough that its labels are readable
// when a phone shows it at the width of its screen.
const (
	chartWidth  = 440.0
	chartHeight = 270.0
	titleSpace  = 22.0
)

// legendEntry is one name of a legend with what draws its sample.
type legendEntry struct {
	name   string
	sample func(c canvas, x, y float64) // in a box of sampleWidth, centred on y; nil where a name goes on
}

const (
	sampleWidth = 22.0
	entryGap    = 14.0
)

// legendRows flows entries into rows of at most the given width. A name that is wider
// has rows of its own.
func legendRows(entries []legendEntry, width float64) [][]legendEntry {
	var rows [][]legendEntry
	left := 0.0
	for _, e := range entries {
		w := sampleWidth + textWidth(e.name) + entryGap
		if lines := wrap(e.name, width-sampleWidth); len(lines) > 1 {
			for i, line := range lines {
				rows = append(rows, []legendEntry{{line, e.sample}})
				if i > 0 {
					rows[len(rows)-1][0].sample = nil
				}
			}
			left = 0
			continue
		}
		if len(rows) == 0 || w > left {
			rows = append(rows, nil)
			left = width + entryGap
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		left -= w
	}
	return rows
}

func drawLegend(c canvas, rows [][]legendEntry, x, y float64) {
	for _, row := range rows {
		at := x
		for _, e := range row {
			if e.sample != nil {
				e.sample(c, at, y+lineHeight/2)
			}
			c.text(at+sampleWidth, y+lineHeight/2+capHeight/2, e.name, textStyle{paint: ink.paint()})
			at += sampleWidth + textWidth(e.name) + entryGap
		}
		y += lineHeight
	}
}

// swatches are the legend entries of coloured areas.
func swatches(categories []Category) []legendEntry {
	var entries []legendEntry
	for _, k := range categories {
		entries = append(entries, legendEntry{k.Name, func(c canvas, x, y float64) {
			c.rect(x, y-6, 16, 12, frame.paint())
			c.rect(x+1, y-5, 14, 10, fixed(k.Color))
		}})
	}
	return entries
}

func drawTitle(c canvas, title string, width float64) {
	c.text(4, titleSpace-8, fit(title, width-8), textStyle{paint: ink.paint(), bold: true})
}

// plot is the frame of a chart with two axes.
type plot struct {
	x, y                     scale
	left, top, right, bottom float64
	xAxis, yAxis             Axis
}

// newPlot lays the axes out below top.
func newPlot(xAxis, yAxis Axis, xs, ys []float64, top, width, height float64) *plot {
	p := &plot{xAxis: xAxis, yAxis: yAxis, top: top + 10, right: width - 14, bottom: height - 36}
	p.y = newScale(yAxis, ys, p.bottom, p.top, 5)
	widest := 0.0
	for _, s := range p.y.labels(yAxis.Ticks != nil) {
		widest = max(widest, textWidth(s))
	}
	p.left = widest + 12
	if yAxis.Label != "" {
		p.left += lineHeight
	}
	p.x = newScale(xAxis, xs, p.left, p.right, 6)
	return p
}

func (p *plot) draw(c canvas) {
	small := textStyle{paint: muted.paint(), anchor: end}
	for i, s := range p.y.labels(p.yAxis.Ticks != nil) {
		y := p.y.at(p.y.ticks[i])
		c.line([]point{{p.left, y}, {p.right, y}}, 1, nil, grid.paint())
		c.text(p.left-5, y+capHeight/2, s, small)
	}
	small.anchor = middle
	for i, s := range p.x.labels(p.xAxis.Ticks != nil) {
		x := p.x.at(p.x.ticks[i])
		c.line([]point{{x, p.bottom}, {x, p.bottom + 4}}, 1, nil, frame.paint())
		c.text(x, p.bottom+15, s, small)
	}
	c.line([]point{{p.left, p.top}, {p.left, p.bottom}, {p.right, p.bottom}}, 1, nil, frame.paint())
	label := textStyle{paint: ink.paint(), anchor: middle}
	c.text((p.left+p.right)/2, p.bottom+30, p.xAxis.Label, label)
	label.upward = true
	c.text(11, (p.top+p.bottom)/2, p.yAxis.Label, label)
}

// at returns the place of a value, false where it cannot be shown.
func (p *plot) at(x, y float64) (point, bool) {
	q := point{p.x.at(x), p.y.at(y)}
	return q, !math.IsNaN(q.x) && !math.IsNaN(q.y)
}
