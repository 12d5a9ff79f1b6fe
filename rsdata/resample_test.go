package rsdata

import (
	"math"
	"slices"
	"testing"
)

// TestSpans: parts of a side join without a gap, and their weights add up.
func TestSpans(t *testing.T) {
	for _, c := range []struct {
		n     int
		crop  float64
		parts int
	}{{256, 220, 55}, {64, 55, 15}, {64, 55, 11}, {10, 10, 10}, {9, 7.5, 7}, {5, 5, 1}} {
		covered := make([]float64, c.n)
		for _, s := range spans(c.n, c.crop, c.parts) {
			sum := 0.0
			for k, w := range s.weights {
				sum += float64(w)
				covered[s.first+k] += float64(w) * c.crop / float64(c.parts)
			}
			if math.Abs(sum-1) > 1e-6 {
				t.Errorf("%v: weights add up to %v", c, sum)
			}
		}
		margin := (float64(c.n) - c.crop) / 2
		for i, got := range covered {
			want := max(0, min(float64(i+1), float64(c.n)-margin)-max(float64(i), margin))
			if math.Abs(got-want) > 1e-5 {
				t.Errorf("%v: pixel %d counts %v, want %v", c, i, got, want)
			}
		}
	}
}

func TestShrink(t *testing.T) {
	// The middle 3 x 3 of 4 x 6 pixels: rows from 0.5, columns from 1.5, to one pixel
	// and to three.
	src := []uint8{
		0, 0, 10, 20, 0, 0,
		0, 30, 40, 50, 60, 0,
		0, 0, 80, 90, 0, 0,
		0, 0, 0, 0, 0, 0,
	}
	one := []uint8{0}
	newShrinker(4, 6, 1, 0.75).shrink(one, 1, src)
	// Sum over the area: half of row 0, rows 1 and 2; columns 2 and 3 whole, 1 and 4 half.
	if want := uint8(math.Round((0.5*(10+20) + 40 + 50 + 80 + 90 + 0.5*(30+60)) / 9)); one[0] != want {
		t.Errorf("one pixel is %d, want %d", one[0], want)
	}
	nine := make([]uint8, 18)
	newShrinker(4, 6, 3, 0.75).shrink(nine[1:], 2, src)
	// Each new pixel is a quarter of each of four.
	want := []uint8{0, 20, 0, 30, 0, 33, 0, 38, 0, 65, 0, 50, 0, 20, 0, 43, 0, 23}
	if !slices.Equal(nine, want) {
		t.Errorf("nine pixels %v, want %v", nine, want)
	}
	white := slices.Repeat([]uint8{255}, 64*64)
	out := make([]uint8, 15*15)
	newShrinker(64, 64, 15, mrnetShare).shrink(out, 1, white)
	if slices.ContainsFunc(out, func(v uint8) bool { return v != 255 }) {
		t.Errorf("white became %v", out)
	}
}
