package solution

// BlockValues solves the exercise of chapter 5.
func BlockValues(dim, hidden int) (int, error) {
	norms := 2 * 2 * dim
	attention := 3*dim*dim + 3*dim + dim*dim + dim
	perceptron := dim*hidden + hidden + hidden*dim + dim
	return norms + attention + perceptron, nil
}
