package rsdata

import (
	"fmt"
	"image/color"
	"path/filepath"
	"strings"
	"testing"
)

// However many classes bring no colour, no two have the same, and none is like one that a user chose.
func TestFreeColors(t *testing.T) {
	given := []color.RGBA{rgb(30, 120, 180), rgb(255, 255, 0)}
	for _, n := range []int{0, 1, 16, 17, 40, MaxClasses - len(given)} {
		colors := freeColors(n, given...)
		if len(colors) != n {
			t.Fatalf("%d colours for %d classes", len(colors), n)
		}
		for i, c := range colors {
			for _, before := range colors[:i] {
				if c == before {
					t.Errorf("%d classes: two of colour %v", n, c)
				}
			}
			if n <= 40 && (alike(c, given[0]) || alike(c, given[1])) {
				t.Errorf("%d classes: colour %v is like one of %v", n, c, given)
			}
		}
	}
	if freeColors(1)[0] != autoColors[0] {
		t.Error("the first colour is not the first of the list")
	}
}

// A scene is taken for a known one where its size, its bands and its labels are those of one, and a note says so. Of
// the right size alone it is what its files say.
func TestKnownScenes(t *testing.T) {
	heights := func(h, w int) matVar {
		v := matRaster("lidar", h, w, 1)
		v.shape = v.shape[:2]
		return v
	}
	for _, c := range []struct {
		name    string
		vars    []matVar
		known   string // "" where it is none
		class   string // the first
		missing string
		note    string
	}{
		{"Indian Pines", []matVar{matRaster("hsi", 145, 145, 200), matLabels("gt", 145, 145, 16, 9)}, "Indian Pines", "Alfalfa", "", "taken for Indian Pines"},
		{"Indian Pines with noisy bands", []matVar{matRaster("hsi", 145, 145, 220), matLabels("gt", 145, 145, 16, 9)}, "Indian Pines", "Alfalfa", "", "taken for Indian Pines"},
		{"its size with other bands", []matVar{matRaster("hsi", 145, 145, 5), matLabels("gt", 145, 145, 3, 9)}, "", "class 1", "", "not taken for Indian Pines, whose size it has: its spectra have 5 bands, those of Indian Pines 200 or 220"},
		{"its size with a camera's bands", []matVar{matRaster("camera", 145, 145, 4), matLabels("gt", 145, 145, 3, 9)}, "", "class 1", "", "its raster has 4 bands"},
		{"its size with other labels", []matVar{matRaster("hsi", 145, 145, 200), matLabels("gt", 145, 145, 17, 9)}, "", "class 1", "", "its labels go up to 17, those of Indian Pines to 16"},
		{"its spectra alone", []matVar{matRaster("hsi", 145, 145, 200)}, "Indian Pines", "Alfalfa", "the labels of Indian Pines", "taken for Indian Pines"},
		{"heights and labels of Trento", []matVar{heights(166, 600), matLabels("gt", 166, 600, 6, 9)}, "Trento", "Apple trees", "the hyperspectral image of Trento", "taken for Trento"},
		{"heights of Trento", []matVar{heights(166, 600)}, "Trento", "Apple trees", "the hyperspectral image of Trento", "taken for Trento"},
		{"the size of Trento with more heights", []matVar{matRaster("lidar", 166, 600, 3), matLabels("gt", 166, 600, 6, 9)}, "", "class 1", "", "the heights of Trento at most 2"},
		{"Trento's spectra", []matVar{matRaster("hsi", 166, 600, 63), matRaster("lidar", 166, 600, 7)}, "Trento", "Apple trees", "the labels of Trento", "402.89 to 989.09 nm"},
		{"the size of Trento with other labels", []matVar{heights(166, 600), matLabels("gt", 166, 600, 7, 9)}, "", "class 1", "", "its labels go up to 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "paddy")
			writeMat(t, filepath.Join(dir, "scene.mat"), c.vars...)
			checkKnown(t, dir, c.known, c.class, c.missing, c.note)
		})
	}
}

func checkKnown(t *testing.T, dir, known, class, missing, note string) {
	t.Helper()
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := known
	if known == "" {
		want = filepath.Base(dir)
	}
	if d.Name != want || d.Scenes[0].Name != want || d.Classes[0].Name != class {
		t.Errorf("%q whose scene is %q, the first class %q, want %q and %q", d.Name, d.Scenes[0].Name, d.Classes[0].Name, want, class)
	}
	if got := strings.Join(d.Missing, "; "); !strings.Contains(got, missing) || missing == "" && got != "" {
		t.Errorf("missing: %q, want %q", got, missing)
	}
	if got := strings.Join(d.Notes, "; "); !strings.Contains(got, note) {
		t.Errorf("notes: %q, want %q", got, note)
	}
}

// Names in the files are kept: as many as published in a known scene, others where it is another scene.
func TestKnownScenesKeepNames(t *testing.T) {
	for _, c := range []struct {
		names                []string
		known, missing, note string
	}{
		{[]string{"Birch", "Gravel", "Water"}, "", "", "its files name 3 classes, Trento has 6"},
		{[]string{"Birch", "Gravel", "Water", "Roof", "Road", "Vine"}, "Trento", "the heights of Trento", "taken for Trento"},
	} {
		dir := filepath.Join(t.TempDir(), "paddy")
		writeMat(t, filepath.Join(dir, "hsi.mat"), matRaster("hsi", 166, 600, 63))
		writeFile(t, filepath.Join(dir, "gt.hdr"), fmt.Appendf(nil, "ENVI\nsamples = 600\nlines = 166\nbands = 1\ndata type = 1\nfile type = ENVI Classification\nclasses = %d\nclass names = {Unclassified, %s}\n",
			len(c.names)+1, strings.Join(c.names, ", ")))
		labels := make([]byte, 166*600)
		for i := range labels {
			labels[i] = byte(i % (len(c.names) + 1))
		}
		writeFile(t, filepath.Join(dir, "gt.dat"), labels)
		checkKnown(t, dir, c.known, "Birch", c.missing, c.note)
	}
}

// A file that holds its scene as MUUFL Gulfport does is not that scene for it.
func TestStructOfAnotherScene(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flight 3.mat")
	cube, gt := matRaster("Data", 30, 20, 64), matLabels("labels", 30, 20, 4, 9)
	writeMat(t, path, matVar{name: "hsi", shape: []int{1, 1}, fields: []matVar{cube,
		{name: "Lidar", shape: []int{1, 1}, fields: []matVar{{name: "z", shape: []int{30, 20}, values: matRaster("", 30, 20, 1).values}}},
		{name: "sceneLabels", shape: []int{1, 1}, fields: []matVar{gt}}}})
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "flight 3" || len(d.Classes) != 4 || strings.Join(names(d), " ") != "hsi lidar" {
		t.Errorf("%q with %v and classes %v", d.Name, names(d), d.Classes)
	}
}
