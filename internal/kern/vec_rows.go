package kern

import "math"

// The row kernels take matrices of rows x cols elements whose rows start ld
// elements apart, ld >= cols. What lies between the rows is neither read nor
// written. A destination may be the same matrix as an input, with the same
// stride.

// ScaleShiftRows applies one scale and one shift per column, a BatchNorm in
// inference, and after it the rectifier if relu is set:
//
//	dst[r*ldd+c] = x[r*ldx+c]*scale[c] + shift[c]
func ScaleShiftRows(dst []float32, ldd int, x []float32, ldx int, scale, shift []float32, rows, cols int, relu bool) {
	checkRows("ScaleShiftRows", "dst", dst, ldd, rows, cols)
	checkRows("ScaleShiftRows", "x", x, ldx, rows, cols)
	checkLen("ScaleShiftRows", "scale", scale, cols)
	checkLen("ScaleShiftRows", "shift", shift, cols)
	floor := float32(math.Inf(-1))
	if relu {
		floor = 0
	}
	if rows == 0 || cols == 0 || asmScaleShiftRows(&dst[0], ldd, &x[0], ldx, &scale[0], &shift[0], rows, cols, floor) {
		return
	}
	for r := range rows {
		d, s := dst[r*ldd:][:cols], x[r*ldx:][:cols]
		for c, v := range s {
			d[c] = max(float32(v*scale[c])+shift[c], floor)
		}
	}
}

// columnChunk is the number of rows that the column sums add up before they
// touch the destination: it keeps a chunk in cache while its columns are taken
// in turn, and keeps the rounding error of long sums down.
const columnChunk = 128

// ColSum adds up columns, a bias gradient; it accumulates:
//
//	dst[c] += x[r*ld+c]
func ColSum(dst []float32, x []float32, ld, rows, cols int) {
	checkRows("ColSum", "x", x, ld, rows, cols)
	checkLen("ColSum", "dst", dst, cols)
	if cols == 0 {
		return
	}
	for r0 := 0; r0 < rows; r0 += columnChunk {
		x, n := x[r0*ld:], min(columnChunk, rows-r0)
		if asmColSum(&dst[0], &x[0], ld, n, cols) {
			continue
		}
		for c := range cols {
			var s float32
			for r := range n {
				s += x[r*ld+c]
			}
			dst[c] += s
		}
	}
}

// ColMoments accumulates the first two moments of each column about shift, as
// BatchNorm's statistics need them; a shift near the mean keeps the variance
// exact:
//
//	d = x[r*ld+c] - shift[c];  sum[c] += d;  sumsq[c] += d * d
func ColMoments(sum, sumsq []float32, x []float32, ld, rows, cols int, shift []float32) {
	checkRows("ColMoments", "x", x, ld, rows, cols)
	checkLen("ColMoments", "sum", sum, cols)
	checkLen("ColMoments", "sumsq", sumsq, cols)
	checkLen("ColMoments", "shift", shift, cols)
	if cols == 0 {
		return
	}
	for r0 := 0; r0 < rows; r0 += columnChunk {
		x, n := x[r0*ld:], min(columnChunk, rows-r0)
		if asmColMoments(&sum[0], &sumsq[0], &x[0], &shift[0], ld, n, cols) {
			continue
		}
		for c := range cols {
			var s, q float32
			for r := range n {
				d := x[r*ld+c] - shift[c]
				s += d
				q += float32(d * d)
			}
			sum[c] += s
			sumsq[c] += q
		}
	}
}

// ColDot accumulates the inner product of each column of x with that of y:
//
//	dst[c] += x[r*ldx+c] * y[r*ldy+c]
func ColDot(dst []float32, x, y []float32, ldx, ldy, rows, cols int) {
	checkRows("ColDot", "x", x, ldx, rows, cols)
	checkRows("ColDot", "y", y, ldy, rows, cols)
	checkLen("ColDot", "dst", dst, cols)
	if cols == 0 {
		return
	}
	for r0 := 0; r0 < rows; r0 += columnChunk {
		x, y, n := x[r0*ldx:], y[r0*ldy:], min(columnChunk, rows-r0)
		if asmColDot(&dst[0], &x[0], &y[0], ldx, ldy, n, cols) {
			continue
		}
		for c := range cols {
			var s float32
			for r := range n {
				s += float32(x[r*ldx+c] * y[r*ldy+c])
			}
			dst[c] += s
		}
	}
}
