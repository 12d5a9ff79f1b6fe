package kern

import "math"

// The activations take slices of one length. A destination may be the same
// slice as any input. NaN stays NaN; at -Inf and +Inf an activation takes its
// limit and a derivative its limit.

// Exp is the exponential, to 2 ulp where the result is a normal number:
//
//	dst[i] = exp(x[i])
//
// It underflows gradually to 0 and overflows to +Inf.
func Exp(dst, x []float32) {
	n := sameLen("Exp", dst, x)
	if n == 0 || asmExp(&dst[0], &x[0], n) {
		return
	}
	for i, v := range x {
		dst[i] = float32(math.Exp(float64(v)))
	}
}

// ReLU is the rectifier:
//
//	dst[i] = max(x[i], 0)
func ReLU(dst, x []float32) {
	n := sameLen("ReLU", dst, x)
	if n == 0 || asmRelu(&dst[0], &x[0], n) {
		return
	}
	for i, v := range x {
		dst[i] = max(v, 0)
	}
}

// ReLUBackward is ReLU's gradient, given its output y (or its input, which has
// the same sign):
//
//	dx[i] = dy[i] if y[i] > 0, else 0
func ReLUBackward(dx, dy, y []float32) {
	n := sameLen("ReLUBackward", dx, dy, y)
	if n == 0 || asmReluBackward(&dx[0], &dy[0], &y[0], n) {
		return
	}
	for i, v := range y {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}

// Beyond this magnitude every gate of this file is 0 or 1 in float32, so that
// clamping to it turns Inf*0 into the limit.
const gateLimit = 128

func clampGate(x float32) float64 {
	return float64(max(min(x, gateLimit), -gateLimit))
}

// GELU is the Gaussian error linear unit in its exact form (Hendrycks and
// Gimpel, 2016):
//
//	dst[i] = x[i] * Phi(x[i]),  Phi(x) = erfc(-x/sqrt(2)) / 2
func GELU(dst, x []float32) {
	n := sameLen("GELU", dst, x)
	if n == 0 || asmGelu(&dst[0], &x[0], n) {
		return
	}
	for i, v := range x {
		a, _, tail := gaussianTail(v)
		if v < 0 {
			dst[i] = -a * tail
		} else {
			dst[i] = v - float32(a*tail)
		}
	}
}

// GELUBackward is GELU's gradient, given its input x:
//
//	dx[i] = dy[i] * (Phi(x) + x*phi(x)),  phi(x) = exp(-x*x/2) / sqrt(2*pi)
func GELUBackward(dx, dy, x []float32) {
	n := sameLen("GELUBackward", dx, dy, x)
	if n == 0 || asmGeluBackward(&dx[0], &dy[0], &x[0], n) {
		return
	}
	for i, v := range x {
		a, density, tail := gaussianTail(v)
		slope := tail - float32(float32(a*(1/sqrt2Pi))*density) // at -a
		if v > 0 {
			slope = 1 - slope
		}
		dx[i] = dy[i] * slope
	}
}

// sqrt2Pi is the square root of 2*pi.
const sqrt2Pi = 2.50662827463100050241576528481104525

// quickGELUSlope is the slope inside QuickGELU's sigmoid, as CLIP has it.
const quickGELUSlope = 1.702

// QuickGELU is the sigmoid approximation of GELU that CLIP uses:
//
//	dst[i] = x[i] * sigmoid(1.702*x[i])
func QuickGELU(dst, x []float32) { swish("QuickGELU", dst, x, quickGELUSlope) }

// QuickGELUBackward is QuickGELU's gradient, given its input x:
//
//	s = sigmoid(1.702*x[i]);  dx[i] = dy[i] * s * (1 + 1.702*x[i]*(1-s))
func QuickGELUBackward(dx, dy, x []float32) {
	swishBackward("QuickGELUBackward", dx, dy, x, quickGELUSlope)
}

// SiLU is the sigmoid linear unit, or swish:
//
//	dst[i] = x[i] * sigmoid(x[i])
func SiLU(dst, x []float32) { swish("SiLU", dst, x, 1) }

// SiLUBackward is SiLU's gradient, given its input x:
//
//	s = sigmoid(x[i]);  dx[i] = dy[i] * s * (1 + x[i]*(1-s))
func SiLUBackward(dx, dy, x []float32) { swishBackward("SiLUBackward", dx, dy, x, 1) }

func swish(op string, dst, x []float32, slope float32) {
	n := sameLen(op, dst, x)
	if n == 0 || asmSwish(&dst[0], &x[0], n, slope) {
		return
	}
	for i, v := range x {
		a := clampGate(v)
		if v < gateLimit {
			dst[i] = float32(a / (1 + math.Exp(-float64(slope)*a)))
		} else {
			dst[i] = v
		}
	}
}

func swishBackward(op string, dx, dy, x []float32, slope float32) {
	n := sameLen(op, dx, dy, x)
	if n == 0 || asmSwishBackward(&dx[0], &dy[0], &x[0], n, slope) {
		return
	}
	for i, v := range x {
		a := float64(slope) * clampGate(v)
		s := 1 / (1 + math.Exp(-a))
		dx[i] = dy[i] * float32(s*(1+a*(1-s)))
	}
}

// Sigmoid is the logistic function:
//
//	dst[i] = 1 / (1 + exp(-x[i]))
func Sigmoid(dst, x []float32) {
	n := sameLen("Sigmoid", dst, x)
	if n == 0 || asmSigmoid(&dst[0], &x[0], n) {
		return
	}
	for i, v := range x {
		dst[i] = float32(1 / (1 + math.Exp(-float64(v))))
	}
}
