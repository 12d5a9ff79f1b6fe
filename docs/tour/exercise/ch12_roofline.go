package exercise

// Roofline returns the least seconds that work of so many operations on so many
// bytes can take on a machine that does peak operations and moves bandwidth bytes
// a second, both at once, and whether arithmetic is what it waits for.
func Roofline(operations, bytes, peak, bandwidth float64) (seconds float64, arithmetic bool, err error) {
	return 0, false, ErrUnsolved
}
