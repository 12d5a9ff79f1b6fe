package rsdata

import (
	"math"
	"testing"

	"diffclip/internal/numeric"
)

// A no-data value that float32 cannot hold marks what it is rounded to, for a map and a picture as for the statistics
// and the windows.
func TestNoDataIsRoundedAsTheValues(t *testing.T) {
	for name, c := range map[string]struct {
		data     any
		kind     numeric.Type
		noData   float64
		measured []bool
	}{
		"float32": {[]float32{-9999.9, 0.1, float32(math.Inf(1))}, numeric.Float32, -9999.9, []bool{false, true, false}},
		"float64": {[]float64{-9999.9, 0.1, math.NaN()}, numeric.Float64, -9999.9, []bool{false, true, false}},
		"uint16":  {[]uint16{65535, 0, 9}, numeric.Uint16, 65535, []bool{false, true, true}},
		"int32":   {[]int32{16777217, 16777216, 9}, numeric.Int32, 16777217, []bool{false, false, true}}, // the same to a model
		"too far": {[]float64{1e300, -1e300, 9}, numeric.Float64, -9999, []bool{false, false, true}},     // infinite to a model
		"int16":   {[]int16{-9999, 0, 9}, numeric.Int16, -9999.5, []bool{true, true, true}},
	} {
		r := Raster{Array: &numeric.Array{Shape: []int{1, 3, 1}, Type: c.kind, Data: c.data}, NoData: &c.noData}
		read := make([]float32, 1)
		for i, want := range c.measured {
			readPixel(read, r, i)
			d := &Dataset{Modalities: []Modality{{Name: "a", Bands: 1}}, Scenes: []*Scene{{H: 1, W: 3, Rasters: []Raster{r}}}}
			seen := make([]float32, 1) // -1 where the mean of the band stands in
			NewWindows(d, identity(d), 1).Read(seen, 0, 0, i)
			if got := r.Measured(r.At(0, i, 0)); got != want || (read[0] == read[0]) != want || (seen[0] != -1) != want {
				t.Errorf("%s: value %v is measured: %v, read as %v, and %v in a window", name, r.At(0, i, 0), got, read[0], seen[0])
			}
		}
	}
}
