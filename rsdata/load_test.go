package rsdata

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever cannot be read of a file, the error begins with its path, once: also where the file is called by a letter that
// any error holds.
func TestErrorsBeginWithThePath(t *testing.T) {
	fixture := func(name string) []byte {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	whole := filepath.Join(t.TempDir(), "whole.mat")
	writeMat(t, whole, matRaster("hsi", 30, 20, 16), matVar{name: "s", shape: []int{1, 1}, fields: []matVar{matRaster("cube", 30, 20, 4)}})
	mat, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	tif := fixture("beside.tif")
	for _, c := range []struct {
		name, key string
		files     map[string][]byte
	}{
		{"NumPy, cut", "", map[string][]byte{"e": npyFile("<f4", "30, 20, 16", make([]byte, 100))}},
		{"NumPy, a key", ":x", map[string][]byte{"e": npyFile("|u1", "3, 2, 1", make([]byte, 6))}},
		{"MATLAB, no such variable", ":x", map[string][]byte{"e": mat}},
		{"MATLAB, a struct", ":s", map[string][]byte{"e": mat}},
		{"HDF5, no such variable", ":x", map[string][]byte{"e": fixture("neon.h5")}},
		{"TIFF, cut", "", map[string][]byte{"e": tif[:len(tif)/2]}},
		{"TIFF, a key", ":x", map[string][]byte{"e": tif}},
		{"TIFF, the mask of another", "", map[string][]byte{"e": tif, "e.msk": fixture("mask.tif")}},
		{"TIFF, a broken mask", "", map[string][]byte{"e": tif, "e.msk": tif[:40]}},
		{"ENVI, a key", ":x", map[string][]byte{"e": fixture("gains.dat"), "e.hdr": fixture("gains.hdr")}},
		{"ENVI, the mask of another", "", map[string][]byte{"e": fixture("bandmasks.img"), "e.hdr": fixture("bandmasks.hdr"), "e.msk": fixture("mask.tif")}},
		{"none of these", "", map[string][]byte{"e": []byte("hello")}},
	} {
		dir := t.TempDir()
		for name, data := range c.files {
			writeFile(t, filepath.Join(dir, name), data)
		}
		path := filepath.Join(dir, "e")
		_, err := loadRaster(path+c.key, [2]int{}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || strings.Count(err.Error(), path+": ") != 1 {
			t.Errorf("%s: %v, want an error that begins with %s", c.name, err, path)
		}
	}
}
