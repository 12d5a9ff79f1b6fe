package shp

import (
	"math"
	"slices"

	"diffclip/internal/georef"
)

// Polygon is a set of rings, closed whether or not the last point repeats the
// first. A position is inside where a ray from it crosses the rings an odd number
// of times, so that parts and holes need no telling apart.
type Polygon []Ring

// Ring is a closed line.
type Ring []Point

// edges calls f for each side of each ring.
func (p Polygon) edges(f func(a, b Point)) {
	for _, ring := range p {
		for i, b := range ring {
			a := ring[len(ring)-1]
			if i > 0 {
				a = ring[i-1]
			}
			f(a, b)
		}
	}
}

// crossing returns where the line from a to b is at height y. It goes from the
// lower end, so that a side gives the same in either direction.
func crossing(a, b Point, y float64) float64 {
	if a.Y > b.Y {
		a, b = b, a
	}
	return a.X + (y-a.Y)/(b.Y-a.Y)*(b.X-a.X)
}

// Bounds returns the corners of the box around the polygon, and false where it
// has no points.
func (p Polygon) Bounds() (low, high Point, ok bool) {
	low, high = Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
	for _, ring := range p {
		for _, at := range ring {
			low = Point{min(low.X, at.X), min(low.Y, at.Y)}
			high = Point{max(high.X, at.X), max(high.Y, at.Y)}
			ok = true
		}
	}
	return low, high, ok
}

// Rasterise calls visit for each pixel of a grid of width x height pixels whose
// centre is inside the polygon, row by row. A grid that is not placed has none.
func (p Polygon) Rasterise(g georef.Grid, width, height int, visit func(row, col int)) {
	inverse, ok := g.Transform.Inverse()
	if !ok {
		return
	}
	pixels := make(Polygon, len(p)) // the polygon in pixel coordinates
	for i, ring := range p {
		for _, at := range ring {
			col, row := inverse.Apply(at.X, at.Y)
			pixels[i] = append(pixels[i], Point{col, row})
		}
	}
	low, high, ok := pixels.Bounds()
	if !ok {
		return
	}
	var cuts []float64
	for row := clamp(low.Y-1, height); row < clamp(high.Y+1, height); row++ {
		y := float64(row) + 0.5
		cuts = cuts[:0]
		pixels.edges(func(a, b Point) {
			if (a.Y > y) != (b.Y > y) {
				cuts = append(cuts, crossing(a, b, y))
			}
		})
		slices.Sort(cuts)
		for i := 0; i+1 < len(cuts); i += 2 { // from one crossing up to the next, centres at col + 0.5
			for col := clamp(math.Ceil(cuts[i]-0.5), width); col < clamp(math.Ceil(cuts[i+1]-0.5), width); col++ {
				visit(row, col)
			}
		}
	}
}

// clamp returns v rounded down to a whole number from 0 to n; 0 for not a number.
func clamp(v float64, n int) int {
	if !(v > 0) {
		return 0
	}
	return int(min(v, float64(n)))
}
