package rsdata

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
	"diffclip/internal/tiff"
)

// square is a crown of a tree: its upper left corner and side in metres.
type square struct {
	id         string
	x, y, side float64
}

// writeCrowns writes a shapefile of squares with the attribute indvdID.
func writeCrowns(t *testing.T, path string, crowns []square) {
	t.Helper()
	writeSquares(t, path, "indvdID", 'C', crowns)
}

// writeSquares writes a shapefile of squares with one attribute.
func writeSquares(t *testing.T, path, name string, kind byte, crowns []square) {
	t.Helper()
	le, be := binary.LittleEndian, binary.BigEndian
	var records []byte
	for i, c := range crowns {
		points := [][2]float64{{c.x, c.y}, {c.x + c.side, c.y}, {c.x + c.side, c.y - c.side}, {c.x, c.y - c.side}, {c.x, c.y}}
		body := le.AppendUint32(nil, 5)
		for _, v := range []float64{c.x, c.y - c.side, c.x + c.side, c.y} {
			body = le.AppendUint64(body, math.Float64bits(v))
		}
		body = le.AppendUint32(le.AppendUint32(le.AppendUint32(body, 1), 5), 0)
		for _, p := range points {
			body = le.AppendUint64(le.AppendUint64(body, math.Float64bits(p[0])), math.Float64bits(p[1]))
		}
		records = be.AppendUint32(be.AppendUint32(records, uint32(i+1)), uint32(len(body)/2))
		records = append(records, body...)
	}
	head := make([]byte, 100)
	be.PutUint32(head, 9994)
	be.PutUint32(head[24:], uint32((100+len(records))/2))
	le.PutUint32(head[28:], 1000)
	le.PutUint32(head[32:], 5)
	writeFile(t, path, append(head, records...))

	dbf := make([]byte, 32, 256)
	dbf[0] = 3
	le.PutUint32(dbf[4:], uint32(len(crowns)))
	le.PutUint16(dbf[8:], 32+32+1)
	le.PutUint16(dbf[10:], 1+8)
	field := make([]byte, 32)
	copy(field, name)
	field[11], field[16] = kind, 8
	dbf = append(append(dbf, field...), 0x0d)
	for _, c := range crowns {
		dbf = append(dbf, fmt.Sprintf(" %-8s", c.id)...)
	}
	writeFile(t, strings.TrimSuffix(path, ".shp")+".dbf", append(dbf, 0x1a))
}

// writePlot writes a georeferenced raster of 10 x 10 pixels of a metre.
func writePlot(t *testing.T, path string, x, y float64, bands int) {
	t.Helper()
	writeFile(t, path, nil) // makes the folder
	w, err := tiff.Create(path, tiff.Spec{Width: 10, Height: 10, Bands: bands, Type: numeric.Uint16, Grid: georef.Grid{Transform: georef.NorthUp(x, y, 1, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	values := make([]uint16, 100*bands)
	for i := range values {
		values[i] = uint16(i)
	}
	if err := w.WriteRows(values); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// competition writes two plots, one of them twice, with five crowns. The folder has a name that is a pattern to some.
func competition(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "plots [2020]")
	for name, x := range map[string]float64{"OSBS_2": 100, "OSBS_10": 200, "OSBS_11": 200} {
		writePlot(t, filepath.Join(dir, "HSI", name+".tif"), x, 50, 4)
		writePlot(t, filepath.Join(dir, "CHM", name+".tif"), x, 50, 1)
	}
	writeCrowns(t, filepath.Join(dir, "ITC", "train_OSBS.shp"), []square{
		{"A", 102, 47, 3},       // rows 3-5, columns 2-4 of OSBS_2
		{"A", 102.1, 47, 3},     // the same again
		{"B", 205.6, 49.9, 0.2}, // narrower than a pixel: row 0, column 5 of OSBS_10
		{"C", 207, 44, 2},       // no species
		{"D", 900, 900, 2},      // in no plot
	})
	writeFile(t, filepath.Join(dir, "Field", "train_data.csv"), []byte("indvdID,siteID,taxonID,scientificName\nA,OSBS,PIPA2,Pinus palustris Mill.\nA,OSBS,PIPA2,Pinus palustris Mill.\nB,OSBS,XYZ,Arbor ignota\nD,OSBS,PIPA2,Pinus palustris Mill.\n"))
	return dir
}

func TestOpenCompetition(t *testing.T) {
	d, err := Open(competition(t) + "?min=1")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Scenes) != 2 || d.Scenes[0].Name != "OSBS_2" || d.Scenes[1].Name != "OSBS_10" {
		t.Fatalf("%d plots: %v", len(d.Scenes), d.Notes)
	}
	if len(d.Classes) != 2 || d.Classes[0].Name != "Longleaf pine" || d.Classes[1].Name != "Arbor ignota" {
		t.Errorf("classes %v", d.Classes)
	}
	a, b := d.Scenes[0].Objects, d.Scenes[1].Objects
	if len(a) != 1 || a[0].Row != 4 || a[0].Col != 3 || len(a[0].Pixels) != 9 || a[0].Pixels[0] != 32 {
		t.Errorf("crown A: %+v", a)
	}
	if len(b) != 1 || b[0].Row != 0 || b[0].Col != 5 || len(b[0].Pixels) != 1 || d.Scenes[1].Labels[5] != 2 {
		t.Errorf("crown B: %+v", b)
	}
	notes := strings.Join(d.Notes, "\n")
	for _, want := range []string{"OSBS_11 is left out", "1 because no species", "1 because they lie in no plot", "1 because the tree is drawn twice"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q do not say %q", notes, want)
		}
	}
}

func TestCompetitionErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		want   []string
	}{
		"heights elsewhere": {func(t *testing.T, dir string) { writePlot(t, filepath.Join(dir, "CHM", "OSBS_2.tif"), 101, 50, 1) }, []string{"CHM", "OSBS_2.tif", "elsewhere"}},
		"other bands":       {func(t *testing.T, dir string) { writePlot(t, filepath.Join(dir, "HSI", "OSBS_10.tif"), 200, 50, 5) }, []string{"OSBS_10.tif", "5 bands", "have 4"}},
		"no heights":        {func(t *testing.T, dir string) { writePlot(t, filepath.Join(dir, "HSI", "OSBS_12.tif"), 300, 50, 4) }, []string{"OSBS_12.tif", "every plot needs a file"}},
		"no species column": {func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "Field", "train_data.csv"), []byte("indvdID,kind,scientificName\nA,b,c\n"))
		}, []string{"train_data.csv", "taxonID"}},
		"two species": {func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "Field", "train_data.csv"), []byte("indvdID,taxonID,scientificName\nA,PIPA2,x\nA,PITA,y\n"))
		}, []string{"train_data.csv", "line 3", "PITA", "PIPA2"}},
		"a damaged shapefile": {func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "ITC", "train_OSBS.shp"), []byte("not a shapefile"))
		}, []string{"ITC", "train_OSBS.shp"}},
	} {
		dir := competition(t)
		c.change(t, dir)
		_, err := Open(dir + "?min=1")
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q does not say %q", name, err, w)
			}
		}
	}
	if _, err := Open(competition(t)); err == nil || !strings.Contains(err.Error(), "no class has 40") {
		t.Errorf("without classes: %v", err)
	}
}
