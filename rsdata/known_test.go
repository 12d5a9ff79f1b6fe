package rsdata

import (
	"image/color"
	"testing"
)

// However many classes bring no colour, no two have the same, and none is like one that a user chose.
func TestFreeColors(t *testing.T) {
	given := []color.RGBA{rgb(30, 120, 180), rgb(255, 255, 0)}
	for _, n := range []int{0, 1, 16, 17, 40, MaxClasses - len(given)} {
		colors := freeColors(n, given...)
		if len(colors) != n {
			t.Fatalf("%d colours for %d classes", len(colors), n)
		}
		for i, c := range colors {
			for _, before := range colors[:i] {
				if c == before {
					t.Errorf("%d classes: two of colour %v", n, c)
				}
			}
			if n <= 40 && (alike(c, given[0]) || alike(c, given[1])) {
				t.Errorf("%d classes: colour %v is like one of %v", n, c, given)
			}
		}
	}
	if freeColors(1)[0] != autoColors[0] {
		t.Error("the first colour is not the first of the list")
	}
}
