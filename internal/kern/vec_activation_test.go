package kern

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A gate is an activation with its derivative in float64.
type gate struct {
	name     string
	forward  func(dst, x []float32)
	backward func(dx, dy, x []float32)
	f, df    func(x float64) float64
}

func sigmoid64(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func gates() []gate {
	swish := func(k float64) (f, df func(x float64) float64) {
		return func(x float64) float64 { return x * sigmoid64(k*x) },
			func(x float64) float64 { s := sigmoid64(k * x); return s * (1 + k*x*sigmoid64(-k*x)) }
	}
	silu, dsilu := swish(1)
	quick, dquick := swish(float64(float32(1.702)))
	return []gate{
		{"GELU", GELU, GELUBackward,
			func(x float64) float64 { return x * 0.5 * math.Erfc(-x/math.Sqrt2) },
			func(x float64) float64 {
				return 0.5*math.Erfc(-x/math.Sqrt2) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
			}},
		{"SiLU", SiLU, SiLUBackward, silu, dsilu},
		{"QuickGELU", QuickGELU, QuickGELUBackward, quick, dquick},
	}
}

// sweep is [-20, 20] in uneven steps, with numbers near 0.
func sweep() (x []float32) {
	for v := -20.0; v <= 20; v += 0.00137 {
		x = append(x, float32(v))
	}
	for e := -30; e < 0; e++ {
		x = append(x, float32(math.Ldexp(1.1, e)), float32(-math.Ldexp(1.3, e)))
	}
	return x
}

func TestGatesOverRange(t *testing.T) {
	x := sweep()
	got, ones := make([]float32, len(x)), make([]float32, len(x))
	Fill(ones, 1)
	eachTier(t, func(t *testing.T, _ *rand.Rand) {
		for _, g := range gates() {
			g.forward(got, x)
			for i, v := range x {
				want := g.f(float64(v))
				near(t, at(g.name, i), got[i], want, 1, 2e-7+1.2e-7*abs(want))
				if abs(float64(v)) < 0.1 {
					near(t, at(g.name+" near 0", i), got[i], want, abs(want), 3e-7)
				}
			}
			g.backward(got, ones, x)
			for i, v := range x {
				want := g.df(float64(v))
				near(t, at(g.name+"Backward", i), got[i], want, 1, 2e-7+1.2e-7*abs(want))
			}
		}
		Sigmoid(got, x)
		for i, v := range x {
			want := sigmoid64(float64(v))
			near(t, at("Sigmoid", i), got[i], want, want, 4e-7)
		}
	})
}

func TestGatesLengthsAndAliases(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, g := range gates() {
			for _, n := range vectorLengths {
				m := &arena{t: t, r: r}
				dst, x, dy := m.vector(n), m.vector(n), m.vector(n)
				x0 := clone(x)
				g.forward(dst, x)
				g.forward(x, x)
				for i, v := range x0 {
					near(t, at(g.name, i), dst[i], g.f(float64(v)), 1, 3e-7)
					if x[i] != dst[i] {
						t.Fatalf("%s of %d in place: [%d] = %v, want %v", g.name, n, i, x[i], dst[i])
					}
				}
				copy(x, x0)
				g.backward(dst, dy, x)
				g.backward(dy, dy, x)
				for i := range dst {
					if dy[i] != dst[i] {
						t.Fatalf("%sBackward of %d in place: [%d] = %v, want %v", g.name, n, i, dy[i], dst[i])
					}
				}
				m.check(g.name)
			}
		}
	})
}

func TestGateLimits(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	x := []float32{-inf, -1e30, -200, 0, 200, 1e30, inf, nan}
	eachTier(t, func(t *testing.T, _ *rand.Rand) {
		got := make([]float32, len(x))
		for _, g := range gates() {
			g.forward(got, x)
			for i, want := range []float64{0, 0, 0, 0, 200, 1e30, math.Inf(1), math.NaN()} {
				near(t, at(g.name, i), got[i], float64(float32(want)), 0, 0)
			}
			g.backward(got, []float32{1, 1, 1, 1, 1, 1, 1, 1}, x)
			for i, want := range []float64{0, 0, 0, 0.5, 1, 1, 1, math.NaN()} {
				near(t, at(g.name+"Backward", i), got[i], want, 1, 6e-8)
			}
		}
		Sigmoid(got, x)
		for i, want := range []float64{0, 0, 0, 0.5, 1, 1, 1, math.NaN()} {
			near(t, at("Sigmoid", i), got[i], want, 0, 0)
		}
		ReLU(got, x)
		for i, want := range []float32{0, 0, 0, 0, 200, 1e30, inf, nan} {
			near(t, at("ReLU", i), got[i], float64(want), 0, 0)
		}
		negativeZero := float32(math.Copysign(0, -1))
		y := []float32{-inf, -1, negativeZero, 0, 1e-45, 1, inf, nan}
		ReLUBackward(got, []float32{inf, nan, 3, inf, 5, 6, inf, 8}, y)
		for i, want := range []float32{0, 0, 0, 0, 5, 6, inf, 0} { // what is not let through is 0, whatever dy is
			near(t, at("ReLUBackward", i), got[i], float64(want), 0, 0)
		}
	})
}

func TestExp(t *testing.T) {
	var x []float32
	for v := -87.3; v < 88.72; v += 0.00371 {
		x = append(x, float32(v))
	}
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		got := make([]float32, len(x))
		Exp(got, x)
		worst := 0.0
		for i, v := range x {
			u := ulps(got[i], math.Exp(float64(v)))
			if worst = max(worst, u); u > 2 {
				t.Fatalf("Exp(%v) = %v, off by %.2f ulp", v, got[i], u)
			}
		}
		t.Logf("worst error %.2f ulp", worst)

		inf, nan := float32(math.Inf(1)), float32(math.NaN())
		special := []float32{0, inf, -inf, nan, 89, 1e30, -105, -1e30, 88.8}
		Exp(special, special)
		for i, want := range []float32{1, inf, 0, nan, inf, inf, 0, 0, inf} {
			near(t, at("Exp of special values", i), special[i], float64(want), 0, 0)
		}
		subnormal := []float32{-88, -90, -95, -100, -103}
		Exp(got[:5], subnormal)
		for i, v := range subnormal {
			near(t, at("subnormal Exp", i), got[i], math.Exp(float64(v)), 1.5e-45, 1.01)
		}
		for _, n := range vectorLengths {
			m := &arena{t: t, r: r}
			dst, x := m.vector(n), m.vector(n)
			Exp(dst, x)
			for i, v := range x {
				want := math.Exp(float64(v))
				near(t, at("Exp", i), dst[i], want, want, 2.4e-7)
			}
			m.check("Exp")
		}
	})
}
