package rsdata

import (
	"os"
	"path/filepath"
	"testing"
)

// The colon of a drive begins no key, and the question mark of a volume no options, whether
// the file is there or not.
func TestReferencesOnWindows(t *testing.T) {
	dir := t.TempDir() // with a drive
	file := filepath.Join(dir, "scene.h5")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none.mat")
	for ref, want := range map[string][2]string{
		file:           {file, ""},
		file + ":key":  {file, "key"},
		file + ":/a/b": {file, "/a/b"},
		(&FileDescription{File: "scene.h5:/a/b"}).path(dir): {file, "/a/b"},
		none:                   {none, ""},
		none + ":key":          {none, "key"},
		`Q:none.mat`:           {`Q:none.mat`, ""},
		`Q:none.mat:key`:       {`Q:none.mat`, "key"},
		`\\?\` + file:          {`\\?\` + file, ""},
		`\\?\` + file + ":/a":  {`\\?\` + file, "/a"},
		`\\?\` + none:          {`\\?\` + none, ""},
		`//?/` + none + ":key": {`//?/` + none, "key"},
	} {
		if path, key := splitRef(ref); path != want[0] || key != want[1] {
			t.Errorf("%s: %q, %q, want %q", ref, path, key, want)
		}
		if path, o, err := splitOptions(ref); err != nil || path != ref || o != (openOptions{}) {
			t.Errorf("%s has options: %q, %+v, %v", ref, path, o, err)
		}
		if path, o, err := splitOptions(ref + "?halves"); err != nil || path != ref || !o.halves {
			t.Errorf("%s?halves: %q, %+v, %v", ref, path, o, err)
		}
	}
}
