package rsdata

import (
	"bytes"
	"errors"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/envi"
	"diffclip/internal/figure"
	"diffclip/internal/georef"
	"diffclip/internal/tiff"
)

var mapClasses = []Class{
	{"Healthy grass", color.RGBA{34, 139, 34, 255}},
	{"Road, rail & <kerb>", color.RGBA{255, 0, 0, 255}},
	{"Water", color.RGBA{65, 105, 225, 255}},
}

// smallMap is 5 rows of 4 pixels in UTM 16N, row 0 unclassified.
func smallMap() (MapSpec, []uint8, []float32, []float32) {
	spec := MapSpec{Name: "small", Width: 4, Height: 5, Classes: mapClasses, Probabilities: true,
		Grid: &georef.Grid{Transform: georef.NorthUp(292000, 3358000, 1, 1), CRS: georef.CRS{EPSG: 32616}}}
	labels := make([]uint8, 20)
	confidence := make([]float32, 20)
	probabilities := make([]float32, 60)
	for i := range labels {
		confidence[i] = float32(i) / 20
		if i >= 4 {
			labels[i] = uint8(i%3) + 1
		}
		for c := range 3 {
			probabilities[3*i+c] = float32(c) / 4
		}
	}
	return spec, labels, confidence, probabilities
}

