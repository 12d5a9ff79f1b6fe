// Package numeric holds what every reader of array files returns: a dense
// row-major array in the file's own element type, and a tree of named values
// for files that nest them.
//
// It also holds the one decoder those readers share (Read, Placer): it turns a
// stream of stored elements, of any width and byte order and in row-major or
// column-major order, into an Array with bounded extra memory.
package numeric

import (
	"fmt"
	"math"
)

// Type is the type of an array's elements.
type Type uint8

// The element types. Half-precision floats are widened to Float32 on reading
// and logical values are Uint8 (0 or 1).
const (
	Int8 Type = iota + 1
	Uint8
	Int16
	Uint16
	Int32
	Uint32
	Int64
	Uint64
	Float32
	Float64
)

var types = [...]struct {
	name string
	size int
}{
	Int8: {"int8", 1}, Uint8: {"uint8", 1}, Int16: {"int16", 2}, Uint16: {"uint16", 2}, Int32: {"int32", 4},
	Uint32: {"uint32", 4}, Int64: {"int64", 8}, Uint64: {"uint64", 8}, Float32: {"float32", 4}, Float64: {"float64", 8},
}

// Valid reports whether t is one of the element types.
func (t Type) Valid() bool { return t >= Int8 && t <= Float64 }

// IsFloat reports whether t is Float32 or Float64.
func (t Type) IsFloat() bool { return t == Float32 || t == Float64 }

// Size returns the bytes of one element; 0 where t is not valid.
func (t Type) Size() int {
	if !t.Valid() {
		return 0
	}
	return types[t].size
}

// String returns Go's name of the type, such as "uint16".
func (t Type) String() string {
	if !t.Valid() {
		return fmt.Sprintf("numeric.Type(%d)", uint8(t))
	}
	return types[t].name
}

// Number is any Go type that is an element type.
type Number interface {
	int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64
}

// Array is a dense row-major (C order) numeric array as it lies in a file, in
// the file's own element type.
type Array struct {
	Shape []int // an empty shape is a scalar: one element
	Type  Type
	Data  any // []int8, []uint8, ... matching Type, always row-major
}

// Count returns the number of elements of shape, or an error where a dimension
// is negative or the product does not fit an int.
func Count(shape []int) (int, error) {
	n, empty := 1, false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("negative dimension in shape %v", shape)
		case d == 0:
			empty = true
		case n > math.MaxInt/d:
			return 0, fmt.Errorf("shape %v has too many elements", shape)
		default:
			n *= d
		}
	}
	if empty {
		return 0, nil
	}
	return n, nil
}

// New returns an array of zeros. It panics where the type is not valid or the
// shape does not fit an int: a reader checks both first.
func New(t Type, shape []int) *Array {
	n, err := Count(shape)
	if err != nil {
		panic("numeric.New: " + err.Error())
	}
	a := &Array{Shape: append([]int(nil), shape...), Type: t}
	switch t {
	case Int8:
		a.Data = make([]int8, n)
	case Uint8:
		a.Data = make([]uint8, n)
	case Int16:
		a.Data = make([]int16, n)
	case Uint16:
		a.Data = make([]uint16, n)
	case Int32:
		a.Data = make([]int32, n)
	case Uint32:
		a.Data = make([]uint32, n)
	case Int64:
		a.Data = make([]int64, n)
	case Uint64:
		a.Data = make([]uint64, n)
	case Float32:
		a.Data = make([]float32, n)
	case Float64:
		a.Data = make([]float64, n)
	default:
		panic("numeric.New: " + t.String())
	}
	return a
}

// Of returns an array that holds data, without a copy, as many as shape says.
func Of[T Number](data []T, shape ...int) *Array {
	a := &Array{Shape: shape, Data: data}
	switch a.Data.(type) {
	case []int8:
		a.Type = Int8
	case []uint8:
		a.Type = Uint8
	case []int16:
		a.Type = Int16
	case []uint16:
		a.Type = Uint16
	case []int32:
		a.Type = Int32
	case []uint32:
		a.Type = Uint32
	case []int64:
		a.Type = Int64
	case []uint64:
		a.Type = Uint64
	case []float32:
		a.Type = Float32
	default:
		a.Type = Float64
	}
	return a
}

