package rsdata

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// BinaryScores are the figures of merit of a yes-or-no task, as fractions of 1.
type BinaryScores struct {
	ACC float64 // accuracy
	AUC float64 // area under the ROC curve; NaN where a class is absent or a score is NaN
	SE  float64 // sensitivity, the recall of the positives; NaN where there is none
	SP  float64 // specificity, the recall of the negatives; NaN where there is none
}

// Binary scores a yes-or-no task: sample i is positive where truth[i], and is
// called positive where score[i] >= threshold. It panics where the lengths
// differ.
func Binary(truth []bool, score []float64, threshold float64) BinaryScores {
	if len(truth) != len(score) {
		panic(fmt.Errorf("rsdata: Binary: %d truths, %d scores", len(truth), len(score)))
	}
	var count [2][2]int64 // truth, called
	for i, t := range truth {
		count[index(t)][index(score[i] >= threshold)]++
	}
	tn, fp, fn, tp := count[0][0], count[0][1], count[1][0], count[1][1]
	return BinaryScores{
		ACC: ratio(tp+tn, tp+tn+fp+fn),
		AUC: auc(truth, score),
		SE:  ratio(tp, tp+fn),
		SP:  ratio(tn, tn+fp),
	}
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// auc is the Mann-Whitney form of the area under the ROC curve: the chance that
// a positive scores above a negative, ties counting half.
func auc(truth []bool, score []float64) float64 {
	if slices.ContainsFunc(score, math.IsNaN) {
		return math.NaN()
	}
	ranks, _ := midRanks(score)
	var positives, rankSum float64
	for i, t := range truth {
		if t {
			positives++
			rankSum += ranks[i]
		}
	}
	negatives := float64(len(truth)) - positives
	if positives == 0 || negatives == 0 {
		return math.NaN()
	}
	return (rankSum - positives*(positives+1)/2) / (positives * negatives)
}

// midRanks returns the ranks of values from 1 in ascending order, equal values
// sharing their mean rank, and the sum over groups of equal values of t^3-t
// with t the group's size, which tie corrections need.
func midRanks(values []float64) (ranks []float64, ties float64) {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return values[order[a]] < values[order[b]] })
	ranks = make([]float64, len(values))
	for lo := 0; lo < len(order); {
		hi := lo
		for hi < len(order) && values[order[hi]] == values[order[lo]] {
			hi++
		}
		for _, i := range order[lo:hi] {
			ranks[i] = float64(lo+hi+1) / 2
		}
		t := float64(hi - lo)
		ties += t*t*t - t
		lo = hi
	}
	return ranks, ties
}
