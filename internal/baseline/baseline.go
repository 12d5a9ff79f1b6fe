// Package baseline holds classical classifiers to compare a network with: a support vector machine, a random forest,
// linear discriminant analysis and the nearest class mean. They see the mean spectrum around a sample (Features), learn
// from the same few labels and are tested on the same samples (Evaluator). All are deterministic from a seed, for any
// number of threads.
package baseline

import (
	"context"
	"fmt"
	"math"
)

// Classifier learns classes from feature vectors.
type Classifier interface {
	// Fit learns from x, (n, d), and the classes y, (n), numbered from 0. What it learned before is forgotten. It
	// returns an error where the two do not fit together, a value is not finite, or the method cannot work with them;
	// and that of ctx where it ends first and the method is one that takes long.
	Fit(ctx context.Context, x [][]float64, y []int) error
	// Predict returns the class of every row of x, (m, d). It panics where Fit has not succeeded or d is another.
	Predict(x [][]float64) []int
}

// checkTraining returns an error unless x is (n, d) with n and d at least 1, finite, and y has a class for each row.
func checkTraining(method string, x [][]float64, y []int) error {
	if len(x) == 0 || len(x) != len(y) {
		return fmt.Errorf("%s: %d samples with %d classes, want as many of each and at least 1", method, len(x), len(y))
	}
	for i, row := range x {
		if len(row) == 0 || len(row) != len(x[0]) {
			return fmt.Errorf("%s: sample %d has %d features, sample 0 has %d: want the same number, at least 1", method, i, len(row), len(x[0]))
		}
		for j, v := range row {
			if v-v != 0 {
				return fmt.Errorf("%s: feature %d of sample %d is %v: want finite numbers", method, j, i, v)
			}
		}
		if y[i] < 0 {
			return fmt.Errorf("%s: sample %d has class %d, want 0 or more", method, i, y[i])
		}
	}
	return nil
}

// checkWidth panics unless every row of x has the width that Fit saw.
func checkWidth(method string, x [][]float64, width int) {
	if width == 0 {
		panic(fmt.Errorf("baseline: %s: Predict before a successful Fit", method))
	}
	for i, row := range x {
		if len(row) != width {
			panic(fmt.Errorf("baseline: %s: Predict: sample %d has %d features, fitted with %d", method, i, len(row), width))
		}
	}
}

// presentClasses lists the distinct classes of y, increasing, and the position of each sample's class in that list.
func presentClasses(y []int) (classes, positions []int) {
	highest := 0
	for _, k := range y {
		highest = max(highest, k)
	}
	at := make([]int, highest+1)
	for _, k := range y {
		at[k] = 1
	}
	for k, present := range at {
		if present == 1 {
			at[k] = len(classes)
			classes = append(classes, k)
		}
	}
	positions = make([]int, len(y))
	for i, k := range y {
		positions[i] = at[k]
	}
	return classes, positions
}

// argmax returns the index of the largest value, the first of equal ones.
func argmax(v []float64) int {
	best, most := 0, math.Inf(-1)
	for i, x := range v {
		if x > most {
			best, most = i, x
		}
	}
	return best
}

func squaredDistance(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64((v - b[i]) * (v - b[i]))
	}
	return sum
}
