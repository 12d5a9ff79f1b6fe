package baseline

import (
	"context"
	"fmt"
	"math"
)

// machine separates two classes: its decision is the sum of weights[i] * K(support[i], x), plus bias.
type machine struct {
	support []int // samples of the training set, increasing
	weights []float64
	bias    float64
}

// minCurvature stands in for a curvature that is not positive, as two equal samples give.
const minCurvature = 1e-12

// stepsUnheard is how many steps go by between two looks at whether anybody still waits.
const stepsUnheard = 1 << 10

// solveSMO solves the dual of the two-class C-SVC,
//
//	minimise 1/2 sum_ij y_i y_j a_i a_j K_ij - sum_i a_i  subject to  0 <= a_i <= C, sum_i y_i a_i = 0,
//
// two variables at a time, chosen by second-order information: Fan, Chen and Lin, JMLR 6 (2005), as in LIBSVM. kernel
// is (n, n), y is +1 or -1. It returns y_i a_i and the bias once no pair violates optimality by tolerance, and an
// error where that does not come about or ctx ends first.
func solveSMO(ctx context.Context, kernel [][]float64, y []float64, c, tolerance float64) (weights []float64, bias float64, err error) {
	n := len(y)
	a := make([]float64, n)
	slope := append([]float64(nil), y...) // -y_i times the gradient, which begins at -1
	limit := max(10_000_000, 100*n)
	for round := range limit {
		if round%stepsUnheard == 0 && ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		i, j, gap := workingSet(kernel, y, a, slope, c)
		if gap < tolerance {
			return signed(y, a), offset(y, a, slope, c), nil
		}
		step := (slope[i] - slope[j]) / curvature(kernel, i, j)
		up, down := roomUp(y[i], a[i], c), roomUp(-y[j], a[j], c)
		step = min(step, up, down)
		a[i] = moved(y[i], a[i], step, up, c)
		a[j] = moved(-y[j], a[j], step, down, c)
		for k := range slope {
			slope[k] -= float64(step * (kernel[i][k] - kernel[j][k]))
		}
	}
	return nil, 0, fmt.Errorf("no solution within %d steps: scale the features, or lower C (%g)", limit, c)
}

// workingSet returns the pair to improve: i with the largest slope among those whose y_i a_i may grow, j among those
// whose y_j a_j may shrink so that the objective falls most. gap is by how much the worst pair violates optimality.
func workingSet(kernel [][]float64, y, a, slope []float64, c float64) (i, j int, gap float64) {
	i, j = -1, -1
	highest, lowest := math.Inf(-1), math.Inf(1)
	for t, s := range slope {
		if roomUp(y[t], a[t], c) > 0 && s > highest {
			i, highest = t, s
		}
	}
	gain := 0.0
	for t, s := range slope {
		if roomUp(-y[t], a[t], c) == 0 {
			continue
		}
		lowest = min(lowest, s)
		if d := highest - s; i >= 0 && d > 0 {
			if g := d * d / curvature(kernel, i, t); g > gain {
				j, gain = t, g
			}
		}
	}
	if i < 0 || j < 0 {
		return i, j, 0
	}
	return i, j, highest - lowest
}

// curvature is the second derivative of the objective along a step of the pair.
func curvature(kernel [][]float64, i, j int) float64 {
	if q := kernel[i][i] + kernel[j][j] - 2*kernel[i][j]; q > 0 {
		return q
	}
	return minCurvature
}

// roomUp is how far y*a can grow inside the box.
func roomUp(y, a, c float64) float64 {
	if y > 0 {
		return c - a
	}
	return a
}

// moved lets y*a grow by step; where that is all the room, a lands on the bound exactly.
func moved(y, a, step, room, c float64) float64 {
	switch {
	case step == room && y > 0:
		return c
	case step == room:
		return 0
	}
	return a + y*step
}

func signed(y, a []float64) []float64 {
	w := make([]float64, len(a))
	for i := range a {
		w[i] = y[i] * a[i]
	}
	return w
}

// offset is the bias: the mean slope of the free variables, else the middle of what the bounds allow.
func offset(y, a, slope []float64, c float64) float64 {
	free, sum := 0, 0.0
	low, high := math.Inf(-1), math.Inf(1)
	for i, s := range slope {
		switch {
		case a[i] > 0 && a[i] < c:
			free++
			sum += s
		case roomUp(y[i], a[i], c) > 0:
			low = max(low, s)
		default:
			high = min(high, s)
		}
	}
	if free > 0 {
		return sum / float64(free)
	}
	return (low + high) / 2
}
