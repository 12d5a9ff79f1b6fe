package kern

import (
	"math"
	"testing"
)

// The product is one, and every run of it counts.
func TestYardstick(t *testing.T) {
	for _, tier := range Available() {
		y := NewYardstick(tier)
		rows, cols := yardstickTile(tier)
		if one, three := y.Run(1), y.Run(3); three != 3*one || one != float64(2*yardstickTiles*rows*cols*yardstickDepth) {
			t.Errorf("%v: %v operations in a run, %v in three", tier, one, three)
		}
		for i, got := range y.c {
			want, row := 0.0, i/cols
			for k, x := range y.a[row*yardstickDepth:][:yardstickDepth] {
				want += float64(x) * float64(y.b[k*cols+i%cols])
			}
			if math.Abs(float64(got)-want) > 1e-4 {
				t.Fatalf("%v: element %d is %v, want %v", tier, i, got, want)
			}
		}
	}
}
