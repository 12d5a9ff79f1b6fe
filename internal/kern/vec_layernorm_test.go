package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var layerNormShapes = []shape{{1, 1, 1}, {2, 3, 3}, {3, 7, 7}, {2, 16, 16}, {5, 33, 33}, {7, 64, 64}, {37, 127, 127}, {122, 128, 128}, {131, 17, 17}, {3, 384, 384}, {2, 1000, 1000}}

const layerNormEps = 1e-5

// layerNorm64 is one row of LayerNorm in float64.
func layerNorm64(x []float32) (n []float64, mean, rstd float64) {
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	var variance float64
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	rstd = 1 / math.Sqrt(variance+layerNormEps)
	for _, v := range x {
		n = append(n, (float64(v)-mean)*rstd)
	}
	return n, mean, rstd
}

func TestLayerNorm(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, s := range layerNormShapes {
			for _, affine := range []bool{false, true} {
				m := &arena{t: t, r: r}
				x, y, mean, rstd := m.matrix(s), m.matrix(s), m.vector(s.rows), m.vector(s.rows)
				for i := range x {
					x[i] += 3 // a mean that must be subtracted before squaring
				}
				var gamma, beta []float32
				if affine {
					gamma, beta = m.vector(s.cols), m.vector(s.cols)
				}
				LayerNorm(y, x, s.rows, s.cols, gamma, beta, layerNormEps, mean, rstd)
				what := fmt.Sprintf("LayerNorm %v affine %v", s, affine)
				for i := range s.rows {
					n, wantMean, wantRstd := layerNorm64(x[i*s.cols:][:s.cols])
					near(t, what+": mean", mean[i], wantMean, 4, 3e-7)
					near(t, what+": rstd", rstd[i], wantRstd, wantRstd, 2e-6)
					for c, v := range n {
						size := 4*wantRstd + abs(v)
						if affine {
							v = v*float64(gamma[c]) + float64(beta[c])
							size = size*abs(float64(gamma[c])) + abs(v)
						}
						near(t, at(what, i*s.cols+c), y[i*s.cols+c], v, size, 5e-7)
					}
				}
				LayerNorm(x, x, s.rows, s.cols, gamma, beta, layerNormEps, mean, rstd)
				for i := range x {
					near(t, what+" in place", x[i], float64(y[i]), 0, 0)
				}
				m.check(what)
			}
		}
	})
}

func TestLayerNormBackward(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		for _, s := range layerNormShapes {
			for variant := range 8 {
				affine, params, accumulate := variant&1 != 0, variant&2 != 0, variant&4 != 0
				m := &arena{t: t, r: r}
				x, dy, dx, mean, rstd := m.matrix(s), m.matrix(s), m.matrix(s), m.vector(s.rows), m.vector(s.rows)
				LayerNorm(dx, x, s.rows, s.cols, nil, nil, layerNormEps, mean, rstd)
				Fill(dx, 0.5)
				var gamma, dgamma, dbeta []float32
				if affine {
					gamma = m.vector(s.cols)
				}
				if params {
					dgamma, dbeta = m.vector(s.cols), m.vector(s.cols)
				}
				g64, b64, g0, b0 := make([]float64, s.cols), make([]float64, s.cols), clone(dgamma), clone(dbeta)
				LayerNormBackward(dx, dy, x, s.rows, s.cols, gamma, mean, rstd, dgamma, dbeta, accumulate)
				what := fmt.Sprintf("LayerNormBackward %v affine %v params %v accumulate %v", s, affine, params, accumulate)
				for i := range s.rows {
					row := dy[i*s.cols:][:s.cols]
					n, _, rs := layerNorm64(x[i*s.cols:][:s.cols])
					weight := func(c int) float64 {
						if affine {
							return float64(row[c]) * float64(gamma[c])
						}
						return float64(row[c])
					}
					a, b := 0.0, 0.0
					for c := range row {
						a += weight(c) / float64(s.cols)
						b += weight(c) * n[c] / float64(s.cols)
						g64[c] += float64(row[c]) * n[c]
						b64[c] += float64(row[c])
					}
					for c := range row {
						want := rs * (weight(c) - a - n[c]*b)
						if accumulate {
							want += 0.5
						}
						near(t, what, dx[i*s.cols+c], want, 1+rs*(1+abs(weight(c))), 2e-6)
					}
				}
				if params {
					for c := range g64 {
						near(t, what+": dgamma", dgamma[c], g64[c]+float64(g0[c]), float64(s.rows), 2e-6)
						near(t, what+": dbeta", dbeta[c], b64[c]+float64(b0[c]), float64(s.rows), 2e-6)
					}
				}
				for name, in := range map[string]*[]float32{"dy": &dy, "x": &x} {
					alias, want := clone(*in), clone(dx)
					if accumulate {
						for i := range want {
							want[i] += alias[i] - 0.5
						}
					}
					saved := *in
					*in = alias
					LayerNormBackward(alias, dy, x, s.rows, s.cols, gamma, mean, rstd, nil, nil, accumulate)
					*in = saved
					for i, v := range want {
						near(t, what+": dx is "+name, alias[i], float64(v), 1+abs(float64(v))+abs(float64(saved[i])), 5e-7)
					}
				}
				m.check(what)
			}
		}
	})
}
