package rsdata

import (
	"fmt"
	"math"
)

// fillers are what programs write where nothing was measured.
var fillers = []float64{-9999, -99999, -32768, -32767, -999, -math.MaxFloat32, -3.4e38, math.MaxFloat32, 1e20}

// unmarked looks for the value that a raster has where nothing was measured and that no file names: one of fillers, or
// of a spectrum 0 and the largest value of its type, too, in every band of a pixel. It returns the one of most pixels.
func (r Raster) unmarked() (value float64, pixels int) {
	bands := r.Bands()
	suspects := fillers
	if bands > 3 {
		suspects = append([]float64{0, math.MaxUint16, math.MaxInt16}, fillers...)
	}
	found := map[float64]int{}
	for i := 0; i < r.Array.Len(); i += bands {
		v := r.Array.At64(i)
		if !r.Measured(v) {
			continue
		}
		for _, s := range suspects {
			if (v == s || v == float64(float32(s))) && r.constant(i, v) {
				found[v]++
				break
			}
		}
	}
	for v, n := range found {
		if n > pixels || n == pixels && v < value {
			value, pixels = v, n
		}
	}
	return value, pixels
}

// constant reports whether all bands of the pixel that begins at i have one value.
func (r Raster) constant(i int, v float64) bool {
	for b := 1; b < r.Bands(); b++ {
		if r.Array.At64(i+b) != v {
			return false
		}
	}
	return true
}

// unmarkedNote says so of a value that seems to mean "not measured", "" where there is none.
func (r Raster) unmarkedNote() string {
	v, n := r.unmarked()
	all := r.Array.Len() / r.Bands()
	if n == 0 || n == all {
		return ""
	}
	return fmt.Sprintf("%d of %d pixels hold %.9g, which looks like \"not measured\" and is taken for a measurement, as no file says otherwise; if it is none, write \"nodata\": %.9g after the file in scene.json, which diffclip inspect -draft begins", n, all, v, v)
}
