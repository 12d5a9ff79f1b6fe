package kern

// Transpose writes the transpose of a rows x cols matrix:
//
//	dst[c*ldd+r] = x[r*ldx+c]
//
// The two must not overlap; what lies between the rows of dst is left alone.
func Transpose(dst []float32, ldd int, x []float32, ldx int, rows, cols int) {
	checkRows("Transpose", "dst", dst, ldd, cols, rows)
	checkRows("Transpose", "x", x, ldx, rows, cols)
	if rows == 0 || cols == 0 || asmTranspose(&dst[0], ldd, &x[0], ldx, rows, cols) {
		return
	}
	for r := range rows {
		for c, v := range x[r*ldx:][:cols] {
			dst[c*ldd+r] = v
		}
	}
}
