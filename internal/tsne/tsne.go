// Package tsne embeds points of many dimensions in the plane so that near ones
// stay near: t-distributed stochastic neighbour embedding, van der Maaten and
// Hinton, JMLR 9 (2008). Small sets are computed exactly, larger ones by the
// Barnes-Hut approximation of van der Maaten, JMLR 15 (2014).
//
// The outcome follows from the points and the seed alone, whatever the number of
// threads. Start with Embed; affinity.go holds what is near whom, exact.go and
// barneshut.go the forces.
package tsne

import (
	"context"
	"fmt"
	"math"

	"diffclip/internal/par"
	"diffclip/internal/rng"
)

// Point is a place in the plane.
type Point [2]float64

// Config says how to embed.
type Config struct {
	Perplexity   float64 // effective number of neighbours, above 1 and at most a third of the other points
	Iterations   int     // steps of gradient descent
	Early        int     // the first steps, in which attraction is exaggerated
	Exaggeration float64 // how much, from 1
	LearningRate float64 // 0 for a twelfth of the points over four, at least 50 (Belkina et al. 2019)
	Theta        float64 // size of a cell over its distance up to which it counts as one point, at most 0.7; 0 is exact
	Seed         uint64  // of the initial places
	Threads      int     // 0 for one per processor; the result does not depend on it
}

// Default returns the customary settings: perplexity 30, 1000 steps, the first
// 250 of them with attraction twelvefold, theta 0.5.
func Default() Config {
	return Config{Perplexity: 30, Iterations: 1000, Early: 250, Exaggeration: 12, Theta: 0.5}
}

// DefaultFor returns the customary settings for a number of points, of which few allow
// only a smaller perplexity.
func DefaultFor(points int) Config {
	c := Default()
	c.Perplexity = min(c.Perplexity, float64(points-1)/3)
	return c
}

// Result is an embedding and the Kullback-Leibler divergence that is left, in
// nats: less is better, and it compares between seeds, not between data sets.
type Result struct {
	Points     []Point
	Divergence float64
}

const (
	// exactPoints is the size up to which the exact forces are no slower.
	exactPoints = 400
	// leastPoints is how many allow a perplexity above 1, which even a point's nearest alone has.
	leastPoints = 5
	// maxPoints bounds the search for neighbours, which looks at every pair.
	maxPoints = 1 << 15
	// forceGrain is how many points one chunk of the parallel loop has.
	forceGrain = 16
)

// Embed places the rows of x, all of one length, in the plane. It returns an
// error where x has values that are not finite, rows of unequal length, too few
// rows for the perplexity, or so many copies of a point that it has no
// neighbourhood; and where ctx is done.
func Embed(ctx context.Context, x [][]float64, cfg Config) (*Result, error) {
	if err := cfg.check(x); err != nil {
		return nil, err
	}
	pool := par.New(cfg.Threads)
	defer pool.Close()
	d := &descent{ctx: ctx, cfg: cfg, y: make([]Point, len(x)), forces: newForces(len(x))}
	var err error
	if cfg.Theta == 0 || len(x) <= exactPoints {
		d.field, err = newExact(pool, x, cfg.Perplexity)
	} else {
		d.field, err = newBarnesHut(pool, x, cfg.Perplexity, cfg.Theta)
	}
	if err != nil {
		return nil, err
	}
	if err := d.run(); err != nil {
		return nil, err
	}
	return &Result{d.y, d.field.divergence(d.y)}, nil
}

