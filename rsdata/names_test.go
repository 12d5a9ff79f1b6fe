package rsdata

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Names are taken as they stand, whatever their letters mean to shells and patterns, and options can follow them.
func TestNamesThatArePatterns(t *testing.T) {
	names := []string{"[a]", "a[", "{b}", "sc&ne", "sc=1", "~", "%d", "-x", " a b ", "Ж"}
	if runtime.GOOS != "windows" {
		names = append(names, "wh?t", "*", "?", "a?halves", `b\a`, "c:d", "e\nf")
	}
	for _, name := range names {
		dir := filepath.Join(t.TempDir(), name)
		writeMat(t, filepath.Join(dir, "hsi.mat"), matRaster("cube", 30, 20, 16))
		writeMat(t, filepath.Join(dir, "gt.mat"), matLabels("gt", 30, 20, 3, 50))
		for ref, modalities := range map[string]int{dir: 1, dir + "?halves": 2, dir + "?min=1&halves": 2,
			filepath.Join(dir, "hsi.mat"): 1, filepath.Join(dir, "hsi.mat:cube"): 1, filepath.Join(dir, "hsi.mat:cube?halves"): 2} {
			if d, err := Open(ref); err != nil || len(d.Modalities) != modalities {
				t.Errorf("%q: %d modalities expected, %v", ref, modalities, err)
			}
			if in, err := Inspect(ref); err != nil || in.Problem != nil || len(in.Files) == 0 {
				t.Errorf("inspect %q: %v", ref, err)
			}
		}
		if err := os.Rename(filepath.Join(dir, "hsi.mat"), filepath.Join(dir, "["+name+"].mat")); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, "scene.json"), []byte(`{"scenes": [{"modalities": [{"name": "hsi", "file": "[`+strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(name)+`].mat"}]}]}`))
		if _, err := Open(dir); err != nil {
			t.Errorf("%q in a scene.json: %v", name, err)
		}
	}
}
