package rsdata

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A label where nothing was measured is none, in all maps; where one band of one modality was, it stays.
func TestOpenUnlabelsUnmeasured(t *testing.T) {
	cube, heights := floatsOf(2, 6*5*11).as("hsi", 6, 5, 11), floatsOf(3, 30).as("lidar", 6, 5)
	gap := func(v matVar, pixel int) { // in column-major order
		values := v.values.([]float32)
		for i := pixel; i < len(values); i += 30 {
			values[i] = nan32
		}
	}
	gap(cube, 0)
	gap(heights, 0) // row 0, column 0: nothing
	gap(cube, 6)    // row 0, column 1: heights alone
	gap(heights, 12)
	labels := floatsOf(1, 30)
	labels.values.([]float32)[29] = 2
	dir := t.TempDir()
	writeMat(t, filepath.Join(dir, "hsi.mat"), cube)
	writeMat(t, filepath.Join(dir, "lidar.mat"), heights)
	writeMat(t, filepath.Join(dir, "train.mat"), labels.as("train", 6, 5))
	writeMat(t, filepath.Join(dir, "test.mat"), labels.as("test", 6, 5))
	check := func() {
		t.Helper()
		d, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		s := d.Scenes[0]
		for _, l := range [][]uint8{s.Labels, s.Train, s.Test} {
			if !slices.Equal(l[:4], []uint8{0, 1, 1, 1}) || l[29] != 2 {
				t.Errorf("labels %v", l)
			}
		}
		if !strings.Contains(strings.Join(d.Notes, ""), "which count as unlabelled: 1") {
			t.Errorf("notes %q", d.Notes)
		}
	}
	check()
	writeFile(t, filepath.Join(dir, "scene.json"), []byte(`{"scenes": [{"modalities": [{"name": "a", "file": "hsi.mat"}, {"name": "b", "file": "lidar.mat"}], "train": {"file": "train.mat"}, "test": {"file": "test.mat"}}]}`))
	check()
}
