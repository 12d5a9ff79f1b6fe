package rsdata

import "slices"

// nearby answers, for every pixel of a dataset, whether one of a set of pixels of the same scene is near.
type nearby struct {
	width []int
	in    [][]bool // per scene, (H, W); nil where the set has no pixel in the scene
}

// near marks the pixels at most reach rows and columns away from one of the given ones. Two windows of side w share
// a pixel where their centres are at most w-1 apart that way.
func (d *Dataset) near(pixels []Pixel, reach int) *nearby {
	n := &nearby{width: make([]int, len(d.Scenes)), in: make([][]bool, len(d.Scenes))}
	inScene := make([][]Pixel, len(d.Scenes))
	for _, p := range pixels {
		inScene[p.Scene] = append(inScene[p.Scene], p)
	}
	for i, s := range d.Scenes {
		n.width[i] = s.W
		if inScene[i] != nil {
			n.in[i] = covered(inScene[i], s.H, s.W, reach)
		}
	}
	return n
}

// covered marks, row by row, the pixels of a scene of h x w that are near: the sum of steps along a row says by how
// many of the given ones.
func covered(pixels []Pixel, h, w, reach int) []bool {
	slices.SortFunc(pixels, func(a, b Pixel) int { return int(a.Row) - int(b.Row) })
	in, steps := make([]bool, h*w), make([]int32, w+1)
	step := func(p Pixel, by int32) {
		steps[max(0, int(p.Col)-reach)] += by
		steps[min(w, int(p.Col)+reach+1)] -= by
	}
	begun, ended := 0, 0 // pixels in reach of this row or an earlier one, and those no longer in reach
	for r := range h {
		for ; begun < len(pixels) && int(pixels[begun].Row) <= r+reach; begun++ {
			step(pixels[begun], 1)
		}
		for ; ended < begun && int(pixels[ended].Row) < r-reach; ended++ {
			step(pixels[ended], -1)
		}
		if begun == ended {
			continue
		}
		sum := int32(0)
		for c := range w {
			sum += steps[c]
			in[r*w+c] = sum > 0
		}
	}
	return in
}

func (n *nearby) at(p Pixel) bool {
	in := n.in[p.Scene]
	return in != nil && in[int(p.Row)*n.width[p.Scene]+int(p.Col)]
}
