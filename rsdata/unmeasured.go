package rsdata

import "slices"

// Measured reports whether any modality has a measurement at a pixel. Where none has, a map shows no class.
func (s *Scene) Measured(row, col int) bool {
	return slices.ContainsFunc(s.Rasters, func(r Raster) bool {
		for band := range r.Bands() {
			if r.Measured(r.Stored(row, col, band)) {
				return true
			}
		}
		return false
	})
}

// unlabelUnmeasured takes the labels off pixels at which nothing was measured, and notes how many: they would be told by
// that alone.
func (d *Dataset) unlabelUnmeasured() {
	n := 0
	for _, s := range d.Scenes {
		maps := [][]uint8{s.Labels, s.Train, s.Test}
		for i := range s.H * s.W {
			labelled := func(l []uint8) bool { return l != nil && l[i] != 0 }
			if !slices.ContainsFunc(maps, labelled) || s.Measured(i/s.W, i%s.W) {
				continue
			}
			n++
			for _, l := range maps {
				if l != nil {
					l[i] = 0
				}
			}
		}
	}
	if n > 0 {
		d.notef("labelled pixels at which nothing was measured, and which count as unlabelled: %d", n)
	}
}
