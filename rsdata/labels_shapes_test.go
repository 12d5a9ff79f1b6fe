package rsdata

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// surveyed is a folder with a scene of 10 x 10 pixels, whose upper left corner is at (100, 200), squares drawn on it, and
// a scene.json that names them.
func surveyed(t *testing.T, kind byte, field, classes string, shapes []square) string {
	t.Helper()
	dir := t.TempDir()
	writePlot(t, filepath.Join(dir, "flight.tif"), 100, 200, 12)
	writeSquares(t, filepath.Join(dir, "survey.shp"), "class", kind, shapes)
	writeFile(t, filepath.Join(dir, "scene.json"), fmt.Appendf(nil,
		`{"name": "s", "classes": [%s], "scenes": [{"modalities": [{"name": "hsi", "file": "flight.tif"}], "labels": {"file": "survey.shp%s"}}]}`, classes, field))
	return dir
}

const grassAndRoad = `{"name": "Grass"}, {"name": "Road"}`

func TestOpenLabelsDrawnAsShapes(t *testing.T) {
	for _, c := range []struct {
		kind    byte
		classes string
		ids     [4]string
	}{
		{'N', grassAndRoad, [4]string{"1", "2", "0", "2"}},
		{'N', "", [4]string{"1", "2", "-1", "2"}},
		{'C', grassAndRoad, [4]string{"grass", "Road", "", "ROAD"}},
	} {
		d, err := Open(surveyed(t, c.kind, ":CLASS", c.classes, []square{
			{c.ids[0], 101, 199, 3}, {c.ids[1], 103, 197, 4}, {c.ids[2], 108, 199, 1}, {c.ids[3], 900, 900, 2},
		}))
		if err != nil {
			t.Fatal(err)
		}
		want := make([]uint8, 100)
		for row := range 10 {
			for col := range 10 {
				switch {
				case row >= 1 && row < 4 && col >= 1 && col < 4:
					want[row*10+col] = 1 // the first shape keeps (3, 3)
				case row >= 3 && row < 7 && col >= 3 && col < 7:
					want[row*10+col] = 2
				}
			}
		}
		if got := d.Scenes[0].Labels; !slices.Equal(got, want) {
			t.Errorf("%c: labels %v", c.kind, got)
		}
		if got, want := d.Scenes[0].Shapes, [][]int32{{11, 12, 13, 21, 22, 23, 31, 32, 33}, {34, 35, 36, 43, 44, 45, 46, 53, 54, 55, 56, 63, 64, 65, 66}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%c: shapes of pixels %v, want %v", c.kind, got, want)
		}
		if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "pixels in shapes of two classes of survey.shp: 1;") || !strings.Contains(notes, "shapes of survey.shp that cover no centre of a pixel of the scene: 1") {
			t.Errorf("notes %q", notes)
		}
	}
}

