package tiff

import (
	"encoding/binary"

	"diffclip/internal/numeric"
)

// unpredict undoes a predictor on a decoded block in place. Rows are width
// pixels of the given number of samples.
func unpredict(block []byte, predictor, width, samples int, f numeric.Format) {
	row := width * samples * f.Size()
	if predictor == 1 || row == 0 {
		return
	}
	var scratch []byte
	if predictor == 3 {
		scratch = make([]byte, row)
	}
	for ; len(block) >= row; block = block[row:] {
		if predictor == 2 {
			sumSamples(block[:row], samples, f)
		} else {
			sumFloats(block[:row], scratch, samples, f)
		}
	}
}

// order returns the byte order of a format.
func order(f numeric.Format) binary.ByteOrder {
	if f.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// sumSamples undoes horizontal differencing, TIFF 6.0 section 14: each sample is
// stored less the same band's sample to its left. Floats are differenced as the
// integers their bits are.
func sumSamples(row []byte, samples int, f numeric.Format) {
	bo, size := order(f), f.Size()
	back := samples * size
	for i := back; i+size <= len(row); i += size {
		switch size {
		case 1:
			row[i] += row[i-back]
		case 2:
			bo.PutUint16(row[i:], bo.Uint16(row[i:])+bo.Uint16(row[i-back:]))
		case 4:
			bo.PutUint32(row[i:], bo.Uint32(row[i:])+bo.Uint32(row[i-back:]))
		case 8:
			bo.PutUint64(row[i:], bo.Uint64(row[i:])+bo.Uint64(row[i-back:]))
		}
	}
}

// sumFloats undoes the floating-point predictor, Adobe Technical Note 3: the
// first bytes of all samples of the row come first, then all second bytes and so
// on, most significant first in either byte order, and each is stored less the
// byte one pixel before.
func sumFloats(row, scratch []byte, samples int, f numeric.Format) {
	for i := samples; i < len(row); i++ {
		row[i] += row[i-samples]
	}
	copy(scratch, row)
	size := f.Size()
	n := len(row) / size
	for k := range size {
		to := k
		if !f.BigEndian {
			to = size - 1 - k
		}
		for i, v := range scratch[k*n : (k+1)*n] {
			row[i*size+to] = v
		}
	}
}

// diffSamples applies horizontal differencing to a row of 16-bit samples.
func diffSamples(row []byte, samples int) {
	le := binary.LittleEndian
	for i := len(row) - 2; i >= 2*samples; i -= 2 {
		le.PutUint16(row[i:], le.Uint16(row[i:])-le.Uint16(row[i-2*samples:]))
	}
}

// diffFloats applies the floating-point predictor to a row of 32-bit samples.
func diffFloats(row, scratch []byte, samples int) {
	copy(scratch, row)
	n := len(row) / 4
	for i := range n {
		for k := range 4 {
			row[k*n+i] = scratch[4*i+3-k]
		}
	}
	for i := len(row) - 1; i >= samples; i-- {
		row[i] -= row[i-samples]
	}
}
