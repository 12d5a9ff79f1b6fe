package rsdata

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// coloredScene writes spectra beside a label map in colours: water in columns 0 and 1, forest in 2 and 3, nothing in 4.
func coloredScene(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	row := []byte{0, 0, 200, 0, 0, 200, 0, 120, 0, 0, 120, 0, 0, 0, 0}
	writeFile(t, filepath.Join(dir, "hsi.npy"), npyFile("|u1", "6, 5, 11", make([]byte, 6*5*11)))
	writeFile(t, filepath.Join(dir, "gt.npy"), npyFile("|u1", "6, 5, 3", bytes.Repeat(row, 6)))
	return dir
}

// A map of labels in colours is one of labels, and no raster to learn from.
func TestOpenColoredLabels(t *testing.T) {
	dir := coloredScene(t)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Modalities) != 1 || len(d.Classes) != 2 || d.Classes[0].Name != "colour #0000c8" || d.Classes[1].Color != rgb(0, 120, 0) {
		t.Errorf("%+v, %+v", d.Modalities, d.Classes)
	}
	if want := bytes.Repeat([]byte{1, 1, 2, 2, 0}, 6); !slices.Equal(d.Scenes[0].Labels, want) {
		t.Errorf("labels %v, want %v", d.Scenes[0].Labels, want)
	}
	if !strings.Contains(strings.Join(d.Notes, "; "), "gt.npy: its 2 colours are taken for classes") {
		t.Errorf("notes %q", d.Notes)
	}
	draft, _, err := Draft(dir)
	if err != nil || len(draft.Classes) != 2 || draft.Classes[0].Color != "#0000c8" || draft.Scenes[0].Labels == nil {
		t.Errorf("%+v, %v", draft, err)
	}
}

// The colours of a scene.json say which class is which.
func TestDescribedColors(t *testing.T) {
	dir := coloredScene(t)
	describe := func(first, second string) (*Dataset, error) {
		writeFile(t, filepath.Join(dir, "scene.json"), fmt.Appendf(nil, `{"name": "c", "classes": [{"name": "forest", "color": %q}, {"name": "water", "color": %q}],
			"scenes": [{"modalities": [{"name": "hsi", "file": "hsi.npy"}], "labels": {"file": "gt.npy"}}]}`, first, second))
		return Open(dir)
	}
	d, err := describe("#007800", "#0000c8")
	if err != nil {
		t.Fatal(err)
	}
	if want := bytes.Repeat([]byte{2, 2, 1, 1, 0}, 6); !slices.Equal(d.Scenes[0].Labels, want) {
		t.Errorf("labels %v, want %v", d.Scenes[0].Labels, want)
	}
	if _, err := describe("#007800", "#0000ff"); err == nil || !strings.Contains(err.Error(), "colour #0000c8 at row 0, column 0 is that of no class") {
		t.Error(err)
	}
}

// Without black, white is the ground that the classes lie on, unless a class has that colour.
func TestWhiteGround(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gt.npy")
	writeFile(t, path, npyFile("|u1", "2, 2, 3", []byte{255, 255, 255, 200, 0, 0, 255, 255, 255, 0, 0, 200}))
	labels, c, err := loadLabels(path, [2]int{2, 2})
	if err != nil || !slices.Equal(labels, []uint8{0, 2, 0, 1}) || !strings.Contains(c.notes[0], "2 colours are taken for classes, and white for unlabelled") {
		t.Errorf("labels %v, %v", labels, err)
	}
	if err := c.described(labels, []Class{{Color: rgb(255, 255, 255)}, {Color: rgb(0, 0, 200)}, {Color: rgb(200, 0, 0)}}, path, 2); err != nil || !slices.Equal(labels, []uint8{1, 3, 1, 2}) {
		t.Errorf("labels %v, %v", labels, err)
	}
}

// A photograph is no map of classes.
func TestColoredPhotograph(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gt.npy")
	photo := make([]byte, 10*10*3)
	for i := range photo {
		photo[i] = byte(i * 7)
	}
	writeFile(t, path, npyFile("|u1", "10, 10, 3", photo))
	if _, _, err := loadLabels(path, [2]int{10, 10}); err == nil || !strings.Contains(err.Error(), "gt.npy: more than 64 colours") {
		t.Error(err)
	}
}
