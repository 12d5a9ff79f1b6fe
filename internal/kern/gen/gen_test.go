package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestCommittedAssemblyIsWhatThisProgramWrites(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs: run go generate ./internal/kern", name)
		}
	}
}

// sse2 are the instructions on vectors that every amd64 processor has, as far as
// kernels need them.
const sse2 = "MOVSS MOVAPS MOVUPS SHUFPS PSHUFD UNPCKLPS UNPCKHPS UNPCKLPD UNPCKHPD " +
	"ADDPS ADDSS SUBPS MULPS DIVPS MAXPS MAXSS MINPS SQRTPS CMPPS ANDPS ANDNPS ORPS XORPS PADDL PSUBL PSLLL PSRAL"

// A vector instruction of another set, or one in VEX encoding, would kill the
// program on a processor that has the SSE tier alone.
func TestSSEIsWhatEveryProcessorHas(t *testing.T) {
	known := strings.Fields(sse2)
	vector := regexp.MustCompile(`^\t(V|.*\b[XYZK]\d)`)
	for name, text := range files() {
		if !strings.Contains(name, "sse") {
			continue
		}
		found := 0
		for line := range strings.Lines(string(text)) {
			if !vector.MatchString(line) {
				continue
			}
			found++
			if !slices.Contains(known, strings.Fields(line)[0]) {
				t.Errorf("%s: %q is not known to be of SSE2", name, strings.TrimSpace(line))
			}
		}
		if found == 0 {
			t.Errorf("%s: no vector instruction found", name)
		}
	}
}
