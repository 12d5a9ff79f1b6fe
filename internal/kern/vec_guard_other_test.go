//go:build !unix

package kern

import "testing"

func newGuarded(_ testing.TB, n int) []float32 { return make([]float32, n) }
