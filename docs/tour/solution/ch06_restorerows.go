package solution

// RestoreRows solves the exercise of chapter 6.
func RestoreRows(keep []int32, tokens int) ([]int32, error) {
	rows := make([]int32, tokens)
	for i := range rows {
		rows[i] = -1
	}
	for j, at := range keep {
		rows[at] = int32(1 + j)
	}
	return rows, nil
}
