package run

import (
	"math"

	"diffclip/rsdata"
)

// Level is the mean and the standard deviation of what was measured of a modality, in the
// units of its files, at pixels spread over all scenes. Other files have another one.
type Level struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
}

// levelPixels is about how many pixels a level is taken from.
const levelPixels = 4096

// levelsOf returns the level of each modality.
func levelsOf(d *rsdata.Dataset) []Level {
	pixels := 0
	for _, s := range d.Scenes {
		pixels += s.H * s.W
	}
	step := max(1, pixels/levelPixels)
	out := make([]Level, len(d.Modalities))
	for m := range out {
		var n, sum, squares float64
		next := 0 // pixel of the scene that is looked at next
		for _, s := range d.Scenes {
			for ; next < s.H*s.W; next += step {
				row, col, r := next/s.W, next%s.W, s.Rasters[m]
				for b := range r.Bands() {
					if r.Measured(r.Stored(row, col, b)) {
						v := r.At(row, col, b)
						n, sum, squares = n+1, sum+v, squares+v*v
					}
				}
			}
			next -= s.H * s.W
		}
		if n > 0 && !math.IsInf(squares, 0) {
			mean := sum / n
			out[m] = Level{mean, math.Sqrt(max(0, squares/n-mean*mean))}
		}
	}
	return out
}

// same reports whether two levels differ by no more than what another processor rounds.
func (l Level) same(other Level) bool {
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*(math.Abs(l.Mean)+l.Deviation) }
	return near(l.Mean, other.Mean) && near(l.Deviation, other.Deviation)
}
