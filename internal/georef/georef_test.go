package georef

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestPixelRoundTrip(t *testing.T) {
	for _, a := range []Affine{
		NorthUp(542055, 4134999, 1, 1),
		{271460, 2.5, 0.25, 3290891, -0.5, -2.5},
		{10, 0, 3, 20, 2, 0},
	} {
		g := Grid{Transform: a}
		x, y := g.ToMap(12.5, 3.25)
		col, row, ok := g.ToPixel(x, y)
		if !ok || math.Abs(col-12.5) > 1e-7 || math.Abs(row-3.25) > 1e-7 {
			t.Errorf("%v: (12.5, 3.25) went to (%v, %v) and back to (%v, %v), %v", a, x, y, col, row, ok)
		}
		x1, y1 := a.Shift(2, 1).Apply(10.5, 2.25)
		if x1 != x || y1 != y {
			t.Errorf("%v: shifted (%v, %v), want (%v, %v)", a, x1, y1, x, y)
		}
	}
	if x, y := (Affine{271460, 2.5, 0.25, 3290891, -0.5, -2.5}).Apply(2, 4); x != 271466 || y != 3290880 {
		t.Errorf("got (%v, %v)", x, y)
	}
}

func TestNotPlaced(t *testing.T) {
	for _, a := range []Affine{{}, {0, 1, 2, 0, 2, 4}, {math.NaN(), 1, 0, 0, 0, 1}, {0, math.Inf(1), 0, 0, 0, 1}, {0, 1e-320, 0, 0, 0, 1e-320}} {
		if (Grid{Transform: a}).Placed() {
			t.Errorf("%v is placed", a)
		}
		if _, _, ok := (Grid{Transform: a}).ToPixel(0, 0); ok {
			t.Errorf("%v has an inverse", a)
		}
	}
}

func TestFromWKT(t *testing.T) {
	cases := []struct {
		wkt        string
		epsg       int
		geographic bool
	}{
		{`PROJCS["WGS_1984_UTM_Zone_17N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.257223563]],PRIMEM["Greenwich",0]],UNIT["Meter",1]]`, 32617, false},
		{`PROJCS["NAD_1983_UTM_Zone_15N",GEOGCS["x"]]`, 26915, false},
		{CRS{EPSG: 25833}.ESRI(), 25833, false},
		{`PROJCS["WGS 84 / UTM zone 9S",GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32709"]]`, 32709, false},
		{`PROJCS["mine",GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]],AXIS["Easting",EAST]]`, 0, false},
		{`PROJCRS["ETRS89 / LAEA (odd ] name)",BASEGEOGCRS["ETRS89",ID["EPSG",4258]],ID["EPSG",3035]]`, 3035, false},
		{`GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984"]]`, 4326, true},
		{`GEOGCRS["WGS 84",ID["EPSG",4326]]`, 4326, true},
		{`LOCAL_CS["none"]`, 0, false},
		{"", 0, false},
		{`[[[]]`, 0, false},
	}
	for _, c := range cases {
		got := FromWKT(c.wkt)
		if got.EPSG != c.epsg || got.Geographic != c.geographic || got.WKT != c.wkt {
			t.Errorf("%s: EPSG %d, geographic %v; want %d, %v", c.wkt, got.EPSG, got.Geographic, c.epsg, c.geographic)
		}
	}
}

func TestUTM(t *testing.T) {
	for code, want := range map[int]UTM{
		32617: {17, false, WGS84}, 32760: {60, true, WGS84}, 26915: {15, false, NAD83}, 26716: {16, false, NAD27}, 25832: {32, false, ETRS89},
	} {
		if got, ok := (CRS{EPSG: code}).UTM(); !ok || got != want {
			t.Errorf("EPSG %d: %v %v, want %v", code, got, ok, want)
		}
	}
	for _, code := range []int{0, 3035, 32600, 32661, 26924, 26799, 25827, 25839} {
		if got, ok := (CRS{EPSG: code}).UTM(); ok {
			t.Errorf("EPSG %d is taken for %v", code, got)
		}
	}
}

func TestGeoKeys(t *testing.T) {
	for _, c := range []CRS{{EPSG: 32617}, {EPSG: 4326, Geographic: true}, {EPSG: 3035}} {
		k := c.GeoKeys()
		if err := k.Check(); err != nil {
			t.Fatal(err)
		}
		if got := FromKeys(k); got.EPSG != c.EPSG || got.Geographic != c.Geographic || got.GeoKeys() != k {
			t.Errorf("%v came back as %v", c, got)
		}
	}
	if k := (CRS{}).GeoKeys(); k != nil {
		t.Errorf("an unknown CRS gave %v", k)
	}
	k := &GeoKeys{Directory: []uint16{1, 1, 0, 3, 1024, 0, 1, 1, 1026, 34737, 6, 3, 3072, 0, 1, 32767}, ASCII: "ab|mine |"}
	if got := FromKeys(k); got.Citation != "mine" || got.EPSG != 0 || !got.Known() {
		t.Errorf("user-defined CRS: %+v", got)
	}
}

