package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
	"diffclip/internal/testenv"
)

// pixel is the formula of testdata/generate.py.
func pixel(kind string, y, x, b int) float64 {
	v := float64(x*3 + y*5 + b*11 + x*y%7)
	switch {
	case strings.HasPrefix(kind, "int"):
		v -= 100
	case strings.HasPrefix(kind, "float"):
		v = v/8 - 10
	}
	switch kind {
	case "uint32", "int32", "uint64", "int64", "float64":
		v *= 10001
	}
	return v
}

func testFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.tif")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files in testdata, %v", len(files), err)
	}
	return files
}

// kindOf returns the element type that a test file's name tells.
func kindOf(file string) string {
	for _, part := range strings.FieldsFunc(filepath.Base(file), func(r rune) bool { return r == '_' || r == '.' }) {
		if strings.HasPrefix(part, "uint") || strings.HasPrefix(part, "int") || strings.HasPrefix(part, "float") {
			return part
		}
	}
	return "uint8"
}

func open(t testing.TB, file string) *File {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(b), int64(len(b)), file)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func readAll(t testing.TB, f *File) *numeric.Array {
	t.Helper()
	a, err := f.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestReadPixels(t *testing.T) {
	for _, file := range testFiles(t) {
		f := open(t, file)
		a := readAll(t, f)
		if want := []int{18, 19, f.Bands}; !reflect.DeepEqual(a.Shape, want) || f.Type.String() != kindOf(file) || a.Type != f.Type {
			t.Errorf("%s: shape %v of %v, want %v of %s", file, a.Shape, a.Type, want, kindOf(file))
			continue
		}
		for i := range a.Len() {
			b, x, y := i%f.Bands, i/f.Bands%19, i/f.Bands/19
			want := pixel(kindOf(file), y, x, b)
			if strings.Contains(file, "sparse") && y >= 16 {
				want = -9999
			}
			if got := a.At64(i); got != want {
				t.Errorf("%s: row %d, column %d, band %d is %v, want %v", file, y, x, b, got, want)
				break
			}
		}
	}
}

// A narrow read has the float32 values of a plain one in no more than four bytes each.
func TestReadNarrow(t *testing.T) {
	for _, file := range testFiles(t) {
		f := open(t, file)
		a, err := f.ReadNarrow()
		if err != nil {
			t.Fatal(err)
		}
		if a.Type.Size() > 4 || !reflect.DeepEqual(a.Float32s(), readAll(t, f).Float32s()) {
			t.Errorf("%s: a narrow read of %v gives %v, or other values", file, f.Type, a.Type)
		}
	}
}

// Any window equals the same rows of the whole, in any order of asking.
func TestReadRows(t *testing.T) {
	for _, file := range testFiles(t) {
		f := open(t, file)
		all := readAll(t, f).Float32s()
		row := f.Width * f.Bands
		for _, w := range [][2]int{{0, 1}, {1, 1}, {2, 5}, {17, 1}, {0, 18}, {15, 3}, {16, 2}, {3, 0}, {18, 0}, {4, 11}} {
			a, err := f.ReadRows(w[0], w[1])
			if err != nil {
				t.Fatal(err)
			}
			if got := a.Float32s(); !reflect.DeepEqual(got, append([]float32{}, all[w[0]*row:(w[0]+w[1])*row]...)) {
				t.Errorf("%s: rows %v differ from the same rows of the whole", file, w)
			}
		}
	}
}

// A scene is streamed in windows of whole blocks.
func TestOpenFile(t *testing.T) {
	f, closer, err := OpenFile("testdata/sparse_int16.tif")
	if err != nil {
		t.Fatal(err)
	}
	if f.BlockRows() != 16 || f.Name != "testdata/sparse_int16.tif" {
		t.Errorf("%s in blocks of %d rows", f.Name, f.BlockRows())
	}
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAll(); err == nil || !strings.Contains(err.Error(), "sparse_int16.tif: block 1 of 8: ") {
		t.Errorf("read after Close: %v", err)
	}
	for path, want := range map[string]string{"testdata": "folder", "testdata/generate.py": "begins with II or MM"} {
		if _, _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if _, _, err := OpenFile("testdata/none.tif"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "testdata/none.tif") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestReadRowsOutside(t *testing.T) {
	f := open(t, "testdata/plain_uint8.tif")
	for _, w := range [][2]int{{-1, 1}, {0, 19}, {18, 1}, {0, -1}, {math.MaxInt, 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("rows %v: no panic", w)
				}
			}()
			f.ReadRows(w[0], w[1])
		}()
	}
}

func TestGeoreferencing(t *testing.T) {
	utm := georef.NorthUp(542055, 4134999, 2.5, 2.5)
	for name, want := range map[string]struct {
		transform  georef.Affine
		epsg       int
		geographic bool
	}{
		"none1_uint8_strip_pixel_le": {utm, 32617, false},
		"rotated_uint8":              {georef.Affine{271460, 2.5, 0.25, 3290891, -0.5, -2.5}, 32617, false},
		"point_uint8":                {utm, 32617, false},
		"customcrs_uint8":            {utm, 0, false},
		"geographic_uint8":           {utm, 4326, true},
	} {
		g := open(t, "testdata/"+name+".tif").Grid
		if g.Transform != want.transform || g.CRS.EPSG != want.epsg || g.CRS.Geographic != want.geographic || g.CRS.Keys == nil {
			t.Errorf("%s: %+v, want %+v", name, g, want)
		}
	}
	if g := open(t, "testdata/plain_uint8.tif").Grid; !reflect.DeepEqual(g, georef.Grid{}) {
		t.Errorf("plain: %+v", g)
	}
	if f := open(t, "testdata/control_uint8.tif"); f.ControlPoints != 4 || f.Grid.Placed() || f.Grid.CRS.EPSG != 32617 {
		t.Errorf("%d control points, %+v", f.ControlPoints, f.Grid)
	}
}

func TestMetadata(t *testing.T) {
	f := open(t, "testdata/metadata_float32.tif")
	if got, want := bandNames(f), []string{"band 1 & more", "band 2 & more", "band 3 & more"}; !reflect.DeepEqual(got, want) {
		t.Errorf("band names %q", got)
	}
	if got := f.Wavelengths(-1); len(got) != 3 || math.Abs(got[0]-400) > 1e-9 || math.Abs(got[2]-600) > 1e-9 {
		t.Errorf("wavelengths %v", got)
	}
	if !f.HasNoData || f.NoData != float64(float32(-3.4e38)) {
		t.Errorf("no data %v %v", f.HasNoData, f.NoData)
	}
	plain := open(t, "testdata/plain_uint8.tif")
	if bandNames(plain) != nil || plain.Wavelengths(-1) != nil || plain.HasNoData || plain.Palette != nil {
		t.Error("a plain file has names, wavelengths, a no-data value or a palette")
	}
	p := open(t, "testdata/palette_uint8.tif").Palette
	if len(p) != 256 || p[1] != (Color{34, 139, 34}) || p[2] != (Color{255, 239, 213}) {
		t.Errorf("palette of %d: %v", len(p), p[:min(3, len(p))])
	}
}

func TestNoDataRounding(t *testing.T) {
	for _, c := range []struct {
		text string
		kind numeric.Type
		want float64
		ok   bool
	}{
		{"-9999", numeric.Int16, -9999, true}, {" 0 ", numeric.Uint8, 0, true}, {"256", numeric.Uint8, 0, false},
		{"-1", numeric.Uint16, 0, false}, {"1.5", numeric.Int16, 0, false}, {"0.1", numeric.Float32, float64(float32(0.1)), true},
		{"-1.7976931348623157e+308", numeric.Float32, math.Inf(-1), true}, {"-nan", numeric.Float32, math.NaN(), true}, {"nan", numeric.Int16, 0, false},
		{"-1.#IND", numeric.Float64, math.NaN(), true}, {"18446744073709551616", numeric.Uint64, 0, false},
	} {
		b := append([]byte(c.text), 0)
		d := &directory{r: bytes.NewReader(b), size: uint64(len(b)), order: order(numeric.Format{}), big: true,
			entries: map[uint16]entry{tagGDALNoData: {kind: typeASCII, count: uint64(len(b)), inline: b}}}
		if got, ok, err := readNoData(d, c.kind); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) || ok != c.ok || err != nil {
			t.Errorf("%q as %v: %v %v %v, want %v %v", c.text, c.kind, got, ok, err, c.want, c.ok)
		}
	}
}

