package kernels_test

import (
	"testing"

	"diffclip/cuda/kernels"
	"diffclip/internal/conformance"
)

// TestConformance interprets the committed PTX for everything that a Backend
// must compute, against the float64 references.
func TestConformance(t *testing.T) {
	b := newVM(t)
	conformance.Run(t, b, 1e-5)
	for _, k := range kernels.Kernels {
		if b.launches[k.Name] == 0 {
			t.Logf("no launch of %s", k.Name)
		}
	}
}
