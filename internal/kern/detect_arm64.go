//go:build !purego

package kern

// Every arm64 processor has NEON (Advanced SIMD).
func detect() []Tier { return []Tier{NEON} }