// The real scenes: values as gdallocationinfo gives them.
func TestReadIDTrees(t *testing.T) {
	dir := testenv.Dir(t, "idtrees2020")
	hsi, chm := open(t, filepath.Join(dir, "HSI", "MLBS_1.tif")), open(t, filepath.Join(dir, "CHM", "MLBS_1.tif"))
	if hsi.Bands != 369 || hsi.Type != numeric.Int16 || chm.Bands != 1 || chm.Type != numeric.Float32 || !chm.HasNoData {
		t.Fatalf("HSI %d bands of %v, CHM %d of %v", hsi.Bands, hsi.Type, chm.Bands, chm.Type)
	}
	want := georef.NorthUp(542055, 4134999, 1, 1)
	if hsi.Grid.Transform != want || chm.Grid.Transform != want || hsi.Grid.CRS.EPSG != 32617 || chm.Grid.CRS.EPSG != 32617 {
		t.Errorf("grids %+v and %+v", hsi.Grid, chm.Grid)
	}
	h, c := readAll(t, hsi), readAll(t, chm)
	at := func(row, col, band int) float64 { return h.At64((row*20+col)*369 + band) }
	got := []float64{at(0, 0, 0), at(3, 7, 100), at(19, 19, 368), c.At64(0), c.At64(3*20 + 7), c.At64(399)}
	for i := range got { // gdallocationinfo prints 15 digits
		got[i], _ = strconv.ParseFloat(strconv.FormatFloat(got[i], 'g', 15, 64), 64)
	}
	if want := []float64{0, 4314, 407, 11.1789999008179, 11.8369998931885, 13.0649995803833}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A mask in the file is found among overviews, and tells what was measured.
func TestReadMask(t *testing.T) {
	for _, file := range []string{"testdata/mask_uint8.tif", "testdata/masktiles_float32.tif"} {
		f := open(t, file)
		mask, err := f.ReadMask()
		if err != nil || len(mask) != f.Width*f.Height {
			t.Fatalf("%s: a mask of %d pixels, %v", file, len(mask), err)
		}
		for i, measured := range mask {
			if x, y := i%f.Width, i/f.Width; measured != ((x+2*y)%5 != 0) {
				t.Errorf("%s: row %d, column %d is measured: %v", file, y, x, measured)
			}
		}
	}
	for _, file := range []string{"testdata/overview_uint8.tif", "testdata/plain_uint8.tif"} {
		if mask, err := open(t, file).ReadMask(); mask != nil || err != nil {
			t.Errorf("%s: a mask of %d pixels, %v", file, len(mask), err)
		}
	}
}

func TestAlpha(t *testing.T) {
	for file, want := range map[string]int{"testdata/alpha_uint16.tif": 1, "testdata/mask_uint8.tif": -1, "testdata/bands_int16.tif": -1} {
		if got := open(t, file).Alpha; got != want {
			t.Errorf("%s: alpha is band %d, want %d", file, got, want)
		}
	}
}

// A mask that is there has to be whole; where nothing behind the image can be read, the image still is.
func TestDamagedMask(t *testing.T) {
	const file = "testdata/masktiles_float32.tif"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	end := open(t, file).mask.layout.offsets[3]
	if _, err := Open(bytes.NewReader(b[:end]), int64(end), "cut"); err == nil || !strings.Contains(err.Error(), "mask: block") {
		t.Errorf("a file that ends before its mask's pixels: %v", err)
	}
	if b, err = os.ReadFile("testdata/mask_uint8.tif"); err != nil {
		t.Fatal(err)
	}
	dir := b[binary.LittleEndian.Uint32(b[4:]):]
	binary.LittleEndian.PutUint32(dir[2+12*int(binary.LittleEndian.Uint16(dir)):], 1<<30) // where the next directory is
	if f, err := Open(bytes.NewReader(b), int64(len(b)), "lost"); err != nil || f.mask != nil {
		t.Errorf("a file of which nothing behind its image can be read: %v", err)
	}
}

// Images of one size and type are the bands; the first stands alone where others are of another size.
func TestPages(t *testing.T) {
	for file, want := range map[string]struct {
		pages, bands int
		stacked      bool
	}{
		"pages_uint8": {3, 3, true}, "pages_int16": {2, 4, true}, "pages_float32": {5, 5, true}, "imagej_uint16": {4, 4, true},
		"differ_uint8": {2, 1, false}, "overview_uint8": {1, 1, false}, "masktiles_float32": {1, 2, false},
	} {
		f := open(t, "testdata/"+file+".tif")
		if f.Pages != want.pages || f.Bands != want.bands || f.Stacked != want.stacked {
			t.Errorf("%s: %d images, %d bands, stacked %v; want %+v", file, f.Pages, f.Bands, f.Stacked, want)
		}
	}
	if got, want := bandNames(open(t, "testdata/pages_float32.tif")), []string{"image 0", "image 1", "image 2", "image 3", "image 4"}; !reflect.DeepEqual(got, want) {
		t.Errorf("bands are called %q, want %q", got, want)
	}
}

// No band is lost where a stack is damaged, and none is made up.
func TestDamagedPages(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile("testdata/" + name + ".tif")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	raw, pages := read("imagej_uint16"), read("pages_uint8")
	second := func(tag, v uint16) []byte { // pages_uint8 with another value in its second directory
		b := bytes.Clone(pages)
		le := binary.LittleEndian
		dir := b[le.Uint32(b[4:]):]
		dir = b[le.Uint32(dir[2+12*int(le.Uint16(dir)):]):]
		for i := range int(le.Uint16(dir)) {
			if e := dir[2+12*i:]; le.Uint16(e) == tag {
				le.PutUint32(e[8:], uint32(v))
			}
		}
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"raw, cut", raw[:len(raw)-1], "says that it holds 4 images of 684 bytes behind byte"},
		{"raw, many more", bytes.Replace(raw, []byte("images=4\nchannels=2"), []byte("images=60000\nchann="), 1), "says that it holds 60000 images"},
		{"raw, compressed", bytes.Replace(raw, []byte{1, 3, 0, 3, 0, 0, 0, 1, 0, 1}, []byte{1, 3, 0, 3, 0, 0, 0, 1, 0, 5}, 1), "4 images of ImageJ behind one directory, compressed"},
		{"another compression", second(tagCompression, 34887), "image 2 of 3: unsupported kind of TIFF: compression 34887 (LERC)"},
		{"pixels beyond the file", second(tagStripOffsets, 60000), "image 2 of 3: block 1 of 1"},
	} {
		if _, err := readBytes(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	last := bytes.LastIndex(pages, []byte{0, 1, 3, 0}) - 2 // where the last directory begins, with its width
	if _, err := readBytes(pages[:last+20]); err == nil || !strings.Contains(err.Error(), "what follows image 2: ") {
		t.Errorf("cut within the last directory: %v", err)
	}
	f, err := Open(bytes.NewReader(second(tagImageWidth, 18)), int64(len(pages)), "in.tif")
	if err != nil || f.Stacked || f.Bands != 1 {
		t.Errorf("another width: stacked %v, %v", f.Stacked, err)
	}
}

// Directories that share their pixels do not make more of a file than it is.
func TestPagesThatShareTheirPixels(t *testing.T) {
	b, err := os.ReadFile("testdata/none1_uint8_strip_pixel_le.tif")
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if le.Uint16(b[2:]) != 43 {
		t.Fatal("the test is made for BigTIFF")
	}
	first := le.Uint64(b[8:])
	n := 8 + 20*le.Uint64(b[first:])
	for range 60 {
		b = append(b, b[first:first+n+8]...)
		at := uint64(len(b)) - n - 8
		le.PutUint64(b[at+n:], first)
		le.PutUint64(b[8:], at)
		first = at
	}
	if _, err := readBytes(b); err == nil || !strings.Contains(err.Error(), "the file lists 61 images") {
		t.Errorf("%v", err)
	}
}

// bandNames returns the description of each band, "" where a band has none; nil
// where no band has one.
func bandNames(f *File) []string {
	var names []string
	for _, item := range f.Metadata {
		if item.Role == "description" && item.Band >= 0 && item.Band < f.Bands {
			if names == nil {
				names = make([]string, f.Bands)
			}
			names[item.Band] = item.Value
		}
	}
	return names
}
