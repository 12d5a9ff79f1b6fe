package solution

import "math"

// RMSNormGrad solves the exercise of chapter 3.
func RMSNormGrad(x, dy []float64) (dx []float64, err error) {
	n := float64(len(x))
	var square, dot float64
	for i, v := range x {
		square += v * v / n
		dot += v * dy[i] / n
	}
	r := 1 / math.Sqrt(square)
	for i, v := range x {
		dx = append(dx, r*(dy[i]-v*r*r*dot))
	}
	return dx, nil
}
