package rsdata

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// SignificanceTest is the outcome of a two-sided test that two classifiers are
// equally good.
type SignificanceTest struct {
	N         int     // pairs that tell the two apart: equal pairs are left out
	Statistic float64 // see the test
	P         float64 // chance of a difference at least this large if they were equally good; 1 where N is 0
	Exact     bool    // P is exact, not the limit for many samples
}

// exactMcNemar is the number of discordant pairs below which McNemar is exact.
const exactMcNemar = 25

// McNemar compares two classifiers on the same samples by those that only one
// of them got right: onlyFirst and onlySecond (see Discordant). Below 25 such
// samples P is the exact binomial one and the statistic the smaller count;
// else the statistic is chi-squared with Edwards' continuity correction.
// McNemar, Psychometrika 12 (1947).
func McNemar(onlyFirst, onlySecond int) SignificanceTest {
	if onlyFirst < 0 || onlySecond < 0 {
		panic(fmt.Errorf("rsdata: McNemar: negative counts %d, %d", onlyFirst, onlySecond))
	}
	n := onlyFirst + onlySecond
	less := min(onlyFirst, onlySecond)
	if n < exactMcNemar {
		var tail float64
		choose := 1.0
		for k := 0; k <= less; k++ {
			tail += choose
			choose = choose * float64(n-k) / float64(k+1)
		}
		p := math.Ldexp(2*tail, -n)
		return SignificanceTest{N: n, Statistic: float64(less), P: min(p, 1), Exact: true}
	}
	d := max(math.Abs(float64(onlyFirst-onlySecond))-1, 0)
	chi := d * d / float64(n)
	return SignificanceTest{N: n, Statistic: chi, P: math.Erfc(math.Sqrt(chi / 2))}
}

// Discordant counts the samples that only the first and only the second of two
// classifiers gets right, given for each whether it is. It panics where the lengths
// differ.
func Discordant(first, second []bool) (onlyFirst, onlySecond int) {
	if len(first) != len(second) {
		panic(fmt.Errorf("rsdata: Discordant: %d and %d outcomes", len(first), len(second)))
	}
	for i, right := range first {
		switch {
		case right && !second[i]:
			onlyFirst++
		case second[i] && !right:
			onlySecond++
		}
	}
	return onlyFirst, onlySecond
}

// exactWilcoxon is the largest number of pairs for which Wilcoxon is exact: the
// counts of 2^50 sign patterns still are integers in float64.
const exactWilcoxon = 50

// wilcoxonGrain is what differences are rounded to, so that two that are equal in
// decimals (0.81-0.80, 0.76-0.75) stay equal in binary.
const wilcoxonGrain = 1e-12

// Wilcoxon is the signed-rank test on paired values, such as the overall
// accuracies of two methods over the same seeds. Pairs that differ by less than
// 1e-12 are left out, as are those with a NaN; equal differences share their mean rank. The statistic is the
// smaller of the two rank sums. Up to 50 pairs P is exact given the ranks
// (every pattern of signs is equally likely); beyond, the normal limit with the
// correction for ties and no continuity correction. It panics where the lengths
// differ. Wilcoxon, Biometrics Bulletin 1 (1945).
func Wilcoxon(first, second []float64) SignificanceTest {
	if len(first) != len(second) {
		panic(fmt.Errorf("rsdata: Wilcoxon: %d and %d values", len(first), len(second)))
	}
	var size []float64
	var positive []bool
	for i := range first {
		if d := math.Round((first[i]-second[i])/wilcoxonGrain) * wilcoxonGrain; d != 0 && !math.IsNaN(d) {
			size = append(size, math.Abs(d))
			positive = append(positive, d > 0)
		}
	}
	ranks, ties := midRanks(size)
	var up, down float64
	for i, r := range ranks {
		if positive[i] {
			up += r
		} else {
			down += r
		}
	}
	n := len(ranks)
	less := min(up, down)
	if n <= exactWilcoxon {
		return SignificanceTest{N: n, Statistic: less, P: signFlipP(ranks, less), Exact: true}
	}
	m := float64(n)
	variance := m*(m+1)*(2*m+1)/24 - ties/48
	z := (less - m*(m+1)/4) / math.Sqrt(variance)
	return SignificanceTest{N: n, Statistic: less, P: math.Erfc(-z / math.Sqrt2)}
}

// signFlipP returns twice the chance, at most 1, that the ranks with random
// signs have a positive rank sum of at most less. It counts the sign patterns
// by their sum of doubled ranks, which are integers.
func signFlipP(ranks []float64, less float64) float64 {
	var total int
	for _, r := range ranks {
		total += int(2 * r)
	}
	patterns := make([]float64, total+1)
	patterns[0] = 1
	for _, r := range ranks {
		step := int(2 * r)
		for s := total; s >= step; s-- {
			patterns[s] += patterns[s-step]
		}
	}
	var tail float64
	for s := 0; s <= int(2*less); s++ {
		tail += patterns[s]
	}
	return min(math.Ldexp(2*tail, -len(ranks)), 1)
}

// Holm adjusts the P of several tests so that the chance of calling any equal
// pair different stays below the level that they are compared with: the k-th
// smallest of n is multiplied by n-k+1, and none is smaller than the ones before.
// NaN stands for a test that was not made. Holm, Scandinavian Journal of
// Statistics 6 (1979).
func Holm(p []float64) []float64 {
	order := make([]int, 0, len(p))
	adjusted := slices.Clone(p)
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	least := 0.0
	for k, i := range order {
		least = max(least, min(1, p[i]*float64(len(order)-k)))
		adjusted[i] = least
	}
	return adjusted
}
