package envi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
)

const minimal = "ENVI\nsamples = 4\nlines = 3\nbands = 2\ndata type = 12\n"

func parse(t *testing.T, text string) *Header {
	t.Helper()
	h, err := ParseHeader(strings.NewReader(text), "a.hdr")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestParseHeader(t *testing.T) {
	h := parse(t, "\ufeffENVI\r\n; a comment = 1\r\ndescription = {\r\n  two\r\n  lines}\r\nSamples   = 4\r\nlines=3\r\nBANDS  =  2\r\n"+
		"header   offset = 16\r\nfile type = ENVI Classification\r\ndata type = 2\r\ninterleave = BIL\r\nbyte order = 1\r\n"+
		"band names = {\r\n first ,\r\n second }\r\nwavelength units = Micrometers\r\nwavelength = {\r\n0.4 ,\r\n; not this,\r\n 0.5,}\r\n"+
		"bbl = {1, 0}\r\ndata ignore value = -9999\r\nclasses = 2\r\nclass names = {Unclassified, Healthy  grass}\r\nclass lookup = {0,0,0, 34,139,34}\r\n")
	want := &Header{
		Width: 4, Height: 3, Bands: 2, Offset: 16, Format: numeric.Format{Type: numeric.Int16, BigEndian: true}, Interleave: BIL,
		FileType: "ENVI Classification", NoData: -9999, HasNoData: true,
		Wavelengths: []float64{400, 500}, Good: []bool{true, false},
		Classes: []Class{{Name: "Unclassified"}, {"Healthy grass", 34, 139, 34}}, Fields: h.Fields,
	}
	if !reflect.DeepEqual(h, want) || h.Fields["description"] != "{\ntwo\nlines}" {
		t.Errorf("got  %+v\nwant %+v", h, want)
	}
	if h := parse(t, minimal+"band names = {a, b, c}\nfwhm = {1, 2}"); h.Wavelengths != nil || h.Interleave != BSQ || h.Grid.CRS.Known() {
		t.Errorf("%+v", h)
	}
}

// A header reads the same from whatever editor saved it.
func TestHeaderEncodings(t *testing.T) {
	const text = minimal + "wavelength units = nm\nwavelength = {\n400,\n500}\ndescription = {Straße}\n"
	want := parse(t, text)
	wide := func(order binary.AppendByteOrder) string {
		var b []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + strings.ReplaceAll(text, "\n", "\r\n"))) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	for name, saved := range map[string]string{
		"carriage returns": strings.ReplaceAll(text, "\n", "\r"), "UTF-16": wide(binary.LittleEndian), "UTF-16, big-endian": wide(binary.BigEndian), "an odd byte": wide(binary.LittleEndian) + "x",
	} {
		if got := parse(t, saved); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	for _, value := range []string{"nan", "-nan", "{NaN}", "-1.#IND"} {
		if h := parse(t, strings.Replace(minimal, "= 12", "= 4", 1)+"data ignore value = "+value); !h.HasNoData || !math.IsNaN(h.NoData) {
			t.Errorf("a data ignore value of %s is %v", value, h.NoData)
		}
		if h := parse(t, minimal+"data ignore value = "+value); h.HasNoData {
			t.Errorf("a data ignore value of %s marks integers", value)
		}
	}
}

// Gains and offsets come before the factor of reflectances, of which only one can be meant.
func TestScale(t *testing.T) {
	for text, want := range map[string][]numeric.Scale{
		"data gain values = {2, 3}\nreflectance scale factor = 10000": {{Gain: 2}, {Gain: 3}},
		"data offset values = {0, -1}":                                {numeric.Stored, {Gain: 1, Offset: -1}},
		"reflectance scale factor = 4.0":                              {{Gain: 0.25}, {Gain: 0.25}},
		"":                                                            nil,
	} {
		if got := parse(t, minimal+text).Scale; !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestMapInfo(t *testing.T) {
	const wkt = `PROJCS["WGS_1984_UTM_Zone_16N",GEOGCS["GCS_WGS_1984"]]`
	for _, c := range []struct {
		text       string
		transform  georef.Affine
		epsg       int
		geographic bool
	}{
		{"map info = {UTM, 1, 1, 271460, 3290891, 2.5, 2.5, 16, North, WGS-84, units=Meters}", georef.NorthUp(271460, 3290891, 2.5, 2.5), 32616, false},
		{"map info = {UTM, 1.5, 3, 100, 200, 2, 4, 16, South, WGS-84}", georef.NorthUp(99, 208, 2, 4), 32716, false},
		{"map info = {UTM, 1, 1, 0, 0, 1, 1, 15, North, North America 1983}", georef.NorthUp(0, 0, 1, 1), 26915, false},
		{"map info = {UTM, 1, 1, 0, 0, 1, 1, 15, North, Mars}", georef.NorthUp(0, 0, 1, 1), 0, false},
		{"map info = {Geographic Lat/Lon, 1, 1, 11.25, 46.5, 0.5, 0.25, WGS-84, units=Degrees}", georef.NorthUp(11.25, 46.5, 0.5, 0.25), 4326, true},
		{"map info = {Arbitrary, 1, 1, 5, 6, 1, 1, 0, North}\ncoordinate system string = {" + wkt + "}", georef.NorthUp(5, 6, 1, 1), 32616, false},
		{"map info = {UTM, 1, 1, 271460, 3290891, 2, 3, 16, North, WGS-84, units=Meters, rotation=15}",
			georef.Affine{271460, 1.9318516525781366, 0.5176380902050415, 3290891, 0.7764571353075622, -2.897777478867205}, 32616, false}, // as GDAL reads it
	} {
		g := parse(t, minimal+c.text).Grid
		for i, v := range g.Transform {
			if math.Abs(v-c.transform[i]) > 1e-12 {
				t.Errorf("%s: %v, want %v", c.text, g.Transform, c.transform)
				break
			}
		}
		if g.CRS.EPSG != c.epsg || g.CRS.Geographic != c.geographic {
			t.Errorf("%s: EPSG %d, geographic %v", c.text, g.CRS.EPSG, g.CRS.Geographic)
		}
		again := parse(t, minimal+"map info = "+mapInfo(g)).Grid.Transform
		for i, v := range again {
			if math.Abs(v-g.Transform[i]) > 1e-9 {
				t.Errorf("%s was written as %s", c.text, mapInfo(g))
				break
			}
		}
	}
	if got := mapInfo(georef.Grid{Transform: georef.Affine{0, 1, 0.5, 0, 0, -1}}); got != "" {
		t.Errorf("a sheared grid was written as %s", got)
	}
}

func TestHeaderErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", `first line is ENVI, found ""`},
		{"BSQ\n", "first line is ENVI"},
		{"ENVI\nlines = 3\ndata type = 1", `no "samples"`},
		{strings.Replace(minimal, "= 4", "= -4", 1), `"samples" is "-4"`},
		{strings.Replace(minimal, "= 12", "= 6", 1), "data type 6"},
		{minimal + "interleave = tile", "expected bsq, bil or bip"},
		{minimal + "wavelength = {1, 2", "line 6: the brace of \"wavelength\" is never closed"},
		{minimal + "wavelength = {1, 2, 3}", "lists 3 values for 2 bands"},
		{minimal + "wavelength = {1, x}", "item 2 of \"wavelength\""},
		{minimal + "major frame offsets = {0, 16}", "bytes between their lines"},
		{minimal + "byte order = 2", "from 0 to 1"},
		{minimal + "map info = {UTM, 1, 1}", "3 items"},
		{minimal + "map info = {UTM, 1, 1, x, 0, 1, 1}", `item 4 of "map info"`},
		{minimal + "map info = {UTM, 1, 1, 0, 0, 0, 1}", "cannot be used"},
		{minimal + "class names = {a, b}\nclass lookup = {1, 2, 3, 4, 5, 256}", "colour of class 1"},
		{minimal + "data ignore value = none", `"data ignore value"`},
		{minimal + "data gain values = {1, 2, 3}", "lists 3 values for 2 bands"},
		{minimal + "reflectance scale factor = percent", `"reflectance scale factor" is "percent"`},
	} {
		if _, err := ParseHeader(strings.NewReader(c.text), "a.hdr"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "a.hdr: ") {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

// value is the sample of a test raster.
func value(y, x, b int) int { return (y*31 + x*7 + b*3) % 120 }

// raster returns the stored samples of a test raster, after offset other bytes.
func raster(h *Header) []byte {
	out := make([]byte, h.Offset)
	put := func(y, x, b int) {
		v := value(y, x, b)
		bits, size := uint64(v), h.Format.Size()
		switch h.Format.Type {
		case numeric.Float32:
			bits = uint64(math.Float32bits(float32(v)))
		case numeric.Float64:
			bits = math.Float64bits(float64(v))
		}
		word := make([]byte, 8)
		if h.Format.BigEndian {
			binary.BigEndian.PutUint64(word, bits)
			word = word[8-size:]
		} else {
			binary.LittleEndian.PutUint64(word, bits)
		}
		out = append(out, word[:size]...)
	}
	n := map[Interleave][3]int{BSQ: {h.Bands, h.Height, h.Width}, BIL: {h.Height, h.Bands, h.Width}, BIP: {h.Height, h.Width, h.Bands}}[h.Interleave]
	for i := range n[0] {
		for j := range n[1] {
			for k := range n[2] {
				switch h.Interleave {
				case BSQ:
					put(j, k, i)
				case BIL:
					put(i, k, j)
				case BIP:
					put(i, j, k)
				}
			}
		}
	}
	return out
}

func TestRead(t *testing.T) {
	for code, kind := range dataTypes {
		for _, interleave := range []Interleave{BSQ, BIL, BIP} {
			for order := range 2 {
				h := parse(t, fmt.Sprintf("ENVI\nsamples = 5\nlines = 7\nbands = 3\ndata type = %d\ninterleave = %s\nbyte order = %d\nheader offset = 9\n", code, interleave, order))
				data := raster(h)
				f, err := Open(h, bytes.NewReader(data), int64(len(data)), "a.dat")
				if err != nil {
					t.Fatal(err)
				}
				for _, rows := range [][2]int{{0, 7}, {2, 3}, {6, 1}, {7, 0}} {
					a, err := f.ReadRows(rows[0], rows[1])
					if err != nil || a.Type != kind || !reflect.DeepEqual(a.Shape, []int{rows[1], 5, 3}) {
						t.Fatalf("%v %v: %v, %v", code, interleave, a, err)
					}
					for i := range a.Len() {
						if got, want := a.At64(i), float64(value(rows[0]+i/15, i/3%5, i%3)); got != want {
							t.Fatalf("type %d, %s, order %d, rows %v, sample %d: %v, want %v", code, interleave, order, rows, i, got, want)
						}
					}
				}
				whole, err := f.ReadAll()
				narrow, err2 := f.ReadNarrow()
				if err != nil || err2 != nil || narrow.Type.Size() > 2 || !reflect.DeepEqual(narrow.Float32s(), whole.Float32s()) {
					t.Fatalf("type %d, %s, order %d: narrow %v, %v, want the values of %v, %v", code, interleave, order, narrow, err2, whole, err)
				}
				for n := range data {
					if _, err := Open(h, bytes.NewReader(data), int64(n), "a.dat"); err == nil || !strings.Contains(err.Error(), "truncated") {
						t.Fatalf("%d bytes of %d: %v", n, len(data), err)
					}
				}
			}
		}
	}
}

// A raster larger than one piece is read in several.
func TestReadPieces(t *testing.T) {
	for _, interleave := range []Interleave{BSQ, BIL, BIP} {
		h := parse(t, fmt.Sprintf("ENVI\nsamples = 2000\nlines = 11\nbands = 300\ndata type = 1\ninterleave = %s\n", interleave))
		data := raster(h)
		f, err := Open(h, bytes.NewReader(data), int64(len(data)), "a.dat")
		if err != nil {
			t.Fatal(err)
		}
		a, err := f.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range a.Data.([]uint8) {
			if want := value(i/600_000, i/300%2000, i%300); int(v) != want {
				t.Fatalf("%s: sample %d is %d, want %d", interleave, i, v, want)
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for text, want := range map[string]string{
		minimal + "file type = TIFF":     "not a flat ENVI raster",
		minimal + "file compression = 1": "compressed",
		"ENVI\nsamples = 2147483647\nlines = 2147483647\nbands = 65535\ndata type = 5": "too much",
	} {
		if _, err := Open(parse(t, text), bytes.NewReader(nil), 0, "a.dat"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestPair(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.hdr", "a.dat", "b", "b.hdr", "c.img", "c.img.hdr", "d.HDR", "d.BIL", "lone.hdr", "bare.bsq", "e.hdr", "E.hyspex", "e.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "E.hyspex"), make([]byte, 100), 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]string{
		"e.hdr": {"e.hdr", "E.hyspex"}, "a.hdr": {"a.hdr", "a.dat"}, "a.dat": {"a.hdr", "a.dat"}, "b": {"b.hdr", "b"}, "b.hdr": {"b.hdr", "b"},
		"c.img": {"c.img.hdr", "c.img"}, "c.img.hdr": {"c.img.hdr", "c.img"}, "d.HDR": {"d.HDR", "d.BIL"}, "d.BIL": {"d.HDR", "d.BIL"},
	} {
		header, data, err := Pair(filepath.Join(dir, path))
		if err != nil || !isFile(header, dir, want[0]) || !isFile(data, dir, want[1]) {
			t.Errorf("%s: %s, %s, %v; want %v", path, header, data, err, want)
		}
	}
	for _, path := range []string{"lone.hdr", "bare.bsq"} {
		if _, _, err := Pair(filepath.Join(dir, path)); err == nil || !strings.Contains(err.Error(), "found none") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// isFile reports whether a path leads to a file of a folder: by its name, or by another
// one that is as good where case tells no names apart.
func isFile(path, dir, name string) bool {
	a, err1 := os.Stat(path)
	b, err2 := os.Stat(filepath.Join(dir, name))
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "map.dat")
	grid := georef.Grid{Transform: georef.NorthUp(271460, 3290891, 2.5, 2.5), CRS: georef.CRS{EPSG: 32615}}
	classes := []Class{{Name: "Unclassified"}, {"Healthy, green {grass}", 34, 139, 34}, {"Road", 255, 0, 0}}
	data := make([]uint8, 12*10)
	for i := range data {
		data[i] = uint8(i % 3)
	}
	writeAll(t, path, Map{Width: 12, Height: 10, Grid: grid, Classes: classes, Description: "a {map}\nof classes"}, data)
	f, closer, err := OpenFile(HeaderPath(path))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	a, err := f.ReadAll()
	classes[1].Name = "Healthy; green (grass)"
	if err != nil || !reflect.DeepEqual(a.Data, data) || !reflect.DeepEqual(f.Classes, classes) || f.Grid.Transform != grid.Transform ||
		f.Grid.CRS.EPSG != 32615 || !f.HasNoData || f.NoData != 0 || f.FileType != "ENVI Classification" || f.Fields["description"] != "{a (map) of classes}" {
		t.Errorf("%v, %+v", err, f.Header)
	}
	text := gdalinfo(t, path)
	for _, want := range []string{`CONVERSION["UTM zone 15N"`, `ID["EPSG",4326]`, "Origin = (271460.000000000000000,3290891.000000000000000)", "ColorInterp=Palette", "1: Healthy; green (grass)", "1: 34,139,34,255"} {
		if !strings.Contains(text, want) {
			t.Errorf("gdalinfo does not say %q:\n%s", want, text)
		}
	}
}

// A CRS that is told by its text alone is written as it is.
func TestWriteText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.img")
	grid := georef.Grid{Transform: georef.NorthUp(5, 6, 1, 1), CRS: georef.FromWKT(`GEOGCS["mine",DATUM["d",SPHEROID["s",6378137,298]],PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]]`)}
	writeAll(t, path, Map{Width: 4, Height: 6, Grid: grid, Classes: make([]Class, 2)}, make([]uint8, 24))
	h, err := ReadHeader(HeaderPath(path))
	if err != nil || h.Grid.CRS != grid.CRS {
		t.Errorf("%v, %+v", err, h)
	}
	if text := gdalinfo(t, path); !strings.Contains(text, `GEOGCRS["mine"`) {
		t.Errorf("gdalinfo:\n%s", text)
	}
}

// Zones of all datums, national grids and the web's map, most of which ENVI's map info has no name for.
func TestWriteByText(t *testing.T) {
	for _, code := range []int{25832, 27700, 3857, 2154, 3035, 4258, 32633, 32733, 26917} {
		writeByText(t, code)
	}
}

func writeByText(t *testing.T, code int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "e.img")
	grid := georef.Grid{Transform: georef.NorthUp(50, 54, 2, 2), CRS: georef.CRS{EPSG: code}}
	writeAll(t, path, Map{Width: 3, Height: 2, Grid: grid, Classes: make([]Class, 2)}, make([]uint8, 6))
	f, closer, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	if f.Grid.CRS.EPSG != code || f.Grid.Transform != grid.Transform {
		t.Errorf("%+v", f.Grid)
	}
	if text := gdalinfo(t, path); !strings.Contains(text, fmt.Sprintf("ID[\"EPSG\",%d]]\n", code)) || !strings.Contains(text, "Origin = (50.000000000000000,54.000000000000000)") {
		t.Errorf("gdalinfo:\n%s", text)
	}
}

func writeAll(t *testing.T, path string, m Map, labels []uint8) {
	t.Helper()
	w, err := Create(path, m)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	half := len(labels) / 2 // whole rows: heights are even
	if err := errors.Join(w.WriteRows(labels[:half]), w.WriteRows(labels[half:]), w.Commit()); err != nil {
		t.Fatal(err)
	}
}

func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	for want, s := range map[string]Map{
		"0 x 1 pixels": {Height: 1, Classes: make([]Class, 2)},
		"0 classes":    {Width: 1, Height: 1},
		"257 classes":  {Width: 1, Height: 1, Classes: make([]Class, 257)},
	} {
		if _, err := Create(filepath.Join(dir, "a.dat"), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	w, err := Create(filepath.Join(dir, "a.dat"), Map{Width: 1, Height: 2, Classes: make([]Class, 2)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err == nil || !strings.Contains(err.Error(), "0 rows of 2") {
		t.Errorf("Commit with rows missing: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := Create(filepath.Join(dir, "a.hdr"), Map{Width: 1, Height: 2, Classes: make([]Class, 2)}); err == nil {
		t.Error("data were written over the header")
	}
}

func gdalinfo(t *testing.T, path string) string {
	t.Helper()
	if _, err := exec.LookPath("gdalinfo"); err != nil {
		t.Skip("needs gdalinfo (Debian: gdal-bin) to hear a second opinion of the files written")
	}
	text, err := exec.Command("gdalinfo", path).CombinedOutput()
	if err != nil || strings.Contains(string(text), "Warning") {
		t.Fatalf("gdalinfo: %v\n%s", err, text)
	}
	return string(text)
}

func FuzzHeader(f *testing.F) {
	f.Add(minimal + "map info = {UTM, 1, 1, 271460, 3290891, 2, 3, 16, North, WGS-84, units=Meters, rotation=15}")
	f.Add(minimal + "interleave = bil\nwavelength = {400,\n500}\nclass names = {a,\n;\nb}\nclass lookup = {1,2,3}\ncoordinate system string = {PROJCS[\"x\",AUTHORITY[\"EPSG\",\"1\"]]}")
	data := make([]byte, 4096)
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHeader(strings.NewReader(text), "a.hdr")
		if err != nil {
			return
		}
		mapInfo(h.Grid)
		if file, err := Open(h, bytes.NewReader(data), int64(len(data)), "a.dat"); err == nil {
			if _, err := file.ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
