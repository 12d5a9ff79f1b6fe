// Package answer checks answers to the exercises of the tour: one function a
// chapter, which takes the answer, tries it, and returns an error that says what
// it got and what it should have got, or nil.
package answer

import (
	"fmt"
	"math"
	"slices"
)

// near reports whether two numbers agree to nine digits or so.
func near(got, want float64) bool { return math.Abs(got-want) <= 1e-9*(1+math.Abs(want)) }

// numbers compares lists of numbers.
func numbers(what string, got, want []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !near(got[i], want[i]) {
			return fmt.Errorf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
	return nil
}

// same compares lists exactly.
func same[T comparable](what string, got, want []T) error {
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s is %v, want %v", what, got, want)
	}
	return nil
}
