// Package interleave turns samples stored band by band into samples stored pixel
// by pixel.
package interleave

import (
	"encoding/binary"
	"fmt"
)

// Band puts the samples src of one band, of size bytes each (1, 2, 4 or 8), into
// the pixels of dst, which have the given number of bands.
//
//	dst[(i*bands + band)*size :][:size] = src[i*size :][:size]
//
// It panics where dst is too short or the size is another.
func Band(dst, src []byte, band, bands, size int) {
	ne := binary.NativeEndian
	at, step := band*size, bands*size
	switch size {
	case 1:
		for _, v := range src {
			dst[at] = v
			at += step
		}
	case 2:
		for i := 0; i+2 <= len(src); i += 2 {
			ne.PutUint16(dst[at:], ne.Uint16(src[i:]))
			at += step
		}
	case 4:
		for i := 0; i+4 <= len(src); i += 4 {
			ne.PutUint32(dst[at:], ne.Uint32(src[i:]))
			at += step
		}
	case 8:
		for i := 0; i+8 <= len(src); i += 8 {
			ne.PutUint64(dst[at:], ne.Uint64(src[i:]))
			at += step
		}
	default:
		panic(fmt.Sprintf("interleave.Band: samples of %d bytes", size))
	}
}