// Len returns the number of elements.
func (a *Array) Len() int {
	switch d := a.Data.(type) {
	case []int8:
		return len(d)
	case []uint8:
		return len(d)
	case []int16:
		return len(d)
	case []uint16:
		return len(d)
	case []int32:
		return len(d)
	case []uint32:
		return len(d)
	case []int64:
		return len(d)
	case []uint64:
		return len(d)
	case []float32:
		return len(d)
	case []float64:
		return len(d)
	}
	panic(a.unknown("Len"))
}

// At64 returns element i, in row-major order, as a float64. 64-bit integers
// beyond 2^53 are rounded to the nearest float64.
func (a *Array) At64(i int) float64 {
	switch d := a.Data.(type) {
	case []int8:
		return float64(d[i])
	case []uint8:
		return float64(d[i])
	case []int16:
		return float64(d[i])
	case []uint16:
		return float64(d[i])
	case []int32:
		return float64(d[i])
	case []uint32:
		return float64(d[i])
	case []int64:
		return float64(d[i])
	case []uint64:
		return float64(d[i])
	case []float32:
		return float64(d[i])
	case []float64:
		return d[i]
	}
	panic(a.unknown("At64"))
}

// Float32s returns a copy converted to float32, each element rounded to nearest.
func (a *Array) Float32s() []float32 {
	switch d := a.Data.(type) {
	case []int8:
		return floats(d)
	case []uint8:
		return floats(d)
	case []int16:
		return floats(d)
	case []uint16:
		return floats(d)
	case []int32:
		return floats(d)
	case []uint32:
		return floats(d)
	case []int64:
		return floats(d)
	case []uint64:
		return floats(d)
	case []float32:
		return floats(d)
	case []float64:
		return floats(d)
	}
	panic(a.unknown("Float32s"))
}

func floats[T Number](src []T) []float32 {
	dst := make([]float32, len(src))
	for i, v := range src {
		dst[i] = float32(v)
	}
	return dst
}

// Ints returns a copy converted to int, or an error that names the first element
// that is not an integer or does not fit.
func (a *Array) Ints() ([]int, error) {
	switch d := a.Data.(type) {
	case []int8:
		return ints(d, a.Shape)
	case []uint8:
		return ints(d, a.Shape)
	case []int16:
		return ints(d, a.Shape)
	case []uint16:
		return ints(d, a.Shape)
	case []int32:
		return ints(d, a.Shape)
	case []uint32:
		return ints(d, a.Shape)
	case []int64:
		return ints(d, a.Shape)
	case []uint64:
		return ints(d, a.Shape)
	case []float32:
		return ints(d, a.Shape)
	case []float64:
		return ints(d, a.Shape)
	}
	panic(a.unknown("Ints"))
}

func ints[T Number](src []T, shape []int) ([]int, error) {
	const edge = float64(1 << 63)
	dst := make([]int, len(src))
	for i, v := range src {
		f := float64(v)
		if f >= -edge && f < edge {
			if k := int(v); T(k) == v {
				dst[i] = k
				continue
			}
		} else if u := any(v); f == edge { // uint64 or int64 that rounds up to 2^63 as a float
			if k, ok := u.(int64); ok {
				dst[i] = int(k)
				continue
			}
			if k, ok := u.(uint64); ok && k <= math.MaxInt64 {
				dst[i] = int(k)
				continue
			}
		}
		return nil, fmt.Errorf("element %v of shape %v is %v, not an integer that fits", index(i, shape), shape, v)
	}
	return dst, nil
}

// index returns the subscripts of row-major element i.
func index(i int, shape []int) []int {
	at := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return at
}

func (a *Array) unknown(op string) string {
	return fmt.Sprintf("numeric.Array.%s: Data is %T, not a slice of an element type", op, a.Data)
}
