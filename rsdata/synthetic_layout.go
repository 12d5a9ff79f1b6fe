package rsdata

import "math"

// riverAt returns the middle and half the width of the river at column x, in metres.
func (p *painting) riverAt(x float64) (middle, half float64) {
	h, w := float64(p.h), float64(p.w)
	return h*0.60 + h*0.06*math.Sin(2*math.Pi*x/w*1.3+0.6) + h*0.02*math.Sin(2*math.Pi*x/w*3.1), 7.5 + 1.5*math.Sin(2*math.Pi*x/w*2)
}

// paintLandscape paints the ground, the fields south of the river, the woods and the river.
func (p *painting) paintLandscape() {
	h, w := float64(p.h), float64(p.w)
	lowest := math.Inf(1)
	p.fill(0, 0, w, h, func(x, y float64) (brush, bool) {
		return brush{0, grass, 0.15, 0.95 + 0.05*p.relief(y, x)}, true
	})
	for i := range p.ground {
		x, y := (float64(i%p.cols)+0.5)/sub, (float64(i/p.cols)+0.5)/sub
		middle, _ := p.riverAt(x)
		p.ground[i] = float32(0.5*p.relief(x, y) + 0.02*math.Abs(y-middle))
		lowest = min(lowest, float64(p.ground[i]))
	}
	for i := range p.ground {
		p.ground[i] -= float32(lowest)
	}
	p.paintFields(h*0.66+13, h)
	p.fill(0, 0, w, h, func(x, y float64) (brush, bool) {
		middle, half := p.riverAt(x)
		d := math.Abs(y - middle)
		return brush{0, bareSoil, 0, 0.8}, d < half+1
	})
	p.fill(0, 0, w, h, func(x, y float64) (brush, bool) {
		middle, half := p.riverAt(x)
		return brush{synWater, clearWater, 0, 1 + 0.1*math.Sin(x/3+y)}, math.Abs(y-middle) < half
	})
}

// paintFields lays parcels between two rows, each with its own use and brightness.
func (p *painting) paintFields(y0, y1 float64) {
	uses := []uint8{synMeadow, synOrchard, synWoods, synSoil, synWoods, synMeadow, synOrchard, synSoil, synMeadow, synWoods, synSoil, synOrchard}
	p.rand.Shuffle(len(uses), func(i, j int) { uses[i], uses[j] = uses[j], uses[i] })
	k := 0
	for y := y0 + 0.5; y < y1-8; {
		deep := min(p.between(20, 28), y1-y)
		for x := 0.0; x < float64(p.w); {
			wide := p.between(26, 40)
			if float64(p.w)-x-wide < 14 {
				wide = float64(p.w) - x
			}
			p.parcel(x+0.7, y+0.7, x+wide-0.7, y+deep-0.7, uses[k%len(uses)])
			k++
			x += wide
		}
		y += deep
	}
}

// parcel paints one piece of land. Parcels at the river are cut by it later.
func (p *painting) parcel(x0, y0, x1, y1 float64, use uint8) {
	tone := p.between(0.82, 1.18)
	switch use {
	case synMeadow:
		p.meadow(x0, y0, x1, y1, tone)
	case synSoil:
		p.fill(x0, y0, x1, y1, func(x, y float64) (brush, bool) {
			return brush{synSoil, bareSoil, 0.05, tone * (1 + 0.08*math.Sin(2.2*x))}, true
		})
	case synWoods:
		p.rect(x0, y0, x1, y1, brush{synWoods, grass, 0.3, 0.8 * tone})
		for range int((x1 - x0) * (y1 - y0) / 7) {
			radius := p.between(1.1, 2.3)
			p.tree(p.between(x0+radius, x1-radius), p.between(y0+radius, y1-radius), radius, p.between(3, 7), tone*p.between(0.85, 1.15), synWoods)
		}
	case synOrchard:
		p.rect(x0, y0, x1, y1, brush{synOrchard, grass, 0.2, tone})
		for y := y0 + 2.2; y < y1-1.5; y += 4.4 {
			for x := x0 + 1.8; x < x1-1.5; x += 2.9 {
				p.tree(x+p.between(-0.25, 0.25), y+p.between(-0.2, 0.2), p.between(1.25, 1.6), p.between(3.2, 5), tone*p.between(0.85, 1.15), synOrchard)
			}
		}
	}
}

func (p *painting) meadow(x0, y0, x1, y1, tone float64) {
	p.fill(x0, y0, x1, y1, func(x, y float64) (brush, bool) {
		return brush{synMeadow, grass, 0.15, tone * (1 + 0.05*p.relief(4*x, 4*y))}, true
	})
}

