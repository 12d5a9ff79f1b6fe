//go:build !purego

package kern

// A kernel gemmNEONxV is for panels of V vectors.

//go:noescape
func gemmNEONx1(p *panel)

//go:noescape
func gemmNEONx2(p *panel)

//go:noescape
func gemmNEONx3(p *panel)

//go:noescape
func gemmNEONx4(p *panel)

func peakNEON(n int)

// yardstickNEON computes tiles of 6 rows, 128 deep, by 4 vectors.
//
//go:noescape
func yardstickNEON(c, a, b *float32, tiles int)

// runPanel runs a kernel of tier t for panels of vecs vectors on p, which is a
// copy because kernels change it.
func runPanel(t Tier, vecs int, p panel) {
	switch {
	case t == Generic:
		genericPanel(&p)
	case vecs == 1:
		gemmNEONx1(&p)
	case vecs == 2:
		gemmNEONx2(&p)
	case vecs == 3:
		gemmNEONx3(&p)
	default:
		gemmNEONx4(&p)
	}
}

// runPeak runs n rounds of tier t's peak loop and returns the operations of a round.
func runPeak(t Tier, n int) (flops int) {
	if t == NEON {
		peakNEON(n)
		return 24 * 4 * 2
	}
	return peakGeneric(n)
}

// yardstickTile returns the size of a tile of tier t's yardstick.
func yardstickTile(t Tier) (rows, cols int) {
	if t == NEON {
		return 6, 4 * 4
	}
	return yardstickRows, yardstickCols
}

// runYardstick computes the tiles of tier t's yardstick.
func runYardstick(t Tier, c, a, b []float32, tiles int) {
	if t == NEON {
		yardstickNEON(&c[0], &a[0], &b[0], tiles)
		return
	}
	yardstickGeneric(c, a, b, tiles)
}
