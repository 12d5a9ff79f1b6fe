package kern

// The reductions add in an order that is fixed for a length and a tier.

// Sum adds up x; the sum of nothing is 0:
//
//	for _, v := range x { s += v }
func Sum(x []float32) float32 {
	if len(x) == 0 {
		return 0
	}
	if s, ok := asmSum(&x[0], len(x)); ok {
		return s
	}
	var s float64
	for _, v := range x {
		s += float64(v)
	}
	return float32(s)
}

// Dot is the inner product of two slices of one length:
//
//	for i := range x { s += x[i] * y[i] }
func Dot(x, y []float32) float32 {
	if sameLen("Dot", x, y) == 0 {
		return 0
	}
	if s, ok := asmDot(&x[0], &y[0], len(x)); ok {
		return s
	}
	var s float64
	for i, v := range x {
		s += float64(v) * float64(y[i])
	}
	return float32(s)
}

// SumSq is the sum of squares:
//
//	for _, v := range x { s += v * v }
func SumSq(x []float32) float32 { return Dot(x, x) }
