package baseline

import (
	"context"
	"fmt"
	"math"

	"diffclip/internal/par"
)

// SVM is the support vector classifier C-SVC with the kernel exp(-gamma |a-b|^2), one machine for every pair of
// classes and the class of most votes, of the lower number where votes are equal: Cortes and Vapnik, Machine Learning
// 20 (1995). It gives the decision values of LIBSVM.
type SVM struct {
	C         float64 // bound on the weight of a sample, positive
	Gamma     float64 // of the kernel; 0 for 1 / (features * variance of all training values)
	Tolerance float64 // largest violation of optimality that is accepted; 0 for 1e-3
	Threads   int     // 0 for one per processor; the result does not depend on it

	x        [][]float64
	classes  []int
	gamma    float64   // the one in use
	machines []machine // of the pairs (0, 1), (0, 2), ..., (1, 2), ... of classes
}

// maxPair bounds the samples of two classes: their kernel takes 8 bytes times the square of that.
const maxPair = 1 << 13

// Fit implements Classifier. A pair of classes may have 8192 samples.
func (s *SVM) Fit(ctx context.Context, x [][]float64, y []int) error {
	s.x = nil
	if err := checkTraining("SVM", x, y); err != nil {
		return err
	}
	if !(s.C > 0) || s.C-s.C != 0 || !(s.Gamma >= 0) || !(s.Tolerance >= 0) {
		return fmt.Errorf("SVM: C %v, gamma %v, tolerance %v: want a positive C and the others from 0", s.C, s.Gamma, s.Tolerance)
	}
	classes, at := presentClasses(y)
	s.classes, s.gamma, s.machines = classes, s.Gamma, nil
	if s.gamma == 0 {
		s.gamma = scaleGamma(x)
	}
	for first := range classes {
		for second := first + 1; second < len(classes); second++ {
			m, err := s.separate(ctx, x, at, first, second)
			if err != nil {
				return fmt.Errorf("SVM: classes %d and %d: %w", classes[first], classes[second], err)
			}
			s.machines = append(s.machines, m)
		}
	}
	s.x = x
	return nil
}

// separate trains the machine of two classes; the first is on its positive side.
func (s *SVM) separate(ctx context.Context, x [][]float64, at []int, first, second int) (machine, error) {
	var index []int
	var sign []float64
	for i, k := range at {
		switch k {
		case first:
			index, sign = append(index, i), append(sign, 1)
		case second:
			index, sign = append(index, i), append(sign, -1)
		}
	}
	if len(index) > maxPair {
		return machine{}, fmt.Errorf("%d samples, at most %d are possible: ask for fewer shots", len(index), maxPair)
	}
	kernel := make([][]float64, len(index))
	for a, i := range index {
		kernel[a] = make([]float64, len(index))
		for b, j := range index[:a+1] {
			kernel[a][b] = s.kernel(x[i], x[j])
			kernel[b][a] = kernel[a][b]
		}
	}
	tolerance := s.Tolerance
	if tolerance == 0 {
		tolerance = 1e-3
	}
	weights, bias, err := solveSMO(ctx, kernel, sign, s.C, tolerance)
	m := machine{bias: bias}
	for a, w := range weights {
		if w != 0 {
			m.support, m.weights = append(m.support, index[a]), append(m.weights, w)
		}
	}
	return m, err
}

func (s *SVM) kernel(a, b []float64) float64 { return math.Exp(-s.gamma * squaredDistance(a, b)) }

// Predict implements Classifier.
func (s *SVM) Predict(x [][]float64) []int {
	out := make([]int, len(x))
	s.forDecisions(x, func(i int, decisions []float64) { out[i] = s.classes[s.vote(decisions)] })
	return out
}

// forDecisions computes the decisions of every row in parallel; use must write only what belongs to its row.
func (s *SVM) forDecisions(x [][]float64, use func(i int, decisions []float64)) {
	width := 0
	if s.x != nil {
		width = len(s.x[0])
	}
	checkWidth("SVM", x, width)
	pool := par.New(s.Threads)
	defer pool.Close()
	pool.For(len(x), 16, func(lo, hi, _ int) {
		kernel := make([]float64, len(s.x))
		decisions := make([]float64, len(s.machines))
		for i := lo; i < hi; i++ {
			for j, row := range s.x {
				kernel[j] = s.kernel(x[i], row)
			}
			for k, m := range s.machines {
				decisions[k] = m.bias
				for j, at := range m.support {
					decisions[k] += float64(m.weights[j] * kernel[at])
				}
			}
			use(i, decisions)
		}
	})
}

// vote returns the position of the class that most machines decide for.
func (s *SVM) vote(decisions []float64) int {
	votes := make([]float64, len(s.classes))
	pair := 0
	for first := range s.classes {
		for second := first + 1; second < len(s.classes); second++ {
			if decisions[pair] > 0 {
				votes[first]++
			} else {
				votes[second]++
			}
			pair++
		}
	}
	return argmax(votes)
}

// scaleGamma is 1 / (features * variance of all values), 1 where nothing varies.
func scaleGamma(x [][]float64) float64 {
	n, mean, variance := 0.0, 0.0, 0.0
	for _, row := range x {
		for _, v := range row {
			n++
			mean += v
		}
	}
	mean /= n
	for _, row := range x {
		for _, v := range row {
			variance += float64((v - mean) * (v - mean))
		}
	}
	if variance == 0 {
		return 1
	}
	return 1 / (float64(len(x[0])) * variance / n)
}