func writeSmallMap(t *testing.T) (string, []uint8) {
	t.Helper()
	dir := t.TempDir()
	spec, labels, confidence, probabilities := smallMap()
	m, err := CreateMap(dir, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for row := 0; row < 5; row += 2 { // two rows at a time, then one
		lo, hi := row*4, min(row*4+8, 20)
		if err := m.WriteRows(labels[lo:hi], confidence[lo:hi], probabilities[3*lo:3*hi]); err != nil {
			t.Fatal(err)
		}
	}
	if got := fileNames(t, dir); slices.Contains(got, "map.tif") || slices.Contains(got, "map.img") {
		t.Errorf("before Commit the folder holds %q", got)
	}
	if err := m.Commit(); err != nil {
		t.Fatal(err)
	}
	return dir, labels
}

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestMapFiles(t *testing.T) {
	dir, labels := writeSmallMap(t)
	want := []string{"confidence.tif", "map.hdr", "map.img", "map.png", "map.tif", "map.tif.aux.xml", "probabilities.tif"}
	if got := fileNames(t, dir); !slices.Equal(got, want) {
		t.Fatalf("the folder holds %q, want %q", got, want)
	}

	f, closer, err := tiff.OpenFile(filepath.Join(dir, "map.tif"))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	a, err := f.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.Data, labels) || !f.HasNoData || f.NoData != 0 || f.Palette[2] != (tiff.Color{R: 255}) || f.Palette[0] != (tiff.Color{}) {
		t.Errorf("map.tif: labels %v, no data %v %v, palette %v", a.Data, f.HasNoData, f.NoData, f.Palette[:4])
	}
	if f.Grid.Transform != georef.NorthUp(292000, 3358000, 1, 1) || f.Grid.CRS.EPSG != 32616 {
		t.Errorf("map.tif: grid %+v", f.Grid)
	}

	e, closer, err := envi.OpenFile(filepath.Join(dir, "map.hdr"))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	if a, err = e.ReadAll(); err != nil || !reflect.DeepEqual(a.Data, labels) {
		t.Errorf("map.img: labels %v, %v", a.Data, err)
	}
	if e.FileType != "ENVI Classification" || len(e.Classes) != 4 || e.Classes[1] != (envi.Class{Name: "Healthy grass", R: 34, G: 139, B: 34}) || e.Classes[0].Name != "Unclassified" {
		t.Errorf("map.hdr: classes %+v", e.Classes)
	}

	confidence := readFloats(t, filepath.Join(dir, "confidence.tif"))
	probabilities := readFloats(t, filepath.Join(dir, "probabilities.tif"))
	for i, l := range labels {
		c, p := confidence[i], probabilities[3*i:3*i+3]
		if l == 0 && !(c != c && p[0] != p[0] && p[2] != p[2]) {
			t.Errorf("pixel %d is unclassified, has confidence %v, probabilities %v", i, c, p)
		}
		if l != 0 && (c != float32(i)/20 || !slices.Equal(p, []float32{0, 0.25, 0.5})) {
			t.Errorf("pixel %d has confidence %v, probabilities %v", i, c, p)
		}
	}

	r, err := os.Open(filepath.Join(dir, "map.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	im, err := png.Decode(r)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[color.RGBA]bool{}
	for y := range im.Bounds().Dy() {
		for x := range im.Bounds().Dx() {
			seen[color.RGBAModel.Convert(im.At(x, y)).(color.RGBA)] = true
		}
	}
	for _, c := range mapClasses {
		if !seen[c.Color] {
			t.Errorf("map.png lacks the colour of %s", c.Name)
		}
	}
}

func readFloats(t *testing.T, path string) []float32 {
	t.Helper()
	f, closer, err := tiff.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	a, err := f.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !f.HasNoData || !math.IsNaN(f.NoData) {
		t.Errorf("%s: no data is %v (%v), want NaN", path, f.NoData, f.HasNoData)
	}
	return a.Data.([]float32)
}

func TestGDALAgreesOnMaps(t *testing.T) {
	if _, err := exec.LookPath("gdalinfo"); err != nil {
		t.Skip("needs gdalinfo (Debian: gdal-bin) to hear a second opinion of the files written")
	}
	dir, _ := writeSmallMap(t)
	for name, lines := range map[string][]string{
		"map.tif": {`ID["EPSG",32616]`, "Type=Byte, ColorInterp=Palette", "NoData Value=0", "0: Unclassified", "1: Healthy grass",
			"2: Road, rail & <kerb>", "1: 34,139,34,255", "2: 255,0,0,255", "3: 65,105,225,255", "Pixel Size = (1.000000000000000,-1.000000000000000)"},
		"map.img":           {"Driver: ENVI", `CONVERSION["UTM zone 16N"`, "Type=Byte, ColorInterp=Palette", "1: Healthy grass", "1: 34,139,34,255", "2: Road; rail & <kerb>", "3: Water"},
		"confidence.tif":    {`ID["EPSG",32616]`, "Type=Float32", "NoData Value=nan", "Description = confidence"},
		"probabilities.tif": {`ID["EPSG",32616]`, "Band 3", "NoData Value=nan", "Description = Healthy grass", "Description = Road, rail & <kerb>"},
	} {
		path := filepath.Join(dir, name)
		text, err := exec.Command("gdalinfo", path).CombinedOutput()
		if err != nil || strings.Contains(string(text), "Warning") || strings.Contains(string(text), "ERROR") {
			t.Fatalf("gdalinfo %s: %v\n%s", name, err, text)
		}
		for _, line := range lines {
			if !strings.Contains(string(text), line) {
				t.Errorf("gdalinfo %s does not say %q:\n%s", name, line, text)
			}
		}
		info := place(t, path)
		if want := []float64{292000, 1, 0, 3358000, 0, -1}; !slices.Equal(info.GeoTransform, want) {
			t.Errorf("%s: geotransform %v, want %v", name, info.GeoTransform, want)
		}
	}
}

func TestMapLeavesNothingHalfDone(t *testing.T) {
	spec, labels, confidence, probabilities := smallMap()
	dir := t.TempDir()
	m, err := CreateMap(dir, spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.WriteRows(labels[:8], confidence[:8], probabilities[:24]); err != nil {
		t.Fatal(err)
	}
	if err := m.Commit(); err == nil || !strings.Contains(err.Error(), "2 of 5 rows") {
		t.Errorf("Commit with rows missing: %v", err)
	}
	m.Close()
	if got := fileNames(t, dir); len(got) > 0 {
		t.Errorf("the folder holds %q", got)
	}

	if _, err := CreateMap(filepath.Join(dir, "absent"), spec); err == nil {
		t.Error("a folder that does not exist: no error")
	}
	spec.Classes = nil
	if _, err := CreateMap(dir, spec); err == nil || !strings.Contains(err.Error(), "0 classes") {
		t.Errorf("no classes: %v", err)
	}
	if got := fileNames(t, dir); len(got) > 0 {
		t.Errorf("the folder holds %q", got)
	}
}

// A file that cannot be finished, as on a full disk, leaves the older map as it was, and no other file.
func TestMapKeepsTheOlderOne(t *testing.T) {
	spec, labels, confidence, probabilities := smallMap()
	dir := t.TempDir()
	write := func(spec MapSpec, probabilities []float32, spoil func(m *MapWriter)) error {
		m, err := CreateMap(dir, spec)
		if err != nil {
			return err
		}
		defer m.Close()
		if err := m.WriteRows(labels, confidence, probabilities); err != nil {
			t.Fatal(err)
		}
		spoil(m)
		return m.Commit()
	}
	fine := func(*MapWriter) {}
	if err := write(spec, probabilities, fine); err != nil {
		t.Fatal(err)
	}
	names, old := fileNames(t, dir), map[string][]byte{}
	for _, name := range names {
		old[name], _ = os.ReadFile(filepath.Join(dir, name))
	}
	spec.Name = "another"
	for i := range labels {
		labels[i] = 1
	}
	for _, name := range []string{"map.png", "map.hdr", "map.tif.aux.xml"} {
		err := write(spec, probabilities, func(m *MapWriter) {
			if err := os.Mkdir(m.path(name), 0o777); err != nil {
				t.Fatal(err)
			}
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s cannot be written: %v", name, err)
		}
		if got := fileNames(t, dir); !slices.Equal(got, names) {
			t.Errorf("%s cannot be written: the folder holds %q, held %q", name, got, names)
		}
		for _, n := range names {
			if now, _ := os.ReadFile(filepath.Join(dir, n)); !bytes.Equal(now, old[n]) {
				t.Errorf("%s cannot be written, and %s has changed", name, n)
			}
		}
	}
	for _, name := range append(slices.Clone(keptBeside), "map.txt") { // made by other programs, of the older map
		writeFile(t, filepath.Join(dir, name), []byte("x"))
	}
	spec.Probabilities = false
	if err := write(spec, nil, fine); err != nil {
		t.Fatal(err)
	}
	left := fileNames(t, dir)
	for _, name := range append(slices.Clone(keptBeside), "probabilities.tif") {
		if slices.Contains(left, name) {
			t.Errorf("%s of the map before stands beside the new one", name)
		}
	}
	if !slices.Contains(left, "map.txt") {
		t.Error("a file of another's is gone")
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "map.png")), os.Mkdir(filepath.Join(dir, "map.png"), 0o777)); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateMap(dir, spec); err == nil || !strings.Contains(err.Error(), "map.png") {
		t.Errorf("a folder in the place of map.png: %v", err)
	}
}

func TestMapWriterPanics(t *testing.T) {
	spec, labels, confidence, probabilities := smallMap()
	m, err := CreateMap(t.TempDir(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for name, f := range map[string]func(){
		"half a row":              func() { m.WriteRows(labels[:6], confidence[:6], probabilities[:18]) },
		"confidences missing":     func() { m.WriteRows(labels[:4], confidence[:3], probabilities[:12]) },
		"probabilities missing":   func() { m.WriteRows(labels[:4], confidence[:4], nil) },
		"a label without a class": func() { m.WriteRows([]uint8{1, 2, 3, 4}, confidence[:4], probabilities[:12]) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func TestMapWithoutGridOrProbabilities(t *testing.T) {
	spec, labels, confidence, _ := smallMap()
	spec.Grid, spec.Probabilities = nil, false
	dir := t.TempDir()
	m, err := CreateMap(dir, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.WriteRows(labels, confidence, nil); err != nil {
		t.Fatal(err)
	}
	if err := m.Commit(); err != nil {
		t.Fatal(err)
	}
	f, closer, err := tiff.OpenFile(filepath.Join(dir, "map.tif"))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	if f.Grid.Placed() || f.Grid.CRS.Known() {
		t.Errorf("a grid out of nowhere: %+v", f.Grid)
	}
	if slices.Contains(fileNames(t, dir), "probabilities.tif") {
		t.Error("probabilities that nobody asked for")
	}
}

func TestThumbnailThinsLargeMaps(t *testing.T) {
	const w, h = 9000, 3
	p := newThumbnail(w, h)
	row := make([]uint8, w)
	for i := range row {
		row[i] = uint8(i % 250)
	}
	for y := range h {
		p.add(y, row)
	}
	if p.stride != 3 || p.width != 3000 || len(p.labels) != 3000 || p.labels[10] != 30 {
		t.Errorf("stride %d, width %d, %d labels", p.stride, p.width, len(p.labels))
	}
}

// TestMapInParts: a long map of as many classes as there may be, written some rows at a
// time, is thinned as a whole.
func TestMapInParts(t *testing.T) {
	const height, part = 5000, 999
	m, err := CreateMap(t.TempDir(), MapSpec{Name: "long", Width: 1, Height: height, Classes: make([]Class, MaxClasses)})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var want []uint8
	for row := 0; row < height; row += part {
		labels := make([]uint8, min(part, height-row))
		for i := range labels {
			labels[i] = uint8((row + i) % 251)
			if (row+i)%2 == 0 {
				want = append(want, labels[i])
			}
		}
		if err := m.WriteRows(labels, make([]float32, len(labels)), nil); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(m.picture.labels, want) {
		t.Errorf("the picture has %d labels, want every other one of %d", len(m.picture.labels), height)
	}
	if p := newThumbnail(4097, 1); p.stride != 2 || p.width != 2049 {
		t.Errorf("stride %d and width %d of 4097 columns", p.stride, p.width)
	}
}

// TestUnclassifiedIsTransparent in pictures of labels.
func TestUnclassifiedIsTransparent(t *testing.T) {
	im := LabelImage([]uint8{0, 3}, 1, mapClasses)
	if _, _, _, a := im.At(0, 0).RGBA(); a != 0 || im.At(0, 1) != (color.RGBA{65, 105, 225, 255}) {
		t.Errorf("labels 0 and 3 are %v and %v", im.At(0, 0), im.At(0, 1))
	}
}

func TestColorBlindSafe(t *testing.T) {
	many := make([]Class, 15)
	for i, c := range ColorBlindSafe(many) {
		for _, o := range ColorBlindSafe(many)[:i] {
			if d := figure.Distinctness(figureColor(c), figureColor(o)); d < 0.07 {
				t.Errorf("%v and %v are %.3f apart", c.Color, o.Color, d)
			}
		}
	}
	if many[0].Color != (color.RGBA{}) {
		t.Error("the classes given were changed")
	}
}

func figureColor(c Class) figure.RGB { return figure.RGB{R: c.Color.R, G: c.Color.G, B: c.Color.B} }

// A CRS that well-known text alone tells goes with every raster, and not with the next map in the folder.
func TestMapKeepsTextOfCRS(t *testing.T) {
	dir := t.TempDir()
	const wkt = `PROJCS["mine",GEOGCS["g",DATUM["d",SPHEROID["s",6378137,298]],PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]],` +
		`PROJECTION["Transverse_Mercator"],PARAMETER["Central_Meridian",-81.5],UNIT["Meter",1.0]]`
	write := func(crs georef.CRS) {
		t.Helper()
		grid := georef.Grid{Transform: georef.NorthUp(5, 6, 1, 1), CRS: crs}
		m, err := CreateMap(dir, MapSpec{Name: "a", Width: 2, Height: 1, Classes: unnamedClasses(2), Grid: &grid, Probabilities: true})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if err := errors.Join(m.WriteRows([]uint8{1, 2}, []float32{1, 1}, make([]float32, 4)), m.Commit()); err != nil {
			t.Fatal(err)
		}
	}
	write(georef.FromWKT(wkt))
	for _, name := range []string{"map.tif", "confidence.tif", "probabilities.tif"} {
		if text, err := os.ReadFile(filepath.Join(dir, name+".aux.xml")); err != nil || !bytes.Contains(text, []byte("Central_Meridian")) {
			t.Errorf("%s.aux.xml: %q, %v", name, text, err)
		}
		if gdalinfo, err := exec.LookPath("gdalinfo"); err == nil {
			if text, err := exec.Command(gdalinfo, filepath.Join(dir, name)).CombinedOutput(); err != nil || !bytes.Contains(text, []byte(`PROJCRS["mine"`)) {
				t.Errorf("%s: GDAL reads %s, %v", name, text, err)
			}
		}
	}
	write(georef.CRS{EPSG: 32616})
	if names := fileNames(t, dir); slices.Contains(names, "confidence.tif.aux.xml") || slices.Contains(names, "probabilities.tif.aux.xml") {
		t.Errorf("the second map has the first one's CRS: %q", names)
	}
}

// A map names its classes to whoever reads it, this package included.
func TestOpenReadsClassesOfMap(t *testing.T) {
	dir, _ := writeSmallMap(t)
	for _, name := range []string{"confidence.tif", "probabilities.tif", "map.img", "map.hdr", "map.png"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, ext := range []string{"", ".aux.xml"} {
		if err := os.Rename(filepath.Join(dir, "map.tif"+ext), filepath.Join(dir, "gt.tif"+ext)); err != nil {
			t.Fatal(err)
		}
	}
	writeMat(t, filepath.Join(dir, "hsi.mat"), matRaster("hsi", 5, 4, 12))
	d, err := Open(dir)
	if err != nil || !reflect.DeepEqual(d.Classes, mapClasses) {
		t.Errorf("%+v, %v", d, err)
	}
	if d.Scenes[0].Grid == nil || d.Scenes[0].Grid.CRS.EPSG != 32616 {
		t.Errorf("the labels say where they lie, the scene does not: %+v", d.Scenes[0].Grid)
	}
	names := &content{classNames: []string{"Unclassified", "a", "", "a", "class 1"}}
	var got []string
	for _, c := range classesOf(names) {
		got = append(got, c.Name)
	}
	if want := []string{"a", "class 2", "class 3", "class 1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
