package rsdata

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/numeric"
)

// Files say in several ways what their values measure. All of them are read as the measurements, and the no-data value
// is one of the stored values.
func TestOpenScaled(t *testing.T) {
	both := [2]numeric.Scale{{Gain: 0.5, Offset: 1}, {Gain: 0.25, Offset: -2}}
	for _, c := range []struct {
		file  string
		scale [2]numeric.Scale
		note  string
	}{
		{"scaled.tif", both, "the stored ones times 0.25 to 0.5 plus -2 to 1"},
		{"pam.tif", both, "the stored ones times 0.25 to 0.5 plus -2 to 1"},
		{"gains.hdr", both, "the stored ones times 0.25 to 0.5 plus -2 to 1"},
		{"reflectance.hdr", [2]numeric.Scale{{Gain: 0.5}, {Gain: 0.5}}, "the stored ones times 0.5,"},
		{"netcdf.h5", [2]numeric.Scale{{Gain: 0.5, Offset: 1}, {Gain: 0.5, Offset: 1}}, "the stored ones times 0.5 plus 1,"},
		{"neon.h5", [2]numeric.Scale{{Gain: 0.5}, {Gain: 0.5}}, "the stored ones times 0.5,"},
	} {
		path := filepath.Join("testdata", c.file)
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s := d.Scenes[0]
		r, plain := s.Rasters[0], numeric.New(numeric.Float32, []int{s.H, s.W, 2})
		low, high := math.Inf(1), math.Inf(-1)
		for i := range plain.Len() {
			row, col, b := i/2/s.W, i/2%s.W, i%2
			want := c.scale[b].Of(float64(10*row + col + 60*b))
			if hiddenAt(row, col) {
				want = math.NaN()
			} else {
				low, high = min(low, want), max(high, want)
			}
			plain.Data.([]float32)[i] = float32(want)
			if got := r.At(row, col, b); r.Measured(r.Stored(row, col, b)) == hiddenAt(row, col) || !hiddenAt(row, col) && got != want {
				t.Errorf("%s: row %d, column %d, band %d is %v, want %v", c.file, row, col, b, got, want)
			}
		}
		if r.Array.Type != numeric.Int16 || !strings.Contains(strings.Join(d.Notes, "; "), c.note) {
			t.Errorf("%s: %v, notes %q", c.file, r.Array.Type, d.Notes)
		}
		in, err := Inspect(path)
		if err != nil {
			t.Fatal(err)
		}
		if v := in.Files[0].Variables[0]; v.Missing != 12 || v.Min != low || v.Max != high || len(v.Notes) != 1 {
			t.Errorf("%s: %+v, want %v to %v", c.file, v, low, high)
		}
		sameInputs(t, c.file, d, plain)
	}
}

// sameInputs checks that a model gets from a dataset what it gets from the measurements as plain floats, by the scaling
// of either: a run that learned from one may map the other.
func sameInputs(t *testing.T, name string, d *Dataset, plain *numeric.Array) {
	t.Helper()
	other := *d
	scene := *d.Scenes[0]
	scene.Rasters = []Raster{{Array: plain}}
	other.Scenes = []*Scene{&scene}
	for _, method := range []Method{GlobalMinMax, Standardise, BandMinMax, Percentile} {
		ours, err := Fit(d, ScalingConfig{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := Fit(&other, ScalingConfig{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		read := func(d *Dataset, s *Scaling) []float32 {
			dst := make([]float32, plain.Len())
			NewWindows(d, s, 1).Read(dst, 0, 0, 0)
			return dst
		}
		want := read(&other, theirs)
		for _, got := range [][]float32{read(d, ours), read(d, theirs), read(&other, ours)} {
			for i := range got {
				if math.Abs(float64(got[i]-want[i])) > 1e-5 {
					t.Fatalf("%s, %s: input %d is %v, want %v", name, method, i, got[i], want[i])
				}
			}
		}
	}
}

func TestSetScale(t *testing.T) {
	c := &content{array: numeric.New(numeric.Int16, []int{2, 2, 3})}
	c.setScale([]numeric.Scale{numeric.Stored, numeric.Stored, numeric.Stored})
	c.setScale([]numeric.Scale{{Gain: 2}, {Gain: 3}})
	if c.scale != nil || c.notes != nil {
		t.Errorf("a scale that changes nothing, or is another raster's, is taken: %v, %q", c.scale, c.notes)
	}
	c.setScale([]numeric.Scale{{Gain: 2}, {Gain: 0}, {Gain: 1}})
	if c.scale != nil || len(c.notes) != 1 || !strings.Contains(c.notes[0], "band 2 are to be multiplied by 0") {
		t.Errorf("a scale of zero: %v, %q", c.scale, c.notes)
	}
	c.setScale([]numeric.Scale{{Gain: 2, Offset: 1}})
	if len(c.scale) != 3 || c.scale[2].Of(4) != 9 {
		t.Errorf("one scale for all bands: %v", c.scale)
	}
	r := c.raster()
	if a, b := r.takeBands(0, 1), r.takeBands(1, 3); len(a.Scale) != 1 || len(b.Scale) != 2 || r.check(2, 2, 3) != nil {
		t.Errorf("halves have the scales %v and %v", a.Scale, b.Scale)
	}
	r.Scale = r.Scale[:2]
	if r.check(2, 2, 3) == nil {
		t.Error("a raster of three bands with the scales of two is valid")
	}
}

// A no-data value of one band is that of all, unless another has another.
func TestNoDataOfBands(t *testing.T) {
	minus, other := -1.0, -2.0
	for _, c := range []struct {
		none   []*float64
		noData *float64
		want   []bool // hidden
	}{
		{[]*float64{nil, nil}, nil, nil},
		{[]*float64{&minus, &minus}, &minus, nil},
		{[]*float64{&minus, nil}, &minus, nil},
		{[]*float64{nil, &minus}, &minus, nil},
		{[]*float64{&minus, &other}, nil, []bool{true, false, false, true}},
	} {
		got := &content{array: &numeric.Array{Shape: []int{1, 2, 2}, Type: numeric.Int16, Data: []int16{-1, -1, 5, -2}}}
		got.setNoData(c.none)
		if got.noData != c.noData || !slices.Equal(got.hidden, c.want) {
			t.Errorf("%v: no-data %v, hidden %v, want %v, %v", c.none, got.noData, got.hidden, c.noData, c.want)
		}
	}
}
