package baseline

import (
	"context"
	"fmt"
	"math"

	"diffclip/internal/par"
	"diffclip/internal/rng"
)

// Forest is a random forest: Breiman, Machine Learning 45 (2001). Every tree is grown from a bootstrap sample, looks at
// sqrt(d) random features per split, and gives the shares of the classes in its leaf; their mean decides.
type Forest struct {
	Trees   int // at least 1
	Seed    uint64
	Threads int // 0 for one per processor; the result does not depend on it

	width   int
	classes []int
	trees   []tree
}

// Fit implements Classifier.
func (f *Forest) Fit(_ context.Context, x [][]float64, y []int) error {
	f.width = 0
	if err := checkTraining("random forest", x, y); err != nil {
		return err
	}
	if f.Trees < 1 || f.Trees > 1<<16 {
		return fmt.Errorf("random forest: %d trees, want 1 to %d", f.Trees, 1<<16)
	}
	classes, at := presentClasses(y)
	columns := transposed(x)
	trees := make([]tree, f.Trees)
	pool := par.New(f.Threads)
	defer pool.Close()
	pool.For(f.Trees, 1, func(lo, _, _ int) {
		g := grower{columns: columns, at: at, classes: len(classes), try: max(1, int(math.Sqrt(float64(len(columns))))),
			random: rng.New(f.Seed, "baseline/forest", uint64(lo)), features: make([]int32, len(columns))}
		for j := range g.features {
			g.features[j] = int32(j)
		}
		samples := make([]int32, len(x))
		for i := range samples {
			samples[i] = int32(g.intn(len(x)))
		}
		g.grow(samples)
		trees[lo] = g.tree
	})
	f.width, f.classes, f.trees = len(columns), classes, trees
	return nil
}

// Predict implements Classifier.
func (f *Forest) Predict(x [][]float64) []int {
	checkWidth("random forest", x, f.width)
	out := make([]int, len(x))
	pool := par.New(f.Threads)
	defer pool.Close()
	pool.For(len(x), 64, func(lo, hi, _ int) {
		sums := make([]float64, len(f.classes))
		for i := lo; i < hi; i++ {
			clear(sums)
			for t := range f.trees {
				for k, share := range f.trees[t].leaf(x[i], len(sums)) {
					sums[k] += share
				}
			}
			out[i] = f.classes[argmax(sums)]
		}
	})
	return out
}

// transposed returns (d, n) of (n, d).
func transposed(x [][]float64) [][]float64 {
	columns := make([][]float64, len(x[0]))
	for j := range columns {
		columns[j] = make([]float64, len(x))
		for i, row := range x {
			columns[j][i] = row[j]
		}
	}
	return columns
}