// paintTown lays streets north of the river, builds on the blocks between them, and leads one road over a bridge.
func (p *painting) paintTown() {
	h, w := float64(p.h), float64(p.w)
	south := h*0.60 - h*0.08 - 12 // the bank keeps its grass
	kinds := []func(x0, y0, x1, y1 float64){
		p.houses, p.parking, p.flatRoofs, p.greenRoofs, p.park, p.houses, p.flatRoofs, p.parking, p.greenRoofs,
	}
	const street = 5.0
	xs, ys := p.cuts(w, 30), p.cuts(south, 24)
	for j := 0; j+1 < len(ys); j++ {
		order := p.rand.Perm(len(kinds))
		for i := 0; i+1 < len(xs); i++ {
			x0, y0, x1, y1 := xs[i]+street/2+0.6, ys[j]+street/2+0.6, xs[i+1]-street/2-0.6, ys[j+1]-street/2-0.6
			kinds[order[i%len(kinds)]](x0, y0, x1, y1)
		}
	}
	bridge := xs[len(xs)/2]
	for _, y := range ys {
		p.road(0, y-street/2, w, y+street/2, 0)
	}
	for _, x := range xs {
		p.road(x-street/2, 0, x+street/2, ys[len(ys)-1]+street/2, 0)
	}
	p.road(bridge-3, ys[len(ys)-1], bridge+3, h*0.66+5, 1)
	p.road(0, h*0.66+8, w, h*0.66+13, 0)
	p.road(bridge-3, h*0.66+5, bridge+3, h*0.66+13, 0)
}

// cuts divides [0, end] into pieces of about the given length, with a road at either end.
func (p *painting) cuts(end, about float64) []float64 {
	n := max(1, int(math.Round(end/about)))
	out := make([]float64, n+1)
	for i := range out {
		out[i] = end * float64(i) / float64(n)
		if i > 0 && i < n {
			out[i] += p.between(-2, 2)
		}
	}
	return out
}

// road paints asphalt with a car here and there.
func (p *painting) road(x0, y0, x1, y1, height float64) {
	tone := p.between(0.88, 1.12)
	p.fill(x0, y0, x1, y1, func(x, y float64) (brush, bool) {
		i := min(int(y*sub), p.rows-1)*p.cols + min(int(x*sub), p.cols-1)
		if height > 0 && p.material[i] == clearWater || p.material[i] != clearWater {
			return brush{synRoad, asphalt, height, tone}, true
		}
		return brush{}, false
	})
	along := x1-x0 > y1-y0
	for range int((x1 - x0) * (y1 - y0) / 90) {
		x, y := p.between(x0, max(x0, x1-4.5)), y0+1+math.Floor(p.between(0, 2))*(y1-y0-3.5)
		if !along {
			x, y = x0+1+math.Floor(p.between(0, 2))*(x1-x0-3.5), p.between(y0, max(y0, y1-4.5))
		}
		p.car(x, y, along, height, synRoad)
	}
}

// car parks a car with its corner at (x, y).
func (p *painting) car(x, y float64, along bool, ground float64, class uint8) {
	paints := []material{whitePaint, darkPaint, darkPaint, redPaint}
	b := brush{class, paints[p.rand.IntN(len(paints))], ground + 1.5, p.between(0.8, 1.1)}
	if along {
		p.rect(x, y, x+4.3, y+1.8, b)
	} else {
		p.rect(x, y, x+1.8, y+4.3, b)
	}
}

// houses builds rows of gabled houses in gardens.
func (p *painting) houses(x0, y0, x1, y1 float64) {
	p.rect(x0, y0, x1, y1, brush{0, grass, 0.15, p.between(0.9, 1.1)})
	for y := y0 + 0.5; y+7 <= y1; y += 9.4 {
		for x := x0 + 0.5; x+8 <= x1; x += 10 {
			ridge, tone := p.between(5.5, 7.5), p.between(0.8, 1.15)
			p.fill(x, y, x+8, y+7, func(sx, sy float64) (brush, bool) {
				return brush{synTiledRoof, tile, ridge - 0.7*math.Abs(sy-y-3.5), tone}, sx >= x && sx < x+8 && sy >= y && sy < y+7
			})
			p.tree(x+9, y+8.5, 1.2, p.between(3, 6), p.between(0.9, 1.1), 0)
		}
	}
}

// parking fills the block with rows of cars, most bays taken.
func (p *painting) parking(x0, y0, x1, y1 float64) {
	p.rect(x0, y0, x1, y1, brush{synParking, asphalt, 0, p.between(0.88, 1.12)})
	for y := y0 + 0.6; y+4.5 < y1; y += 6.1 {
		for x := x0 + 0.6; x+2 < x1; x += 2.7 {
			if p.rand.Float64() < 0.8 {
				p.car(x, y, false, 0, synParking)
			}
		}
	}
}

func (p *painting) flatRoofs(x0, y0, x1, y1 float64) { p.halls(x0, y0, x1, y1, synFlatRoof, asphalt) }

func (p *painting) greenRoofs(x0, y0, x1, y1 float64) { p.halls(x0, y0, x1, y1, synGreenRoof, grass) }

// halls builds one or two large flat buildings.
func (p *painting) halls(x0, y0, x1, y1 float64, class uint8, cover material) {
	p.rect(x0, y0, x1, y1, brush{0, grass, 0.15, p.between(0.9, 1.1)})
	split := p.between(0.45, 0.6) * (x1 - x0)
	for _, hall := range [2][2]float64{{x0 + 1, x0 + split - 1}, {x0 + split + 1, x1 - 1}} {
		height, tone := p.between(5, 10), p.between(0.85, 1.15)
		p.rect(hall[0], y0+1, hall[1], y1-1, brush{class, cover, height, tone})
	}
}

// park is a meadow with a few trees at its edge.
func (p *painting) park(x0, y0, x1, y1 float64) {
	p.meadow(x0, y0, x1, y1, p.between(0.85, 1.15))
	for range 5 {
		p.tree(p.between(x0+2, x1-2), y0+p.between(1, 2), p.between(1.2, 2), p.between(4, 8), 1, 0)
	}
}
