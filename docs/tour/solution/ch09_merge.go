package solution

import (
	"slices"
	"strings"
)

// Merge solves the exercise of chapter 9.
func Merge(word string, merges [][2]string) ([]string, error) {
	pieces := strings.Split(word, "")
	for {
		first := slices.IndexFunc(merges, func(m [2]string) bool {
			for i := range len(pieces) - 1 {
				if pieces[i] == m[0] && pieces[i+1] == m[1] {
					return true
				}
			}
			return false
		})
		if first < 0 {
			return pieces, nil
		}
		m := merges[first]
		var joined []string
		for i := 0; i < len(pieces); i++ {
			if i+1 < len(pieces) && pieces[i] == m[0] && pieces[i+1] == m[1] {
				joined = append(joined, m[0]+m[1])
				i++
			} else {
				joined = append(joined, pieces[i])
			}
		}
		pieces = joined
	}
}
