package rsdata

import (
	"fmt"
	"math"

	"diffclip/internal/numeric"
)

// Raster is one modality of one scene: pixel-interleaved values in the element type of the file, so that a scene
// takes the memory its file's type takes. NewRaster makes one of values in memory.
type Raster struct {
	Array  *numeric.Array // shape (H, W, bands); a type of the readers
	NoData *float64       // the stored value that means "not measured", rounded to float32 as the values are; nil where there is none; NaN and infinities always do
	Scale  []Scale        // per band: what its stored values measure; nil where they are the measurements
}

// Scale says what a stored value measures, Gain·value + Offset, by its fields Gain and Offset, both float64: a
// reflectance kept in ten-thousandths has the scale {Gain: 1e-4}.
type Scale = numeric.Scale

// Element is what the values of a raster may be stored as.
type Element interface {
	int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64
}

// NewRaster returns a raster of h x w pixels that holds values, (h, w, bands), without a copy. Dataset.Validate says
// where there are too many or too few. NoData and Scale of the result are the caller's to set.
func NewRaster[T Element](h, w, bands int, values []T) Raster {
	return Raster{Array: numeric.Of(values, h, w, bands)}
}

// Bands returns the values per pixel.
func (r Raster) Bands() int { return r.Array.Shape[2] }

// At returns the value of a band at a pixel in the units of what was measured.
func (r Raster) At(row, col, band int) float64 {
	v := r.Stored(row, col, band)
	if r.Scale != nil {
		v = r.Scale[band].Of(v)
	}
	return v
}

// Stored returns the value of a band at a pixel as the file has it.
func (r Raster) Stored(row, col, band int) float64 {
	return r.Array.At64((row*r.Array.Shape[1]+col)*r.Array.Shape[2] + band)
}

// Measured reports whether v, one of the stored values, is a measurement: as a model sees it, in float32, finite and not
// the no-data value.
func (r Raster) Measured(v float64) bool { return !missing(float32(v), r.none()) }

// none returns the no-data value as float32, which -9999.9 is not; NaN where there is none.
func (r Raster) none() float32 {
	if r.NoData == nil {
		return nan32
	}
	return float32(*r.NoData)
}

// missing reports whether a stored value is no measurement, given the no-data value.
func missing(v, none float32) bool { return v-v != 0 || v == none }

func (r Raster) check(h, w, bands int) error {
	if r.Array == nil {
		return fmt.Errorf("no values")
	}
	s := r.Array.Shape
	if len(s) != 3 || s[0] != h || s[1] != w || s[2] != bands {
		return fmt.Errorf("shape %v, want %d x %d x %d", s, h, w, bands)
	}
	if r.Array.Len() != h*w*bands {
		return fmt.Errorf("%d values for %d x %d x %d", r.Array.Len(), h, w, bands)
	}
	if r.Scale != nil && len(r.Scale) != bands {
		return fmt.Errorf("scales of %d bands, want %d", len(r.Scale), bands)
	}
	for b, s := range r.Scale {
		if !s.Usable() {
			return fmt.Errorf("the scale of band %d has gain %v and offset %v: want finite numbers, the gain not 0", b+1, s.Gain, s.Offset)
		}
	}
	return nil
}

// narrow returns a with a smaller element type where no value that a model can tell apart is lost: floats and wide
// integers become uint16 or int16 where all values are such integers, else float32.
func narrow(a *numeric.Array) *numeric.Array {
	if a.Type.Size() < 4 {
		return a
	}
	lo, hi, whole := math.Inf(1), math.Inf(-1), true
	for i, n := 0, a.Len(); i < n && whole; i++ {
		v := a.At64(i)
		lo, hi = min(lo, v), max(hi, v)
		whole = v == math.Trunc(v) && lo >= math.MinInt16 && hi <= math.MaxUint16 && (lo >= 0 || hi <= math.MaxInt16)
	}
	out := &numeric.Array{Shape: a.Shape, Type: numeric.Float32}
	switch {
	case whole && lo >= 0:
		out.Type, out.Data = numeric.Uint16, converted[uint16](a)
	case whole:
		out.Type, out.Data = numeric.Int16, converted[int16](a)
	case a.Type == numeric.Float32:
		return a
	default:
		out.Data = a.Float32s()
	}
	return out
}

func converted[T numeric.Number](a *numeric.Array) []T {
	dst := make([]T, a.Len())
	for i := range dst {
		dst[i] = T(a.At64(i))
	}
	return dst
}
