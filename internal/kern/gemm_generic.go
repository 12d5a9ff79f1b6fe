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
// Conditions of the loop are all the checks of bounds that there are. Four terms a
// round share them; and of these the compiler keeps all sums in registers but in
// the last, where it moves every multiplication before the first addition.
func dotRow(a, b []float32) [genericWidth]float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for len(a) >= 4 && len(b) >= 4*genericWidth {
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
		x = a[2]
		s0 += float32(x * b[16])
		s1 += float32(x * b[17])
		s2 += float32(x * b[18])
		s3 += float32(x * b[19])
		s4 += float32(x * b[20])
		s5 += float32(x * b[21])
		s6 += float32(x * b[22])
		s7 += float32(x * b[23])
		x = a[3]
		s0 += float32(x * b[24])
		s1 += float32(x * b[25])
		s2 += float32(x * b[26])
		s3 += float32(x * b[27])
		s4 += float32(x * b[28])
		s5 += float32(x * b[29])
		s6 += float32(x * b[30])
		s7 += float32(x * b[31])
		a, b = a[4:], b[4*genericWidth:]
	}
	for len(a) > 0 && len(b) >= genericWidth {
		x := a[0]
		s0 += float32(x * b[0])
		s1 += float32(x * b[1])
		s2 += float32(x * b[2])
		s3 += float32(x * b[3])
		s4 += float32(x * b[4])
		s5 += float32(x * b[5])
		s6 += float32(x * b[6])
		s7 += float32(x * b[7])
		a, b = a[1:], b[genericWidth:]
	}
	return [genericWidth]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}
