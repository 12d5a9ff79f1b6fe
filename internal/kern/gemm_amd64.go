//go:build !purego

package kern

// A kernel gemmTxV is of tier T for panels of V vectors.

//go:noescape
func gemmSSEx1(p *panel)

//go:noescape
func gemmSSEx2(p *panel)

//go:noescape
func gemmSSEx3(p *panel)

//go:noescape
func gemmSSEx4(p *panel)

//go:noescape
func gemmSSEx5(p *panel)

//go:noescape
func gemmSSEx6(p *panel)

//go:noescape
func gemmAVX2x1(p *panel)

//go:noescape
func gemmAVX2x2(p *panel)

//go:noescape
func gemmAVX512x1(p *panel)

//go:noescape
func gemmAVX512x2(p *panel)

//go:noescape
func gemmAVX512x3(p *panel)

//go:noescape
func gemmAVX512x4(p *panel)

func peakSSE(n int)
func peakAVX2(n int)
func peakAVX512(n int)

// Yardsticks compute tiles, 128 deep, of 6 rows by 2 or 4 vectors, or 2 rows by 6.

//go:noescape
func yardstickSSE(c, a, b *float32, tiles int)

//go:noescape
func yardstickAVX2(c, a, b *float32, tiles int)

//go:noescape
func yardstickAVX512(c, a, b *float32, tiles int)

// runPanel runs a kernel of tier t for panels of vecs vectors on p, which is a
// copy because kernels change it.
func runPanel(t Tier, vecs int, p panel) {
	switch {
	case t == Generic:
		genericPanel(&p)
	case t == SSE:
		ssePanel(vecs, &p)
	case t == AVX2 && vecs == 1:
		gemmAVX2x1(&p)
	case t == AVX2:
		gemmAVX2x2(&p)
	case vecs == 1:
		gemmAVX512x1(&p)
	case vecs == 2:
		gemmAVX512x2(&p)
	case vecs == 3:
		gemmAVX512x3(&p)
	default:
		gemmAVX512x4(&p)
	}
}

func ssePanel(vecs int, p *panel) {
	switch vecs {
	case 1:
		gemmSSEx1(p)
	case 2:
		gemmSSEx2(p)
	case 3:
		gemmSSEx3(p)
	case 4:
		gemmSSEx4(p)
	case 5:
		gemmSSEx5(p)
	default:
		gemmSSEx6(p)
	}
}

// runPeak runs n rounds of tier t's peak loop and returns the operations of a round.
func runPeak(t Tier, n int) (flops int) {
	switch t {
	case AVX512:
		peakAVX512(n)
		return 12 * 16 * 2
	case AVX2:
		peakAVX2(n)
		return 12 * 8 * 2
	case SSE:
		peakSSE(n)
		return 7 * 4 * 2
	}
	return peakGeneric(n)
}

// yardstickTile returns the size of a tile of tier t's yardstick.
func yardstickTile(t Tier) (rows, cols int) {
	switch t {
	case AVX512:
		return 6, 4 * 16
	case AVX2:
		return 6, 2 * 8
	case SSE:
		return 2, 6 * 4
	}
	return yardstickRows, yardstickCols
}

// runYardstick computes the tiles of tier t's yardstick.
func runYardstick(t Tier, c, a, b []float32, tiles int) {
	switch t {
	case AVX512:
		yardstickAVX512(&c[0], &a[0], &b[0], tiles)
	case AVX2:
		yardstickAVX2(&c[0], &a[0], &b[0], tiles)
	case SSE:
		yardstickSSE(&c[0], &a[0], &b[0], tiles)
	default:
		yardstickGeneric(c, a, b, tiles)
	}
}
