package tiff

import "fmt"

// LZW's special codes and code widths, TIFF 6.0 section 13.
const (
	lzwClear    = 256
	lzwEnd      = 257
	lzwFirst    = 258
	lzwMinWidth = 9
	lzwMaxWidth = 12
)

// unpackLZW undoes TIFF's LZW: codes are packed from the high bit down and grow
// one code early, which is why compress/lzw cannot read them. Each table entry
// is a stretch of the output: what an older code stood for, and one byte more.
func unpackLZW(dst, src []byte, want int) ([]byte, error) {
	if len(src) >= 2 && src[0] == 0 && src[1]&1 == 1 {
		return nil, unsupported("LZW as it was before TIFF 6.0")
	}
	var start, length [1 << lzwMaxWidth]int // stretches of dst, from lzwFirst on
	var acc, have uint
	width, next, last := uint(lzwMinWidth), lzwFirst, -1 // last: the previous code, or -1 after a clear
	for len(dst) < want {
		for have < width {
			if len(src) == 0 { // some writers leave out the end code
				return dst, nil
			}
			acc, have = acc<<8|uint(src[0]), have+8
			src = src[1:]
		}
		have -= width
		code := int(acc >> have & (1<<width - 1))
		switch {
		case code == lzwEnd:
			return dst, nil
		case code == lzwClear:
			width, next, last = lzwMinWidth, lzwFirst, -1
			continue
		case code > next || code >= next && last < 0:
			return nil, fmt.Errorf("LZW: code %d appears when %d is the next new one: the file is damaged", code, next)
		}
		grows := last >= 0 && next < 1<<lzwMaxWidth
		if grows { // a new entry: the previous string and the first byte of this one
			n := 1
			if last >= lzwFirst {
				n = length[last]
			}
			start[next], length[next] = len(dst)-n, n+1
		}
		if code < lzwClear {
			dst = append(dst, byte(code))
		} else if from, to := start[code], start[code]+length[code]; to <= len(dst) {
			dst = append(dst, dst[from:to]...)
		} else { // the entry just made, whose last byte is the first of what it makes
			dst = append(append(dst, dst[from:]...), dst[from])
		}
		if grows {
			next++
		}
		if last = code; next+1 == 1<<width && width < lzwMaxWidth {
			width++
		}
	}
	return dst, nil
}
