package kern

// genericWidth is the width of a panel in the generic tier: six sums are what
// the Go compiler keeps in registers on every processor, and enough to hide the
// latency of an addition.
const genericWidth = 6

// genericPanel is the micro-kernel in Go.
func genericPanel(p *panel) {
	for r := range p.rows {
		var s [genericWidth]float32
		if p.k > 0 {
			s = dotRow(p.a[r*p.aRow:], p.aStep, p.b, p.bStep, p.k)
		}
		c := p.c[r*p.cRow:][:genericWidth]
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
}

// dotRow multiplies a row of A by a panel of B:
//
//	s[j] = sum(a[i*aStep] * b[i*bStep+j], over i < k)
//
// Two terms a round halve the cost of the loop and of bounds checks.
func dotRow(a []float32, aStep int, b []float32, bStep, k int) [genericWidth]float32 {
	var s0, s1, s2, s3, s4, s5 float32
	i, j := 0, 0
	if k%2 == 1 {
		x, v := a[0], b[:genericWidth]
		s0, s1, s2 = x*v[0], x*v[1], x*v[2]
		s3, s4, s5 = x*v[3], x*v[4], x*v[5]
		i, j = aStep, bStep
	}
	for range k / 2 {
		x, v := a[i], b[j:j+genericWidth:j+genericWidth]
		s0 += float32(x * v[0])
		s1 += float32(x * v[1])
		s2 += float32(x * v[2])
		s3 += float32(x * v[3])
		s4 += float32(x * v[4])
		s5 += float32(x * v[5])
		i, j = i+aStep, j+bStep
		x, v = a[i], b[j:j+genericWidth:j+genericWidth]
		s0 += float32(x * v[0])
		s1 += float32(x * v[1])
		s2 += float32(x * v[2])
		s3 += float32(x * v[3])
		s4 += float32(x * v[4])
		s5 += float32(x * v[5])
		i, j = i+aStep, j+bStep
	}
	return [genericWidth]float32{s0, s1, s2, s3, s4, s5}
}
