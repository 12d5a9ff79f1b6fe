package figure

import (
	"fmt"
	"math"
	"strings"
)

// Bars is a bar chart with horizontal bars, one group per category and one bar
// per series in each group, so that long names of classes stay readable.
type Bars struct {
	Title      string
	Note       string // added to the description
	Value      Axis   // starts at 0 where its range is not fixed
	Format     string // of the number beside a bar, such as "%.1f"; "" for none
	Categories []string
	Series     []BarSeries
}

// BarSeries holds one value per category; NaN leaves its bar out.
type BarSeries struct {
	Name   string
	Values []float64
	Err    []float64 // half length of error bars, nil for none
}

const barHeight = 11.0

func (f *Bars) legend() [][]legendEntry {
	if len(f.Series) < 2 {
		return nil
	}
	var entries []legendEntry
	for i, s := range f.Series {
		entries = append(entries, legendEntry{s.Name, func(c canvas, x, y float64) {
			c.rect(x, y-5, 16, 10, seriesPaint(i))
		}})
	}
	return legendRows(entries, chartWidth-8)
}

func (f *Bars) group() float64 { return barHeight*float64(max(len(f.Series), 1)) + 8 }

func (f *Bars) size() (w, h float64) {
	return chartWidth, titleSpace + lineHeight*float64(len(f.legend())) + f.group()*float64(len(f.Categories)) + 44
}

func (f *Bars) draw(c canvas) {
	width, height := f.size()
	drawTitle(c, f.Title, width)
	legend := f.legend()
	drawLegend(c, legend, 4, titleSpace)
	top, bottom := titleSpace+lineHeight*float64(len(legend))+4, height-36

	values := []float64{0}
	for i, s := range f.Series {
		if len(s.Values) != len(f.Categories) || s.Err != nil && len(s.Err) != len(s.Values) {
			panic(fmt.Errorf("figure: Bars: series %d (%s): %d values and %d errors for %d categories", i, s.Name, len(s.Values), len(s.Err), len(f.Categories)))
		}
		values = append(values, s.Values...)
		for k, e := range s.Err {
			values = append(values, s.Values[k]-e, s.Values[k]+e)
		}
	}
	names := 0.0
	for _, n := range f.Categories {
		names = max(names, textWidth(n))
	}
	names = min(names, width*0.42)
	left, right := names+12, width-14
	if f.Format != "" {
		right -= textWidth(fmt.Sprintf(f.Format, 100.0))
	}
	x := newScale(f.Value, values, left, right, 5)
	for i, s := range x.labels(f.Value.Ticks != nil) {
		at := x.at(x.ticks[i])
		c.line([]point{{at, top}, {at, bottom}}, 1, nil, grid.paint())
		c.text(at, bottom+15, s, textStyle{paint: muted.paint(), anchor: middle})
	}
	c.text((left+right)/2, bottom+30, f.Value.Label, textStyle{paint: ink.paint(), anchor: middle})
	for k, name := range f.Categories {
		y := top + f.group()*float64(k) + 4
		c.text(left-6, y+(f.group()-8)/2+capHeight/2, fit(name, names), textStyle{paint: ink.paint(), anchor: end})
		for i, s := range f.Series {
			f.bar(c, &x, y+barHeight*float64(i), i, s, k)
		}
	}
	zero := x.at(0)
	if math.IsNaN(zero) {
		zero = left
	}
	c.line([]point{{zero, top}, {zero, bottom}}, 1, nil, frame.paint())
}

func (f *Bars) bar(c canvas, x *scale, y float64, i int, s BarSeries, k int) {
	v := s.Values[k]
	to, zero := x.at(v), x.at(0)
	if math.IsNaN(to) {
		return
	}
	if math.IsNaN(zero) {
		zero = x.from
	}
	c.rect(min(zero, to), y, math.Abs(to-zero), barHeight-1, seriesPaint(i))
	end := max(zero, to)
	if s.Err != nil && s.Err[k] > 0 {
		lo, hi, mid := x.at(v-s.Err[k]), x.at(v+s.Err[k]), y+barHeight/2-0.5
		if !math.IsNaN(lo) && !math.IsNaN(hi) {
			c.line([]point{{lo, mid}, {hi, mid}}, 1.2, nil, ink.paint())
			c.line([]point{{lo, mid - 3}, {lo, mid + 3}}, 1.2, nil, ink.paint())
			c.line([]point{{hi, mid - 3}, {hi, mid + 3}}, 1.2, nil, ink.paint())
			end = max(end, hi)
		}
	}
	if f.Format != "" {
		c.text(end+4, y+barHeight/2+capHeight/2-0.5, fmt.Sprintf(f.Format, v), textStyle{paint: muted.paint()})
	}
}

func (f *Bars) describe() (title, text string) {
	var b strings.Builder
	fmt.Fprintf(&b, "Bar chart of %s.", orElse(f.Value.Label, "values"))
	for _, s := range f.Series {
		if s.Name != "" {
			fmt.Fprintf(&b, " %s:", s.Name)
		}
		for k, v := range s.Values {
			if !math.IsNaN(v) {
				fmt.Fprintf(&b, " %s %s;", f.Categories[k], short(v))
			}
		}
	}
	return f.Title, note(strings.TrimSuffix(b.String(), ";")+".", f.Note)
}
