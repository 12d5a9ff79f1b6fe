package solution

import "math"

// CausalShares solves the exercise of chapter 4.
func CausalShares(q, k [][]float64) ([][]float64, error) {
	shares := make([][]float64, len(q))
	for i := range q {
		shares[i] = make([]float64, len(k))
		largest, sum := math.Inf(-1), 0.0
		for j := range i + 1 {
			for d, v := range q[i] {
				shares[i][j] += v * k[j][d] / math.Sqrt(float64(len(q[i])))
			}
			largest = max(largest, shares[i][j])
		}
		for j := range i + 1 {
			shares[i][j] = math.Exp(shares[i][j] - largest)
			sum += shares[i][j]
		}
		for j := range i + 1 {
			shares[i][j] /= sum
		}
	}
	return shares, nil
}
