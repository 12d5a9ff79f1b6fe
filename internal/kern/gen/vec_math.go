package main

import "math"

// The functions below build a vector function out of operations on values. The
// polynomials are minimax fits (Remez) in double precision.

const (
	log2e   = 1 / math.Ln2
	absMask = 0x7fffffff
	signBit = 0x80000000

	// Adding 1.5*2^23 to a float32 of modest size rounds it to an integer and
	// leaves that integer in the low bits.
	roundMagic = 3 << 22
)

// polynomial is c[0] + c[1]*x + ..., by Horner's rule.
func (b *block) polynomial(x *value, c ...float64) *value {
	p := b.c(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		p = b.fma(p, x, b.c(c[i]))
	}
	return p
}

// ln2High has 16 bits, so that its product with a small integer is exact.
const ln2High = 0.693145751953125

// expNegative is exp(x) for x <= 0 (it holds up to 88) in fewer steps than exp,
// with relative error 3e-7 + 2e-9*|x| at most; below -87.7 it is 0.
func (b *block) expNegative(x *value) *value {
	x = b.atLeast(x, b.c(-88))
	k := b.fma(x, b.c(log2e), b.c(roundMagic+127)) // low bits: exponent of 2^n, 0 at n = -127
	n := b.sub(k, b.c(roundMagic+127))
	var f *value // x - n*ln 2
	if b.k.isa.fused() {
		f = b.fnma(n, b.c(math.Ln2), x)
	} else {
		f = b.fnma(n, b.c(math.Ln2-ln2High), b.fnma(n, b.c(ln2High), x))
	}
	p := b.polynomial(f, 1, 1, 0.49999228826018416, 0.16667116314672237, 0.04189054994822862, 0.008312477588429327)
	return b.mul(p, b.shl(k, 23))
}

// exp is exp(x) to 2 ulp for every x. The power of two is applied in two halves
// so that results underflow gradually and overflow to infinity.
func (b *block) exp(x *value) *value {
	x = b.atMost(b.atLeast(x, b.c(-104)), b.c(89))
	k := b.fma(x, b.c(log2e), b.c(roundMagic))
	n := b.sub(k, b.c(roundMagic))
	f := b.fnma(n, b.c(ln2High), x)
	f = b.fnma(n, b.c(math.Ln2-ln2High), f)
	p := b.polynomial(f, 1, 1, 0.49999993412484095, 0.16666520107789753, 0.041668394213487836,
		0.008368780413983767, 0.0013814466967625766)
	i := b.isub(k, b.c(roundMagic))
	half := b.sar(i, 1)
	bias := b.bits(127)
	rest := b.shl(b.iadd(b.isub(i, half), bias), 23)
	return b.mul(b.mul(p, b.shl(b.iadd(half, bias), 23)), rest)
}

// log is the natural logarithm of a positive normal number, to 1e-7 absolute
// or relative; a NaN stays. The polynomial is that of Cephes' logf.
func (b *block) log(x *value) *value {
	sqrtHalf := b.c(math.Sqrt2 / 2)
	e := b.sar(b.isub(x, sqrtHalf), 23) // x = m * 2^e, sqrt(1/2) <= m < sqrt(2)
	m := b.isub(x, b.shl(e, 23))
	f := b.sub(m, b.c(1))
	n := b.sub(b.iadd(e, b.c(roundMagic)), b.c(roundMagic))
	p := b.polynomial(f, 3.3333331174e-1, -2.4999993993e-1, 2.0000714765e-1, -1.6668057665e-1, 1.4249322787e-1,
		-1.2420140846e-1, 1.1676998740e-1, -1.1514610310e-1, 7.0376836292e-2)
	f2 := b.mul(f, f)
	p = b.fma(p, f, b.c(-0.5))
	p = b.fma(p, f2, f)
	p = b.fma(n, b.c(math.Ln2), p)
	return b.fma(x, b.c(0), p)
}

// gaussianTail returns, for a = min(|x|, 128), exp(-x*x/2) and the upper tail
// 1-Phi(a), which is erfc(a/sqrt(2))/2 by a form after Abramowitz and Stegun
// 7.1.26 with one term more (absolute error 3e-8). Its t = 1/(1+s) is 1-u here,
// where powers of u vanish near 0 and round little.
func (b *block) gaussianTail(x *value) (a, density, tail *value) {
	a = b.atMost(b.and(x, b.bits(absMask)), b.c(128))
	density = b.expNegative(b.mul(b.mul(a, b.c(-0.5)), a))
	s := b.mul(a, b.c(0.4/math.Sqrt2))
	u := b.div(s, b.add(s, b.c(1)))
	q := b.polynomial(u, 0.4999999861711272, -1.4104705746974804, 1.7143915185662082, -1.035465317511982,
		0.08546969650014141, 0.24620457915025584, -0.10012988817827029)
	return a, density, b.mul(q, density)
}

// upperTail is 1-Phi(a).
func upperTail(a float64) float64 { return math.Erfc(a/math.Sqrt2) / 2 }

// negativeSlope is GELU's derivative at -a.
func negativeSlope(a float64) float64 {
	return upperTail(a) - a*math.Exp(-a*a/2)/math.Sqrt(2*math.Pi)
}

// inTable is min(|x|, the table's end).
func (b *block) inTable(x *value, p *piecewise) *value {
	return b.atMost(b.and(x, b.bits(absMask)), b.c(p.end))
}

// gelu is x*Phi(x), with upperTail by the table unless that is nil.
func (b *block) gelu(x *value, table *piecewise) *value {
	var a, tail *value
	if table != nil {
		a = b.inTable(x, table)
		tail = b.lookUp(table, a)
	} else {
		a, _, tail = b.gaussianTail(x)
	}
	return b.fnma(a, tail, b.atLeast(x, b.c(0)))
}

// geluDerivative has negativeSlope by the table unless that is nil.
func (b *block) geluDerivative(x *value, table *piecewise) *value {
	var low *value
	if table != nil {
		low = b.lookUp(table, b.inTable(x, table))
	} else {
		a, density, tail := b.gaussianTail(x)
		low = b.fnma(b.mul(a, b.c(1/math.Sqrt(2*math.Pi))), density, tail)
	}
	return b.choose(x, b.c(0), b.sub(b.c(1), low), low)
}

// sigmoids returns sigmoid(x) and sigmoid(-x), both to full relative accuracy.
func (b *block) sigmoids(x *value) (s, rest *value) {
	e := b.expNegative(b.or(x, b.bits(signBit)))
	r := b.div(b.c(1), b.add(e, b.c(1)))
	small := b.mul(e, r)
	return b.choose(x, b.c(0), r, small), b.choose(x, b.c(0), small, r)
}

func (b *block) sigmoid(x *value) *value {
	e := b.expNegative(b.or(x, b.bits(signBit)))
	return b.div(b.choose(x, b.c(0), b.c(1), e), b.add(e, b.c(1)))
}

func (b *block) swish(x, slope *value) *value {
	return b.mul(b.atLeast(x, b.c(-128)), b.sigmoid(b.mul(x, slope)))
}

func (b *block) swishDerivative(x, slope *value) *value {
	y := b.atMost(b.atLeast(b.mul(x, slope), b.c(-128)), b.c(128))
	s, rest := b.sigmoids(y)
	return b.mul(s, b.fma(y, rest, b.c(1)))
}
