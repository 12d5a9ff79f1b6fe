package rsdata

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/numeric"
)

// hiddenAt is the mask of testdata/generate.py.
func hiddenAt(row, col int) bool { return (col+2*row)%5 == 0 }

// What a mask hides, in the file or beside it, and what is transparent, was not measured; the rest is as it is stored.
func TestOpenMasked(t *testing.T) {
	for _, c := range []struct {
		file  string
		bands int
		scale float64
		note  string
	}{
		{"mask.tif", 2, 1, ""},
		{"beside.tif", 2, 0.5, ""},
		{"opacity.tif", 3, 1, "band 4 is an alpha channel: it is no measurement, and where it is 0, at 6 of 30 pixels,"},
	} {
		d, err := Open("testdata/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		if d.Modalities[0].Bands != c.bands || c.note != "" != slices.ContainsFunc(d.Notes, func(n string) bool { return strings.Contains(n, c.note) && strings.Contains(n, "alpha") }) {
			t.Errorf("%s: %+v, %q", c.file, d.Modalities, d.Notes)
		}
		r, s := d.Scenes[0].Rasters[0], d.Scenes[0]
		for i := range s.H * s.W {
			row, col := i/s.W, i%s.W
			for b := range c.bands {
				v, want := r.At(row, col, b), float64(10*row+col+60*b)*c.scale
				if r.Measured(v) == hiddenAt(row, col) || r.Measured(v) && v != want {
					t.Errorf("%s: row %d, column %d, band %d is %v (measured: %v), want %v", c.file, row, col, b, v, r.Measured(v), want)
				}
			}
		}
		in, err := Inspect("testdata/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		if v := in.Files[0].Variables[0]; v.Missing != 6*c.bands || c.note != "" != (len(v.Notes) == 1) {
			t.Errorf("%s: %+v", c.file, v)
		}
	}
}

// A mask of one band hides its values alone; a band without one is as it was, and an opacity hides pixels besides.
func TestOpenMaskedBands(t *testing.T) {
	for _, name := range []string{"bandmasks.tif", "bandmasks.img", "bandmasks4.tif"} {
		d, err := Open("testdata/" + name)
		if err != nil || d.Modalities[0].Bands != 3 {
			t.Fatal(name, err)
		}
		r, s := d.Scenes[0].Rasters[0], d.Scenes[0]
		for i := range s.H * s.W * 3 {
			row, col, b := i/3/s.W, i/3%s.W, i%3
			hidden := b != 1 && (row+col)%(b+2) == 0 || name == "bandmasks4.tif" && col == 4
			if v := r.At(row, col, b); r.Measured(v) == hidden || !hidden && v != float64(10*row+col+60*b) {
				t.Errorf("%s: row %d, column %d, band %d is %v, hidden %v", name, row, col, b, v, hidden)
			}
		}
	}
}

// GDAL calls the fourth band of bytes an alpha channel; one that varies is a measurement all the same.
func TestOpenInfrared(t *testing.T) {
	d, err := Open("testdata/infrared.tif")
	if err != nil {
		t.Fatal(err)
	}
	if d.Modalities[0].Bands != 4 || !strings.Contains(strings.Join(d.Notes, " "), "band 4 is marked as an alpha channel, but its values vary") {
		t.Errorf("%+v, %q", d.Modalities, d.Notes)
	}
	if r := d.Scenes[0].Rasters[0]; r.At(0, 0, 3) != 180 || !r.Measured(r.At(0, 0, 0)) {
		t.Errorf("values %v and %v", r.At(0, 0, 3), r.At(0, 0, 0))
	}
}

// Masked labels are no labels.
func TestOpenMaskedLabels(t *testing.T) {
	labels, _, err := loadLabels("testdata/mask_gt.tif", [2]int{6, 5})
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range labels {
		row, col := i/5, i%5
		if want := col%2 + 1; hiddenAt(row, col) != (l == 0) || l != 0 && int(l) != want {
			t.Errorf("row %d, column %d has label %d", row, col, l)
		}
	}
}

// A described no-data value overrules the file's and leaves the mask what it is.
func TestDescribedNoDataBesideMask(t *testing.T) {
	value := 12.0
	c, err := loadRaster("testdata/mask.tif", [2]int{}, &value)
	if err != nil {
		t.Fatal(err)
	}
	r := Raster{Array: c.array, NoData: c.noData}
	for i := range 30 {
		row, col := i/5, i%5
		if got, want := r.Measured(r.At(row, col, 0)), !hiddenAt(row, col) && (row != 1 || col != 2); got != want {
			t.Errorf("row %d, column %d is measured: %v", row, col, got)
		}
	}
}

func TestOpenWrongMask(t *testing.T) {
	path := filepath.Join(t.TempDir(), "beside.tif")
	for from, to := range map[string]string{"beside.tif": path, "mask.tif": path + ".msk"} {
		data, err := os.ReadFile("testdata/" + from)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, to, data)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "beside.tif.msk has 6 x 5 pixels and 2 bands") {
		t.Error(err)
	}
}

// Where every value of an integer type is taken, hidden ones need another type.
func TestHideInIntegers(t *testing.T) {
	full, signed := make([]uint8, 258), make([]int16, 258)
	for i := range full {
		full[i], signed[i] = uint8(i), int16(i-128)
	}
	hidden := make([]bool, 258)
	hidden[257] = true
	wide := make([]int32, 258)
	minus := -9999.0
	for _, c := range []struct {
		data   any
		kind   numeric.Type
		noData *float64
		want   numeric.Type
	}{
		{full, numeric.Uint8, nil, numeric.Float32},
		{slices.Clone(full), numeric.Uint8, &minus, numeric.Float32},
		{signed, numeric.Int16, nil, numeric.Int16},
		{slices.Clone(signed), numeric.Int16, &minus, numeric.Int16},
		{wide, numeric.Int32, nil, numeric.Float64},
	} {
		stored := (&numeric.Array{Shape: []int{258}, Type: c.kind, Data: c.data}).Float32s()
		a := &content{array: &numeric.Array{Shape: []int{1, 258, 1}, Type: c.kind, Data: c.data}, noData: c.noData, hidden: hidden}
		a.hide()
		r := Raster{Array: a.array, NoData: a.noData}
		if a.array.Type != c.want || r.Measured(r.At(0, 257, 0)) || a.hidden != nil {
			t.Errorf("%v with no-data value %v: became %v, the hidden value %v", c.kind, c.noData, a.array.Type, r.At(0, 257, 0))
		}
		for i := range 257 {
			if v := r.At(0, i, 0); !r.Measured(v) || v != float64(stored[i]) {
				t.Errorf("%v: value %d became %v", c.kind, i, v)
			}
		}
	}
}
