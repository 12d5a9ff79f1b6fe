package kern

import "math"

// A Yardstick is a matrix product to measure others by: rows of yardstickDepth
// times one panel of columns, in a second-level cache. It loads, broadcasts and
// multiplies as the micro-kernels do, but has code of its own in each tier, which
// is left as it is when kernels change. What slows a kernel without touching its
// multipliers slows the yardstick as much: above all another virtual machine on
// the same core, which takes half of the instructions that the core can issue.
// PeakRun, whose instructions are few, hardly feels that.
type Yardstick struct {
	tier    Tier
	tiles   int
	flops   float64 // of a tile
	c, a, b []float32
}

const (
	yardstickDepth = 128
	yardstickTiles = 50

	// The tile of the generic tier.
	yardstickRows, yardstickCols = 6, 8
)

// NewYardstick returns a yardstick for a tier, which must be available.
func NewYardstick(t Tier) *Yardstick {
	if !has(t) {
		panic("kern: NewYardstick: tier " + t.String() + " is not available here")
	}
	rows, cols := yardstickTile(t)
	y := &Yardstick{
		tier: t, tiles: yardstickTiles, flops: 2 * yardstickDepth * float64(rows*cols),
		c: make([]float32, yardstickTiles*rows*cols),
		a: make([]float32, yardstickTiles*rows*yardstickDepth),
		b: make([]float32, yardstickDepth*cols),
	}
	for i := range y.a {
		y.a[i] = float32(math.Sin(float64(i)))
	}
	for i := range y.b {
		y.b[i] = float32(math.Cos(float64(i)))
	}
	return y
}

// Run computes the product n times, on the calling goroutine, and returns how
// many operations that was.
func (y *Yardstick) Run(n int) (flops float64) {
	for range n {
		runYardstick(y.tier, y.c, y.a, y.b, y.tiles)
	}
	return y.flops * float64(y.tiles) * float64(n)
}

// yardstickGeneric computes c = a·b tile by tile; rows of c follow each other.
func yardstickGeneric(c, a, b []float32, tiles int) {
	for r := range tiles * yardstickRows {
		var s0, s1, s2, s3, s4, s5, s6, s7 float32
		x, v := a[r*yardstickDepth:][:yardstickDepth], b
		for len(x) >= 2 && len(v) >= 2*yardstickCols {
			s0 += float32(x[0] * v[0])
			s1 += float32(x[0] * v[1])
			s2 += float32(x[0] * v[2])
			s3 += float32(x[0] * v[3])
			s4 += float32(x[0] * v[4])
			s5 += float32(x[0] * v[5])
			s6 += float32(x[0] * v[6])
			s7 += float32(x[0] * v[7])
			s0 += float32(x[1] * v[8])
			s1 += float32(x[1] * v[9])
			s2 += float32(x[1] * v[10])
			s3 += float32(x[1] * v[11])
			s4 += float32(x[1] * v[12])
			s5 += float32(x[1] * v[13])
			s6 += float32(x[1] * v[14])
			s7 += float32(x[1] * v[15])
			x, v = x[2:], v[2*yardstickCols:]
		}
		*(*[yardstickCols]float32)(c[r*yardstickCols:]) = [...]float32{s0, s1, s2, s3, s4, s5, s6, s7}
	}
}
