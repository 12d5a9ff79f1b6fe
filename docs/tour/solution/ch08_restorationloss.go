package solution

// RestorationLoss solves the exercise of chapter 8.
func RestorationLoss(restored, clean [][]float64, masked []bool, maskedWeight, visibleWeight float64) (float64, error) {
	var sum, count [2]float64 // visible, masked
	for i, row := range restored {
		part := 0
		if masked[i] {
			part = 1
		}
		for j, v := range row {
			sum[part] += (v - clean[i][j]) * (v - clean[i][j])
			count[part]++
		}
	}
	loss := visibleWeight * sum[0] / count[0]
	if count[1] > 0 {
		loss += maskedWeight * sum[1] / count[1]
	}
	return loss, nil
}
