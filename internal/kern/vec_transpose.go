package kern

// Transpose writes the transpose of a rows x cols matrix:
//
//	dst[c*ldd+r] = x[r*ldx+c]
//
// The two must not overlap; what lies between the rows of dst is left alone.
func Transpose(dst []float32, ldd int, x []float32, ldx int, rows, cols int) {
	checkRows("Transpose", "dst", dst, ldd, cols, rows)
	checkRows("Transpose", "x", x, ldx, rows, cols)
	if rows == 0 || cols == 0 {
		return
	}
	if cols >= 4 {
		for _, height := range [...]int{16, 8, 4} {
			if rows >= height && transposeStrips(height, dst, ldd, x, ldx, rows, cols) {
				return
			}
		}
	}
	for r := range rows {
		for c, v := range x[r*ldx:][:cols] {
			dst[c*ldd+r] = v
		}
	}
}

// transposeStrips transposes strips of height rows and steps of 4 columns. The
// last strip and the last step overlap the ones before them, so that every
// access is whole.
func transposeStrips(height int, dst []float32, ldd int, x []float32, ldx, rows, cols int) bool {
	for r := 0; r < rows; r += height {
		r := min(r, rows-height)
		if !transposeStrip(height, &dst[r], ldd, &x[r*ldx], ldx, cols/4) {
			return false
		}
		if c := cols - 4; cols%4 != 0 {
			transposeStrip(height, &dst[c*ldd+r], ldd, &x[r*ldx+c], ldx, 1)
		}
	}
	return true
}

func transposeStrip(height int, dst *float32, ldd int, x *float32, ldx, quads int) bool {
	switch height {
	case 16:
		return asmTranspose16(dst, ldd, x, ldx, quads)
	case 8:
		return asmTranspose8(dst, ldd, x, ldx, quads)
	}
	return asmTranspose4(dst, ldd, x, ldx, quads)
}
