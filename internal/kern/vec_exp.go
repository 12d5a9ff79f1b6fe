package kern

import "math"

// What softmax and GELU take in the generic tier. It is that of the other tiers
// (gen/vec_math.go) in Go: by package math a step of W1 takes 1.2 times as long.

// expNegative is exp(x) for x <= 0 (it holds up to 88), with relative error
// 3e-7 + 2e-9*|x| at most; below -87.7 it is 0. NaN stays NaN.
func expNegative(x float32) float32 {
	if x < -88 {
		x = -88
	}
	// Adding 1.5*2^23 rounds to an integer, which stays in the low bits; 127 more, and
	// they are the exponent of a power of two.
	const magic, ln2High = 3<<22 + 127, 0.693145751953125 // ln2High*n is exact
	k := float32(x*(1/math.Ln2)) + magic
	n := k - magic
	f := x - float32(n*ln2High)
	f -= float32(n * (math.Ln2 - ln2High))
	p := float32(0.008312477588429327*f) + 0.04189054994822862
	p = float32(p*f) + 0.16667116314672237
	p = float32(p*f) + 0.49999228826018416
	p = float32(p*f) + 1
	p = float32(p*f) + 1
	return p * math.Float32frombits(math.Float32bits(k)<<23)
}

// gaussianTail returns a = min(|x|, 128), exp(-a*a/2) and the upper tail 1-Phi(a),
// which is erfc(a/sqrt(2))/2 by a form after Abramowitz and Stegun 7.1.26 with one
// term more (absolute error 3e-8). Its t = 1/(1+s) is 1-u here, where powers of u
// vanish near 0 and round little.
func gaussianTail(x float32) (a, density, tail float32) {
	a = math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
	if a > gateLimit {
		a = gateLimit
	}
	density = expNegative(float32(a*-0.5) * a)
	s := float32(a * (0.4 / math.Sqrt2))
	u := s / (1 + s)
	q := float32(-0.10012988817827029*u) + 0.24620457915025584
	q = float32(q*u) + 0.08546969650014141
	q = float32(q*u) - 1.035465317511982
	q = float32(q*u) + 1.7143915185662082
	q = float32(q*u) - 1.4104705746974804
	q = float32(q*u) + 0.4999999861711272
	return a, density, q * density
}
