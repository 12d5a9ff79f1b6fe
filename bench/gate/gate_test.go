package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/cpuid/v2"

	"diffclip/internal/kern"
)

// The generic tier does a few per cent of what assembly does; no noise hides that.
func TestSlowdownFails(t *testing.T) {
	if len(kern.Available()) == 1 {
		t.Skip("this build on this processor has the generic tier alone: nothing is slower than it")
	}
	defer kern.Use(kern.Generic)()
	var out, errs bytes.Buffer
	if code := run([]string{"-only", "AB/fc2/488", "-limit", "1s"}, &out, &errs); code != 1 {
		t.Fatalf("exit %d\n%s%s", code, out.String(), errs.String())
	}
	if !strings.Contains(out.String(), "TOO SLOW") || !strings.Contains(out.String(), "generic kernels against the yardstick of "+kern.Available()[len(kern.Available())-1].String()) {
		t.Errorf("the report does not say what is wrong:\n%s", out.String())
	}
}

func TestFloorsDecide(t *testing.T) {
	name := "AB/fc2/488x128x256/threads=1"
	active := kern.Active().String()
	for _, c := range []struct {
		name  string
		floor float64
		want  int
	}{
		{"a floor that anything passes", 0.0001, 0},
		{"a floor above the ceiling", 5, 1},
	} {
		text, err := json.Marshal(floors{active: {name: c.floor}})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "floors.json")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		if code := run([]string{"-tier", active, "-only", name, "-floors", file, "-limit", "100ms"}, &out, &errs); code != c.want {
			t.Errorf("%s: exit %d, want %d\n%s%s", c.name, code, c.want, out.String(), errs.String())
		}
	}
}

func TestMisuse(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty.json")
	if err := os.WriteFile(empty, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-tier", "mmx"}, {"-floors", bad}, {"-floors", empty}, {"-floors", "missing.json"}, {"stray"}, {"-unknown"}} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != 2 || errs.Len() == 0 {
			t.Errorf("%v: exit %d, message %q", args, code, errs.String())
		}
	}
}

// A family's own floors come before its maker's, and these before the tier's.
func TestFloorsOf(t *testing.T) {
	tier := kern.Active()
	maker := tier.String() + " " + cpuid.CPU.VendorString
	names := []string{fmt.Sprint(maker, " ", cpuid.CPU.Family), maker, tier.String()}
	all := floors{}
	for _, name := range names {
		all[name] = map[string]float64{name: 0.5}
	}
	for _, name := range names {
		if got := all.of(tier); got[name] == 0 {
			t.Errorf("with floors of %v: %v, expected those of %q", slices.Collect(maps.Keys(all)), got, name)
		}
		delete(all, name)
	}
	if got := all.of(tier); got != nil {
		t.Errorf("with no floors: %v", got)
	}
}

// Every tier with floors has one for every check, and none for a check that is gone.
func TestFloorsAreComplete(t *testing.T) {
	var all floors
	if err := json.Unmarshal(committed, &all); err != nil {
		t.Fatal(err)
	}
	for tier, f := range all {
		name, _, _ := strings.Cut(tier, " ")
		if _, err := kern.ParseTier(name); err != nil {
			t.Error(err)
		}
		for _, c := range checks() {
			if v := f[c.name]; !(v > 0 && v < 1) {
				t.Errorf("%s: floor %v for %s", tier, v, c.name)
			}
		}
		if len(f) != len(checks()) {
			t.Errorf("%s: %d floors for %d checks", tier, len(f), len(checks()))
		}
	}
}

func TestDone(t *testing.T) {
	const floor, limit = 0.5, time.Second
	for _, c := range []struct {
		name  string
		m     measurement
		spent time.Duration
		want  bool
	}{
		{"settled", measurement{share: 0.7, spread: 0.01, rounds: 5}, 0, true},
		{"too few rounds", measurement{share: 0.7, spread: 0.01, rounds: 4}, 0, false},
		{"noisy", measurement{share: 0.7, spread: 0.2, rounds: 9}, 0, false},
		{"noisy, no time left", measurement{share: 0.7, spread: 0.2, rounds: 9}, 2 * time.Second, true},
		{"below, time left", measurement{share: 0.4, spread: 0.01, rounds: 9}, 1500 * time.Millisecond, false},
		{"below, no time left", measurement{share: 0.4, spread: 0.01, rounds: 9}, 3 * time.Second, true},
		{"hopeless", measurement{share: 0.1, spread: 0.01, rounds: 2}, 0, true},
	} {
		if got := done(c.m, floor, c.spent, limit); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestQuantile(t *testing.T) {
	v := []float64{4, 1, 3, 2}
	for q, want := range map[float64]float64{0: 1, 0.5: 2.5, 0.75: 3.25, 1: 4} {
		if got := quantile(v, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

// Help is no failure, and explains the flags.
func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"-h"}, &out, &errs); code != 0 || !strings.Contains(errs.String(), "example:") || !strings.Contains(errs.String(), "-only text") {
		t.Errorf("exit code %d\n%s", code, errs.String())
	}
}
