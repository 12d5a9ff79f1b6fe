package rsdata

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"diffclip/internal/testenv"
	"diffclip/internal/tiff"
)

// A map of a real plot lies exactly where GDAL says that the plot does.
func TestMapKeepsRealGrid(t *testing.T) {
	plots, err := filepath.Glob(filepath.Join(testenv.Dir(t, "idtrees2020"), "HSI", "*.tif"))
	if err != nil || len(plots) == 0 {
		t.Fatalf("no plots: %v", err)
	}
	if _, err := exec.LookPath("gdalinfo"); err != nil {
		t.Skip("needs gdalinfo (Debian: gdal-bin) to hear a second opinion of the files written")
	}
	f, closer, err := tiff.OpenFile(plots[0])
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	dir := t.TempDir()
	m, err := CreateMap(dir, MapSpec{Name: "plot", Width: f.Width, Height: f.Height, Classes: mapClasses, Grid: &f.Grid})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.WriteRows(make([]uint8, f.Width*f.Height), make([]float32, f.Width*f.Height), nil); err != nil {
		t.Fatal(err)
	}
	if err := m.Commit(); err != nil {
		t.Fatal(err)
	}
	want, tif, pair := place(t, plots[0]), place(t, filepath.Join(dir, "map.tif")), place(t, filepath.Join(dir, "map.img"))
	if !reflect.DeepEqual(tif, want) {
		t.Errorf("map.tif lies at %v, the plot at %v", tif, want)
	}
	if !reflect.DeepEqual(pair.GeoTransform, want.GeoTransform) {
		t.Errorf("map.img lies at %v, the plot at %v", pair.GeoTransform, want.GeoTransform)
	}
}

type gdalPlace struct {
	GeoTransform     []float64
	CoordinateSystem any
}

func place(t *testing.T, path string) (p gdalPlace) {
	t.Helper()
	text, err := exec.Command("gdalinfo", "-json", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.GeoTransform) != 6 || p.CoordinateSystem == nil {
		t.Fatalf("%s has no place: %s", path, text)
	}
	return p
}
