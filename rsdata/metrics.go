package rsdata

import (
	"fmt"
	"math"
)

// Confusion counts the samples of a classification by true and predicted
// class: Counts[t][p] samples of class t were given class p. Classes are
// numbered from 0; a map's label of class i is i+1.
type Confusion struct {
	Counts [][]int64 `json:"counts"`
	// Binary are the figures of a yes-or-no task, which need the score of each
	// sample; nil elsewhere.
	Binary *BinaryScores `json:"-"`
}

// NewConfusion returns an empty table for the given number of classes.
func NewConfusion(classes int) *Confusion {
	cells := make([]int64, classes*classes)
	c := &Confusion{Counts: make([][]int64, classes)}
	for i := range c.Counts {
		c.Counts[i] = cells[i*classes : (i+1)*classes : (i+1)*classes]
	}
	return c
}

// Classes returns the number of classes K of the K x K table.
func (c *Confusion) Classes() int { return len(c.Counts) }

// Add counts one sample. It panics where a class is not in [0, Classes).
func (c *Confusion) Add(truth, predicted int) {
	if k := len(c.Counts); truth < 0 || truth >= k || predicted < 0 || predicted >= k {
		panic(fmt.Errorf("rsdata: Confusion.Add: truth %d, predicted %d: want classes in [0, %d)", truth, predicted, k))
	}
	c.Counts[truth][predicted]++
}

// Merge adds the counts of o, which has as many classes.
func (c *Confusion) Merge(o *Confusion) {
	if len(o.Counts) != len(c.Counts) {
		panic(fmt.Errorf("rsdata: Confusion.Merge: %d classes and %d classes", len(c.Counts), len(o.Counts)))
	}
	for t, row := range o.Counts {
		for p, n := range row {
			c.Counts[t][p] += n
		}
	}
}

// Total returns the number of samples.
func (c *Confusion) Total() int64 {
	var n int64
	for _, row := range c.Counts {
		for _, v := range row {
			n += v
		}
	}
	return n
}

// margins returns, per class, how many samples have it, were given it, and both.
func (c *Confusion) margins() (truth, predicted, correct []int64) {
	k := len(c.Counts)
	truth, predicted, correct = make([]int64, k), make([]int64, k), make([]int64, k)
	for t, row := range c.Counts {
		for p, n := range row {
			truth[t] += n
			predicted[p] += n
		}
		correct[t] = row[t]
	}
	return truth, predicted, correct
}

// OA returns the overall accuracy: the share of samples whose class is right.
// It is NaN for an empty table.
func (c *Confusion) OA() float64 {
	_, _, correct := c.margins()
	return ratio(sum(correct), c.Total())
}

// AA returns the average accuracy: the mean recall of the classes that occur
// in the truth. Classes without a true sample are left out, as
// scikit-learn's balanced_accuracy_score does. It is NaN for an empty table.
func (c *Confusion) AA() float64 {
	truth, _, correct := c.margins()
	var total float64
	var present int64
	for i, n := range truth {
		if n > 0 {
			total += ratio(correct[i], n)
			present++
		}
	}
	return total / float64(present)
}

// Kappa returns Cohen's kappa, the agreement beyond chance: (po-pe)/(1-pe)
// with po the overall accuracy and pe what the margins alone would give. It is
// NaN where chance agreement is certain (a single class in truth and
// prediction alike) and for an empty table, as scikit-learn's
// cohen_kappa_score is.
func (c *Confusion) Kappa() float64 {
	truth, predicted, correct := c.margins()
	n := float64(c.Total())
	var chance float64
	for i := range truth {
		chance += float64(truth[i]) / n * (float64(predicted[i]) / n)
	}
	if chance == 1 {
		return math.NaN()
	}
	return (float64(sum(correct))/n - chance) / (1 - chance)
}

// ClassScore is how one class fared.
type ClassScore struct {
	Support   int64   // samples that have the class
	Predicted int64   // samples that were given it
	Recall    float64 // accuracy of the class (producer's accuracy); NaN where Support is 0
	Precision float64 // user's accuracy; 0 where the class occurs but was never given, NaN where it neither occurs nor was given
	F1        float64 // harmonic mean of the two; NaN where the class neither occurs nor was given
}

// PerClass returns the scores of every class, in order.
func (c *Confusion) PerClass() []ClassScore {
	truth, predicted, correct := c.margins()
	scores := make([]ClassScore, len(truth))
	for i := range scores {
		s := ClassScore{Support: truth[i], Predicted: predicted[i]}
		s.Recall = ratio(correct[i], truth[i])
		s.Precision = ratio(correct[i], predicted[i])
		s.F1 = ratio(2*correct[i], truth[i]+predicted[i])
		if truth[i] > 0 && predicted[i] == 0 {
			s.Precision = 0
		}
		scores[i] = s
	}
	return scores
}

// Scores are the figures of merit of one classification, as fractions of 1.
type Scores struct {
	Samples       int64
	OA, AA, Kappa float64
	Classes       []ClassScore
	Binary        *BinaryScores // of a yes-or-no task, nil elsewhere
}

// Columns returns the figures of merit that tables print, with their names: ACC, AUC,
// SE and SP of a yes-or-no task, else OA, AA and kappa.
func (s Scores) Columns() (names []string, values []float64) {
	if b := s.Binary; b != nil {
		return []string{"ACC", "AUC", "SE", "SP"}, []float64{b.ACC, b.AUC, b.SE, b.SP}
	}
	return []string{"OA", "AA", "kappa"}, []float64{s.OA, s.AA, s.Kappa}
}

// Scores returns all figures of merit of the table.
func (c *Confusion) Scores() Scores {
	return Scores{Samples: c.Total(), OA: c.OA(), AA: c.AA(), Kappa: c.Kappa(), Classes: c.PerClass(), Binary: c.Binary}
}

// ratio returns a/b, NaN for 0/0.
func ratio(a, b int64) float64 { return float64(a) / float64(b) }

func sum[T int | int64](v []T) (total T) {
	for _, n := range v {
		total += n
	}
	return total
}
