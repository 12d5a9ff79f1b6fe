//go:build !(linux || darwin)

package kern

import "testing"

// guarded returns n floats; only Linux and macOS put a barrier behind them.
func guarded(_ testing.TB, n int) (data []float32, free func()) {
	return make([]float32, n), func() {}
}
