package rsdata

import (
	"fmt"
	"math"
	"slices"
)

// Augment is a random change of a window that leaves its meaning as it is.
type Augment struct {
	// Symmetry is one of the eight of the square: bit 0 mirrors left-right, bit 1 top-bottom, bit 2 transposes, in
	// that order.
	Symmetry uint8
	// Crop is the side of the centre of the window that is resized, bilinearly, to the full side; 0 for no crop.
	Crop uint8
}

// GatherAugmented is Gather with a change per window. All modalities of a window change alike.
func (w *Windows) GatherAugmented(dst [][]float32, pixels []Pixel, augments []Augment) {
	area := w.side * w.side
	w.checkDst("GatherAugmented", dst, len(pixels), area)
	if len(augments) != len(pixels) {
		panic(fmt.Errorf("rsdata.Windows.GatherAugmented: %d augmentations for %d windows", len(augments), len(pixels)))
	}
	for m, out := range dst {
		if out == nil {
			continue
		}
		n := area * w.bands[m]
		for i, p := range pixels {
			w.augmented(out[i*n:(i+1)*n], m, p, augments[i])
		}
	}
}

// augmented writes one window of one modality.
func (w *Windows) augmented(out []float32, m int, p Pixel, a Augment) {
	if a.Symmetry > 7 || int(a.Crop) > w.side {
		panic(fmt.Errorf("rsdata.Windows.GatherAugmented: symmetry %d, crop %d in windows of side %d, want 0..7 and at most the side", a.Symmetry, a.Crop, w.side))
	}
	h, width := w.size("GatherAugmented", p)
	src, bands := w.sources[m][p.Scene], w.bands[m]
	if a.Crop == 0 || int(a.Crop) == w.side {
		for k := range w.side * w.side {
			r, c := a.Source(k/w.side, k%w.side, w.side)
			row, col := clamp(int(p.Row)+r-w.side/2, h), clamp(int(p.Col)+c-w.side/2, width)
			src.read(out[k*bands:(k+1)*bands], row*width+col)
		}
		return
	}
	w.cropped(out, src, p, a, bands)
}

// Source returns where position (r, c) of the changed window comes from in a square of the given side.
func (a Augment) Source(r, c, side int) (row, col int) {
	if a.Symmetry&4 != 0 {
		r, c = c, r
	}
	if a.Symmetry&2 != 0 {
		r = side - 1 - r
	}
	if a.Symmetry&1 != 0 {
		c = side - 1 - c
	}
	return r, c
}

// cropped resizes the centre of a window: output position i reads (i+1/2)*crop/side - 1/2, as image libraries do, the
// crop's edge repeated.
func (w *Windows) cropped(out []float32, src source, p Pixel, a Augment, bands int) {
	crop := int(a.Crop)
	centre := w.borrow(crop * crop * bands)
	defer w.giveBack(centre)
	h, width := w.sizes[p.Scene][0], w.sizes[p.Scene][1]
	for k := range crop * crop {
		row, col := clamp(int(p.Row)+k/crop-crop/2, h), clamp(int(p.Col)+k%crop-crop/2, width)
		src.read(centre[k*bands:(k+1)*bands], row*width+col)
	}
	for k := range w.side * w.side {
		r, c := a.Source(k/w.side, k%w.side, w.side)
		r0, r1, fr := tap(r, crop, w.side)
		c0, c1, fc := tap(c, crop, w.side)
		at := func(r, c int) []float32 { return centre[(r*crop+c)*bands:][:bands] }
		v00, v01, v10, v11 := at(r0, c0), at(r0, c1), at(r1, c0), at(r1, c1)
		line := out[k*bands : (k+1)*bands]
		for b := range line {
			top := v00[b] + float32(fc*(v01[b]-v00[b]))
			bottom := v10[b] + float32(fc*(v11[b]-v10[b]))
			line[b] = top + float32(fr*(bottom-top))
		}
	}
}

// tap returns the two source positions of an output position and the weight of the second.
func tap(i, from, to int) (lo, hi int, f float32) {
	x := (float64(i)+0.5)*float64(from)/float64(to) - 0.5
	x = math.Min(math.Max(x, 0), float64(from-1))
	lo = int(x)
	return lo, min(lo+1, from-1), float32(x - float64(lo))
}

// borrow returns a buffer of n values, one that was given back where there is one.
func (w *Windows) borrow(n int) []float32 {
	select {
	case b := <-w.scratch:
		if cap(b) >= n {
			return b[:n]
		}
	default:
	}
	return make([]float32, n, w.side*w.side*slices.Max(w.bands))
}

func (w *Windows) giveBack(b []float32) {
	select {
	case w.scratch <- b:
	default:
	}
}
