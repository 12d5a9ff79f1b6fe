package rsdata

import (
	"path/filepath"
	"strings"
	"testing"
)

// The published file says where the campus lies, as MATLAB's enviread leaves it.
func TestMuuflStructIsPlaced(t *testing.T) {
	number := func(name string, values ...float64) matVar {
		return matVar{name: name, shape: []int{1, len(values)}, values: values}
	}
	text := func(name, value string) matVar { return matVar{name: name, values: value} }
	open := func(mapInfo ...matVar) *Dataset {
		t.Helper()
		path := filepath.Join(t.TempDir(), "muufl_gulfport_campus_1_hsi_220_label.mat")
		writeMat(t, path, matVar{name: "hsi", shape: []int{1, 1}, fields: []matVar{
			{name: "Data", shape: []int{325, 220, 4}, values: matRaster("", 325, 220, 4).values},
			{name: "sceneLabels", shape: []int{1, 1}, fields: []matVar{{name: "labels", shape: []int{325, 220}, values: matLabels("", 325, 220, 11, 30).values}}},
			{name: "info", shape: []int{1, 1}, fields: []matVar{{name: "map_info", shape: []int{1, 1}, fields: mapInfo}}},
		}})
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	placed := []matVar{
		text("projection", "UTM"), number("image_coords", 1, 1), number("mapx", 292604.5), number("mapy", 3360801), number("dx", 1), number("dy", 1),
		number("zone", 16), text("hemi", "North"), text("datum", "WGS-84"), text("units", "Meters"),
	}
	grid := open(placed...).Scenes[0].Grid
	if grid == nil || grid.CRS.EPSG != 32616 {
		t.Fatalf("grid %+v, expected one in EPSG:32616", grid)
	}
	if x, y := grid.Transform[0], grid.Transform[3]; x != 292604.5 || y != 3360801 {
		t.Errorf("corner at (%v, %v)", x, y)
	}
	d := open(placed[:3]...)
	if notes := strings.Join(d.Notes, "\n"); d.Scenes[0].Grid != nil || !strings.Contains(notes, "map_info") {
		t.Errorf("with half of map_info: grid %+v, notes %q", d.Scenes[0].Grid, notes)
	}
}
