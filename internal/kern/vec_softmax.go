package kern

import "math"

// SoftmaxRows turns each row into a probability distribution:
//
//	lse[r] = log(sum over c of exp(scale*x[r*ldx+c]))
//	dst[r*ldd+c] = exp(scale*x[r*ldx+c] - lse[r])
//
// The row's greatest score is subtracted first, so no score is too large. A
// score of -Inf has probability 0; a row with a NaN, or with nothing above
// -Inf, becomes NaN. Rows start ldd and ldx elements apart and what lies
// between them is left alone. dst may be x, with the same stride. lse holds
// rows elements or is nil. A negative scale always takes the portable path.
func SoftmaxRows(dst []float32, ldd int, x []float32, ldx int, rows, cols int, scale float32, lse []float32) {
	checkRows("SoftmaxRows", "dst", dst, ldd, rows, cols)
	checkRows("SoftmaxRows", "x", x, ldx, rows, cols)
	if lse != nil {
		checkLen("SoftmaxRows", "lse", lse, rows)
	}
	if cols == 0 {
		return
	}
	for r0 := 0; r0 < rows; r0 += softmaxChunk {
		n := min(softmaxChunk, rows-r0)
		var most, sum [softmaxChunk]float32
		dst, x := dst[r0*ldd:], x[r0*ldx:]
		if scale >= 0 && asmSoftmaxMax(&most[0], &x[0], ldx, n, cols, scale) {
			asmSoftmaxExp(&dst[0], ldd, &x[0], ldx, &most[0], &sum[0], n, cols, scale)
			asmSoftmaxLog(&most[0], &sum[0], n)
			asmScaleRows(&dst[0], ldd, &sum[0], n, cols)
		} else {
			for r := range n {
				most[r] = softmaxRow(dst[r*ldd:][:cols], x[r*ldx:][:cols], scale)
			}
		}
		if lse != nil {
			copy(lse[r0:], most[:n])
		}
	}
}

// softmaxChunk is the number of rows that go through each step of softmax
// together: enough to hide the latency of a row's sums, few enough that the
// rows stay in the first-level cache.
const softmaxChunk = 16

// softmaxRow is one row of SoftmaxRows; it returns the row's lse.
func softmaxRow(dst, x []float32, scale float32) float32 {
	most := float32(math.Inf(-1))
	for _, v := range x {
		if v := scale * v; v > most {
			most = v
		}
	}
	var sum float64
	for c, v := range x {
		e := expNegative(float32(scale*v) - most)
		dst[c] = e
		sum += float64(e)
	}
	Scale(dst, dst, float32(1/sum))
	return float32(float64(most) + math.Log(sum))
}

// SoftmaxFromLSE computes probabilities again from scores and the lse of
// SoftmaxRows, as attention's backward pass does:
//
//	dst[r*ldd+c] = exp(scale*x[r*ldx+c] - lse[r])
//
// dst may be x, with the same stride.
func SoftmaxFromLSE(dst []float32, ldd int, x []float32, ldx int, rows, cols int, scale float32, lse []float32) {
	checkRows("SoftmaxFromLSE", "dst", dst, ldd, rows, cols)
	checkRows("SoftmaxFromLSE", "x", x, ldx, rows, cols)
	checkLen("SoftmaxFromLSE", "lse", lse, rows)
	if rows == 0 || cols == 0 || asmSoftmaxFromLSE(&dst[0], ldd, &x[0], ldx, &lse[0], rows, cols, scale) {
		return
	}
	for r := range rows {
		d := dst[r*ldd:][:cols]
		for c, v := range x[r*ldx:][:cols] {
			d[c] = expNegative(float32(scale*v) - lse[r])
		}
	}
}

// SoftmaxBackwardRows is the gradient of SoftmaxRows with respect to x, given
// its output y:
//
//	t = sum over c of dy[r*ldy+c]*y[r*ld+c]
//	dx[r*ldx+c] = scale * y[r*ld+c] * (dy[r*ldy+c] - t)
//
// dx may be dy or y, with the same stride.
func SoftmaxBackwardRows(dx []float32, ldx int, dy []float32, ldy int, y []float32, ld int, rows, cols int, scale float32) {
	checkRows("SoftmaxBackwardRows", "dx", dx, ldx, rows, cols)
	checkRows("SoftmaxBackwardRows", "dy", dy, ldy, rows, cols)
	checkRows("SoftmaxBackwardRows", "y", y, ld, rows, cols)
	if rows == 0 || cols == 0 || asmSoftmaxBackward(&dx[0], ldx, &dy[0], ldy, &y[0], ld, rows, cols, scale) {
		return
	}
	for r := range rows {
		dx, dy, y := dx[r*ldx:][:cols], dy[r*ldy:][:cols], y[r*ld:][:cols]
		var t float64
		for c, v := range dy {
			t += float64(v) * float64(y[c])
		}
		for c, v := range dy {
			dx[c] = scale * y[c] * (v - float32(t))
		}
	}
}
