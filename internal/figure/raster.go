package figure

import (
	"image"
	"image/draw"
	"math"
	"unicode/utf8"
)

// raster draws on an RGBA image in light colours, anti-aliased.
type raster struct {
	img   *image.RGBA
	scale float64
}

func newRaster(width, height float64, scale int) *raster {
	s := float64(scale)
	img := image.NewRGBA(image.Rect(0, 0, int(math.Ceil(width*s)), int(math.Ceil(height*s))))
	draw.Draw(img, img.Rect, image.NewUniform(page.paint().light()), image.Point{}, draw.Src)
	return &raster{img, s}
}

func (c *raster) pixels(x, y, w, h float64) image.Rectangle {
	at := func(v float64) int { return int(math.Round(v * c.scale)) }
	return image.Rect(at(x), at(y), at(x+w), at(y+h))
}

func (c *raster) rect(x, y, w, h float64, p paint) {
	draw.Draw(c.img, c.pixels(x, y, w, h), image.NewUniform(p.light()), image.Point{}, draw.Src)
}

func (c *raster) line(points []point, width float64, dash []float64, p paint) {
	for _, part := range dashed(points, dash) {
		c.polyline(part, width, p.light())
	}
}

// polyline paints every pixel by its distance to the nearest segment; a mask
// keeps joints from being painted twice.
func (c *raster) polyline(points []point, width float64, color RGB) {
	if len(points) == 0 {
		return
	}
	half := width * c.scale / 2
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	scaled := make([]point, len(points))
	for i, q := range points {
		q = point{q.x * c.scale, q.y * c.scale}
		scaled[i] = q
		lo, hi = point{min(lo.x, q.x), min(lo.y, q.y)}, point{max(hi.x, q.x), max(hi.y, q.y)}
	}
	mask := image.NewAlpha(box(lo, hi, half+1).Intersect(c.img.Rect))
	for i := range max(len(scaled)-1, 1) {
		a, b := scaled[i], scaled[min(i+1, len(scaled)-1)]
		near := box(point{min(a.x, b.x), min(a.y, b.y)}, point{max(a.x, b.x), max(a.y, b.y)}, half+1).Intersect(mask.Rect)
		for y := near.Min.Y; y < near.Max.Y; y++ {
			for x := near.Min.X; x < near.Max.X; x++ {
				d := distance(point{float64(x) + 0.5, float64(y) + 0.5}, a, b)
				if v := coverage(half - d); v > mask.Pix[mask.PixOffset(x, y)] {
					mask.Pix[mask.PixOffset(x, y)] = v
				}
			}
		}
	}
	c.paintMask(mask, color)
}

func (c *raster) paintMask(mask *image.Alpha, color RGB) {
	draw.DrawMask(c.img, mask.Rect, image.NewUniform(color), image.Point{}, mask, mask.Rect.Min, draw.Over)
}

func box(lo, hi point, margin float64) image.Rectangle {
	return image.Rect(int(math.Floor(lo.x-margin)), int(math.Floor(lo.y-margin)), int(math.Ceil(hi.x+margin)), int(math.Ceil(hi.y+margin)))
}

// coverage turns the depth of a pixel's centre inside a shape into opacity.
func coverage(depth float64) uint8 { return uint8(math.Round(255 * min(max(depth+0.5, 0), 1))) }

// distance returns the distance of p from the segment ab.
func distance(p, a, b point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = min(max(((p.x-a.x)*dx+(p.y-a.y)*dy)/l, 0), 1)
	}
	return math.Hypot(p.x-a.x-t*dx, p.y-a.y-t*dy)
}

