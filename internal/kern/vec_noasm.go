package kern

func asmAdd(dst, a, b *float32, n int) bool                          { return false }
func asmSub(dst, a, b *float32, n int) bool                          { return false }
func asmMul(dst, a, b *float32, n int) bool                          { return false }
func asmMulAdd(dst, a, b *float32, n int) bool                       { return false }
func asmAxpy(y, x *float32, n int, alpha float32) bool               { return false }
func asmScale(dst, a *float32, n int, s float32) bool                { return false }
func asmFill(dst *float32, n int, v float32) bool                    { return false }
func asmScaleAdd(dst, a, b *float32, n int, s, t float32) bool       { return false }
func asmExp(dst, x *float32, n int) bool                             { return false }
func asmReLU(dst, x *float32, n int) bool                            { return false }
func asmReLUBackward(dx, dy, y *float32, n int) bool                 { return false }
func asmGELU(dst, x *float32, n int) bool                            { return false }
func asmGELUBackward(dx, dy, x *float32, n int) bool                 { return false }
func asmSwish(dst, x *float32, n int, slope float32) bool            { return false }
func asmSwishBackward(dx, dy, x *float32, n int, slope float32) bool { return false }
func asmSigmoid(dst, x *float32, n int) bool                         { return false }
func asmSum(x *float32, n int) (float32, bool)                       { return 0, false }
func asmDot(x, y *float32, n int) (float32, bool)                    { return 0, false }
func asmMax(x *float32, n int) (float32, bool)                       { return 0, false }
func asmAddRow(dst *float32, ldd int, x *float32, ldx int, row *float32, rows, cols int) bool {
	return false
}
func asmScaleShiftRows(dst *float32, ldd int, x *float32, ldx int, scale, shift *float32, rows, cols int, floor float32) bool {
	return false
}
func asmColSum(dst, x *float32, ld, rows, cols int) bool                       { return false }
func asmColMoments(sum, sumsq, x, shift *float32, ld, rows, cols int) bool     { return false }
func asmColDot(dst, x, y *float32, ldx, ldy, rows, cols int) bool              { return false }
func asmTranspose(dst *float32, ldd int, x *float32, ldx, rows, cols int) bool { return false }
func asmSoftmax(dst *float32, ldd int, x *float32, ldx int, lse *float32, step, rows, cols int, scale float32) bool {
	return false
}
func asmSoftmaxFromLSE(dst *float32, ldd int, x *float32, ldx int, lse *float32, rows, cols int, scale float32) bool {
	return false
}
func asmSoftmaxBackward(dx *float32, ldx int, dy *float32, ldy int, y *float32, ld, rows, cols int, scale float32) bool {
	return false
}
func asmNormalise(dst, x, mean, rstd *float32, rows, cols int, n, eps float32) bool { return false }
func asmLayerNorm(dst, x, gamma, beta, mean, rstd *float32, rows, cols int, n, eps float32) bool {
	return false
}
func asmLayerNormGrad(dx, dy, x, gamma, mean, rstd *float32, rows, cols int, n float32) bool {
	return false
}
func asmLayerNormGradAdd(dx, dy, x, gamma, mean, rstd *float32, rows, cols int, n float32) bool {
	return false
}
func asmNormaliseGrad(dx, dy, x, mean, rstd *float32, rows, cols int, n float32) bool { return false }
func asmNormaliseGradAdd(dx, dy, x, mean, rstd *float32, rows, cols int, n float32) bool {
	return false
}
func asmLayerNormParamGrad(dgamma, dbeta, dy, x, mean, rstd *float32, rows, cols int) bool {
	return false
}
func asmAdam(p, g, m, v *float32, n int, gradScale, l2, keep, beta1, rate1, beta2, rate2, step, invSqrtBias2, epsilon float32) bool {
	return false
}
