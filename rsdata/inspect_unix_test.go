//go:build linux || darwin

package rsdata

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// A named pipe beside the files of a scene, which nobody writes to, is passed over.
func TestOpenPassesOverPipes(t *testing.T) {
	dir := t.TempDir()
	writeMat(t, filepath.Join(dir, "scene.mat"), matRaster("HSI", 8, 7, 16))
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if in, err := Inspect(dir); err != nil || in.Problem != nil || len(in.Files) != 1 {
		t.Errorf("%+v, %v", in, err)
	}
}

// Links to a folder and to files are followed.
func TestInspectFollowsLinks(t *testing.T) {
	dir, links := t.TempDir(), t.TempDir()
	writeMat(t, filepath.Join(dir, "scene.mat"), matRaster("HSI", 8, 7, 16))
	for to, from := range map[string]string{filepath.Join(links, "all"): dir, filepath.Join(links, "one", "cube.mat"): filepath.Join(dir, "scene.mat")} {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"all": "scene.mat", "one": "cube.mat"} {
		in, err := Inspect(filepath.Join(links, name))
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, f := range in.Files {
			found = append(found, f.Path)
		}
		if !slices.Equal(found, []string{filepath.Join(links, name, want)}) || in.Problem != nil {
			t.Errorf("%s: found %q, %v", name, found, in.Problem)
		}
	}
}