func TestGeoKeysHostile(t *testing.T) {
	for _, dir := range [][]uint16{nil, {1}, {1, 1, 0, 9}, {1, 1, 0, 1, 1024, 0, 1}} {
		k := &GeoKeys{Directory: dir}
		if k.Check() == nil {
			t.Errorf("%v passed", dir)
		}
		if got := FromKeys(k); !reflect.DeepEqual(got, CRS{Keys: k}) {
			t.Errorf("%v: %+v", dir, got)
		}
	}
	k := &GeoKeys{Directory: []uint16{1, 1, 0, 2, 1024, 0, 1, 1, 1026, 34737, 65535, 65535}, ASCII: "x"}
	if got := FromKeys(k); got.Citation != "" {
		t.Errorf("citation %q", got.Citation)
	}
}

func TestWorldFile(t *testing.T) {
	got, err := ParseWorldFile("2.0\n0.5\r\n0.25\n-2\n500001\n3999999\n\n")
	if want := (Affine{500001 - 1 - 0.125, 2, 0.25, 3999999 - 0.25 + 1, 0.5, -2}); err != nil || got != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for _, text := range []string{"", "1 2 3 4 5", "1 0 0 x 5 6", "0 0 0 0 5 6", "1 0 0 nan 5 6", "1 0 0 -1 5 6 7"} {
		if got, err := ParseWorldFile(text); err == nil {
			t.Errorf("%q gives %v", text, got)
		}
	}
}

// Systems are found by their code and again by their text, which names each but once.
func TestSystems(t *testing.T) {
	all := systems()
	if len(all.text) < 900 || len(all.code) != len(all.text) {
		t.Errorf("%d texts, %d names", len(all.text), len(all.code))
	}
	for code, text := range all.text {
		c := FromWKT(text)
		if c.EPSG != code || c.Geographic != strings.HasPrefix(text, "GEOGCS[") || strings.Count(text, "[") != strings.Count(text, "]") {
			t.Errorf("EPSG:%d is read again as %d from %s", code, c.EPSG, text)
		}
	}
	for _, c := range []struct {
		code int
		want string
	}{{27700, "British_National_Grid"}, {3857, "Mercator_Auxiliary_Sphere"}, {2154, "RGF_1993_Lambert_93"}, {3035, "ETRS_1989_LAEA"}, {25832, "ETRS_1989_UTM_Zone_32N"}, {32733, "WGS_1984_UTM_Zone_33S"}, {4258, "GCS_ETRS_1989"}} {
		if got := (CRS{EPSG: c.code}).ESRI(); !strings.Contains(got, c.want) {
			t.Errorf("EPSG:%d: %q", c.code, got)
		}
	}
	if got := (CRS{EPSG: 27700, WKT: "own"}).ESRI() + (CRS{EPSG: 21037}).ESRI() + (CRS{}).ESRI(); got != "own" {
		t.Errorf("%q", got)
	}
}

// A text that calls itself as a known system and has other numbers is no such system; other digits are no other numbers.
func TestSystemsOfTheSameName(t *testing.T) {
	text := func(code int) string { return systems().text[code] }
	change := func(code int, from, to string) string {
		if !strings.Contains(text(code), from) {
			t.Fatalf("EPSG:%d has no %q: %s", code, from, text(code))
		}
		return strings.Replace(text(code), from, to, 1)
	}
	for _, c := range []struct {
		wkt  string
		epsg int
	}{
		{change(2039, "35.2045169444444", "35.20451694"), 2039},
		{change(2039, "219529.584", "219529.5840001"), 2039},
		{strings.ToLower(change(32733, `PARAMETER["Scale_Factor",0.9996],`, "")), 32733},
		{change(25832, "500000.0", "32500000.0"), 0},
		{change(25832, "Central_Meridian\",9.0", "Central_Meridian\",9.5"), 0},
		{change(27700, "0.9996012717", "0.9996"), 0},
		{change(27700, `UNIT["Meter",1.0]`, `UNIT["Foot_US",0.3048006096012192]`), 0},
		{change(2154, "49.0", "48.0"), 0},
		{change(32733, `6378137.0,298.257223563`, `6378137,298.257222101`), 32733},
		{change(32733, `6378137.0,298.257223563`, `6377397.155,299.1528128`), 0},
		{change(2154, `PRIMEM["Greenwich",0.0]`, `PRIMEM["Paris",2.33722917]`), 0},
		{change(4326, `6378137.0,298.257223563`, `6378388,297`), 0},
		{strings.TrimSuffix(change(25832, "500000.0", "32500000.0"), "]") + `,AUTHORITY["EPSG","4647"]]`, 4647},
	} {
		if got := FromWKT(c.wkt).EPSG; got != c.epsg {
			t.Errorf("%s: EPSG:%d, want %d", c.wkt, got, c.epsg)
		}
	}
}
