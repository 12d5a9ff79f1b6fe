//go:build !purego

package kern

import "github.com/klauspost/cpuid/v2"

func detect() (tiers []Tier) {
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3) {
		tiers = append(tiers, AVX2)
	}
	if cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL) {
		tiers = append(tiers, AVX512)
	}
	return tiers
}
