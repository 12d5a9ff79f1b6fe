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
// rows elements or is nil.
func SoftmaxRows(dst []float32, ldd int, x []float32, ldx int, rows, cols int, scale float32, lse []float32) {
	checkRows("SoftmaxRows", "dst", dst, ldd, rows, cols)
	checkRows("SoftmaxRows", "x", x, ldx, rows, cols)
	if lse != nil {
		checkLen("SoftmaxRows", "lse", lse, rows)
	}
	if rows == 0 || cols == 0 {
		return
	}
	var unwanted float32
	out, step := &unwanted, 0
	if lse != nil {
		out, step = &lse[0], 1
	}
	if asmSoftmax(&dst[0], ldd, &x[0], ldx, out, step, rows, cols, scale) {
		return
	}
	for r := range rows {
		s, d := x[r*ldx:][:cols], dst[r*ldd:][:cols]
		m := math.Inf(-1)
		for _, v := range s {
			m = max(m, float64(scale)*float64(v))
		}
		var sum float64
		for c, v := range s {
			e := math.Exp(float64(scale)*float64(v) - m)
			d[c] = float32(e)
			sum += e
		}
		for c := range d {
			d[c] *= float32(1 / sum)
		}
		if lse != nil {
			lse[r] = float32(m + math.Log(sum))
		}
	}
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
			d[c] = float32(math.Exp(float64(scale)*float64(v) - float64(lse[r])))
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
