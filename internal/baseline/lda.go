package baseline

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// AutoShrinkage asks LDA for the shrinkage of Ledoit and Wolf.
const AutoShrinkage = -1

// LDA is linear discriminant analysis: classes share a covariance matrix S, shrunk towards a multiple of the identity,
// (1-a) S + a trace(S)/d I, so that it can be inverted from few samples. Priors are the shares of the training samples.
// Where no class has two different samples, S is the identity, which makes it the nearest mean.
type LDA struct {
	Shrinkage float64 // a, from 0 to 1; AutoShrinkage for Ledoit and Wolf, J. Multivariate Analysis 88 (2004)

	classes []int
	weights [][]float64 // (classes, d)
	bias    []float64
	priors  []float64
	factor  mat.Cholesky // of the covariance
}

// Fit implements Classifier.
func (l *LDA) Fit(_ context.Context, x [][]float64, y []int) error {
	l.weights = nil
	if err := checkTraining("LDA", x, y); err != nil {
		return err
	}
	if l.Shrinkage != AutoShrinkage && !(l.Shrinkage >= 0 && l.Shrinkage <= 1) {
		return fmt.Errorf("LDA: shrinkage %v, want a number from 0 to 1, or AutoShrinkage", l.Shrinkage)
	}
	classes, at := presentClasses(y)
	means, counts := classMeans(x, at, len(classes))
	residuals := mat.NewDense(len(x), len(x[0]), nil)
	for i, row := range x {
		for j, v := range row {
			residuals.Set(i, j, v-means[at[i]][j])
		}
	}
	shrinkage := l.Shrinkage
	if shrinkage == AutoShrinkage {
		shrinkage = ledoitWolf(residuals)
	}
	priors := make([]float64, len(classes))
	for k, n := range counts {
		priors[k] = n / float64(len(x))
	}
	return l.set(classes, priors, means, shrunkCovariance(residuals, shrinkage))
}

// set makes the discriminants those of classes with these priors and means, (k, d), and a covariance they share.
func (l *LDA) set(classes []int, priors []float64, means [][]float64, covariance *mat.SymDense) error {
	var factor mat.Cholesky
	if !factor.Factorize(covariance) || factor.Cond() > 1e15 {
		return errors.New("LDA: the covariance of the training samples cannot be inverted: raise the shrinkage, or give more samples")
	}
	weights, bias := make([][]float64, len(classes)), make([]float64, len(classes))
	for k, mean := range means {
		m := mat.NewVecDense(len(mean), mean)
		w := mat.NewVecDense(len(mean), nil)
		if err := factor.SolveVecTo(w, m); err != nil {
			return fmt.Errorf("LDA: %w", err)
		}
		weights[k] = w.RawVector().Data
		bias[k] = math.Log(priors[k]) - mat.Dot(w, m)/2
	}
	l.classes, l.weights, l.bias, l.priors, l.factor = classes, weights, bias, priors, factor
	return nil
}

// Predict implements Classifier.
func (l *LDA) Predict(x [][]float64) []int {
	out := make([]int, len(x))
	for i, scores := range l.Decisions(x) {
		out[i] = l.classes[argmax(scores)]
	}
	return out
}

// Discriminants returns what Decisions computes from: the classes that were
// learned, their weights, (classes, d), and biases. They stay the classifier's.
func (l *LDA) Discriminants() (classes []int, weights [][]float64, bias []float64) {
	return l.classes, l.weights, l.bias
}

// Decisions returns for every row of x, (m, d), the log of each class's posterior up to a term common to all classes.
func (l *LDA) Decisions(x [][]float64) [][]float64 {
	width := 0
	if l.weights != nil {
		width = len(l.weights[0])
	}
	checkWidth("LDA", x, width)
	out := make([][]float64, len(x))
	for i, row := range x {
		out[i] = make([]float64, len(l.weights))
		for k, w := range l.weights {
			out[i][k] = l.bias[k]
			for j, v := range row {
				out[i][k] += float64(v * w[j])
			}
		}
	}
	return out
}

// shrunkCovariance is (1-a) S + a trace(S)/d I with S = R'R/n for residuals R, (n, d); the identity where S is 0.
func shrunkCovariance(residuals *mat.Dense, a float64) *mat.SymDense {
	n, d := residuals.Dims()
	s := mat.NewSymDense(d, nil)
	s.SymOuterK((1-a)/float64(n), residuals.T())
	energy := mat.Norm(residuals, 2)
	diagonal := a * energy * energy / float64(n*d)
	if energy == 0 {
		diagonal = 1
	}
	for j := range d {
		s.SetSym(j, j, s.At(j, j)+diagonal)
	}
	return s
}

// ledoitWolf returns the shrinkage that minimises the expected squared error of the covariance of centred rows R,
// (n, d), estimated from them. The published distances are between d x d matrices; they are computed from the n x n
// matrix RR' where that is the smaller one.
func ledoitWolf(r *mat.Dense) float64 {
	rows, cols := r.Dims()
	n, d := float64(rows), float64(cols)
	gram := mat.NewSymDense(min(rows, cols), nil)
	if rows < cols {
		gram.SymOuterK(1, r)
	} else {
		gram.SymOuterK(1, r.T())
	}
	squares := mat.Norm(gram, 2) * mat.Norm(gram, 2) / (n * n) // |S|^2
	mu, fourth := 0.0, 0.0
	for i := range rows {
		energy := 0.0
		for _, v := range r.RawRowView(i) {
			energy += float64(v * v)
		}
		mu += energy / (n * d)
		fourth += energy * energy / n // mean of |r r'|^2
	}
	distance := squares - d*mu*mu
	if distance <= 0 {
		return 1
	}
	return min(max((fourth-squares)/n, 0)/distance, 1)
}
