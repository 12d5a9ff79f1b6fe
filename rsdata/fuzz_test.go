package rsdata

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Whatever a scene.json says, opening it ends in a valid dataset or an error.
func FuzzDescription(f *testing.F) {
	f.Add([]byte(`{"scenes": [{"modalities": [{"name": "a", "file": "x.mat:x"}], "labels": {"file": "x.mat:y"}}]}`))
	f.Add([]byte(`{"classes": [{"name": "c", "color": "#123456"}], "scenes": [{"modalities": [{"name": "a", "file": "x.mat:x", "origin": [1, 2], "size": [3, 3], "nodata": 4}], "train": {"file": "x.mat:y", "origin": [1, 2]}}]}`))
	f.Add([]byte(`{"scenes": [{"modalities": [{"name": "a", "file": "../x.mat", "origin": [9223372036854775807, -1], "size": [9223372036854775807, 9223372036854775807]}]}]}`))
	dir := f.TempDir()
	writeMat(f, filepath.Join(dir, "x.mat"), matRaster("x", 8, 9, 3), matLabels("y", 8, 9, 2, 20))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(dir, "fuzzed.json")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := Open(path)
		if err != nil {
			return
		}
		if err := d.Validate(); err != nil {
			t.Errorf("Open returned a dataset that is not valid: %v", err)
		}
	})
}

// Whatever a METADATA.XML says, its wavelengths are numbers above zero.
func FuzzProductXML(f *testing.F) {
	for _, text := range []string{enmapXML, desisXML} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := parseProductXML(bytes.NewReader(text))
		for i, v := range w {
			if !(v > 0) || v-v != 0 {
				t.Errorf("band %d: %v (%v)", i+1, v, err)
			}
		}
	})
}
