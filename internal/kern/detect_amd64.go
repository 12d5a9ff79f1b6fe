//go:build !purego

package kern

import "github.com/klauspost/cpuid/v2"

// Every amd64 processor has SSE2.
func detect() []Tier {
	tiers := []Tier{SSE}
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3) {
		tiers = append(tiers, AVX2)
	}
	if cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL) {
		tiers = append(tiers, AVX512)
	}
	return tiers
}
