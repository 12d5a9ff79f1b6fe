package solution

import "math"

// JumpTo solves the exercise of chapter 7.
func JumpTo(beta []float64, t int, x0, eps float64) (float64, error) {
	alpha := 1.0
	for _, b := range beta[:t] {
		alpha *= 1 - b
	}
	return math.Sqrt(alpha)*x0 + math.Sqrt(1-alpha)*eps, nil
}
