package figure

import (
	"fmt"
	"image"
	"math"
	"strings"
)

// Images shows one or many images in rows, with a caption above each, names
// before the rows, and a legend of what their colours mean below.
type Images struct {
	Title    string
	Note     string // what the images show, for readers who cannot see them
	Rows     [][]Cell
	RowNames []string // one per row, or nil
	Legend   []Category
	ColorBar string  // names the scale of Sequential where the images use it; "" for none
	Zoom     float64 // pixels per image pixel; 0 chooses one
}

// Cell is one image of a grid; a nil image leaves its place empty.
type Cell struct {
	Image   image.Image
	Caption string
}

const imageGap = 8.0

// layout is where the images stand.
type imageLayout struct {
	left, top, width, height float64
	columns                  []float64 // widths
	rows                     []float64 // heights without captions
	zoom, caption            float64
	legend                   [][]legendEntry
}

func (f *Images) layout() imageLayout {
	l := imageLayout{zoom: f.zoom(), left: 4, top: titleSpace + 2}
	for _, n := range f.RowNames {
		l.left = max(l.left, min(textWidth(n), 120)+12)
	}
	for r, row := range f.Rows {
		l.rows = append(l.rows, 0)
		for k, cell := range row {
			if k == len(l.columns) {
				l.columns = append(l.columns, 0)
			}
			if cell.Caption != "" {
				l.caption = lineHeight
			}
			if cell.Image != nil {
				size := cell.Image.Bounds().Size()
				l.columns[k] = max(l.columns[k], l.zoom*float64(size.X))
				l.rows[r] = max(l.rows[r], l.zoom*float64(size.Y))
			}
		}
	}
	l.width, l.height = l.left, l.top
	for _, w := range l.columns {
		l.width += w + imageGap
	}
	for _, h := range l.rows {
		l.height += h + l.caption + imageGap
	}
	l.width = max(l.width, 280, textWidth(f.Title)+8)
	l.legend = legendRows(swatches(f.Legend), l.width-8)
	l.height += lineHeight * float64(len(l.legend))
	if f.ColorBar != "" {
		l.height += lineHeight + 4
	}
	return l
}

// zoom returns the chosen magnification, else one that makes a row about as
// wide as a chart: a whole number where images are small.
func (f *Images) zoom() float64 {
	if f.Zoom > 0 {
		return f.Zoom
	}
	widest := 1
	columns := 1
	for _, row := range f.Rows {
		columns = max(columns, len(row))
		for _, cell := range row {
			if cell.Image != nil {
				widest = max(widest, cell.Image.Bounds().Dx())
			}
		}
	}
	zoom := (chartWidth - imageGap*float64(columns)) / float64(widest*columns)
	if zoom > 1 {
		return math.Floor(zoom)
	}
	return max(zoom, 0.25)
}

func (f *Images) size() (w, h float64) {
	l := f.layout()
	return l.width, l.height
}

func (f *Images) draw(c canvas) {
	if f.RowNames != nil && len(f.RowNames) != len(f.Rows) {
		panic(fmt.Errorf("figure: Images: %d names for %d rows", len(f.RowNames), len(f.Rows)))
	}
	l := f.layout()
	drawTitle(c, f.Title, l.width)
	y := l.top
	for r, row := range f.Rows {
		y += l.caption
		if f.RowNames != nil {
			c.text(l.left-8, y+l.rows[r]/2+capHeight/2, fit(f.RowNames[r], 120), textStyle{paint: ink.paint(), anchor: end})
		}
		x := l.left
		for k, cell := range row {
			if cell.Image != nil {
				size := cell.Image.Bounds().Size()
				c.image(x, y, l.zoom*float64(size.X), l.zoom*float64(size.Y), cell.Image)
			}
			c.text(x+l.columns[k]/2, y-4, fit(cell.Caption, l.columns[k]+imageGap), textStyle{paint: muted.paint(), anchor: middle})
			x += l.columns[k] + imageGap
		}
		y += l.rows[r] + imageGap
	}
	drawLegend(c, l.legend, 4, y)
	if f.ColorBar != "" {
		colorBar(c, 4, y+lineHeight*float64(len(l.legend))+4, f.ColorBar)
	}
}

func (f *Images) describe() (title, text string) {
	images := 0
	for _, row := range f.Rows {
		for _, cell := range row {
			if cell.Image != nil {
				images++
			}
		}
	}
	text = f.Note
	if text == "" {
		text = fmt.Sprintf("%d images.", images)
	}
	if len(f.Legend) > 0 {
		names := make([]string, len(f.Legend))
		for i, k := range f.Legend {
			names[i] = k.Name
		}
		text += " Classes: " + strings.Join(names, ", ") + "."
	}
	return f.Title, text
}
