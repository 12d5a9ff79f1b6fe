package exercise

// Merge spells a word by byte-pair encoding: it starts from single letters and,
// as long as any two neighbours have a merge, joins every such pair of the
// earliest merge in the list, from left to right.
func Merge(word string, merges [][2]string) ([]string, error) {
	return nil, ErrUnsolved
}
