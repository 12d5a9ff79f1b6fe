package kernels_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"diffclip/cuda/internal/ptxvm"
	"diffclip/cuda/kernels"
)

// caught runs a kernel's exercise with an altered body and returns what the interpreter says.
func caught(t *testing.T, name, code string) (err error) {
	t.Helper()
	m, err := ptxvm.Parse(header() + code)
	if err != nil {
		return err
	}
	b := newVM(&trap{TB: t})
	b.altered = m.Kernel(name)
	defer func() {
		if e, ok := recover().(trapped); ok {
			err = e.error
		}
	}()
	exercise[name](b)
	return nil
}

// trap is a testing.TB whose Fatal and Errorf are panics with the error.
type trap struct{ testing.TB }

type trapped struct{ error }

func (*trap) Fatal(args ...any)                 { panic(trapped{errors.New(fmt.Sprint(args...))}) }
func (*trap) Errorf(format string, args ...any) { panic(trapped{fmt.Errorf(format, args...)}) }

// header returns what the module says before its first kernel.
func header() string {
	head, _, _ := strings.Cut(kernels.PTX, "\n\n\t")
	return head + "\n"
}

// entry returns a kernel's text.
func entry(name string) string {
	start := strings.Index(kernels.PTX, ".visible .entry "+name+"(")
	end := strings.Index(kernels.PTX[start:], "\n}\n")
	return kernels.PTX[start : start+end+3]
}

// alter replaces each match of the pattern in a kernel in turn, and looks at what is then said.
func alter(t *testing.T, name string, pattern *regexp.Regexp, replace func(match string) string, see func(i int, err error)) {
	code := entry(name)
	for i, at := range pattern.FindAllStringIndex(code, -1) {
		see(i, caught(t, name, code[:at[0]]+replace(code[at[0]:at[1]])+code[at[1]:]))
	}
}

func remove(string) string { return "" }

// TestMissingBarriersAreCaught removes each barrier of each kernel in turn: all
// are needed, and the interpreter says so.
func TestMissingBarriersAreCaught(t *testing.T) {
	barrier := regexp.MustCompile(`\n\tbar\.(warp\.)?sync [^\n]*`)
	removed := 0
	for _, k := range kernels.Kernels {
		alter(t, k.Name, barrier, remove, func(i int, err error) {
			removed++
			if err == nil || !strings.Contains(err.Error(), "race") && !strings.Contains(err.Error(), "before it was set") {
				t.Errorf("%s without barrier %d: %v", k.Name, i, err)
			}
		})
	}
	if removed < 30 {
		t.Errorf("only %d barriers found", removed)
	}
}

// TestUnsetMemoryIsCaught removes the first instruction that sets shared memory, and each that loads a parameter.
func TestUnsetMemoryIsCaught(t *testing.T) {
	for what, pattern := range map[string]*regexp.Regexp{
		"shared memory": regexp.MustCompile(`\n\t(@%p\d+ )?st\.shared\.[^\n]*`),
		"a register":    regexp.MustCompile(`\n\tld\.param\.[^\n]*`),
	} {
		for _, k := range kernels.Kernels {
			alter(t, k.Name, pattern, remove, func(i int, err error) {
				later := what == "shared memory" && i > 0 // finds the value of the one before
				if !later && (err == nil || !strings.Contains(err.Error(), "set")) {
					t.Errorf("%s with %s unset, place %d: %v", k.Name, what, i, err)
				}
			})
		}
	}
}

// unreached counts the stores that no sensible call reaches: of a step before the
// first, and of a sample that sees no keys.
var unreached = map[string]int{"adam_coefficients": 1, "query_attention_backward": 2}

// TestWritesOutsideAreCaught moves each store to global memory out of its allocation.
func TestWritesOutsideAreCaught(t *testing.T) {
	store := regexp.MustCompile(`st\.global\.[^\n]*\[%rd\d+(\+\d+)?\]`)
	far := func(match string) string {
		address, _, _ := strings.Cut(strings.TrimSuffix(match, "]"), "+")
		return address + "+1000000]"
	}
	for _, k := range kernels.Kernels {
		missed := 0
		alter(t, k.Name, store, far, func(i int, err error) {
			if err == nil {
				missed++
			} else if !strings.Contains(err.Error(), "of an allocation of") {
				t.Errorf("%s with store %d outside: %v", k.Name, i, err)
			}
		})
		if missed != unreached[k.Name] {
			t.Errorf("%s: %d stores outside were not caught, want %d", k.Name, missed, unreached[k.Name])
		}
	}
}
