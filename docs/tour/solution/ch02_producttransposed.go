package solution

// ProductTransposed solves the exercise of chapter 2.
func ProductTransposed(a, b []float32, m, n, k int) ([]float32, error) {
	c := make([]float32, m*n)
	for i := range m {
		for j := range n {
			for p := range k {
				c[i*n+j] += a[i*k+p] * b[j*k+p]
			}
		}
	}
	return c, nil
}
