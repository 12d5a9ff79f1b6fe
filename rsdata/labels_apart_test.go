package rsdata

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// openLabels opens a scene of 6 x 5 pixels whose labels repeat five values, with more in the labels of a scene.json
// where that is not empty.
func openLabels(t *testing.T, kind, values, more string) (*Dataset, error) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "hsi.npy"), npyFile("|u1", "6, 5, 11", make([]byte, 6*5*11)))
	writeFile(t, filepath.Join(dir, "gt.npy"), npyFile(kind, "6, 5", []byte(strings.Repeat(values, 6))))
	if more != "" {
		writeFile(t, filepath.Join(dir, "scene.json"), fmt.Appendf(nil, `{"scenes": [{"modalities": [{"name": "hsi", "file": "hsi.npy"}], "labels": {"file": "gt.npy", %s}}]}`, more))
	}
	return Open(dir)
}

// 255 and negative numbers stand for unlabelled; where 0 stands beside them, a note says that it may be a class, and a
// scene.json that it is one.
func TestLabelsThatStandApart(t *testing.T) {
	for _, c := range []struct {
		kind, values, more string
		want               []uint8
		note               string
	}{
		{"|u1", "\x01\x02\x03\xff\xff", "", []uint8{1, 2, 3, 0, 0}, "gt.npy: 255 (12 pixels), far above the other labels, is taken for unlabelled"},
		{"|u1", "\x00\x01\x02\x02\xff", "", []uint8{0, 1, 2, 2, 0}, `0 (6 pixels) is taken for unlabelled, and so is 255 (6 pixels); if 0 is a class, write "first": 0`},
		{"|i1", "\x00\x01\x02\x02\xff", "", []uint8{0, 1, 2, 2, 0}, "and so is what is below it (6 pixels)"},
		{"|u1", "\x00\x01\x02\x02\xff", `"first": 0`, []uint8{1, 2, 3, 3, 0}, ""},
		{"|i1", "\x00\x01\x02\x02\xff", `"first": 0`, []uint8{1, 2, 3, 3, 0}, ""},
		{"|u1", "\x00\x01\x02\x09\x09", `"first": 0, "nodata": 9`, []uint8{1, 2, 3, 0, 0}, ""},
		{"|u1", "\x00\x0b\x0c\x0d\x0a", `"first": 11`, []uint8{0, 1, 2, 3, 0}, ""},
	} {
		d, err := openLabels(t, c.kind, c.values, c.more)
		if err != nil {
			t.Errorf("%q: %v", c.values, err)
			continue
		}
		if got := d.Scenes[0].Labels[:5]; !slices.Equal(got, c.want) {
			t.Errorf("%q with %q: labels %v, want %v", c.values, c.more, got, c.want)
		}
		notes := strings.Join(d.Notes, "\n")
		if !strings.Contains(notes, c.note) || c.note == "" && strings.Contains(notes, "if 0 is a class") {
			t.Errorf("%q with %q: notes %q", c.values, c.more, d.Notes)
		}
	}
	// Grey levels that stand for classes, and masks, keep their 255.
	for _, values := range []string{"\x00\x55\xaa\xaa\xff", "\x00\x00\xff\xff\xff"} {
		if d, err := openLabels(t, "|u1", values, ""); err != nil || d.Classes[len(d.Classes)-1].Name != "class 255" {
			t.Errorf("%q: %v", values, err)
		}
	}
}

// A label beyond the classes is named by its number in the file.
func TestLabelBeyondClasses(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "hsi.npy"), npyFile("|u1", "6, 5, 11", make([]byte, 6*5*11)))
	writeFile(t, filepath.Join(dir, "gt.npy"), npyFile("|u1", "6, 5", []byte(strings.Repeat("\x00\x01\x02\x02\xff", 6))))
	writeFile(t, filepath.Join(dir, "scene.json"), []byte(`{"classes": [{"name": "a"}, {"name": "b"}],
		"scenes": [{"modalities": [{"name": "hsi", "file": "hsi.npy"}], "labels": {"file": "gt.npy", "first": 0}}]}`))
	_, err := Open(dir)
	if err == nil || !strings.Contains(err.Error(), "label 2 at row 0, column 2, expected 0 to 1, or unlabelled") {
		t.Error(err)
	}
}

// A class that has no label is not told of by name where there are very many.
func TestManyClassesWithoutLabels(t *testing.T) {
	d, err := openLabels(t, "|u1", "\x00\x00\x01\xc8\xc8", "")
	if err != nil || !strings.Contains(strings.Join(d.Notes, "\n"), "class 17, ... (198 in all)") {
		t.Errorf("%v, %v", d, err)
	}
}

// One class alone is told, since a classifier of one class has nothing to learn.
func TestOneClass(t *testing.T) {
	for classes, want := range map[int]bool{1: true, 2: false} {
		dir := t.TempDir()
		writeMat(t, filepath.Join(dir, "a.mat"), matRaster("HSI", 8, 7, 16), matLabels("gt", 8, 7, classes, 9))
		d, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(d.Notes, ""), "the only class"); got != want {
			t.Errorf("%d classes: notes %q", classes, d.Notes)
		}
	}
}
