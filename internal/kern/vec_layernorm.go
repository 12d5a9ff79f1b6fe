package kern

import (
	"fmt"
	"math"
)

// LayerNorm normalises each of rows contiguous rows of cols elements (Ba,
// Kiros and Hinton, 2016), with the variance over cols elements:
//
//	mean[r] = sum over c of x / cols
//	rstd[r] = 1 / sqrt(sum over c of (x-mean[r])^2 / cols + eps)
//	dst = (x-mean[r]) * rstd[r] * gamma[c] + beta[c]
//
// gamma and beta are both nil for plain normalisation. dst may be x.
func LayerNorm(dst, x []float32, rows, cols int, gamma, beta []float32, eps float32, mean, rstd []float32) {
	checkRows("LayerNorm", "dst", dst, cols, rows, cols)
	checkRows("LayerNorm", "x", x, cols, rows, cols)
	checkLen("LayerNorm", "mean", mean, rows)
	checkLen("LayerNorm", "rstd", rstd, rows)
	checkPair("LayerNorm", "gamma", "beta", gamma, beta, cols)
	if cols == 0 {
		return
	}
	for r0 := 0; r0 < rows; r0 += layerNormChunk {
		dst, x, mean, rstd := dst[r0*cols:], x[r0*cols:], mean[r0:], rstd[r0:]
		n := min(layerNormChunk, rows-r0)
		if !layerNormAsm(dst, x, n, cols, gamma, beta, eps, mean, rstd) {
			for r := range n {
				mean[r], rstd[r] = layerNormRow(dst[r*cols:][:cols], x[r*cols:][:cols], gamma, beta, eps)
			}
		}
	}
}

// layerNormChunk is the number of rows that go through each step of LayerNorm
// together, as softmaxChunk.
const layerNormChunk = 16

func layerNormAsm(dst, x []float32, rows, cols int, gamma, beta []float32, eps float32, mean, rstd []float32) bool {
	inverse := 1 / float32(cols)
	if !asmRowMean(&mean[0], &x[0], rows, cols, inverse) {
		return false
	}
	asmRowVariance(&rstd[0], &x[0], &mean[0], rows, cols)
	asmLayerNormRstd(&rstd[0], rows, inverse, eps)
	if gamma == nil {
		return asmNormalise(&dst[0], &x[0], &mean[0], &rstd[0], rows, cols)
	}
	return asmLayerNorm(&dst[0], &x[0], &gamma[0], &beta[0], &mean[0], &rstd[0], rows, cols)
}

// layerNormRow is one row of LayerNorm.
func layerNormRow(dst, x, gamma, beta []float32, eps float32) (mean, rstd float32) {
	var sum, sq float64
	for _, v := range x {
		sum += float64(v)
	}
	m := sum / float64(len(x))
	for _, v := range x {
		sq += (float64(v) - m) * (float64(v) - m)
	}
	mean, rstd = float32(m), float32(1/math.Sqrt(sq/float64(len(x))+float64(eps)))
	for c, v := range x {
		dst[c] = (v - mean) * rstd
		if gamma != nil {
			dst[c] = float32(dst[c]*gamma[c]) + beta[c]
		}
	}
	return mean, rstd
}

// LayerNormBackward is LayerNorm's gradient, given its input x and the mean
// and rstd it saved. With n = (x-mean[r])*rstd[r] and g = dy*gamma[c]
// (g = dy if gamma is nil),
//
//	dx = rstd[r] * (g - mean over c of g - n * mean over c of g*n)
//	dgamma[c] += dy * n
//	dbeta[c] += dy
//
// If accumulate is set dx adds to what is there. dgamma and dbeta always
// accumulate, or are both nil. dx may be dy or x.
func LayerNormBackward(dx, dy, x []float32, rows, cols int, gamma, mean, rstd []float32, dgamma, dbeta []float32, accumulate bool) {
	checkRows("LayerNormBackward", "dx", dx, cols, rows, cols)
	checkRows("LayerNormBackward", "dy", dy, cols, rows, cols)
	checkRows("LayerNormBackward", "x", x, cols, rows, cols)
	checkLen("LayerNormBackward", "mean", mean, rows)
	checkLen("LayerNormBackward", "rstd", rstd, rows)
	checkPair("LayerNormBackward", "dgamma", "dbeta", dgamma, dbeta, cols)
	if gamma != nil {
		checkLen("LayerNormBackward", "gamma", gamma, cols)
	}
	if rows == 0 || cols == 0 {
		return
	}
	if dgamma != nil {
		layerNormParamGrad(dgamma, dbeta, dy, x, rows, cols, mean, rstd)
	}
	var done bool
	inverse := 1 / float32(cols)
	switch {
	case gamma != nil && accumulate:
		done = asmLayerNormGradAdd(&dx[0], &dy[0], &x[0], &gamma[0], &mean[0], &rstd[0], rows, cols, inverse)
	case gamma != nil:
		done = asmLayerNormGrad(&dx[0], &dy[0], &x[0], &gamma[0], &mean[0], &rstd[0], rows, cols, inverse)
	case accumulate:
		done = asmNormaliseGradAdd(&dx[0], &dy[0], &x[0], &mean[0], &rstd[0], rows, cols, inverse)
	default:
		done = asmNormaliseGrad(&dx[0], &dy[0], &x[0], &mean[0], &rstd[0], rows, cols, inverse)
	}
	if !done {
		layerNormGrad(dx, dy, x, rows, cols, gamma, mean, rstd, accumulate)
	}
}

func layerNormGrad(dx, dy, x []float32, rows, cols int, gamma, mean, rstd []float32, accumulate bool) {
	weight := func(c int) float32 {
		if gamma == nil {
			return 1
		}
		return gamma[c]
	}
	for r := range rows {
		dx, dy, x := dx[r*cols:][:cols], dy[r*cols:][:cols], x[r*cols:][:cols]
		var sum, dot float64
		for c, v := range dy {
			g := float64(v * weight(c))
			sum += g
			dot += g * float64((x[c]-mean[r])*rstd[r])
		}
		a, b := float32(sum/float64(cols)), float32(dot/float64(cols))
		for c, v := range dy {
			n := (x[c] - mean[r]) * rstd[r]
			d := rstd[r] * (float32(v*weight(c)) - a - float32(n*b))
			if accumulate {
				d += dx[c]
			}
			dx[c] = d
		}
	}
}

func layerNormParamGrad(dgamma, dbeta, dy, x []float32, rows, cols int, mean, rstd []float32) {
	for r0 := 0; r0 < rows; r0 += columnChunk {
		dy, x, mean, rstd := dy[r0*cols:], x[r0*cols:], mean[r0:], rstd[r0:]
		n := min(columnChunk, rows-r0)
		if asmLayerNormParamGrad(&dgamma[0], &dbeta[0], &dy[0], &x[0], &mean[0], &rstd[0], n, cols) {
			continue
		}
		for c := range cols {
			var g, b float32
			for r := range n {
				d := dy[r*cols+c]
				g += float32(d * ((x[r*cols+c] - mean[r]) * rstd[r]))
				b += d
			}
			dgamma[c] += g
			dbeta[c] += b
		}
	}
}

// checkPair panics unless a and b are both nil or both hold n elements.
func checkPair(op, nameA, nameB string, a, b []float32, n int) {
	if (a == nil) != (b == nil) {
		panic(fmt.Sprintf("kern: %s: only one of %s and %s is nil", op, nameA, nameB))
	}
	if a != nil {
		checkLen(op, nameA, a, n)
		checkLen(op, nameB, b, n)
	}
}
