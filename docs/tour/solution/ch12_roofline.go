package solution

// Roofline solves the exercise of chapter 12.
func Roofline(operations, bytes, peak, bandwidth float64) (seconds float64, arithmetic bool, err error) {
	compute, move := operations/peak, bytes/bandwidth
	return max(compute, move), compute > move, nil
}