func (c Config) check(x [][]float64) error {
	switch n := len(x); {
	case n < leastPoints:
		return fmt.Errorf("t-SNE: %d points: want at least %d", n, leastPoints)
	case !(c.Perplexity > 1) || c.Iterations < 1 || c.Early < 0 || !(c.Exaggeration >= 1) || !(c.LearningRate >= 0) || !(c.Theta >= 0 && c.Theta <= 0.7):
		return fmt.Errorf("t-SNE: settings %+v: want a perplexity above 1 and exaggeration from 1, at least one iteration, theta in [0, 0.7], nothing negative", c)
	case n > maxPoints:
		return fmt.Errorf("t-SNE: %d points: at most %d are embedded; draw a sample of them", n, maxPoints)
	case 3*c.Perplexity > float64(n-1):
		return fmt.Errorf("t-SNE: %d points are too few for perplexity %g: want more than three times as many, or a perplexity of at most %.4g", n, c.Perplexity, float64(n-1)/3)
	}
	for i, row := range x {
		if len(row) != len(x[0]) || len(row) == 0 {
			return fmt.Errorf("t-SNE: point %d has %d values, the first %d: want equally many, at least one", i, len(row), len(x[0]))
		}
		for k, v := range row {
			if math.IsNaN(v) || math.Abs(v) > 1e100 { // whose squares add up to something finite
				return fmt.Errorf("t-SNE: value %d of point %d is %v: want finite numbers", k, i, v)
			}
		}
	}
	return nil
}

// field computes the forces between embedded points.
type field interface {
	// fill overwrites f for the places y.
	fill(f *forces, y []Point)
	// divergence returns KL(P || Q) at y.
	divergence(y []Point) float64
}

// forces are the two parts of the gradient of KL(P || Q), with w_ij =
// 1/(1+|y_i-y_j|²), Z = Σ w_ij and q_ij = w_ij/Z.
type forces struct {
	attract []Point   // Σ_j p_ij·w_ij·(y_i-y_j)
	repel   []Point   // Σ_j w_ij²·(y_i-y_j), still to be divided by Z
	weight  []float64 // Σ_j w_ij of each point
}

func newForces(n int) *forces {
	return &forces{make([]Point, n), make([]Point, n), make([]float64, n)}
}

// total is Z, added up in the order of the points.
func (f *forces) total() float64 {
	z := 0.0
	for _, w := range f.weight {
		z += w
	}
	return z
}

// gradient is dKL/dy_i along an axis, 4 Σ_j (p_ij - q_ij)·w_ij·(y_i-y_j), with
// the p_ij exaggerated.
func (f *forces) gradient(i, axis int, exaggeration, z float64) float64 {
	return 4 * (exaggeration*f.attract[i][axis] - f.repel[i][axis]/z)
}

// descent is gradient descent with momentum and a gain for each coordinate,
// which grows while its gradient keeps its sign (Jacobs 1988).
type descent struct {
	ctx    context.Context
	cfg    Config
	field  field
	forces *forces
	y      []Point
}

// deviation is the spread of the initial places, small against what follows.
const deviation = 1e-4

func (d *descent) run() error {
	n := len(d.y)
	start := make([]float32, 2*n)
	rng.New(d.cfg.Seed, "tsne", 0).Normal(start, 0)
	for i := range d.y {
		d.y[i] = Point{deviation * float64(start[2*i]), deviation * float64(start[2*i+1])}
	}
	rate := d.cfg.LearningRate
	if rate == 0 {
		rate = max(float64(n)/d.cfg.Exaggeration/4, 50)
	}
	speed, gain := make([]Point, n), make([]Point, n)
	for i := range gain {
		gain[i] = Point{1, 1}
	}
	for step := range d.cfg.Iterations {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		exaggeration, momentum := 1.0, 0.8
		if step < d.cfg.Early {
			exaggeration, momentum = d.cfg.Exaggeration, 0.5
		}
		d.field.fill(d.forces, d.y)
		z := d.forces.total()
		for i := range d.y {
			for axis := range 2 {
				g := d.forces.gradient(i, axis, exaggeration, z)
				v, k := &speed[i][axis], &gain[i][axis]
				if (g > 0) == (*v > 0) {
					*k = max(*k*0.8, 0.01)
				} else {
					*k += 0.2
				}
				*v = momentum**v - rate**k*g
				d.y[i][axis] += *v
			}
		}
		centre(d.y)
	}
	return nil
}

// centre moves the mean to the origin, which changes no distance.
func centre(y []Point) {
	var mean Point
	for _, p := range y {
		mean[0] += p[0] / float64(len(y))
		mean[1] += p[1] / float64(len(y))
	}
	for i := range y {
		y[i][0] -= mean[0]
		y[i][1] -= mean[1]
	}
}
