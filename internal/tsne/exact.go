package tsne

import (
	"math"

	"diffclip/internal/par"
)

// exact computes every pair.
type exact struct {
	pool *par.Pool
	p    [][]neighbour // of each point to all others, in their order
}

func newExact(pool *par.Pool, x [][]float64, perplexity float64) (*exact, error) {
	p, err := affinities(pool, x, len(x)-1, perplexity)
	return &exact{pool, p}, err
}

// apart returns y_i - y_j and w_ij = 1/(1+|y_i-y_j|²).
func apart(a, b Point) (dx, dy, w float64) {
	dx, dy = a[0]-b[0], a[1]-b[1]
	return dx, dy, 1 / (1 + dx*dx + dy*dy)
}

func (e *exact) fill(f *forces, y []Point) {
	e.pool.For(len(y), forceGrain, func(lo, hi, _ int) {
		for i := lo; i < hi; i++ {
			var attract, repel Point
			sum := 0.0
			for _, v := range e.p[i] {
				dx, dy, w := apart(y[i], y[v.at])
				sum += w
				attract[0] += v.value * w * dx
				attract[1] += v.value * w * dy
				repel[0] += w * w * dx
				repel[1] += w * w * dy
			}
			f.attract[i], f.repel[i], f.weight[i] = attract, repel, sum
		}
	})
}

func (e *exact) divergence(y []Point) float64 {
	f := newForces(len(y))
	e.fill(f, y)
	return divergence(e.p, y, f.total())
}

// divergence is Σ p_ij ln(p_ij/q_ij) over the pairs with an affinity.
func divergence(p [][]neighbour, y []Point, z float64) float64 {
	sum := 0.0
	for i, row := range p {
		for _, v := range row {
			if v.value > 0 {
				_, _, w := apart(y[i], y[v.at])
				sum += v.value * math.Log(v.value*z/w)
			}
		}
	}
	return sum
}
