package kern

// genericWidth is the width of a panel in the generic tier: eight sums are what
// the Go compiler keeps in registers on every processor, and enough to hide the
// latency of an addition.
const genericWidth = 8

// genericPanel is the micro-kernel in Go. Rows of A and the panel of B are
// contiguous (layout.contiguous).
func genericPanel(p *panel) {
	for r := range p.rows {
		var s [genericWidth]float32
		if p.k > 0 {
			s = dotRow(p.a[r*p.aRow:][:p.k], p.b)
		}
		for j := range s {
			s[j] *= p.alpha
		}
		if p.bias != nil {
			for j, v := range p.bias[:genericWidth] {
				s[j] += v
			}
		}
		if p.d != nil {
			for j, v := range p.d[r*p.dRow:][:genericWidth] {
				s[j] += float32(p.beta * v)
			}
		}
		*(*[genericWidth]float32)(p.c[r*p.cRow:]) = s
	}
}

// dotRow multiplies a row of A by a panel of B:
//
//	s[j] = sum(a[i] * b[i*genericWidth+j], over i)
//
// Two terms a round halve the cost of the loop, and its conditions are all the
// checks of bounds that there are.
func dotRow(a, b []float32) [genericWidth]float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for len(a) >= 2 && len(b) >= 2*genericWidth {
		x := a[0]
		s0 += float32(x * b[0])
		s1 += float32(x * b[1])
		s2 += float32(x * b[2])
		s3 += float32(x * b[3])
		s4 += float32(x * b[4])
		s5 += float32(x * b[5])
		s6 += float32(x * b[6])
		s7 += float32(x * b[7])
		x = a[1]
		s0 += float32(x * b[8])
		s1 += float32(x * b[9])
		s2 += float32(x * b[10])
		s3 += float32(x * b[11])
		s4 += float32(x * b[12])
		s5 += float32(x * b[13])
		s6 += float32(x * b[14])
		s7 += float32(x * b[15])
		a, b = a[2:], b[2*genericWidth:]
	}
	if len(a) > 0 {
		x, v := a[0], b[:genericWidth]
		s0 += float32(x * v[0])
		s1 += float32(x * v[1])
		s2 += float32(x * v[2])
		s3 += float32(x * v[3])
		s4 += float32(x * v[4])
		s5 += float32(x * v[5])
		s6 += float32(x * v[6])
		s7 += float32(x * v[7])
	}
	return [genericWidth]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}
