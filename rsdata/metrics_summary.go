package rsdata

import (
	"fmt"
	"math"
)

// Summary is a figure of merit over several seeds.
type Summary struct {
	N    int     // how many values there were
	Mean float64 // NaN where N is 0
	Std  float64 // sample standard deviation (divisor N-1), NaN where N is below 2
}

// Summarise returns mean and sample standard deviation of values. NaNs, such as
// the recall of a class that a seed's test samples lack, are left out.
func Summarise(values []float64) Summary {
	s := Summary{Mean: math.NaN(), Std: math.NaN()}
	var total float64
	for _, v := range values {
		if !math.IsNaN(v) {
			total += v
			s.N++
		}
	}
	if s.N == 0 {
		return s
	}
	s.Mean = total / float64(s.N)
	if s.N < 2 {
		return s
	}
	var squares float64
	for _, v := range values {
		if !math.IsNaN(v) {
			squares += (v - s.Mean) * (v - s.Mean)
		}
	}
	s.Std = math.Sqrt(squares / float64(s.N-1))
	return s
}

// Percent formats the summary as a percentage with one digit, such as
// "81.2 ± 1.3", without the deviation where there is none and as "-" where
// there is no value at all.
func (s Summary) Percent() string { return s.format("-", " ± ") }

func (s Summary) format(none, plusMinus string) string {
	switch {
	case math.IsNaN(s.Mean):
		return none
	case math.IsNaN(s.Std):
		return fmt.Sprintf("%.1f", 100*s.Mean)
	}
	return fmt.Sprintf("%.1f%s%.1f", 100*s.Mean, plusMinus, 100*s.Std)
}

// ScoresSummary is Scores over several seeds.
type ScoresSummary struct {
	OA, AA, Kappa Summary
	Recall        []Summary // per class

	Binary *BinarySummary `json:",omitempty"` // nil where it is no yes-or-no task
}

// BinarySummary is BinaryScores over several seeds.
type BinarySummary struct{ ACC, AUC, SE, SP Summary }

// Columns is Scores.Columns.
func (s ScoresSummary) Columns() (names []string, values []Summary) {
	if b := s.Binary; b != nil {
		return []string{"ACC", "AUC", "SE", "SP"}, []Summary{b.ACC, b.AUC, b.SE, b.SP}
	}
	return []string{"OA", "AA", "kappa"}, []Summary{s.OA, s.AA, s.Kappa}
}

// SummariseScores summarises the scores of several seeds, which have the same
// number of classes.
func SummariseScores(seeds []Scores) ScoresSummary {
	column := func(value func(Scores) float64) Summary {
		values := make([]float64, len(seeds))
		for i, s := range seeds {
			values[i] = value(s)
		}
		return Summarise(values)
	}
	sum := ScoresSummary{
		OA:    column(func(s Scores) float64 { return s.OA }),
		AA:    column(func(s Scores) float64 { return s.AA }),
		Kappa: column(func(s Scores) float64 { return s.Kappa }),
	}
	if len(seeds) == 0 {
		return sum
	}
	if seeds[0].Binary != nil {
		binary := func(value func(*BinaryScores) float64) Summary {
			return column(func(s Scores) float64 { return value(s.Binary) })
		}
		sum.Binary = &BinarySummary{
			ACC: binary(func(b *BinaryScores) float64 { return b.ACC }),
			AUC: binary(func(b *BinaryScores) float64 { return b.AUC }),
			SE:  binary(func(b *BinaryScores) float64 { return b.SE }),
			SP:  binary(func(b *BinaryScores) float64 { return b.SP }),
		}
	}
	for c := range seeds[0].Classes {
		sum.Recall = append(sum.Recall, column(func(s Scores) float64 { return s.Classes[c].Recall }))
	}
	return sum
}
