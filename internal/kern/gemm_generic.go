package kern

// genericWidth is the width of a panel in the generic tier: eight sums are what
// the Go compiler keeps in registers on every processor, and enough to hide the
// latency of an addition.
const genericWidth = 8

// genericPanel is the micro-kernel in Go. Rows of A and the panel of B are
// contiguous (layout.contiguous).
func genericPanel(p *panel) {
	var d [genericWidth]float32
	for r := range p.rows {
		var a []float32
		if p.k > 0 {
			a = p.a[r*p.aRow:][:p.k]
		}
		s0, s1, s2, s3, s4, s5, s6, s7 := dotRow(a, p.b)
		if p.d != nil {
			d = *(*[genericWidth]float32)(p.d[r*p.dRow:]) // which may be c
		}
		c := (*[genericWidth]float32)(p.c[r*p.cRow:])
		c[0], c[1], c[2], c[3] = p.alpha*s0, p.alpha*s1, p.alpha*s2, p.alpha*s3
		c[4], c[5], c[6], c[7] = p.alpha*s4, p.alpha*s5, p.alpha*s6, p.alpha*s7
		if p.bias != nil {
			for j, v := range (*[genericWidth]float32)(p.bias) {
				c[j] += v
			}
		}
		if p.d != nil {
			for j, v := range d {
				c[j] += float32(p.beta * v)
			}
		}
	}
}

// dotRow multiplies a row of A by a panel of B:
//
//	s[j] = sum(a[i] * b[i*genericWidth+j], over i)
//
// Arrays of a known length leave no checks of bounds in a round. In its last term the
// compiler moves every multiplication before the first addition, and so keeps one of
// the sums in memory there: with eight terms a round that is no longer what all wait for.
func dotRow(a, b []float32) (s0, s1, s2, s3, s4, s5, s6, s7 float32) {
	for ; len(a) >= 8 && len(b) >= 64; a, b = a[8:], b[64:] {
		x, y := (*[8]float32)(a), (*[64]float32)(b)
		s0 += float32(x[0] * y[0])
		s1 += float32(x[0] * y[1])
		s2 += float32(x[0] * y[2])
		s3 += float32(x[0] * y[3])
		s4 += float32(x[0] * y[4])
		s5 += float32(x[0] * y[5])
		s6 += float32(x[0] * y[6])
		s7 += float32(x[0] * y[7])
		s0 += float32(x[1] * y[8])
		s1 += float32(x[1] * y[9])
		s2 += float32(x[1] * y[10])
		s3 += float32(x[1] * y[11])
		s4 += float32(x[1] * y[12])
		s5 += float32(x[1] * y[13])
		s6 += float32(x[1] * y[14])
		s7 += float32(x[1] * y[15])
		s0 += float32(x[2] * y[16])
		s1 += float32(x[2] * y[17])
		s2 += float32(x[2] * y[18])
		s3 += float32(x[2] * y[19])
		s4 += float32(x[2] * y[20])
		s5 += float32(x[2] * y[21])
		s6 += float32(x[2] * y[22])
		s7 += float32(x[2] * y[23])
		s0 += float32(x[3] * y[24])
		s1 += float32(x[3] * y[25])
		s2 += float32(x[3] * y[26])
		s3 += float32(x[3] * y[27])
		s4 += float32(x[3] * y[28])
		s5 += float32(x[3] * y[29])
		s6 += float32(x[3] * y[30])
		s7 += float32(x[3] * y[31])
		s0 += float32(x[4] * y[32])
		s1 += float32(x[4] * y[33])
		s2 += float32(x[4] * y[34])
		s3 += float32(x[4] * y[35])
		s4 += float32(x[4] * y[36])
		s5 += float32(x[4] * y[37])
		s6 += float32(x[4] * y[38])
		s7 += float32(x[4] * y[39])
		s0 += float32(x[5] * y[40])
		s1 += float32(x[5] * y[41])
		s2 += float32(x[5] * y[42])
		s3 += float32(x[5] * y[43])
		s4 += float32(x[5] * y[44])
		s5 += float32(x[5] * y[45])
		s6 += float32(x[5] * y[46])
		s7 += float32(x[5] * y[47])
		s0 += float32(x[6] * y[48])
		s1 += float32(x[6] * y[49])
		s2 += float32(x[6] * y[50])
		s3 += float32(x[6] * y[51])
		s4 += float32(x[6] * y[52])
		s5 += float32(x[6] * y[53])
		s6 += float32(x[6] * y[54])
		s7 += float32(x[6] * y[55])
		s0 += float32(x[7] * y[56])
		s1 += float32(x[7] * y[57])
		s2 += float32(x[7] * y[58])
		s3 += float32(x[7] * y[59])
		s4 += float32(x[7] * y[60])
		s5 += float32(x[7] * y[61])
		s6 += float32(x[7] * y[62])
		s7 += float32(x[7] * y[63])
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
	return s0, s1, s2, s3, s4, s5, s6, s7
}
