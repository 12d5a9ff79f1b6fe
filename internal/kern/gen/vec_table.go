package main

import "math"

// A piecewise function is a polynomial on each of 16 intervals of [0, 6]. Its
// coefficients lie in registers, a lane to an interval, from which AVX-512 takes
// those of 16 arguments in one instruction.
type piecewise struct{ coefficient [degree + 1]*value }

const (
	degree   = 5
	pieces   = 16
	perUnit  = 2.5                    // intervals; the first is half as long
	tableEnd = (pieces - 1) / perUnit // in the last interval, where the function counts as 0
)

// piecewise loads the table of f, which vanishes towards tableEnd, or returns nil
// where a register is too short for it.
func (k *vecKernel) piecewise(f func(a float64) float64) *piecewise {
	if k.isa.bytes() != 4*pieces {
		return nil
	}
	var table [degree + 1][pieces]float32
	for n := range pieces - 1 {
		for i, c := range interpolate(func(v float64) float64 { return f((float64(n) - v) / perUnit) }) {
			table[i][n] = float32(c)
		}
	}
	p := new(piecewise)
	for i, lanes := range table {
		p.coefficient[i] = &value{pinned: true, reg: k.allocVec()}
		k.isa.(*x86).table(k, p.coefficient[i].reg, lanes)
	}
	return p
}

// interpolate returns the coefficients, lowest first, of the polynomial that meets
// f at the Chebyshev nodes of [-1/2, 1/2], within a small factor of the best.
func interpolate(f func(v float64) float64) (c [degree + 1]float64) {
	var node, divided [degree + 1]float64
	for i := range node {
		node[i] = math.Cos(math.Pi*(float64(i)+0.5)/(degree+1)) / 2
		divided[i] = f(node[i])
	}
	for order := 1; order <= degree; order++ { // Newton's divided differences
		for i := degree; i >= order; i-- {
			divided[i] = (divided[i] - divided[i-1]) / (node[i] - node[i-order])
		}
	}
	for i := degree; i >= 0; i-- { // c = c·(v - node) + divided
		for j := degree; j > 0; j-- {
			c[j] = c[j-1] - c[j]*node[i]
		}
		c[0] = divided[i] - c[0]*node[i]
	}
	return c
}

// lookUp is p's value at a, 0 <= a <= tableEnd; a NaN stays.
func (b *block) lookUp(p *piecewise, a *value) *value {
	t := b.fma(a, b.c(perUnit), b.c(roundMagic))            // low bits: the interval n
	v := b.fnma(a, b.c(perUnit), b.sub(t, b.c(roundMagic))) // n - a·perUnit
	y := b.op("lookup", p.coefficient[degree], t)
	for i := degree - 1; i >= 0; i-- {
		y = b.fma(y, v, b.op("lookup", p.coefficient[i], t))
	}
	return y
}
