package figure

import (
	"fmt"
	"strconv"
)

// Matrix is a confusion matrix: rows are the truth, columns the prediction. A
// cell's colour is its share of its row; its number is the count.
type Matrix struct {
	Title  string
	Note   string // added to the description
	Names  []string
	Counts [][]int64 // one row and column per name
}

func (f *Matrix) cell() (w, h float64) {
	digits := 2
	for _, row := range f.Counts {
		for _, n := range row {
			digits = max(digits, len(strconv.FormatInt(n, 10)))
		}
	}
	return advance*float64(digits) + 8, 22
}

// nameSpace is what the longest name takes, within reason.
func (f *Matrix) nameSpace() float64 {
	space := textWidth("predicted")
	for _, n := range f.Names {
		space = max(space, textWidth(n))
	}
	return min(space, 150)
}

func (f *Matrix) size() (w, h float64) {
	cw, ch := f.cell()
	k := float64(len(f.Names))
	return max(lineHeight+f.nameSpace()+10+cw*k+8, 300), titleSpace + ch*k + f.nameSpace() + 2*lineHeight + 34
}

func (f *Matrix) draw(c canvas) {
	if len(f.Counts) != len(f.Names) {
		panic(fmt.Errorf("figure: Matrix: %d rows for %d names", len(f.Counts), len(f.Names)))
	}
	width, height := f.size()
	drawTitle(c, f.Title, width)
	cw, ch := f.cell()
	k := float64(len(f.Names))
	left, top := lineHeight+f.nameSpace()+10, titleSpace+4
	for t, row := range f.Counts {
		if len(row) != len(f.Names) {
			panic(fmt.Errorf("figure: Matrix: row %d has %d columns for %d names", t, len(row), len(f.Names)))
		}
		var total int64
		for _, n := range row {
			total += n
		}
		y := top + ch*float64(t)
		c.text(left-6, y+ch/2+capHeight/2, fit(f.Names[t], f.nameSpace()), textStyle{paint: ink.paint(), anchor: end})
		for p, n := range row {
			color := Sequential(0)
			if total > 0 {
				color = Sequential(float64(n) / float64(total))
			}
			x := left + cw*float64(p)
			c.rect(x, y, cw-1, ch-1, fixed(color))
			if n > 0 {
				c.text(x+(cw-1)/2, y+ch/2+capHeight/2-0.5, strconv.FormatInt(n, 10), textStyle{paint: fixed(over(color)), anchor: middle})
			}
		}
	}
	bottom := top + ch*k
	for p, name := range f.Names {
		x := left + cw*(float64(p)+0.5) + capHeight/2 - 0.5
		c.text(x, bottom+4, fit(name, f.nameSpace()), textStyle{paint: ink.paint(), anchor: end, upward: true})
	}
	label := textStyle{paint: muted.paint(), anchor: middle}
	c.text(left+cw*k/2, bottom+f.nameSpace()+lineHeight+4, "predicted", label)
	label.upward = true
	c.text(11, top+ch*k/2, "truth", label)
	colorBar(c, 4, height-14, "share of the true class")
}

// colorBar draws the scale of Sequential from 0 to 1.
func colorBar(c canvas, x, y float64, name string) {
	const steps, width = 50, 100.0
	c.text(x, y+8, "0", textStyle{paint: muted.paint()})
	for i := range steps {
		c.rect(x+10+width/steps*float64(i), y, width/steps+0.1, 9, fixed(Sequential((float64(i)+0.5)/steps)))
	}
	c.text(x+width+14, y+8, "1  "+name, textStyle{paint: muted.paint()})
}

func (f *Matrix) describe() (title, text string) {
	var right, total, worst int64
	var from, to int
	for t, row := range f.Counts {
		for p, n := range row {
			total += n
			if t == p {
				right += n
			} else if n > worst {
				worst, from, to = n, t, p
			}
		}
	}
	text = fmt.Sprintf("Confusion matrix of %d classes: %d of %d samples are right.", len(f.Names), right, total)
	if worst > 0 {
		text += fmt.Sprintf(" The most frequent mistake is %s taken for %s, %d times.", f.Names[from], f.Names[to], worst)
	}
	return f.Title, note(text, f.Note)
}
