// Package testenv finds the real scenes that some tests read. They are not
// part of the repository: a test that needs one asks Dir for it and is skipped,
// with a message that says what is missing, where it is absent.
package testenv

import (
	"os"
	"path/filepath"
	"testing"

	"diffclip/internal/moduleroot"
)

// Env names the environment variable that overrides where the scenes lie.
const Env = "DIFFCLIP_DATA"

// Dir returns the folder of the named scene, for instance "idtrees2020". It
// looks in $DIFFCLIP_DATA, else in ../shared/data beside the repository, and
// skips the test where the folder does not exist.
func Dir(t testing.TB, scene string) string {
	t.Helper()
	base := os.Getenv(Env)
	if base == "" {
		base = filepath.Join(Root(t), "..", "shared", "data")
	}
	dir := filepath.Join(base, scene)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("needs the %s files, not found at %s (set %s to the folder that holds them)", scene, dir, Env)
	}
	return dir
}

// Root returns the repository's root: the nearest folder above that holds go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := moduleroot.Find()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// SteadyAllocs returns the number of allocations of f once its memory has grown.
// A thread that took no part in the first calls, because the machine was busy,
// grows its memory the first time it does: calls are measured in rounds until a
// round allocates nothing. What always allocates never reaches zero.
func SteadyAllocs(runs int, f func()) float64 {
	const rounds = 20
	least := testing.AllocsPerRun(runs, f)
	for i := 1; i < rounds && least > 0; i++ {
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}
