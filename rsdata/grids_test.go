package rsdata

import (
	"path/filepath"
	"strings"
	"testing"

	"diffclip/internal/georef"
)

func TestApart(t *testing.T) {
	at := func(x, y, size float64, epsg int) *georef.Grid {
		return &georef.Grid{Transform: georef.NorthUp(x, y, size, size), CRS: georef.CRS{EPSG: epsg}}
	}
	for _, c := range []struct {
		a, b *georef.Grid
		want string
	}{
		{at(5, 6, 2, 32632), at(5, 6, 2, 32632), ""},
		{at(5, 6, 2, 32632), at(5.9, 6, 2, 0), ""},
		{at(5, 6, 2, 32632), at(8, 2, 2, 0), "lies up to 2.5 pixels away"},
		{at(5, 6, 2, 32632), at(5, 6, 2.2, 32632), "lies up to 2 pixels away"},
		{at(5, 6, 2, 32632), at(5, 6, 2, 32633), "is in EPSG:32633, the scene in EPSG:32632"},
		{at(5, 6, 2, 32632), nil, ""},
		{nil, at(5, 6, 2, 32632), ""},
		{at(5, 6, 2, 32632), &georef.Grid{}, ""},
		{&georef.Grid{}, at(5, 6, 2, 32632), ""},
	} {
		if got := apart(c.a, c.b, 20, 10); got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%+v, %+v: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

// Rasters of one size that lie elsewhere are taken pixel on pixel, but not in silence.
func TestOpenSaysWhatLiesElsewhere(t *testing.T) {
	dir := t.TempDir()
	writePlot(t, filepath.Join(dir, "hsi.tif"), 100, 200, 12)
	writePlot(t, filepath.Join(dir, "lidar.tif"), 103, 204, 1)
	writePlot(t, filepath.Join(dir, "gt.tif"), 100, 202, 1)
	check := func(wants ...string) {
		t.Helper()
		d, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		notes := strings.Join(d.Notes, "\n")
		for _, want := range wants {
			if !strings.Contains(notes, want) {
				t.Errorf("notes %q, want %q", notes, want)
			}
		}
	}
	check("lidar lies up to 5 pixels away from the scene", "gt.tif lies up to 2 pixels away from the scene")
	writeFile(t, filepath.Join(dir, "scene.json"), []byte(`{"scenes": [{"modalities": [{"name": "a", "file": "hsi.tif"}, {"name": "b", "file": "lidar.tif"}], "labels": {"file": "gt.tif"}}]}`))
	check("b lies up to 5 pixels away from the scene", "gt.tif lies up to 2 pixels away from the scene")
}