// dashed cuts a polyline into the strokes of a dash pattern (lengths on, off,
// on, ...).
func dashed(points []point, pattern []float64) [][]point {
	if len(pattern) == 0 || len(points) < 2 {
		return [][]point{points}
	}
	var parts [][]point
	on, k, left := true, 0, pattern[0]
	part := []point{points[0]}
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		done := 0.0
		for length-done > left {
			done += left
			t := done / length
			q := point{a.x + t*(b.x-a.x), a.y + t*(b.y-a.y)}
			if on {
				parts = append(parts, append(part, q))
			}
			on, k, part = !on, k+1, []point{q}
			left = pattern[k%len(pattern)]
		}
		left -= length - done
		if on {
			part = append(part, b)
		}
	}
	if on && len(part) > 1 {
		parts = append(parts, part)
	}
	return parts
}

func (c *raster) mark(at point, radius float64, shape markShape, p paint) {
	center := point{at.x * c.scale, at.y * c.scale}
	r := radius * c.scale
	mask := image.NewAlpha(box(center, center, r+1).Intersect(c.img.Rect))
	for y := mask.Rect.Min.Y; y < mask.Rect.Max.Y; y++ {
		for x := mask.Rect.Min.X; x < mask.Rect.Max.X; x++ {
			depth := markDepth(shape, float64(x)+0.5-center.x, float64(y)+0.5-center.y, r)
			mask.Pix[mask.PixOffset(x, y)] = coverage(depth)
		}
	}
	c.paintMask(mask, p.light())
}

// markDepth returns how deep (dx, dy) from the centre lies inside a mark of
// radius r, negative outside.
func markDepth(shape markShape, dx, dy, r float64) float64 {
	ax, ay := math.Abs(dx), math.Abs(dy)
	switch shape {
	case square:
		return 0.85*r - max(ax, ay)
	case triangle: // point upward, all three sides at distance r/2 from the centre
		return r/2 - max(dy, math.Sqrt(3)/2*ax-dy/2)
	case diamond:
		return (r - ax - ay) / math.Sqrt2
	case cross:
		return min(0.3*r-min(ax, ay), r-max(ax, ay))
	}
	return r - math.Hypot(dx, dy)
}

func (c *raster) text(x, baseline float64, s string, style textStyle) {
	width := advance * float64(utf8.RuneCountInString(s))
	along := map[anchor]float64{start: 0, middle: -width / 2, end: -width}[style.anchor]
	unit := int(c.scale)
	x0, y0 := int(math.Round(x*c.scale)), int(math.Round(baseline*c.scale))
	offset := int(math.Round(along * c.scale))
	paint := image.NewUniform(style.paint.light())
	i := 0
	for _, r := range s {
		g := glyphOf(r)
		for row, bits := range g {
			for col := range glyphWidth {
				if bits>>(glyphWidth-1-col)&1 == 0 {
					continue
				}
				u := offset + (i*int(advance)+col)*unit
				v := (row - aboveRows - int(capHeight)) * unit
				w := unit
				if style.bold {
					w += unit / 2 // none at scale 1, where it would fill the letters
				}
				cell := image.Rect(x0+u, y0+v, x0+u+w, y0+v+unit)
				if style.upward {
					cell = image.Rect(x0+v, y0-u-w, x0+v+unit, y0-u)
				}
				draw.Draw(c.img, cell, paint, image.Point{}, draw.Src)
			}
		}
		i++
	}
}

func (c *raster) image(x, y, w, h float64, im image.Image) {
	to, from := c.pixels(x, y, w, h), im.Bounds()
	if from.Empty() {
		return
	}
	row := image.NewRGBA(image.Rect(to.Min.X, 0, to.Max.X, 1))
	last := -1
	for ty := to.Min.Y; ty < to.Max.Y; ty++ {
		sy := from.Min.Y + (ty-to.Min.Y)*from.Dy()/to.Dy()
		if sy != last {
			for tx := to.Min.X; tx < to.Max.X; tx++ {
				row.Set(tx, 0, im.At(from.Min.X+(tx-to.Min.X)*from.Dx()/to.Dx(), sy))
			}
			last = sy
		}
		draw.Draw(c.img, image.Rect(to.Min.X, ty, to.Max.X, ty+1), row, row.Rect.Min, draw.Over)
	}
}
