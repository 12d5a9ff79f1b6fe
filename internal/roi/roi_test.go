package roi

import (
	"reflect"
	"strings"
	"testing"
)

const contest = `; ENVI Output of ROIs (4.8) [Mon Mar 04 12:00:00 2013]
; Number of ROIs: 3
; File Dimension: 1905 x 349
;
; ROI name: grass_healthy
; ROI rgb value: {0, 205, 0}
; ROI npts: 3
; ROI name: water: deep
; ROI rgb value: {0, 0, 238}
; ROI npts: 0
; ROI name: road
; ROI rgb value: {205, 205, 193}
; ROI npts: 1
;   ID     X     Y     Map X     Map Y     Lat     Lon
     1   940    56   273809.5   3290753.0   29.7   -95.3
     2   941    56   273812.0   3290753.0   29.7   -95.3
     3   941    56   273812.0   3290753.0   29.7   -95.3

     1     1     1   271460.0   3290890.5   29.7   -95.3
`

func TestRead(t *testing.T) {
	for _, text := range []string{contest, strings.ReplaceAll(contest, "\n", "\r\n"), "\ufeff" + contest} {
		got, err := Read(strings.NewReader(text), "a.txt")
		if err != nil {
			t.Fatal(err)
		}
		want := &File{Width: 1905, Height: 349, Regions: []Region{
			{"grass_healthy", 0, 205, 0, true, []Pixel{{55, 939}, {55, 940}, {55, 940}}},
			{"water: deep", 0, 0, 238, true, nil},
			{"road", 205, 205, 193, true, []Pixel{{0, 0}}},
		}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestReadBare(t *testing.T) {
	got, err := Read(strings.NewReader("1 5 6\n2 5 7\n1 8 9\n1 1 1\n4 2 2\n"), "a.txt")
	want := &File{Regions: []Region{{Pixels: []Pixel{{5, 4}, {6, 4}}}, {Pixels: []Pixel{{8, 7}}}, {Pixels: []Pixel{{0, 0}, {1, 1}}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Read(strings.NewReader("; Map X Map Y X Y ID\n 70.5 80.5 5 6 1\n"), "a.txt")
	if err != nil || !reflect.DeepEqual(got.Regions, []Region{{Pixels: []Pixel{{5, 4}}}}) {
		t.Errorf("other columns: %+v, %v", got, err)
	}
}

func TestLabels(t *testing.T) {
	f, err := Read(strings.NewReader("1 1 1\n2 2 1\n3 2 1\n1 2 1\n2 3 2\n"), "a.txt")
	if err != nil {
		t.Fatal(err)
	}
	labels, conflicts, err := f.Labels(2, 3)
	if want := []int{1, 1, 0, 0, 0, 2}; !reflect.DeepEqual(labels, want) || conflicts != 1 || err != nil {
		t.Errorf("%v, %d conflicts, %v", labels, conflicts, err)
	}
	if _, _, err := f.Labels(1, 3); err == nil || !strings.Contains(err.Error(), "region 2 () has the pixel X 3, Y 2, outside the image of 3 x 1") {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "found no pixels"},
		{"; a comment\n", "found no pixels"},
		{"1 2\n", "line 1: expected a pixel as ID, X and Y, found 2 columns"},
		{"1 2 x\n", `line 1: expected a whole number from 1 for Y, found "x"`},
		{"1 0 2\n", `for X, found "0"`},
		{"1 1 1\n3 1 1\n2 1 1\n", "line 3: ID 2 follows ID 3"},
		{"; File Dimension: 5 x 4\n1 5 5\n", "outside the image of 5 x 4"},
		{"; File Dimension: 5\n", "columns x rows"},
		{"; ROI name: a\n; ROI rgb value: {1, 2}\n", "expected a colour"},
		{"; ROI name: a\n; ROI rgb value: {1, 2, 256}\n", "expected a colour"},
		{"; ROI name: a\n; ROI npts: 2\n1 1 1\n", "region 1 (a) is said to have 2 pixels, but 1 are given"},
		{"; ROI name: a\n; ROI name: b\n1 1 1\n", "name 2 regions, but pixels are given for 1"},
		{"; ROI name: a\n1 1 1\n1 1 1\n", "given for 2 regions, but the comments name 1"},
		{"; Number of ROIs: 2\n1 1 1\n", "announce 2"},
		{"; ROI npts: 2\n; ROI rgb value: none\n; Number of ROIs: x\n", "line 3: expected the number of regions"},
		{"\x89\xff\x00\x01", "binary data"},
		{strings.Repeat("1", 2<<20), "token too long"},
	} {
		if _, err := Read(strings.NewReader(c.text), "a.txt"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "a.txt: ") {
			t.Errorf("%.40q: %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(contest)
	f.Add("; X Y ID\n 5 6 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read(strings.NewReader(text), "a.txt")
		if err != nil {
			return
		}
		for _, region := range file.Regions {
			for _, at := range region.Pixels {
				if at.Row < 0 || at.Col < 0 || file.Width > 0 && (at.Row >= file.Height || at.Col >= file.Width) {
					t.Fatalf("pixel %v of %d x %d", at, file.Width, file.Height)
				}
			}
		}
	})
}
