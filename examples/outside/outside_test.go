// Package outside holds the library to what examples/README.md promises: that a module
// beside it can use it.
package outside

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"diffclip/internal/moduleroot"
)

// TestAnotherModule compiles and runs testdata/main.go in a module of its own, which
// can import no internal package.
func TestAnotherModule(t *testing.T) {
	root, err := moduleroot.Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copied := func(from, to string, change func(string) string) {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), []byte(change(string(content))), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	same := func(s string) string { return s }
	copied(filepath.Join("testdata", "main.go"), "main.go", same)
	copied(filepath.Join(root, "go.sum"), "go.sum", same)
	copied(filepath.Join(root, "go.mod"), "go.mod", func(mod string) string {
		mod = regexp.MustCompile(`(?m)^module .*$`).ReplaceAllString(mod, "module outside")
		return mod + "\nrequire diffclip v0.0.0\n\nreplace diffclip => " + strconv.Quote(filepath.ToSlash(root)) + "\n"
	})
	out := t.TempDir()
	cmd := exec.Command("go", "run", ".", out)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -mod=mod", "GOPROXY=off", "GOWORK=off")
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, want := range []string{"stage 1: 8 steps, 2 epochs", "opened: 3 of 3 classes, OA "} {
		if !strings.Contains(string(said), want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	for _, name := range []string{"stage2.safetensors", "map.tif", "map.png"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
}