func TestShapesThatDoNotFit(t *testing.T) {
	in := []square{{"1", 101, 199, 3}}
	for _, c := range []struct {
		name, field, classes string
		kind                 byte
		shapes               []square
		change               func(dir string) error
		want                 string
	}{
		{"no field", "", grassAndRoad, 'N', in, nil, "its fields are class: name the one that tells the class, as survey.shp:FIELD"},
		{"another field", ":kind", grassAndRoad, 'N', in, nil, `no field "kind"`},
		{"a fraction", ":class", grassAndRoad, 'N', []square{{"1.5", 101, 199, 3}}, nil, "shape 1: field class is 1.5, expected a label"},
		{"too many", ":class", grassAndRoad, 'N', []square{{"3", 101, 199, 3}}, nil, "label 3 at row 1"},
		{"no class of that name", ":class", grassAndRoad, 'C', []square{{"moss", 101, 199, 3}}, nil, `field class is "moss", expected one of the classes Grass, Road`},
		{"no classes", ":class", "", 'C', []square{{"moss", 101, 199, 3}}, nil, "scene.json lists no classes"},
		{"elsewhere", ":class", grassAndRoad, 'N', []square{{"1", 900, 900, 3}}, nil, "none lies on the scene"},
		{"another coordinate system", ":class", grassAndRoad, 'N', in, func(dir string) error {
			header := "ENVI\nsamples = 10\nlines = 10\nbands = 12\ndata type = 1\nmap info = {UTM, 1, 1, 100, 200, 1, 1, 32, North, WGS-84}\n"
			os.Remove(filepath.Join(dir, "flight.tif"))
			if err := os.WriteFile(filepath.Join(dir, "flight.tif.hdr"), []byte(header), 0o644); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, "flight.tif"), make([]byte, 1200), 0o644); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "survey.prj"), []byte(`GEOGCS["WGS_1984"]`), 0o644)
		}, "ogr2ogr -lco ENCODING=UTF-8 -t_srs EPSG:32632 out.shp survey.shp"},
		{"nowhere", ":class", grassAndRoad, 'N', in, func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "flight.tif"), npyFile("|u1", "10, 10, 12", make([]byte, 1200)), 0o644)
		}, "do not say where they lie"},
	} {
		dir := surveyed(t, c.kind, c.field, c.classes, c.shapes)
		if c.change != nil {
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "survey.shp") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// What could be a part of the scene is not passed over in silence.
func TestNotesOtherKinds(t *testing.T) {
	dir := surveyed(t, 'N', "", grassAndRoad, []square{{"1", 101, 199, 3}})
	os.Remove(filepath.Join(dir, "scene.json"))
	writeFile(t, filepath.Join(dir, "heights.asc"), []byte("ncols 10\n"))
	writeFile(t, filepath.Join(dir, "readme.txt"), []byte("hello"))
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(d.Notes, "\n")
	for _, want := range []string{"gdal_translate heights.asc heights.tif", `"labels": {"file": "survey.shp:FIELD"}`} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q, want %q", notes, want)
		}
	}
	if strings.Contains(notes, "readme") || strings.Contains(notes, "dbf") {
		t.Errorf("notes %q", notes)
	}
	if _, err := Open(filepath.Join(dir, "heights.asc")); err == nil || !strings.Contains(err.Error(), "heights.asc") {
		t.Errorf("%v", err)
	}
}

// A draft of a folder with shapes opens as it stands.
func TestDraftTakesShapes(t *testing.T) {
	dir := surveyed(t, 'C', ":class", grassAndRoad, []square{{"Road", 101, 199, 3}, {"grass", 105, 195, 2}, {"Road", 101, 193, 2}, {"", 108, 199, 1}})
	path := filepath.Join(dir, "scene.json")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	draft, notes, err := Draft(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) > 0 {
		t.Errorf("notes %q of a draft that leaves nothing out", notes)
	}
	if l := draft.Scenes[0].Labels; l == nil || l.File != "survey.shp:class" {
		t.Fatalf("drafted labels %+v", l)
	}
	text, err := json.Marshal(draft)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, text)
	d, err := Open(dir)
	if err != nil || len(d.Classes) != 2 || d.Classes[0].Name != "grass" || !slices.Equal(d.Counts(), []int{4, 13}) {
		t.Errorf("the draft makes %v, %v of each (%v)", d.Classes, d.Counts(), err)
	}
}

// A described class that has no label is left out, as one of other files is.
func TestDescribedClassWithoutLabels(t *testing.T) {
	d, err := Open(surveyed(t, 'N', ":class", `{"name": "Grass"}, {"name": "Lake"}, {"name": "Road"}`, []square{{"1", 101, 199, 3}, {"3", 105, 195, 2}}))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Classes) != 2 || d.Classes[1].Name != "Road" || !slices.Equal(d.Counts(), []int{9, 4}) {
		t.Errorf("classes %v, %v of each", d.Classes, d.Counts())
	}
	if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "without a labelled sample are left out: Lake") {
		t.Errorf("notes %q", notes)
	}
}
