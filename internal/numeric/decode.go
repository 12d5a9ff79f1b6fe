package numeric

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Format is how one element lies in a file.
type Format struct {
	Type      Type
	BigEndian bool
	Half      bool // IEEE 754 binary16; Type is then Float32
}

// Size returns the stored bytes of one element.
func (f Format) Size() int {
	if f.Half {
		return 2
	}
	return f.Type.Size()
}

func (f Format) String() string {
	name := f.Type.String()
	if f.Half {
		name = "float16"
	}
	if f.BigEndian {
		name += " (big-endian)"
	}
	return name
}

// decode converts the stored elements of b into dst, whose length says how many
// there are, all little-endian. Integers may be stored in any integer type
// that holds their value; floats are never turned into integers.
func decode[T Number](dst []T, b []byte, f Format) error {
	le := binary.LittleEndian
	switch {
	case f.Half:
		return convert(dst, func(i int) float32 { return halfToFloat(le.Uint16(b[2*i:])) })
	case f.Type == Int8:
		return convert(dst, func(i int) int8 { return int8(b[i]) })
	case f.Type == Uint8:
		return convert(dst, func(i int) uint8 { return b[i] })
	case f.Type == Int16:
		return convert(dst, func(i int) int16 { return int16(le.Uint16(b[2*i:])) })
	case f.Type == Uint16:
		return convert(dst, func(i int) uint16 { return le.Uint16(b[2*i:]) })
	case f.Type == Int32:
		return convert(dst, func(i int) int32 { return int32(le.Uint32(b[4*i:])) })
	case f.Type == Uint32:
		return convert(dst, func(i int) uint32 { return le.Uint32(b[4*i:]) })
	case f.Type == Int64:
		return convert(dst, func(i int) int64 { return int64(le.Uint64(b[8*i:])) })
	case f.Type == Uint64:
		return convert(dst, func(i int) uint64 { return le.Uint64(b[8*i:]) })
	case f.Type == Float32:
		return convert(dst, func(i int) float32 { return math.Float32frombits(le.Uint32(b[4*i:])) })
	default:
		return convert(dst, func(i int) float64 { return math.Float64frombits(le.Uint64(b[8*i:])) })
	}
}

// convert fills dst from the stored elements that at returns.
func convert[T, S Number](dst []T, at func(int) S) error {
	if isFloat[T]() {
		for i := range dst {
			dst[i] = T(at(i))
		}
		return nil
	}
	if isFloat[S]() {
		return fmt.Errorf("integers stored as floats")
	}
	for i := range dst {
		v := at(i)
		dst[i] = T(v)
		if S(dst[i]) != v || (v < 0) != (dst[i] < 0) {
			return fmt.Errorf("stored value %v does not fit its element type %T", v, dst[i])
		}
	}
	return nil
}

func isFloat[T Number]() bool {
	half := 0.5
	return T(half) != 0
}

// swapBytes reverses each group of size bytes.
func swapBytes(b []byte, size int) {
	le, be := binary.LittleEndian, binary.BigEndian
	switch size {
	case 2:
		for i := 0; i+2 <= len(b); i += 2 {
			le.PutUint16(b[i:], be.Uint16(b[i:]))
		}
	case 4:
		for i := 0; i+4 <= len(b); i += 4 {
			le.PutUint32(b[i:], be.Uint32(b[i:]))
		}
	case 8:
		for i := 0; i+8 <= len(b); i += 8 {
			le.PutUint64(b[i:], be.Uint64(b[i:]))
		}
	}
}

// halfToFloat widens an IEEE 754 binary16 value, exactly.
func halfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp, frac := uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // zero and subnormals: frac * 2^-24
		f := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(f))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
