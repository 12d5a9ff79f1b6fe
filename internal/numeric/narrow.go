package numeric

import (
	"math"
	"unsafe"
)

// A narrow array holds 16-bit words, unsigned until a negative value arrives and
// signed from then on, which leaves the words as they are: no value so far is
// beyond what both hold, or the array is widened.

// pack decodes a block of little-endian stored elements into words and reports
// whether the array can stay narrow; where not, nothing has changed. Elements of
// the block that lie beyond the array's edges count like others: they can only
// make it wider.
func (p *Placer) pack(dst []uint16, b []byte, f Format) bool {
	var wide [512]float64 // small enough for the stack and the first-level cache
	lo, hi := int32(0), int32(0)
	for size := f.Size(); len(b) > 0; {
		values := wide[:min(len(wide), len(b)/size)]
		if decode(values, b[:len(values)*size], f) != nil {
			return false
		}
		for i, v := range values {
			k := int32(v)
			if float64(k) != v || k < math.MinInt16 || k > math.MaxUint16 {
				return false
			}
			lo, hi = min(lo, k), max(hi, k)
			dst[i] = uint16(k)
		}
		b, dst = b[len(values)*size:], dst[len(values):]
	}
	if lo < 0 && hi > math.MaxInt16 {
		return false
	}
	return p.sign(lo < 0, hi > math.MaxInt16)
}

// sign settles the words' sign for a block that holds negative or large values;
// false where the array holds the other kind.
func (p *Placer) sign(negative, large bool) bool {
	switch {
	case p.Array.Type == Int16:
		return !large
	case negative && p.large:
		return false
	case negative:
		p.Array.Type = Int16
		p.Array.Data = unsafe.Slice((*int16)(unsafe.Pointer(unsafe.SliceData(p.words))), len(p.words))
	}
	p.large = p.large || large
	return true
}

// widen turns a narrow array into one of Float32, which holds every value of 16
// bits exactly.
func (p *Placer) widen() {
	p.Array.Data, p.Array.Type = p.Array.Float32s(), Float32
	p.words = nil
}
