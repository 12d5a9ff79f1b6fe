package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/georef"
	"diffclip/rsdata"
)

// Every scene's map has a folder of its own, whose name any system takes.
func TestSceneFolders(t *testing.T) {
	d := &rsdata.Dataset{}
	for _, name := range []string{"plot 1", "plot/1", "PLOT-1", "Nul", "com1", "", "東", "plot-1-scene-9", "plot_1", "plot 1"} {
		d.Scenes = append(d.Scenes, &rsdata.Scene{Name: name})
	}
	want := []string{"plot-1", "plot-1-scene-2", "PLOT-1-scene-3", "scene-4", "scene-5", "scene-6", "scene-7", "plot-1-scene-9", "plot_1", "plot-1-scene-10"}
	if got := sceneFolders(d); !slices.Equal(got, want) {
		t.Errorf("folders %q, want %q", got, want)
	}
	d = &rsdata.Dataset{Scenes: []*rsdata.Scene{{Name: "a-scene-3"}, {Name: "a"}, {Name: "a"}}}
	if got, want := sceneFolders(d), []string{"a-scene-3", "a", "a-scene-3-scene-3"}; !slices.Equal(got, want) {
		t.Errorf("folders %q, want %q", got, want)
	}
}

// What an ENVI header cannot tell of the grid of a map is said.
func TestHeaderNote(t *testing.T) {
	utm := georef.CRS{EPSG: 32632}
	for _, c := range []struct {
		grid *georef.Grid
		want string // a part of the note, "" for none
	}{
		{nil, ""},
		{&georef.Grid{CRS: utm}, ""},
		{&georef.Grid{CRS: utm, Transform: georef.NorthUp(5e5, 4e6, 2, 2)}, ""},
		{&georef.Grid{CRS: utm, Transform: georef.Affine{5e5, 1.7, 0.9, 4e6, 0.9, -1.7}}, ""}, // rotated
		{&georef.Grid{CRS: utm, Transform: georef.Affine{5e5, 2, 0.9, 4e6, 0.3, -1.7}}, "sheared"},
		{&georef.Grid{CRS: utm, Transform: georef.Affine{5e5, 2, 0, 4e6, 0, 2}}, "upwards"},
		{&georef.Grid{CRS: georef.CRS{EPSG: 21037}, Transform: georef.NorthUp(5e5, 4e6, 2, 2)}, "EPSG:21037"},
	} {
		if got := headerNote(c.grid); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.grid, got, c.want)
		}
	}
}

// An interruption among the maps of several scenes says how many are whole.
func TestMapsInterrupted(t *testing.T) {
	one := `{"name":"SCENE","modalities":[{"name":"hsi","file":"hsi.npy"}],"labels":{"file":"gt.npy"}}`
	dir := writeFolder(t, with("scene.json", strings.Replace(sceneJSON, `"scenes":[`, `"scenes":[`+strings.Replace(one, "SCENE", "two", 1)+",", 1)))
	from := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny("finetune", "-data", dir, "-out", from, "-epochs", "1")...)
	for n := int32(1); n < 400; n++ {
		out := filepath.Join(t.TempDir(), "maps")
		code, stdout, stderr := call(t, newCountdown(t.Context(), n), "map", "-from", from, "-data", dir, "-out", out)
		if code == 0 {
			break
		}
		whole := strings.Count(stdout, "map.tif")
		if code != exitInterrupted || (whole == 1) != strings.Contains(stderr, "interrupted; 1 of 2 maps are whole") {
			t.Fatalf("after %d looks: exit code %d, %q %q", n, code, stdout, stderr)
		}
		if whole == 1 {
			if _, err := os.Stat(filepath.Join(out, "two", "map.tif")); err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Error("never caught between the maps")
}
