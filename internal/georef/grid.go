// Package georef says where the pixels of a raster lie on the ground: an affine
// transform from pixel to map coordinates and the coordinate reference system
// (CRS) the map coordinates are in. It carries what a file said about its CRS so
// that a derived raster can say the same, and computes no projections.
package georef

import "math"

// Affine maps pixel coordinates to map coordinates, its six numbers in GDAL's
// order:
//
//	x = a[0] + col*a[1] + row*a[2]
//	y = a[3] + col*a[4] + row*a[5]
//
// Pixel coordinates are continuous: (0, 0) is the outer corner of the first
// pixel, (0.5, 0.5) its centre.
type Affine [6]float64

// NorthUp returns the transform of an unrotated grid whose upper left corner is
// (x, y), with pixels dx wide and dy high, both positive, in map units.
func NorthUp(x, y, dx, dy float64) Affine { return Affine{x, dx, 0, y, 0, -dy} }

// Apply returns the map coordinates of a pixel position.
func (a Affine) Apply(col, row float64) (x, y float64) {
	return a[0] + col*a[1] + row*a[2], a[3] + col*a[4] + row*a[5]
}

// Inverse returns the transform from map to pixel coordinates, and false where
// there is none: the pixels have no area, or a number is not finite.
func (a Affine) Inverse() (Affine, bool) {
	det := a[1]*a[5] - a[2]*a[4]
	b := Affine{
		(a[2]*a[3] - a[0]*a[5]) / det, a[5] / det, -a[2] / det,
		(a[0]*a[4] - a[1]*a[3]) / det, -a[4] / det, a[1] / det,
	}
	for _, v := range b {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Affine{}, false
		}
	}
	return b, true
}

// Shift returns the transform of the grid whose first pixel is the one at
// (col, row) of a's grid: what a window of a raster, or a half-pixel move, needs.
func (a Affine) Shift(col, row float64) Affine {
	a[0], a[3] = a.Apply(col, row)
	return a
}

// IsNorthUp reports whether rows run along x and columns along y.
func (a Affine) IsNorthUp() bool { return a[2] == 0 && a[4] == 0 }

// Grid places a raster on the ground. The zero Grid says nothing of it.
type Grid struct {
	Transform Affine // all zeros where unknown
	CRS       CRS
}

// Placed reports whether the transform is known and can be inverted.
func (g Grid) Placed() bool {
	_, ok := g.Transform.Inverse()
	return ok
}

// ToMap returns the map coordinates of a pixel position.
func (g Grid) ToMap(col, row float64) (x, y float64) { return g.Transform.Apply(col, row) }

// ToPixel returns the pixel position of map coordinates, and false where the
// grid is not placed. The pixel that holds the point is (floor(col), floor(row)).
func (g Grid) ToPixel(x, y float64) (col, row float64, ok bool) {
	inverse, ok := g.Transform.Inverse()
	if !ok {
		return 0, 0, false
	}
	col, row = inverse.Apply(x, y)
	return col, row, true
}
