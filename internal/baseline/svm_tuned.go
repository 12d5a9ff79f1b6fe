package baseline

import (
	"context"
	"fmt"

	"diffclip/internal/rng"
)

// TunedSVM is an SVM whose C and gamma are chosen by stratified cross-validation on the training samples, then fitted
// to all of them.
type TunedSVM struct {
	C      []float64 // candidates
	Gamma  []float64 // candidates, in units of 1 / (features * variance)
	Folds  int       // at most; never more than the smallest class has samples
	Seed   uint64    // of the division in folds
	Chosen SVM       // after Fit
}

// Fit implements Classifier. Of equally accurate candidates the first wins: the first C, and for it the first gamma.
// Where a class has a single sample there is nothing to validate on, and the first candidates are taken.
func (t *TunedSVM) Fit(ctx context.Context, x [][]float64, y []int) error {
	if err := checkTraining("tuned SVM", x, y); err != nil {
		return err
	}
	if len(t.C) == 0 || len(t.Gamma) == 0 {
		return fmt.Errorf("tuned SVM: %d candidates for C and %d for gamma, want at least 1 each", len(t.C), len(t.Gamma))
	}
	unit := scaleGamma(x)
	fold, folds := t.divide(y)
	best, most := SVM{C: t.C[0], Gamma: t.Gamma[0] * unit}, -1
	for _, c := range t.C {
		for _, g := range t.Gamma {
			candidate := SVM{C: c, Gamma: g * unit}
			right, err := validate(ctx, candidate, x, y, fold, folds)
			if err != nil {
				return err
			}
			if right > most {
				best, most = candidate, right
			}
		}
	}
	t.Chosen = best
	return t.Chosen.Fit(ctx, x, y)
}

// Predict implements Classifier.
func (t *TunedSVM) Predict(x [][]float64) []int { return t.Chosen.Predict(x) }

// divide deals the samples of each class, in random order, into folds. A single fold means none.
func (t *TunedSVM) divide(y []int) (fold []int, folds int) {
	classes, at := presentClasses(y)
	members := make([][]int, len(classes))
	for i, k := range at {
		members[k] = append(members[k], i)
	}
	folds = t.Folds
	for _, m := range members {
		folds = min(folds, len(m))
	}
	fold = make([]int, len(y))
	for k, m := range members {
		order := make([]int32, len(m))
		rng.New(t.Seed, "baseline/folds", uint64(k)).Perm(order, 0)
		for place, i := range order {
			fold[m[i]] = place % max(folds, 1)
		}
	}
	return fold, folds
}

// validate counts the samples that a candidate gets right when it has learned from the other folds.
func validate(ctx context.Context, candidate SVM, x [][]float64, y, fold []int, folds int) (right int, err error) {
	if folds < 2 {
		return 0, nil
	}
	for f := range folds {
		var trainX, testX [][]float64
		var trainY, testY []int
		for i, at := range fold {
			if at == f {
				testX, testY = append(testX, x[i]), append(testY, y[i])
			} else {
				trainX, trainY = append(trainX, x[i]), append(trainY, y[i])
			}
		}
		machine := candidate
		if err := machine.Fit(ctx, trainX, trainY); err != nil {
			return 0, err
		}
		for i, k := range machine.Predict(testX) {
			if k == testY[i] {
				right++
			}
		}
	}
	return right, nil
}
