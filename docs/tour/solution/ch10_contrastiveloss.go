package solution

import "math"

// ContrastiveLoss solves the exercise of chapter 10.
func ContrastiveLoss(similarity [][]float64, temperature float64) (float64, error) {
	n := len(similarity)
	var loss float64
	for i := range n {
		var row, col float64
		for j := range n {
			row += math.Exp((similarity[i][j] - similarity[i][i]) / temperature)
			col += math.Exp((similarity[j][i] - similarity[i][i]) / temperature)
		}
		loss += math.Log(row) + math.Log(col)
	}
	return loss / float64(2*n), nil
}
