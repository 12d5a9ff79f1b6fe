package golden

import (
	"math"
	"testing"
)

// Near fails the test unless every element of got is within tol of want,
// relative to the larger of the element and the root mean square of want: a sum
// that cancels to nearly zero is held to the accuracy of its terms.
func Near(t testing.TB, what string, got, want []float32, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d elements, want %d", what, len(got), len(want))
		return
	}
	var sq float64
	for _, w := range want {
		sq += float64(w) * float64(w)
	}
	rms := math.Sqrt(sq / float64(max(len(want), 1)))
	worst, at := 0.0, -1
	for i, w := range want {
		d := math.Abs(float64(got[i])-float64(w)) / max(math.Abs(float64(w)), rms, math.SmallestNonzeroFloat32)
		if d > worst || math.IsNaN(d) {
			worst, at = d, i
			if math.IsNaN(d) {
				break
			}
		}
	}
	if !(worst <= tol) {
		t.Errorf("%s: element %d is %v, want %v: relative error %.2g > %.0g", what, at, got[at], want[at], worst, tol)
	}
}
