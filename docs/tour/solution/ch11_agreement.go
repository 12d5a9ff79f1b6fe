package solution

// Agreement solves the exercise of chapter 11.
func Agreement(counts [][]int) (oa, aa, kappa float64, err error) {
	var right, total, chance float64
	predicted := make([]float64, len(counts))
	truth := make([]float64, len(counts))
	for t, row := range counts {
		for p, n := range row {
			truth[t] += float64(n)
			predicted[p] += float64(n)
			total += float64(n)
		}
		right += float64(row[t])
		aa += float64(row[t]) / truth[t] / float64(len(counts))
	}
	for i := range counts {
		chance += truth[i] / total * predicted[i] / total
	}
	oa = right / total
	return oa, aa, (oa - chance) / (1 - chance), nil
}
