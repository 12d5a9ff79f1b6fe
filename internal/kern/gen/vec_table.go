package main

import "math"

// A piecewise function is a polynomial on each of as many intervals as a register
// has lanes. Its coefficients are tables, a lane to an interval, from which one
// instruction takes those of all arguments.
type piecewise struct {
	perUnit     float64  // intervals; the first is half as long
	end         float64  // in the last interval, where the function counts as 0
	coefficient []*value // of powers, lowest first
}

// piecewise makes the tables of f, which vanishes beyond 6, or returns nil where a
// register is too short for them.
func (k *vecKernel) piecewise(f func(a float64) float64) *piecewise {
	x, ok := k.isa.(*x86)
	if !ok {
		return nil
	}
	pieces, degree, perUnit := 8, 7, 1.125
	if x.wide {
		pieces, degree, perUnit = 16, 5, 2.5
	}
	tables := make([][]float32, degree+1)
	for i := range tables {
		tables[i] = make([]float32, pieces)
	}
	for n := range pieces - 1 {
		for i, c := range interpolate(degree, func(v float64) float64 { return f((float64(n) - v) / perUnit) }) {
			tables[i][n] = float32(c)
		}
	}
	p := &piecewise{perUnit: perUnit, end: float64(pieces-1) / perUnit}
	for _, lanes := range tables {
		p.coefficient = append(p.coefficient, x.table(k, lanes))
	}
	return p
}

// interpolate returns the coefficients, lowest first, of the polynomial that meets
// f at the Chebyshev nodes of [-1/2, 1/2], within a small factor of the best.
func interpolate(degree int, f func(v float64) float64) []float64 {
	c, node, divided := make([]float64, degree+1), make([]float64, degree+1), make([]float64, degree+1)
	for i := range node {
		node[i] = math.Cos(math.Pi*(float64(i)+0.5)/float64(degree+1)) / 2
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

// lookUp is p's value at a, 0 <= a <= p.end; a NaN stays.
func (b *block) lookUp(p *piecewise, a *value) *value {
	t := b.fma(a, b.c(p.perUnit), b.c(roundMagic))            // low bits: the interval n
	v := b.fnma(a, b.c(p.perUnit), b.sub(t, b.c(roundMagic))) // n - a·perUnit
	degree := len(p.coefficient) - 1
	y := b.op("lookup", p.coefficient[degree], t)
	for i := degree - 1; i >= 0; i-- {
		y = b.fma(y, v, b.op("lookup", p.coefficient[i], t))
	}
	return y
}
