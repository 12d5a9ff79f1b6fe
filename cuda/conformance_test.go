package cuda

import (
	"testing"

	"diffclip/cuda/internal/stub"
	"diffclip/internal/conformance"
)

// open returns a backend on the stand-in.
func open(t testing.TB, o Options, modes ...string) *Backend {
	t.Helper()
	stub.Install(t, append(modes, "log")...)
	b, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// TestBackendConformance holds every operation to the float64 references: with
// memory of exact size that begins as NaN; and, with memory used again, work done
// only at waits and threads in random order, and no cuDNN.
func TestBackendConformance(t *testing.T) {
	t.Run("strict", func(t *testing.T) {
		conformance.Run(t, open(t, Options{Precision: F32, Strict: true}, "reverse"), 2e-6)
	})
	t.Run("asynchronous", func(t *testing.T) {
		conformance.Run(t, open(t, Options{Precision: F32, NoCuDNN: true}, "async", "random"), 2e-6)
	})
}
