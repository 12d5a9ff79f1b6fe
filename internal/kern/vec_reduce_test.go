package kern

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestReductions(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, n := range vectorLengths {
			m := &arena{t: t, r: r}
			x, y := m.vector(n), m.vector(n)
			if n > 5 {
				x[n-1] = 9 // the maximum in the tail
			}
			sum, dot, sq, most := 0.0, 0.0, 0.0, math.Inf(-1)
			sumScale, dotScale := 0.0, 0.0
			for i, v := range x {
				a, b := float64(v), float64(y[i])
				sum, dot, sq, most = sum+a, dot+a*b, sq+a*a, max(most, a)
				sumScale, dotScale = sumScale+abs(a), dotScale+abs(a*b)
			}
			near(t, at("Sum", n), Sum(x), sum, sumScale, 3e-7)
			near(t, at("Dot", n), Dot(x, y), dot, dotScale, 3e-7)
			near(t, at("SumSq", n), SumSq(x), sq, sq, 3e-7)
			near(t, at("Max", n), Max(x), most, 0, 0)
			for i := range x {
				x[i] = -1 - abs32(x[i])
			}
			if n > 0 && Max(x) > -1 {
				t.Fatalf("Max of %d negative numbers = %v", n, Max(x))
			}
		}
	})
}

func abs32(x float32) float32 { return max(x, -x) }

// The order of addition must not depend on where a slice starts.
func TestReductionsIgnoreAlignment(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		buf := make([]float32, 1100)
		x := make([]float32, 1000)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		want, wantSq := Sum(x), SumSq(x)
		for shift := range 32 {
			y := buf[shift:][:len(x)]
			copy(y, x)
			if Sum(y) != want || SumSq(y) != wantSq {
				t.Fatalf("at shift %d: Sum %v, SumSq %v, want %v, %v", shift, Sum(y), SumSq(y), want, wantSq)
			}
		}
	})
}
