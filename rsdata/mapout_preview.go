package rsdata

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// Wavelengths in nanometres that stand for red, green and blue: as the eye sees them, and moved towards the near
// infrared, which shows vegetation in red.
var (
	trueColor  = [3]float64{650, 550, 460}
	falseColor = [3]float64{860, 650, 550}
)

// bandReach is how far a band's centre may lie from the wavelength that it stands for.
const bandReach = 40.0

// TrueColorBands returns the bands that show the modality as the eye would see it, and false where its wavelengths are
// unknown or leave out the visible.
func TrueColorBands(m Modality) (bands [3]int, ok bool) { return m.nearest(trueColor) }

// FalseColorBands returns the bands of a near-infrared picture by wavelength. Where wavelengths are unknown or leave it
// out they are spread over the spectrum instead, at 7/8, 1/2 and 1/8 of the bands; one or two bands give the first
// three times, which is a grey picture.
func FalseColorBands(m Modality) [3]int {
	if bands, ok := m.nearest(falseColor); ok {
		return bands
	}
	if m.Bands < 3 {
		return [3]int{}
	}
	return [3]int{m.Bands * 7 / 8, m.Bands / 2, m.Bands / 8}
}

func (m Modality) nearest(wavelengths [3]float64) (bands [3]int, ok bool) {
	if len(m.Wavelengths) != m.Bands || m.Bands < 3 {
		return bands, false
	}
	for i, want := range wavelengths {
		best := math.Inf(1)
		for b, have := range m.Wavelengths {
			if d := math.Abs(have - want); d < best {
				best, bands[i] = d, b
			}
		}
		if best > bandReach {
			return bands, false
		}
	}
	return bands, true
}

// previewSamples bounds the pixels that a preview takes its stretch from.
const previewSamples = 100_000

// Preview shows three bands of a raster as red, green and blue, each stretched between the 2nd and the 98th percentile
// of what was measured. Pixels that lack a measurement are transparent.
func Preview(r Raster, bands [3]int) *image.NRGBA {
	h, w := r.Array.Shape[0], r.Array.Shape[1]
	var lo, scale [3]float64
	for i, b := range bands {
		low, high := r.percentiles(b, 0.02, 0.98)
		lo[i] = low
		if high > low {
			scale[i] = 255 / (high - low)
		}
	}
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if slices.ContainsFunc(bands[:], func(b int) bool { return !r.Measured(r.Stored(y, x, b)) }) {
				continue
			}
			v := [3]float64{r.At(y, x, bands[0]), r.At(y, x, bands[1]), r.At(y, x, bands[2])}
			for i := range v {
				v[i] = min(max(math.Round((v[i]-lo[i])*scale[i]), 0), 255)
			}
			im.SetNRGBA(x, y, color.NRGBA{uint8(v[0]), uint8(v[1]), uint8(v[2]), 255})
		}
	}
	return im
}

// percentiles returns two quantiles of the measured values of a band, over evenly spaced pixels where there are many.
func (r Raster) percentiles(band int, low, high float64) (lo, hi float64) {
	pixels := r.Array.Shape[0] * r.Array.Shape[1]
	stride := max(1, pixels/previewSamples)
	for stride > 1 && r.Array.Shape[1]%stride == 0 { // else the samples would share a few columns
		stride++
	}
	var values []float64
	for i := 0; i < pixels; i += stride {
		row, col := i/r.Array.Shape[1], i%r.Array.Shape[1]
		if r.Measured(r.Stored(row, col, band)) {
			values = append(values, r.At(row, col, band))
		}
	}
	if len(values) == 0 {
		return 0, 0
	}
	slices.Sort(values)
	at := func(q float64) float64 { return values[int(math.Round(q*float64(len(values)-1)))] }
	return at(low), at(high)
}
