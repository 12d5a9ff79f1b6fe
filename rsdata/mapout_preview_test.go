package rsdata

import (
	"image/color"
	"math"
	"testing"

	"diffclip/internal/numeric"
)

func TestPreviewBands(t *testing.T) {
	spectrum := func(lo, hi float64, n int) Modality {
		m := Modality{Bands: n}
		for i := range n {
			m.Wavelengths = append(m.Wavelengths, lo+(hi-lo)*float64(i)/float64(n-1))
		}
		return m
	}
	for _, c := range []struct {
		name     string
		m        Modality
		truth    [3]int
		hasTruth bool
		falsely  [3]int
	}{
		{"400 to 1000 nm in steps of 10", spectrum(400, 1000, 61), [3]int{25, 15, 6}, true, [3]int{46, 25, 15}},
		{"short-wave infrared alone", spectrum(1000, 2500, 64), [3]int{}, false, [3]int{56, 32, 8}},
		{"no wavelengths", Modality{Bands: 64}, [3]int{}, false, [3]int{56, 32, 8}},
		{"one band", Modality{Bands: 1, Wavelengths: []float64{650}}, [3]int{}, false, [3]int{}},
		{"NaN wavelengths", Modality{Bands: 3, Wavelengths: []float64{math.NaN(), math.NaN(), math.NaN()}}, [3]int{}, false, [3]int{2, 1, 0}},
	} {
		if bands, ok := TrueColorBands(c.m); ok != c.hasTruth || ok && bands != c.truth {
			t.Errorf("%s: true colour %v %v, want %v %v", c.name, bands, ok, c.truth, c.hasTruth)
		}
		if bands := FalseColorBands(c.m); bands != c.falsely {
			t.Errorf("%s: false colour %v, want %v", c.name, bands, c.falsely)
		}
	}
}

// 0 to 100 in one row: the 2nd percentile is black, the 98th white, 50 in the middle; the value 77 is no data.
func TestPreviewStretch(t *testing.T) {
	values := make([]float32, 101)
	for i := range values {
		values[i] = float32(i)
	}
	values[30] = float32(math.NaN())
	noData := 77.0
	r := Raster{Array: &numeric.Array{Shape: []int{1, 101, 1}, Type: numeric.Float32, Data: values}, NoData: &noData}
	im := Preview(r, [3]int{})
	for x, want := range map[int]color.NRGBA{0: {0, 0, 0, 255}, 2: {0, 0, 0, 255}, 50: {128, 128, 128, 255}, 98: {255, 255, 255, 255}, 100: {255, 255, 255, 255}, 30: {}, 77: {}} {
		if got := im.NRGBAAt(x, 0); got != want {
			t.Errorf("pixel %d is %v, want %v", x, got, want)
		}
	}
	for _, same := range []float32{5, float32(math.NaN())} {
		for i := range values {
			values[i] = same
		}
		if got := Preview(r, [3]int{}).NRGBAAt(3, 0); got.R != 0 {
			t.Errorf("a raster of %v shows as %v", same, got)
		}
	}
}

// TestPreviewColors: the three bands that are asked for are red, green and blue in turn.
func TestPreviewColors(t *testing.T) {
	r := NewRaster(1, 3, 4, []uint8{0, 0, 0, 9, 10, 0, 0, 9, 0, 10, 0, 9})
	im := Preview(r, [3]int{1, 3, 0})
	for x, want := range []color.NRGBA{{0, 0, 0, 255}, {0, 0, 255, 255}, {255, 0, 0, 255}} {
		if got := im.NRGBAAt(x, 0); got != want {
			t.Errorf("pixel %d is %v, want %v", x, got, want)
		}
	}
}

// Every column of a raster whose width divides the stride's first choice takes part in the stretch.
func TestPercentilesSampleAllColumns(t *testing.T) {
	const w, h = 1000, 600
	values := make([]uint8, w*h)
	for i := range values {
		values[i] = uint8(i % w / 10)
	}
	r := NewRaster(h, w, 1, values)
	if lo, hi := r.percentiles(0, 0.02, 0.98); math.Abs(lo-2) > 1 || math.Abs(hi-98) > 1 {
		t.Errorf("percentiles %v and %v, want 2 and 98", lo, hi)
	}
}
