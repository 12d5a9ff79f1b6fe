package kern

import (
	"math/rand/v2"
	"testing"
)

func TestReductions(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, n := range vectorLengths {
			m := &arena{t: t, r: r}
			x, y := m.vector(n), m.vector(n)
			sum, dot, sq := 0.0, 0.0, 0.0
			sumScale, dotScale := 0.0, 0.0
			for i, v := range x {
				a, b := float64(v), float64(y[i])
				sum, dot, sq = sum+a, dot+a*b, sq+a*a
				sumScale, dotScale = sumScale+abs(a), dotScale+abs(a*b)
			}
			near(t, at("Sum", n), Sum(x), sum, sumScale, 3e-7)
			near(t, at("Dot", n), Dot(x, y), dot, dotScale, 3e-7)
			near(t, at("SumSq", n), SumSq(x), sq, sq, 3e-7)
		}
	})
}

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
