package rsdata

import (
	"math"
	"math/rand/v2"

	"diffclip/internal/rng"
)

// sub is how many spots a pixel has along each side.
const sub = 3

// painting is the synthetic scene at spot resolution: what lies where, how high, and how bright.
type painting struct {
	h, w     int // pixels
	rows     int // spots down
	cols     int // spots across
	class    []uint8
	material []material
	ground   []float32 // metres
	height   []float32 // metres above the ground
	tone     []float32 // brightness of the surface itself, 1 on average
	light    []float32 // tone times illumination, after castLight
	rand     *rand.Rand
	waves    []wave
}

// brush is what a shape is painted with.
type brush struct {
	class  uint8
	mat    material
	height float64
	tone   float64
}

func newPainting(cfg SyntheticConfig) *painting {
	n := cfg.H * cfg.W * sub * sub
	return &painting{
		h: cfg.H, w: cfg.W, rows: cfg.H * sub, cols: cfg.W * sub,
		class: make([]uint8, n), material: make([]material, n), ground: make([]float32, n),
		height: make([]float32, n), tone: make([]float32, n), light: make([]float32, n),
		rand:  rand.New(rng.NewSource(rng.New(cfg.Seed, "synthetic/layout", 0))),
		waves: newWaves(rng.New(cfg.Seed, "synthetic/relief", 0)),
	}
}

// spots returns the indices of a pixel's spots.
func (p *painting) spots(pixel int) [sub * sub]int {
	var out [sub * sub]int
	r, c := pixel/p.w*sub, pixel%p.w*sub
	for k := range out {
		out[k] = (r+k/sub)*p.cols + c + k%sub
	}
	return out
}

// between returns a random number in [lo, hi).
func (p *painting) between(lo, hi float64) float64 { return lo + (hi-lo)*p.rand.Float64() }

// fill paints the spots of a bounding box, in metres, for which paint returns true. paint gets the spot's centre.
func (p *painting) fill(x0, y0, x1, y1 float64, paint func(x, y float64) (brush, bool)) {
	r0, r1 := max(0, int(y0*sub)), min(p.rows, int(math.Ceil(y1*sub)))
	c0, c1 := max(0, int(x0*sub)), min(p.cols, int(math.Ceil(x1*sub)))
	for r := r0; r < r1; r++ {
		for c := c0; c < c1; c++ {
			if b, ok := paint((float64(c)+0.5)/sub, (float64(r)+0.5)/sub); ok {
				i := r*p.cols + c
				p.class[i], p.material[i] = b.class, b.mat
				p.height[i], p.tone[i] = float32(b.height), float32(b.tone)
			}
		}
	}
}

// rect paints an upright rectangle.
func (p *painting) rect(x0, y0, x1, y1 float64, b brush) {
	p.fill(x0, y0, x1, y1, func(x, y float64) (brush, bool) {
		return b, x >= x0 && x < x1 && y >= y0 && y < y1
	})
}

// tree paints a domed crown; where class is 0 it keeps the class below.
func (p *painting) tree(x, y, radius, height, tone float64, class uint8) {
	p.fill(x-radius, y-radius, x+radius, y+radius, func(sx, sy float64) (brush, bool) {
		d2 := ((sx-x)*(sx-x) + (sy-y)*(sy-y)) / (radius * radius)
		return brush{class, foliage, height * (0.6 + 0.4*(1-d2)), tone}, d2 < 1
	})
}

// wave is one term of a smooth random surface.
type wave struct{ kx, ky, phase, amplitude float64 }

func newWaves(s rng.Stream) []wave {
	waves := make([]wave, 8)
	u := make([]float32, 4*len(waves))
	s.Uniform(u, 0)
	for i := range waves {
		angle := 2 * math.Pi * float64(u[4*i])
		length := 40 + 120*float64(u[4*i+1]) // metres
		k := 2 * math.Pi / length
		waves[i] = wave{k * math.Cos(angle), k * math.Sin(angle), 2 * math.Pi * float64(u[4*i+2]), length / 400 * float64(u[4*i+3])}
	}
	return waves
}

// relief is the random surface, in metres.
func (p *painting) relief(x, y float64) float64 {
	v := 0.0
	for _, w := range p.waves {
		v += w.amplitude * math.Sin(w.kx*x+w.ky*y+w.phase)
	}
	return v
}

// castLight turns tones into light: slopes by their angle to the sun, and shadows where something higher stands
// towards the sun. The sun stands 45 degrees high in the south-east.
func (p *painting) castLight() {
	const metre = 1.0 / sub
	top := func(r, c int) float64 {
		i := clamp(r, p.rows)*p.cols + clamp(c, p.cols)
		return float64(p.ground[i] + p.height[i])
	}
	const reach = 8 * sub // spots towards the sun that can shade
	for r := range p.rows {
		for c := range p.cols {
			i := r*p.cols + c
			here := top(r, c)
			slope := (here - top(r+1, c+1)) / (math.Sqrt2 * metre)
			light := 1 + 0.12*min(max(slope, -2), 1.5)
			for k := 1; k <= reach; k++ {
				if r+k >= p.rows || c+k >= p.cols {
					break
				}
				if top(r+k, c+k)-here > float64(k)*math.Sqrt2*metre+0.3 {
					light *= 0.45
					break
				}
			}
			p.light[i] = p.tone[i] * float32(light)
		}
	}
}
