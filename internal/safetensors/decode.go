package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

var floatDecoders = map[DType]func(dst []float32, raw []byte) error{
	F64: func(dst []float32, raw []byte) error {
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		}
		return nil
	},
	F32: func(dst []float32, raw []byte) error {
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		return nil
	},
	F16: func(dst []float32, raw []byte) error {
		for i := range dst {
			dst[i] = fromFloat16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
		return nil
	},
	BF16: func(dst []float32, raw []byte) error {
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
		return nil
	},
}

var doubleDecoders = map[DType]func(dst []float64, raw []byte) error{
	F64: func(dst []float64, raw []byte) error {
		for i := range dst {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		return nil
	},
}

var intDecoders = map[DType]func(dst []int64, raw []byte) error{
	I64: func(dst []int64, raw []byte) error {
		for i := range dst {
			dst[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		return nil
	},
	I32: func(dst []int64, raw []byte) error {
		for i := range dst {
			dst[i] = int64(int32(binary.LittleEndian.Uint32(raw[4*i:])))
		}
		return nil
	},
	I16: func(dst []int64, raw []byte) error {
		for i := range dst {
			dst[i] = int64(int16(binary.LittleEndian.Uint16(raw[2*i:])))
		}
		return nil
	},
	I8: func(dst []int64, raw []byte) error {
		for i := range dst {
			dst[i] = int64(int8(raw[i]))
		}
		return nil
	},
	U8: func(dst []int64, raw []byte) error {
		for i := range dst {
			dst[i] = int64(raw[i])
		}
		return nil
	},
	Bool: func(dst []int64, raw []byte) error {
		for i := range dst {
			if raw[i] > 1 {
				return fmt.Errorf("a BOOL is stored as %d, want 0 or 1", raw[i])
			}
			dst[i] = int64(raw[i])
		}
		return nil
	},
}

// fromFloat16 widens an IEEE 754 half: 1 sign, 5 exponent and 10 fraction bits. It is exact.
func fromFloat16(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero or subnormal: fraction * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
