//go:build !unix

package kern

import "testing"

// guarded returns n floats; only Unix puts a barrier behind them.
func guarded(_ testing.TB, n int) (data []float32, free func()) {
	return make([]float32, n), func() {}
}
