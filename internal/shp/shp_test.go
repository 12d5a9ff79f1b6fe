package shp

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"diffclip/internal/georef"
	"diffclip/internal/testenv"
)

func open(t testing.TB, name string) *Layer {
	t.Helper()
	l, err := Open(os.DirFS("testdata"), name+".shp")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOpen(t *testing.T) {
	square := Polygon{{{0, 0}, {0, 4}, {4, 4}, {4, 0}, {0, 0}}}
	for _, c := range []struct {
		name, text string
		count      int
		points     []Point
		polygon    Polygon
	}{
		{"polygonz", "Bäume é", 1, nil, square},
		{"polygonm", "5 €", 1, nil, square},
		{"point", "Bäume é", 2, []Point{{1.5, 2.5}}, nil},
		{"pointz", "Bäume é", 1, []Point{{1.5, 2.5}}, nil},
		{"multipoint", "Bäume é", 1, []Point{{1, 2}, {3, 4}, {5, 6}}, nil},
	} {
		l := open(t, c.name)
		if l.CRS.EPSG != 32617 || len(l.Features) != c.count {
			t.Fatalf("%s: EPSG %d, %d features", c.name, l.CRS.EPSG, len(l.Features))
		}
		f := l.Features[0]
		if f.Values[0].Text != c.text || !reflect.DeepEqual(f.Points, c.points) || !reflect.DeepEqual(f.Polygon, c.polygon) {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

func TestAttributes(t *testing.T) {
	l := open(t, "polygon")
	if want := []Field{{"name", 'C'}, {"count", 'N'}, {"height", 'N'}, {"alive", 'N'}, {"seen", 'D'}}; !reflect.DeepEqual(l.Fields, want) {
		t.Fatalf("fields %v", l.Fields)
	}
	v := l.Features[0].Values
	if v[0].Text != "Bäume é" || v[1].Number != -12 || v[2].Number != 23.5 || v[3].Number != 1 || !v[4].Date.Equal(time.Date(2019, 7, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("first: %+v", v)
	}
	for i, v := range l.Features[1].Values {
		if !v.Null {
			t.Errorf("field %d of the empty record is %+v", i, v)
		}
	}
	if v := l.Features[2].Values; v[0].Text != "null" || v[3].Null || v[3].Number != 0 || l.Features[2].Polygon != nil {
		t.Errorf("third: %+v", l.Features[2])
	}
	if i, err := l.FieldIndex("HEIGHT"); i != 2 || err != nil {
		t.Error(i, err)
	}
	if _, err := l.FieldIndex("x"); err == nil || !strings.Contains(err.Error(), "name, count, height, alive, seen") {
		t.Error(err)
	}
}

// area returns the area in square map units, holes taken off: outer rings go
// clockwise and holes the other way, as the format demands.
func area(p Polygon) float64 {
	total := 0.0
	for _, ring := range p {
		if len(ring) == 0 {
			continue
		}
		origin := ring[0] // map coordinates are large and polygons small
		Polygon{ring}.edges(func(a, b Point) {
			total += (b.X-origin.X)*(a.Y-origin.Y) - (a.X-origin.X)*(b.Y-origin.Y)
		})
	}
	return math.Abs(total) / 2
}

func TestArea(t *testing.T) {
	l := open(t, "polygon")
	for i, want := range []float64{100 - 4 + 12.5, 6, 0} {
		if got := area(l.Features[i].Polygon); got != want {
			t.Errorf("area of shape %d is %v, want %v", i+1, got, want)
		}
	}
}

// contains reports whether a position is inside. Of a position on the line it
// says inside for left and lower sides and outside for right and upper ones, so
// that polygons which share a side share no position.
func contains(p Polygon, at Point) bool {
	inside := false
	p.edges(func(a, b Point) {
		if (a.Y > at.Y) != (b.Y > at.Y) && at.X < crossing(a, b, at.Y) {
			inside = !inside
		}
	})
	return inside
}

func TestContains(t *testing.T) {
	p := open(t, "polygon").Features[0].Polygon
	for at, want := range map[Point]bool{
		{1, 1}: true, {3, 3}: false, {5, 3}: true, {24, 1}: true, {21, 3}: false, {15, 1}: false, {-1, 5}: false,
		{0, 5}: true, {10, 5}: false, {5, 0}: true, {5, 10}: false, // on the sides
	} {
		if got := contains(p, at); got != want {
			t.Errorf("%v: %v, want %v", at, got, want)
		}
	}
	if low, high, ok := p.Bounds(); low != (Point{0, 0}) || high != (Point{25, 10}) || !ok {
		t.Errorf("bounds %v %v %v", low, high, ok)
	}
}

// Rasterise agrees with contains at every pixel centre, on turned grids too.
func TestRasterise(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, a := range []georef.Affine{georef.NorthUp(0, 10, 0.5, 0.25), {3, 0.4, 0.1, 2, -0.2, 0.3}, {9, -0.3, 0, 1, 0, 0.3}} {
		for range 50 {
			p := make(Polygon, 1+r.IntN(3))
			for i := range p {
				for range 3 + r.IntN(6) {
					p[i] = append(p[i], Point{12*r.Float64() - 2, 12*r.Float64() - 2})
				}
			}
			g := georef.Grid{Transform: a}
			const w, h = 21, 34
			var got, want [h * w]int
			p.Rasterise(g, w, h, func(row, col int) { got[row*w+col]++ })
			for i := range want {
				x, y := g.ToMap(float64(i%w)+0.5, float64(i/w)+0.5)
				if contains(p, Point{x, y}) {
					want[i] = 1
				}
			}
			if got != want {
				t.Fatalf("grid %v, polygon %v: pixels differ", a, p)
			}
		}
	}
	calls := 0
	open(t, "polygon").Features[0].Polygon.Rasterise(georef.Grid{}, 9, 9, func(int, int) { calls++ })
	Polygon{}.Rasterise(georef.Grid{Transform: georef.NorthUp(0, 0, 1, 1)}, 9, 9, func(int, int) { calls++ })
	if calls != 0 {
		t.Errorf("%d pixels of a grid that is nowhere or of no polygon", calls)
	}
}

// mlbs1 is plot MLBS_1 as gdal_rasterize burns the crowns into it.
var mlbs1 = []string{
	"11110001111100001111",
	"11111111111101111111",
	"11111111111111111111",
	"11111111111111111111",
	"11111111111111111111",
	"11111111111111111111",
	"11111111111111111111",
	"11111111111111111111",
	"11111111111111111111",
	"11111111111111111111",
	"11111111111111111111",
	"11111111111011110000",
	"11111111111011110000",
	"11111111111111111111",
	"11111111111111111111",
	"11111111111111111111",
	"00011111111111111111",
	"00011111111111111111",
	"00000111111111111111",
	"00000000111111111111",
}

func TestIDTrees(t *testing.T) {
	dir := testenv.Dir(t, "idtrees2020")
	l, err := Open(os.DirFS(dir), "ITC/train_MLBS.shp")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Features) != 732 || l.CRS.EPSG != 32617 {
		t.Fatalf("%d crowns in EPSG %d", len(l.Features), l.CRS.EPSG)
	}
	if f := l.Features[0]; f.Values[1].Text != "MLBS01645" || f.Values[0].Number != 41 || math.Abs(area(f.Polygon)-48.0796298683988) > 1e-7 {
		t.Errorf("first crown: %v, area %v", f.Values, area(f.Polygon))
	}
	grid := georef.Grid{Transform: georef.NorthUp(542055, 4134999, 1, 1)}
	got := make([][]byte, 20)
	for i := range got {
		got[i] = bytes.Repeat([]byte{'0'}, 20)
	}
	total := 0.0
	for _, f := range l.Features {
		total += area(f.Polygon)
		f.Polygon.Rasterise(grid, 20, 20, func(row, col int) { got[row][col] = '1' })
	}
	if math.Abs(total-19456.1157484517) > 1e-5 {
		t.Errorf("the crowns cover %v", total)
	}
	for i, want := range mlbs1 {
		if string(got[i]) != want {
			t.Errorf("row %2d: %s, want %s", i, got[i], want)
		}
	}
}

func TestErrors(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	damaged := bytes.Clone(read("polygon.shp"))
	binary.LittleEndian.PutUint32(damaged[100+8+4+36:], 1<<30)
	for _, c := range []struct {
		name string
		fsys fstest.MapFS
		want string
	}{
		{"a.shp", fstest.MapFS{}, "not exist"},
		{"a.dbf", fstest.MapFS{}, "name of a .shp"},
		{"a.shp", fstest.MapFS{"a.shp": {Data: []byte("hello")}}, "expected a shapefile"},
		{"a.shp", fstest.MapFS{"a.shp": {Data: cut(read("point.shp"))}}, "truncated"},
		{"a.shp", fstest.MapFS{"a.shp": {Data: read("line.shp")}}, "polyline"},
		{"a.shp", fstest.MapFS{"a.shp": {Data: damaged}}, "shape 1: expected a polygon of 3 rings and 1073741824 points"},
		{"a.shp", fstest.MapFS{"a.shp": {Data: read("point.shp")}, "a.dbf": {Data: read("pointz.dbf")}}, "1 records for 2 shapes"},
		{"a.shp", fstest.MapFS{"a.shp": {Data: read("pointz.shp")}, "a.DBF": {Data: read("pointz.dbf")}, "a.cpg": {Data: []byte("KOI8-R")}}, `code page "KOI8-R"`},
		{"a.shp", fstest.MapFS{"a.shp": {Data: read("pointz.shp")}, "a.dbf": {Data: cut(cut(read("pointz.dbf")))}}, "truncated"},
	} {
		if _, err := Open(c.fsys, c.name); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if l, err := Open(fstest.MapFS{"a.shp": {Data: read("point.shp")}}, "a.shp"); err != nil || l.Fields != nil || l.CRS.Known() || len(l.Features) != 2 {
		t.Errorf("without the other files: %+v, %v", l, err)
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		kind byte
		text string
		want Value
		ok   bool
	}{
		{'N', " 12 ", Value{Text: "12", Number: 12}, true}, {'F', "-1.5e3", Value{Text: "-1.5e3", Number: -1500}, true},
		{'N', "****", Value{Null: true, Text: "****"}, true}, {'N', "abc", Value{}, false}, {'N', "   ", Value{Null: true}, true},
		{'L', "?", Value{Null: true, Text: "?"}, true}, {'L', "y", Value{Text: "y", Bool: true}, true}, {'D', "00000000", Value{Null: true, Text: "00000000"}, true},
		{'D', "20191301", Value{}, false}, {'C', " a ", Value{Text: " a"}, true}, {'C', "x\x00\x00", Value{Text: "x"}, true},
	} {
		got, err := parseValue(c.kind, c.text)
		if (err == nil) != c.ok || c.ok && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%c %q: %+v, %v; want %+v", c.kind, c.text, got, err, c.want)
		}
	}
}

func TestWindows1252(t *testing.T) {
	if got, want := windows1252("a\x80\x8e\x91\x9f\xe9"), "a€Ž‘Ÿé"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Any damage is met with an error or other values, never a panic.
func TestTruncated(t *testing.T) {
	for _, name := range []string{"polygon", "point", "multipoint", "polygonz"} {
		shapes, _ := os.ReadFile("testdata/" + name + ".shp")
		attributes, _ := os.ReadFile("testdata/" + name + ".dbf")
		for n := range shapes {
			if _, err := parseShapes(shapes[:n]); err == nil {
				t.Errorf("%s.shp of %d bytes, cut to %d, was read", name, len(shapes), n)
			}
		}
		for n := range len(attributes) - 1 { // the last byte is an end mark
			if _, err := parseTable(attributes[:n], ""); err == nil {
				t.Errorf("%s.dbf of %d bytes, cut to %d, was read", name, len(attributes), n)
			}
		}
	}
}

func FuzzShapes(f *testing.F) {
	for _, name := range []string{"polygon", "point", "multipoint", "polygonz", "line"} {
		b, err := os.ReadFile("testdata/" + name + ".shp")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	grid := georef.Grid{Transform: georef.NorthUp(0, 10, 1, 1)}
	f.Fuzz(func(t *testing.T, b []byte) {
		features, _ := parseShapes(b)
		for _, s := range features {
			s.Polygon.Rasterise(grid, 5, 5, func(row, col int) {
				if row < 0 || row >= 5 || col < 0 || col >= 5 {
					t.Fatalf("pixel (%d, %d)", row, col)
				}
			})
		}
	})
}

func FuzzTable(f *testing.F) {
	b, err := os.ReadFile("testdata/polygon.dbf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, "UTF-8")
	f.Add(b, "1252")
	f.Fuzz(func(t *testing.T, b []byte, codePage string) { parseTable(b, codePage) })
}
