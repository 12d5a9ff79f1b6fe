package tiff

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
)

// fill returns n varied values of a type.
func fill[T uint8 | uint16 | float32](n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = T(i*i%4093) + T(i%7)/2
	}
	return out
}

func write(t *testing.T, path string, s Spec, data any, rows int) {
	t.Helper()
	w, err := Create(path, s)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	v := reflect.ValueOf(data)
	n := rows * s.Width * max(1, s.Bands)
	for i := 0; i < v.Len(); i += n {
		if err := w.WriteRows(v.Slice(i, min(v.Len(), i+n)).Interface()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestWriteRoundTrip(t *testing.T) {
	grid := georef.Grid{Transform: georef.NorthUp(271460, 3290891, 2.5, 2.5), CRS: georef.CRS{EPSG: 32615}}
	path := filepath.Join(t.TempDir(), "a.tif")
	for _, bands := range []int{1, 3, 40} {
		n := 217 * 53 * bands
		for _, data := range []any{fill[uint8](n), fill[uint16](n), fill[float32](n)} {
			kind := map[reflect.Type]numeric.Type{reflect.TypeFor[[]uint8](): numeric.Uint8, reflect.TypeFor[[]uint16](): numeric.Uint16,
				reflect.TypeFor[[]float32](): numeric.Float32}[reflect.TypeOf(data)]
			s := Spec{Width: 53, Height: 217, Bands: bands, Type: kind, Grid: grid}
			var files [][]byte
			for _, rows := range []int{1, 10, 217} {
				write(t, path, s, data, rows)
				f := open(t, path)
				if a := readAll(t, f); !reflect.DeepEqual(a.Data, data) || f.Grid.Transform != grid.Transform || f.Grid.CRS.EPSG != 32615 {
					t.Fatalf("%d bands of %v, %d rows at a time: not what was written", bands, kind, rows)
				}
				b, _ := os.ReadFile(path)
				files = append(files, b)
			}
			if !bytes.Equal(files[0], files[1]) || !bytes.Equal(files[0], files[2]) {
				t.Errorf("%d bands of %v: the file depends on how many rows are given at a time", bands, kind)
			}
		}
	}
}

// BigTIFF is for files too large to write in a test, so the flavour is forced.
func TestWriteBigTIFF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tif")
	w, err := Create(path, Spec{Width: 5, Height: 2, Type: numeric.Uint16, BandNames: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	w.big = true
	w.write(make([]byte, 8)) // the header is 16 bytes
	data := fill[uint16](10)
	w.WriteRows(data)
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, open(t, path)).Data; !reflect.DeepEqual(got, data) {
		t.Errorf("got %v, want %v", got, data)
	}
	if w, err := Create(path, Spec{Width: 100_000, Height: 50_000, Type: numeric.Uint8}); err != nil || !w.big || w.Close() != nil {
		t.Errorf("5 GB of pixels: big %v, %v", w.big, err)
	}
}

// What a file says of its place is written back as it was.
func TestWriteKeepsGrid(t *testing.T) {
	for _, name := range []string{"rotated_uint8", "point_uint8", "customcrs_uint8", "geographic_uint8", "plain_uint8", "palette_uint8"} {
		f := open(t, "testdata/"+name+".tif")
		path := filepath.Join(t.TempDir(), "a.tif")
		nodata := 0.0
		s := Spec{Width: f.Width, Height: f.Height, Type: numeric.Uint8, Grid: f.Grid, NoData: &nodata, Palette: f.Palette,
			BandNames: []string{`a & "b" <c>`}, Metadata: []Item{{Name: "k", Value: "&amp;", Band: -1}}}
		write(t, path, s, readAll(t, f).Data, 5)
		g := open(t, path)
		if !reflect.DeepEqual(g.Grid, f.Grid) || !reflect.DeepEqual(g.Palette, f.Palette) || !g.HasNoData || g.NoData != 0 {
			t.Errorf("%s: %+v became %+v", name, f.Grid, g.Grid)
		}
		if got := bandNames(g); !reflect.DeepEqual(got, s.BandNames) || g.Metadata[0] != s.Metadata[0] {
			t.Errorf("%s: metadata %+v", name, g.Metadata)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.tif")
	for want, s := range map[string]Spec{
		"0 x 5 pixels":    {Height: 5, Type: numeric.Uint8},
		"of float64":      {Width: 5, Height: 5, Type: numeric.Float64},
		"one uint8 band":  {Width: 5, Height: 5, Type: numeric.Uint16, Palette: make([]Color, 3)},
		"2 band names":    {Width: 5, Height: 5, Type: numeric.Uint8, BandNames: make([]string, 2)},
		"cannot write a ": {Width: math.MaxInt32, Height: math.MaxInt32, Bands: 65535, Type: numeric.Float32},
	} {
		if _, err := Create(path, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
	w, err := Create(path, Spec{Width: 2, Height: 3, Type: numeric.Uint8})
	if err != nil {
		t.Fatal(err)
	}
	w.WriteRows([]uint8{1, 2})
	if err := w.Commit(); err == nil || !strings.Contains(err.Error(), "1 rows of 3") {
		t.Errorf("Commit with rows missing: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// gdalinfo returns what GDAL says of a file, as JSON and as text.
func gdalinfo(t *testing.T, path string) (map[string]any, string) {
	t.Helper()
	if _, err := exec.LookPath("gdalinfo"); err != nil {
		t.Skip("needs gdalinfo (Debian: gdal-bin) to hear a second opinion of the files written")
	}
	b, err := exec.Command("gdalinfo", "-json", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var info map[string]any
	if err := json.Unmarshal(b, &info); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command("gdalinfo", "-stats", path).CombinedOutput()
	if err != nil || strings.Contains(string(text), "Warning") || strings.Contains(string(text), "ERROR") {
		t.Fatalf("gdalinfo: %v\n%s", err, text)
	}
	return info, string(text)
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, line) {
			t.Errorf("gdalinfo does not say %q:\n%s", line, text)
		}
	}
}

func TestGDALReadsClassMap(t *testing.T) {
	classes := []Class{{"Unclassified", Color{}}, {"Healthy grass", Color{34, 139, 34}}, {"Road & rail", Color{255, 0, 0}}}
	palette := make([]Color, len(classes))
	for i, c := range classes {
		palette[i] = c.Color
	}
	path := filepath.Join(t.TempDir(), "map.tif")
	nodata := 0.0
	data := make([]uint8, 20*20)
	for i := range data {
		data[i] = uint8(i % 3)
	}
	grid := georef.Grid{Transform: georef.NorthUp(542055, 4134999, 1, 1), CRS: georef.CRS{EPSG: 32617}}
	write(t, path, Spec{Width: 20, Height: 20, Type: numeric.Uint8, Grid: grid, NoData: &nodata, Palette: palette}, data, 7)
	if err := WriteClassSidecar(path, classes, ""); err != nil {
		t.Fatal(err)
	}
	info, text := gdalinfo(t, path)
	if got, want := info["geoTransform"], []any{542055.0, 1.0, 0.0, 4134999.0, 0.0, -1.0}; !reflect.DeepEqual(got, want) {
		t.Errorf("geotransform %v", got)
	}
	wantLines(t, text, `ID["EPSG",32617]`, "Type=Byte, ColorInterp=Palette", "NoData Value=0", "0: Unclassified", "1: Healthy grass", "2: Road & rail",
		"1: 34,139,34,255", "2: 255,0,0,255", "<F>Healthy grass</F>", "Minimum=1.000, Maximum=2.000", "COMPRESSION=DEFLATE")
}

// A CRS that only WKT describes reaches GDAL by the sidecar.
func TestGDALReadsSidecarCRS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.tif")
	crs := georef.FromWKT(`PROJCS["my Mercator",GEOGCS["g",DATUM["d",SPHEROID["s",6378137,298]],PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]],` +
		`PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",7.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-81.5],` +
		`PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]`)
	grid := georef.Grid{Transform: georef.NorthUp(5, 6, 1, 1), CRS: crs}
	write(t, path, Spec{Width: 2, Height: 1, Type: numeric.Uint8, Grid: grid, Palette: make([]Color, 2)}, []uint8{0, 1}, 1)
	if err := WriteClassSidecar(path, []Class{{Name: "none"}, {Name: "some"}}, crs.WKT); err != nil {
		t.Fatal(err)
	}
	_, text := gdalinfo(t, path)
	wantLines(t, text, `PROJCRS["my Mercator"`, "-81.5", "Origin = (5.000000000000000,6.000000000000000)")
}

func TestGDALReadsFloats(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.tif")
	data := make([]float32, 30*20*4)
	for i := range data {
		data[i] = float32(i%4) + float32(i/4%20)/8
	}
	source := open(t, "testdata/customcrs_uint8.tif")
	s := Spec{Width: 20, Height: 30, Bands: 4, Type: numeric.Float32, Grid: source.Grid, BandNames: []string{"one", "two & a half", "three", "four"}}
	write(t, path, s, data, 30)
	info, text := gdalinfo(t, path)
	before, _ := gdalinfo(t, "testdata/customcrs_uint8.tif")
	if !reflect.DeepEqual(info["coordinateSystem"], before["coordinateSystem"]) {
		t.Errorf("CRS %v, want %v", info["coordinateSystem"], before["coordinateSystem"])
	}
	wantLines(t, text, "Description = one", "Description = two & a half", "Band 4 Block=20x30 Type=Float32", "Minimum=0.000, Maximum=2.375", "Minimum=3.000, Maximum=5.375")
}

func TestGDALReadsUint16(t *testing.T) {
	path := filepath.Join(t.TempDir(), "u.tif")
	data := fill[uint16](31 * 17 * 2)
	write(t, path, Spec{Width: 17, Height: 31, Bands: 2, Type: numeric.Uint16}, data, 4)
	_, text := gdalinfo(t, path)
	low, high := slices.Min(data), slices.Max(data)
	if low != 0 || high < 4000 {
		t.Fatal(low, high)
	}
	wantLines(t, text, "Band 2 Block=17x31 Type=UInt16", "PREDICTOR=2")
}
