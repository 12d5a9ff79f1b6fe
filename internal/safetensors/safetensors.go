// Package safetensors reads and writes the safetensors format: eight bytes that give the length of a JSON header
// (little-endian), the header, and the tensors' data in little-endian, row-major order.
//
//	{"__metadata__": {"key": "value"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
//
// The reader trusts nothing: it accepts a file only if every tensor's range has the size its shape and type call
// for, and the ranges cover the data exactly once. Nothing is allocated that the file is not long enough to hold.
// The format is described at https://github.com/huggingface/safetensors.
package safetensors

import (
	"fmt"
	"math"
	"strings"
)

const (
	metadataKey = "__metadata__"
	lengthSize  = 8         // bytes before the header
	maxHeader   = 100 << 20 // bytes; the limit of the format's reference reader
)

// DType is the type of a tensor's elements, as the format spells it.
type DType string

// The types that can be read.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

var dtypes = []DType{F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool}

// Size returns the bytes of one element, and 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case F64, I64:
		return 8
	case F32, I32:
		return 4
	case F16, BF16, I16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	return 0
}

func knownDTypes() string {
	var names []string
	for _, d := range dtypes {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}

// Info describes a tensor in a file.
type Info struct {
	Name  string
	DType DType
	Shape []int // empty for a scalar

	begin, end int64 // range in the data, which starts after the header
}

// Elements returns the number of elements, the product of the shape.
func (i Info) Elements() int { return int(i.end-i.begin) / i.DType.Size() }

// byteSize returns the size of a tensor's data. Sizes of zero do not hide an overflow of the others.
func byteSize(d DType, shape []int) (int64, error) {
	size, empty := int64(d.Size()), false
	for _, n := range shape {
		switch {
		case n < 0:
			return 0, fmt.Errorf("shape %v has a negative size", shape)
		case n == 0:
			empty = true
		case size > math.MaxInt/int64(n):
			return 0, fmt.Errorf("shape %v of %s has more bytes than can be addressed", shape, d)
		default:
			size *= int64(n)
		}
	}
	if empty {
		return 0, nil
	}
	return size, nil
}
