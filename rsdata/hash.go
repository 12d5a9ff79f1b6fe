package rsdata

import (
	"encoding/binary"
	"hash/fnv"
)

// HashPixels returns a number that tells lists of window centres apart, so that
// a resumed run can check that it sees the windows it began with.
func HashPixels(pixels []Pixel) uint64 {
	h := fnv.New64a()
	var b [12]byte
	for _, p := range pixels {
		binary.LittleEndian.PutUint32(b[0:], uint32(p.Scene))
		binary.LittleEndian.PutUint32(b[4:], uint32(p.Row))
		binary.LittleEndian.PutUint32(b[8:], uint32(p.Col))
		h.Write(b[:])
	}
	return h.Sum64()
}

// HashSamples is HashPixels for labelled windows, labels included.
func HashSamples(samples []Sample) uint64 {
	h := fnv.New64a()
	var b [13]byte
	for _, s := range samples {
		binary.LittleEndian.PutUint32(b[0:], uint32(s.Scene))
		binary.LittleEndian.PutUint32(b[4:], uint32(s.Row))
		binary.LittleEndian.PutUint32(b[8:], uint32(s.Col))
		b[12] = s.Label
		h.Write(b[:])
	}
	return h.Sum64()
}
