package tensor_test

import (
	"testing"

	"diffclip/internal/conformance"
	"diffclip/internal/kern"
	"diffclip/tensor"
)

// TestBackendConformance holds the CPU backend to the interface in every tier:
// alone, with threads, and as the backend of a lane.
func TestBackendConformance(t *testing.T) {
	for _, tier := range kern.Available() {
		t.Run(tier.String(), func(t *testing.T) {
			defer kern.Use(tier)()
			one, two := tensor.NewCPU(1), tensor.NewCPU(2)
			defer one.Close()
			defer two.Close()
			for name, be := range map[string]tensor.Backend{"one thread": one, "two threads": two, "lane": two.Lane(3)} {
				t.Run(name, func(t *testing.T) { conformance.Run(t, be, 1e-5) })
			}
		})
	}
}
