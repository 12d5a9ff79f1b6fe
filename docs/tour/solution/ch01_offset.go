package solution

// Offset solves the exercise of chapter 1.
func Offset(dims, index []int) (int, error) {
	at := 0
	for d, i := range index {
		at = at*dims[d] + i
	}
	return at, nil
}
