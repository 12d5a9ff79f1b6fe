//go:build cgo && linux && !nocuda

package driver

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The libraries of Python's packages are found in an environment of any name, those of the newest Python first.
func TestCandidatesOfPythonPackages(t *testing.T) {
	root := filepath.Join(t.TempDir(), "env [gpu]")
	t.Setenv("VIRTUAL_ENV", root)
	var want []string
	for _, python := range []string{"python3.9", "python3.13"} {
		dir := filepath.Join(root, "lib", python, "site-packages", "nvidia", "cublas", "lib")
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "libof.this.test.so")
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		want = append(want, path)
	}
	slices.Reverse(want)
	if got := candidates("libof.this.test.so"); !slices.Equal(got, append([]string{"libof.this.test.so"}, want...)) {
		t.Errorf("candidates %q, want the name and %q", got, want)
	}
}
