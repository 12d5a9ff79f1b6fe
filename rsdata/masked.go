package rsdata

import (
	"math"
	"slices"

	"diffclip/internal/numeric"
)

// mask hides what was not measured: pixels, or, where it is as long as the array, single values. A nil mask hides none.
func (c *content) mask(measured []bool) {
	if measured == nil {
		return
	}
	if len(c.hidden) < len(measured) {
		c.hidden = repeated(c.hidden, len(measured))
	}
	each := len(c.hidden) / len(measured)
	for i := range c.hidden {
		c.hidden[i] = c.hidden[i] || !measured[i/each]
	}
}

// repeated gives each pixel's value to all of its bands; nil becomes values that are false.
func repeated(pixels []bool, n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = pixels != nil && pixels[i*len(pixels)/n]
	}
	return out
}

// hides reports whether a mask hides a pixel, or one of its values.
func (c *content) hides(pixel int) bool {
	each := len(c.hidden) / (c.array.Shape[0] * c.array.Shape[1])
	return slices.Contains(c.hidden[pixel*each:(pixel+1)*each], true)
}

// hide gives the values of hidden pixels the value that means "not measured": NaN in floats, in integers the no-data
// value. Where there is none, it becomes a value that no measurement has. Integers of which all are taken become floats.
func (c *content) hide() {
	hidden := c.hidden
	c.hidden = nil
	any := false
	for _, h := range hidden {
		any = any || h
	}
	if !any {
		return
	}
	switch d := c.array.Data.(type) {
	case []int8:
		hideIntegers(c, d, hidden)
	case []uint8:
		hideIntegers(c, d, hidden)
	case []int16:
		hideIntegers(c, d, hidden)
	case []uint16:
		hideIntegers(c, d, hidden)
	case []float32:
		fillHidden(d, hidden, nan32)
	case []float64:
		fillHidden(d, hidden, math.NaN())
	default: // integers of 32 and 64 bits
		c.hideInFloats(hidden)
	}
}

// hideIntegers prefers zero, which programs write where they mask.
func hideIntegers[T int8 | uint8 | int16 | uint16](c *content, values []T, hidden []bool) {
	none, free := T(0), false
	if c.noData != nil {
		none = T(*c.noData)
		free = float64(none) == *c.noData
	}
	if !free {
		none, free = freeValue(values, hidden)
	}
	if !free {
		c.hideInFloats(hidden)
		return
	}
	if c.noData == nil || *c.noData != float64(none) { // one that the type cannot hold marks nothing
		v := float64(none)
		c.noData = &v
	}
	fillHidden(values, hidden, none)
}

// freeValue returns a value that no pixel in sight has, zero where it is one.
func freeValue[T int8 | uint8 | int16 | uint16](values []T, hidden []bool) (free T, ok bool) {
	var taken [1 << 16]bool
	bands := len(values) / len(hidden)
	for i, v := range values {
		if !hidden[i/bands] {
			taken[uint16(v)] = true
		}
	}
	if !taken[0] {
		return 0, true
	}
	for i := len(taken) - 1; i > 0; i-- {
		if v := T(i); int(uint16(v)) == i && !taken[i] { // a type of one byte has few of the indices
			return v, true
		}
	}
	return 0, false
}

func fillHidden[T numeric.Number](values []T, hidden []bool, none T) {
	bands := len(values) / len(hidden)
	for i, h := range hidden {
		if h {
			for b := range bands {
				values[i*bands+b] = none
			}
		}
	}
}

// hideInFloats turns the array to floats, which have NaN.
func (c *content) hideInFloats(hidden []bool) {
	if c.array.Type.Size() > 2 {
		c.array = &numeric.Array{Shape: c.array.Shape, Type: numeric.Float64, Data: converted[float64](c.array)}
		fillHidden(c.array.Data.([]float64), hidden, math.NaN())
		return
	}
	c.array = &numeric.Array{Shape: c.array.Shape, Type: numeric.Float32, Data: c.array.Float32s()}
	fillHidden(c.array.Data.([]float32), hidden, nan32)
}
