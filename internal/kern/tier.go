package kern

import (
	"fmt"
	"os"
	"strings"
)

// Tier names one implementation of the kernels. Each kernel of this package
// exists in the generic tier, which is plain Go and the readable truth; the
// other tiers are assembly that tests hold against it.
type Tier uint8

// The tiers, slowest first.
const (
	Generic Tier = iota // portable Go
	NEON                // arm64, 4 float32 lanes
	SSE                 // every amd64 (SSE2), 4 lanes, without fused multiply-add
	AVX2                // amd64 with AVX2 and FMA, 8 lanes
	AVX512              // amd64 with AVX-512 F, BW, DQ and VL, 16 lanes
)

// Env names the environment variable that chooses a tier by name.
const Env = "DIFFCLIP_CPU"

var tierNames = [...]string{Generic: "generic", NEON: "neon", SSE: "sse", AVX2: "avx2", AVX512: "avx512"}

// String returns the tier's name as DIFFCLIP_CPU spells it.
func (t Tier) String() string { return tierNames[t] }

// ParseTier is the inverse of String.
func ParseTier(name string) (Tier, error) {
	for t, n := range tierNames {
		if n == name {
			return Tier(t), nil
		}
	}
	return Generic, fmt.Errorf("kern: no CPU tier is called %q: want one of %s", name, strings.Join(tierNames[:], ", "))
}

// active is the tier in use. It is set before main starts and, in tests, by
// Use; kernels read it without locking.
var active = choose(os.Getenv(Env))

// choose returns the tier asked for by name or, with no name, the fastest one
// this processor has. A name that is unknown or not to be had here ends the
// program: a benchmark or a test must not silently measure another tier.
func choose(name string) Tier {
	have := Available()
	if name == "" {
		return have[len(have)-1]
	}
	t, err := ParseTier(name)
	if err == nil && !has(t) {
		err = fmt.Errorf("kern: %s=%s, but this build on this processor has only %v", Env, name, have)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return t
}

// Active returns the tier in use.
func Active() Tier { return active }

// Available returns the tiers that this build can run on this processor,
// slowest first. It always begins with Generic.
func Available() []Tier { return append([]Tier{Generic}, detect()...) }

func has(t Tier) bool {
	for _, h := range Available() {
		if h == t {
			return true
		}
	}
	return false
}

// Use switches to tier t and returns a function that switches back. It is for
// tests and for benchmarks that compare tiers; no kernel may be running
// meanwhile. It panics if t is not available.
func Use(t Tier) (restore func()) {
	if !has(t) {
		panic(fmt.Sprintf("kern: tier %v is not available here: have %v", t, Available()))
	}
	old := active
	active = t
	return func() { active = old }
}
