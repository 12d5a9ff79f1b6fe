package tsne

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"diffclip/internal/par"
)

// neighbour is another point and its squared distance or, later, its affinity.
type neighbour struct {
	at    int32
	value float64
}

// neighbours returns the k nearest other points of each point, of equally near
// ones the first. It compares every pair.
func neighbours(pool *par.Pool, x [][]float64, k int) [][]neighbour {
	out := make([][]neighbour, len(x))
	pool.For(len(x), forceGrain, func(lo, hi, _ int) {
		for i := lo; i < hi; i++ {
			out[i] = nearest(x, i, k)
		}
	})
	return out
}

func nearest(x [][]float64, i, k int) []neighbour {
	near := make([]neighbour, 0, k)
	for j := range x {
		if j == i {
			continue
		}
		d := squaredDistance(x[i], x[j])
		switch {
		case k == len(x)-1: // everyone
			near = append(near, neighbour{int32(j), d})
			continue
		case len(near) < k:
			near = append(near, neighbour{})
		case d >= near[k-1].value:
			continue
		}
		at := sort.Search(len(near)-1, func(m int) bool { return near[m].value > d })
		copy(near[at+1:], near[at:])
		near[at] = neighbour{int32(j), d}
	}
	return near
}

func squaredDistance(a, b []float64) float64 {
	sum := 0.0
	for k, v := range a {
		d := v - b[k]
		sum += d * d
	}
	return sum
}

// affinities returns p_ij of each point i to its k nearest others: p_j|i
// calibrated to the perplexity, made symmetric, p_ij = (p_j|i + p_i|j)/2n, and so
// adding up to 1. A row is in the order of the other point.
func affinities(pool *par.Pool, x [][]float64, k int, perplexity float64) ([][]neighbour, error) {
	near := neighbours(pool, x, k)
	failed := make([]error, len(x))
	pool.For(len(x), forceGrain, func(lo, hi, _ int) {
		for i := lo; i < hi; i++ {
			failed[i] = calibrate(near[i], perplexity)
		}
	})
	for i, err := range failed {
		if err != nil {
			return nil, fmt.Errorf("t-SNE: point %d: %w", i, err)
		}
	}
	return symmetrise(near), nil
}

// calibrate turns squared distances d into p_j|i = exp(-β d_j)/Σ exp(-β d_k),
// with the β at which the entropy is the logarithm of the perplexity.
func calibrate(near []neighbour, perplexity float64) error {
	least, mean := math.Inf(1), 0.0
	for _, v := range near {
		least = min(least, v.value)
		mean += v.value / float64(len(near))
	}
	equal := 0
	for _, v := range near {
		if v.value == least {
			equal++
		}
	}
	if float64(equal) >= perplexity {
		return fmt.Errorf("%d others are copies of it or equally near, no less than the perplexity %g: leave copies out, or raise the perplexity", equal, perplexity)
	}
	for j := range near { // some distance differs, else all would be equal
		near[j].value = (near[j].value - least) / (mean - least)
	}
	want, low, high, beta := math.Log(perplexity), 0.0, math.Inf(1), 1.0
	p := make([]float64, len(near))
	for range 200 {
		got := entropy(p, near, beta)
		if math.Abs(got-want) < 1e-10 {
			break
		}
		if got > want {
			low = beta
		} else {
			high = beta
		}
		if math.IsInf(high, 1) {
			beta *= 2
		} else {
			beta = (low + high) / 2
		}
	}
	for j := range near {
		near[j].value = p[j]
	}
	return nil
}

// entropy fills p for a β and returns Σ -p ln p.
func entropy(p []float64, near []neighbour, beta float64) float64 {
	sum, dot := 0.0, 0.0
	for j, v := range near {
		d := beta * v.value
		p[j] = math.Exp(-d)
		sum += p[j]
		dot += p[j] * d
	}
	for j := range p {
		p[j] /= sum
	}
	return math.Log(sum) + dot/sum
}

// symmetrise adds each row to its mirror image.
func symmetrise(near [][]neighbour) [][]neighbour {
	n := len(near)
	out := make([][]neighbour, n)
	for i, row := range near {
		for _, v := range row {
			half := v.value / float64(2*n)
			out[i] = append(out[i], neighbour{v.at, half})
			out[v.at] = append(out[v.at], neighbour{int32(i), half})
		}
	}
	for i, row := range out {
		slices.SortFunc(row, func(a, b neighbour) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.value, b.value)) })
		merged := row[:0]
		for _, v := range row {
			if last := len(merged) - 1; last >= 0 && merged[last].at == v.at {
				merged[last].value += v.value
				continue
			}
			merged = append(merged, v)
		}
		out[i] = merged
	}
	return out
}
