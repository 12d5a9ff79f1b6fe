package kern

// genericPanel is the micro-kernel in Go: panels of four columns, two rows at
// a time, whose eight sums stay in registers.
func genericPanel(p *panel) {
	r := 0
	for ; r+2 <= p.rows; r += 2 {
		var s0, s1 [4]float32
		if p.k > 0 {
			s0, s1 = dot2x4(p.a[r*p.aRow:], p.a[(r+1)*p.aRow:], p.b, p.k, p.aStep, p.bStep)
		}
		p.finish(r, s0)
		p.finish(r+1, s1)
	}
	if r < p.rows {
		var s [4]float32
		if p.k > 0 {
			s, _ = dot2x4(p.a[r*p.aRow:], p.a[r*p.aRow:], p.b, p.k, p.aStep, p.bStep)
		}
		p.finish(r, s)
	}
}

// finish writes four sums to row r of C.
func (p *panel) finish(r int, s [4]float32) {
	c := p.c[r*p.cRow:][:4]
	for j, v := range s {
		v *= p.alpha
		if p.bias != nil {
			v += p.bias[j]
		}
		if p.d != nil {
			v += float32(p.beta * p.d[r*p.dRow+j])
		}
		c[j] = v
	}
}

// dot2x4 returns the products of two rows of A with four columns of B:
//
//	si[j] = sum(ai[k*aStep] * b[k*bStep+j], over k)
func dot2x4(a0, a1, b []float32, k, aStep, bStep int) (s0, s1 [4]float32) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	for i, j := 0, 0; k > 0; i, j, k = i+aStep, j+bStep, k-1 {
		x, y := a0[i], a1[i]
		v := b[j : j+4 : j+4]
		s00 += float32(x * v[0])
		s01 += float32(x * v[1])
		s02 += float32(x * v[2])
		s03 += float32(x * v[3])
		s10 += float32(y * v[0])
		s11 += float32(y * v[1])
		s12 += float32(y * v[2])
		s13 += float32(y * v[3])
	}
	return [4]float32{s00, s01, s02, s03}, [4]float32{s10, s11, s12, s13}
}
