package rsdata

// nearby answers, for every pixel of a dataset, whether one of a set of pixels of the same scene is near.
type nearby struct {
	width []int
	in    [][]bool // per scene, (H, W); nil where the set has no pixel in the scene
}

// near marks the pixels at most reach rows and columns away from one of the given ones. Two windows of side w share
// a pixel where their centres are at most w-1 apart that way.
func (d *Dataset) near(pixels []Pixel, reach int) *nearby {
	n := &nearby{width: make([]int, len(d.Scenes)), in: make([][]bool, len(d.Scenes))}
	corners := make([][]int32, len(d.Scenes)) // (H+1, W+1): differences whose sum over rows and columns is the cover
	for i, s := range d.Scenes {
		n.width[i] = s.W
	}
	for _, p := range pixels {
		s := d.Scenes[p.Scene]
		if corners[p.Scene] == nil {
			corners[p.Scene] = make([]int32, (s.H+1)*(s.W+1))
		}
		c, w := corners[p.Scene], s.W+1
		r0, r1 := max(0, int(p.Row)-reach), min(s.H, int(p.Row)+reach+1)
		c0, c1 := max(0, int(p.Col)-reach), min(s.W, int(p.Col)+reach+1)
		c[r0*w+c0]++
		c[r0*w+c1]--
		c[r1*w+c0]--
		c[r1*w+c1]++
	}
	for i, c := range corners {
		if c != nil {
			n.in[i] = covered(c, d.Scenes[i].H, d.Scenes[i].W)
		}
	}
	return n
}

// covered sums the corner differences over rows and columns, in place, and returns where the sum is positive.
func covered(c []int32, h, w int) []bool {
	in := make([]bool, h*w)
	for r := range h {
		run := int32(0)
		for col := range w {
			i := r*(w+1) + col
			run += c[i]
			sum := run
			if r > 0 {
				sum += c[i-(w+1)]
			}
			c[i] = sum
			in[r*w+col] = sum > 0
		}
	}
	return in
}

func (n *nearby) at(p Pixel) bool {
	in := n.in[p.Scene]
	return in != nil && in[int(p.Row)*n.width[p.Scene]+int(p.Col)]
}
