package gradcheck

import "math"

// ReLU is max(x, 0).
func ReLU(x float64) float64 { return max(x, 0) }

// GELU is x·Φ(x), Φ the normal distribution function.
func GELU(x float64) float64 { return x * 0.5 * math.Erfc(-x/math.Sqrt2) }

// QuickGELU is x·sigmoid(1.702x).
func QuickGELU(x float64) float64 { return x * Sigmoid(1.702*x) }

// SiLU is x·sigmoid(x).
func SiLU(x float64) float64 { return x * Sigmoid(x) }

// Sigmoid is 1/(1+e⁻ˣ).
func Sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// Square is x².
func Square(x float64) float64 { return x * x }

// Unary applies f to every element.
func Unary(f func(float64) float64, x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

// Binary applies f to every element of a and the element of b in its place, b
// being repeated.
func Binary(f func(a, b float64) float64, a, b []float64) []float64 {
	y := make([]float64, len(a))
	for i, v := range a {
		y[i] = f(v, b[i%len(b)])
	}
	return y
}

// Add is a + b.
func Add(a, b float64) float64 { return a + b }

// Sub is a - b.
func Sub(a, b float64) float64 { return a - b }

// Mul is a · b.
func Mul(a, b float64) float64 { return a * b }

// Scale is s·x.
func Scale(x []float64, s float64) []float64 {
	return Unary(func(v float64) float64 { return s * v }, x)
}

// Sum is the sum of all elements.
func Sum(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum
}

// SumLeading is the sum of the rows of x, each cols long.
func SumLeading(x []float64, cols int) []float64 {
	y := make([]float64, cols)
	for i, v := range x {
		y[i%cols] += v
	}
	return y
}
