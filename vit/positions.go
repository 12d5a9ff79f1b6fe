package vit

import (
	"math"

	"diffclip/tensor"
)

// SinCosPositions returns the two-dimensional sine-cosine embedding of a square
// of side x side tokens (He et al. 2022), (1 + side², dim): row 0, the class
// token's, is zero; half of the columns encode the column of the square, half
// the row, each by sines then cosines at frequencies 10000^(-i/(dim/4)).
func SinCosPositions(side, dim int) *tensor.Tensor {
	out := tensor.New(1+side*side, dim)
	quarter := dim / 4
	for token := range side * side {
		row := out.Data[(1+token)*dim : (2+token)*dim]
		for half, at := range []int{token % side, token / side} {
			for i := range quarter {
				sin, cos := math.Sincos(float64(at) * math.Pow(10000, -float64(i)/float64(quarter)))
				row[half*2*quarter+i] = float32(sin)
				row[half*2*quarter+quarter+i] = float32(cos)
			}
		}
	}
	return out
}
