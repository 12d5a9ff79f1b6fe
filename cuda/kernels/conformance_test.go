package kernels_test

import (
	"testing"

	"diffclip/internal/conformance"
)

// TestConformance interprets the committed PTX for everything that a Backend
// must compute, against the float64 references.
func TestConformance(t *testing.T) { conformance.Run(t, newVM(t), 1e-5) }
