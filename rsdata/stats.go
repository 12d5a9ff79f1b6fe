package rsdata

import (
	"fmt"
	"math"
	"slices"

	"diffclip/internal/numeric"
)

// stats are the moments and the range of each band of a modality over all scenes, measured values only.
type stats struct {
	count             []int
	mean, std, lo, hi []float64
	pixels            int
}

func (s *stats) missingIn(bands []int32) int {
	n := 0
	for _, b := range bands {
		n += s.pixels - s.count[b]
	}
	return n
}

// measure makes two passes over modality m: range and mean, then deviation.
func measure(d *Dataset, m int) *stats {
	bands := d.Modalities[m].Bands
	s := &stats{count: make([]int, bands), mean: make([]float64, bands), std: make([]float64, bands),
		lo: make([]float64, bands), hi: make([]float64, bands)}
	for b := range bands {
		s.lo[b], s.hi[b] = math.Inf(1), math.Inf(-1)
	}
	row := make([]float32, bands)
	for _, sc := range d.Scenes {
		s.pixels += sc.H * sc.W
		for i := range sc.H * sc.W {
			readPixel(row, sc.Rasters[m], i)
			for b, v := range row {
				if v != v {
					continue
				}
				x := float64(v)
				s.count[b]++
				s.mean[b] += x
				s.lo[b], s.hi[b] = min(s.lo[b], x), max(s.hi[b], x)
			}
		}
	}
	for b := range s.mean {
		s.mean[b] /= math.Max(1, float64(s.count[b]))
	}
	for _, sc := range d.Scenes {
		for i := range sc.H * sc.W {
			readPixel(row, sc.Rasters[m], i)
			for b, v := range row {
				if v == v {
					dev := float64(v) - s.mean[b]
					s.std[b] += dev * dev
				}
			}
		}
	}
	for b := range s.std {
		s.std[b] = math.Sqrt(s.std[b] / math.Max(1, float64(s.count[b])))
	}
	return s
}

// percentileSample bounds how many pixels the percentiles are taken from: evenly spaced ones where there are more.
const percentileSample = 1 << 16

// percentiles replaces the range of each band by two of its quantiles.
func (s *stats) percentiles(d *Dataset, m int, low, high float64) {
	bands := len(s.lo)
	sample := samplePixels(d, percentileSample)
	const group = 16 // bands gathered at a time, so that the memory stays small
	row := make([]float32, bands)
	for b0 := 0; b0 < bands; b0 += group {
		b1 := min(bands, b0+group)
		var values [group][]float32
		for _, p := range sample {
			readPixel(row, d.Scenes[p.Scene].Rasters[m], int(p.Row)*d.Scenes[p.Scene].W+int(p.Col))
			for b := b0; b < b1; b++ {
				if row[b] == row[b] {
					values[b-b0] = append(values[b-b0], row[b])
				}
			}
		}
		for b := b0; b < b1; b++ {
			if v := values[b-b0]; len(v) > 0 {
				slices.Sort(v)
				s.lo[b], s.hi[b] = quantile(v, low), quantile(v, high)
			}
		}
	}
}

// quantile interpolates linearly between the sorted values.
func quantile(sorted []float32, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	j := min(i+1, len(sorted)-1)
	f := at - float64(i)
	return float64(sorted[i])*(1-f) + float64(sorted[j])*f
}

// samplePixels returns at most limit pixels, evenly spaced over all scenes.
func samplePixels(d *Dataset, limit int) []Pixel {
	n := d.NumPixels()
	stride := max(1, (n+limit-1)/limit)
	var out []Pixel
	next := 0 // index of the next pixel to take, counted over all scenes
	first := 0
	for i, sc := range d.Scenes {
		for ; next < first+sc.H*sc.W; next += stride {
			j := next - first
			out = append(out, Pixel{int32(i), int32(j / sc.W), int32(j % sc.W)})
		}
		first += sc.H * sc.W
	}
	return out
}

// readPixel copies all bands of pixel i = row*W + col as float32, in the units of what was measured; what was not
// becomes NaN.
func readPixel(dst []float32, r Raster, i int) {
	readStored(dst, r, i)
	for b, s := range r.Scale {
		dst[b] = float32(s.Of(float64(dst[b])))
	}
}

func readStored(dst []float32, r Raster, i int) {
	none := r.none()
	switch d := r.Array.Data.(type) {
	case []int8:
		readValues(dst, d[i*len(dst):], none)
	case []uint8:
		readValues(dst, d[i*len(dst):], none)
	case []int16:
		readValues(dst, d[i*len(dst):], none)
	case []uint16:
		readValues(dst, d[i*len(dst):], none)
	case []int32:
		readValues(dst, d[i*len(dst):], none)
	case []uint32:
		readValues(dst, d[i*len(dst):], none)
	case []int64:
		readValues(dst, d[i*len(dst):], none)
	case []uint64:
		readValues(dst, d[i*len(dst):], none)
	case []float32:
		readValues(dst, d[i*len(dst):], none)
	case []float64:
		readValues(dst, d[i*len(dst):], none)
	default:
		panic(fmt.Errorf("rsdata: raster data is %T, not a slice of an element type", r.Array.Data))
	}
}

var nan32 = float32(math.NaN())

func readValues[T numeric.Number](dst []float32, src []T, none float32) {
	src = src[:len(dst)]
	for b, v := range src {
		dst[b] = float32(v)
	}
	for b, v := range dst {
		if missing(v, none) {
			dst[b] = nan32
		}
	}
}
