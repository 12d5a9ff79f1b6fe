package rsdata

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/numeric"
)

// scaledPixels returns all scaled pixels of a modality as (pixels, bands).
func scaledPixels(d *Dataset, s *Scaling, m int) (values []float32, bands int) {
	w := NewWindows(d, s, 1)
	var pixels []Pixel
	for i, sc := range d.Scenes {
		for j := range sc.H * sc.W {
			pixels = append(pixels, Pixel{int32(i), int32(j / sc.W), int32(j % sc.W)})
		}
	}
	dst := w.NewBuffers(len(pixels))
	w.Gather(dst, pixels)
	return dst[m], w.Bands(m)
}

// column returns one band.
func column(values []float32, bands, b int) []float64 {
	var out []float64
	for i := b; i < len(values); i += bands {
		out = append(out, float64(values[i]))
	}
	return out
}

func meanStd(v []float64) (mean, std float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		std += (x - mean) * (x - mean) / float64(len(v))
	}
	return mean, math.Sqrt(std)
}

func TestScalingMethods(t *testing.T) {
	d := Synthetic(SyntheticConfig{H: 64, W: 64, Bands: 8, Noise: 0.01, Seed: 1})
	for _, method := range []Method{GlobalMinMax, Standardise, BandMinMax, Percentile} {
		s, err := Fit(d, ScalingConfig{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		for m := range d.Modalities {
			values, bands := scaledPixels(d, s, m)
			all := column(values, 1, 0)
			if lo, hi := slices.Min(all), slices.Max(all); method != Standardise && (math.Abs(lo) > 1e-5 || math.Abs(hi-1) > 1e-5) {
				t.Errorf("%s, modality %d: range %v to %v, want 0 to 1", method, m, lo, hi)
			}
			for b := range bands {
				v := column(values, bands, b)
				mean, std := meanStd(v)
				lo, hi := slices.Min(v), slices.Max(v)
				switch {
				case method == Standardise && (math.Abs(mean) > 1e-4 || math.Abs(std-1) > 1e-4):
					t.Errorf("%s, modality %d, band %d: mean %v, deviation %v", method, m, b, mean, std)
				case method == BandMinMax && (math.Abs(lo) > 1e-5 || math.Abs(hi-1) > 1e-5):
					t.Errorf("%s, modality %d, band %d: range %v to %v", method, m, b, lo, hi)
				}
				if clipped := share(v, 1); method == Percentile && (clipped < 0.005 || clipped > 0.05) {
					t.Errorf("%s, modality %d, band %d: %.1f%% at the upper end, want about 1%%", method, m, b, 100*clipped)
				}
			}
		}
	}
}

// share returns how much of v equals x.
func share(v []float64, x float64) float64 {
	n := 0.0
	for _, y := range v {
		if y == x {
			n++
		}
	}
	return n / float64(len(v))
}

func TestScalingLeavesBadBandsOut(t *testing.T) {
	d := tiny(6, 6)
	a := numeric.New(numeric.Float32, []int{6, 6, 5})
	v := a.Data.([]float32)
	for i := range 36 {
		copy(v[i*5:], []float32{float32(i), 7, nan32, float32(2 * i), float32(-i)}) // band 2 constant, band 3 empty
	}
	v[0], v[9] = -9999, -9999
	none := -9999.0
	d.Scenes[0].Rasters[0] = Raster{Array: a, NoData: &none}
	d.Modalities[0] = Modality{Name: "a", Bands: 5, Wavelengths: []float64{500, 600, 700, 1400, 2200}}
	s, err := Fit(d, ScalingConfig{Method: Standardise, DropWater: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Modalities[0].Bands; !slices.Equal(got, []int32{0, 4}) {
		t.Errorf("bands kept %v, want 0 and 4", got)
	}
	notes := strings.Join(s.Notes(), "\n")
	for _, want := range []string{"1 bands without a measurement: 3", "1 bands that are constant: 2", "water vapour absorbs: 4", "2 of 72 values"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q do not say %q", notes, want)
		}
	}
	values, bands := scaledPixels(d, s, 0)
	if bands != 2 || values[0] != 0 || values[3] != 0 || values[1] == 0 || values[2] == 0 {
		t.Errorf("of the first two pixels %v, the first and the last value were not measured: want the mean, 0", values[:4])
	}
	for _, x := range values {
		if x-x != 0 {
			t.Fatal("a scaled value is not finite")
		}
	}
}

// TestScalingLeavesMarkedBandsOut: those that the file says are bad.
func TestScalingLeavesMarkedBandsOut(t *testing.T) {
	d := tiny(6, 6)
	d.Modalities[0].Bad = []bool{false, true, false}
	s, err := Fit(d, DefaultScaling())
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Modalities[0].Bands; !slices.Equal(got, []int32{0, 2}) || !strings.Contains(strings.Join(s.Notes(), ""), "1 bands that the file marks as bad: 2") {
		t.Errorf("bands kept %v, notes %q", got, s.Notes())
	}
}

// TestMissingValuesAreScaledMeans: by every method, the mean of the measured ones.
func TestMissingValuesAreScaledMeans(t *testing.T) {
	for _, method := range []Method{GlobalMinMax, Standardise, BandMinMax} {
		d := tiny(6, 6)
		v := d.Scenes[0].Rasters[1].Array.Data.([]float32)
		for i := range v {
			v[i] = 100 + float32(i*i%17)
		}
		v[5] = nan32
		s, err := Fit(d, ScalingConfig{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		values, _ := scaledPixels(d, s, 1)
		sum := 0.0
		for i, x := range values {
			if i != 5 {
				sum += float64(x)
			}
		}
		if got, want := float64(values[5]), sum/float64(len(values)-1); math.Abs(got-want) > 1e-5 {
			t.Errorf("%s: the missing value became %v, want the mean %v", method, got, want)
		}
	}
}

// TestPercentiles: the 1st and the 99th become 0 and 1, and what lies beyond too; a band
// whose percentiles are equal keeps its unit.
func TestPercentiles(t *testing.T) {
	ramp, flat := numeric.New(numeric.Float32, []int{1, 101, 1}), numeric.New(numeric.Float32, []int{1, 101, 1})
	for i := range 101 {
		ramp.Data.([]float32)[i], flat.Data.([]float32)[i] = float32(i), 5
	}
	flat.Data.([]float32)[7] = 5.5
	d := &Dataset{Name: "ramp", Modalities: []Modality{{Name: "ramp", Bands: 1}, {Name: "flat", Bands: 1}}, Scenes: []*Scene{{H: 1, W: 101, Rasters: []Raster{{Array: ramp}, {Array: flat}}}}}
	s, err := Fit(d, ScalingConfig{Method: Percentile})
	if err != nil {
		t.Fatal(err)
	}
	values, _ := scaledPixels(d, s, 0)
	for i, want := range map[int]float64{0: 0, 1: 0, 50: 0.5, 98: 97. / 98, 99: 1, 100: 1} {
		if got := float64(values[i]); math.Abs(got-want) > 1e-6 {
			t.Errorf("%d becomes %v, want %v", i, got, want)
		}
	}
	if values, _ := scaledPixels(d, s, 1); values[0] != 0 || values[7] != 0.5 {
		t.Errorf("5 and 5.5 become %v and %v, want 0 and 0.5", values[0], values[7])
	}
}

// TestQuantile interpolates as numpy.quantile does.
func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		sorted  []float32
		q, want float64
	}{{[]float32{0, 10}, 0.25, 2.5}, {[]float32{1, 2, 4, 8}, 0.5, 3}, {[]float32{1, 2, 4, 8}, 1, 8}, {[]float32{7}, 0.99, 7}} {
		if got := quantile(c.sorted, c.q); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("quantile %v of %v is %v, want %v", c.q, c.sorted, got, c.want)
		}
	}
}

// TestSamplePixels: evenly spaced over all scenes, and no more than the limit.
func TestSamplePixels(t *testing.T) {
	d := &Dataset{Scenes: []*Scene{{H: 2, W: 3}, {H: 1, W: 4}}}
	for limit, want := range map[int][]Pixel{
		4:  {{0, 0, 0}, {0, 1, 0}, {1, 0, 0}, {1, 0, 3}},
		3:  {{0, 0, 0}, {0, 1, 1}, {1, 0, 2}},
		10: samplePixels(d, 99),
	} {
		if got := samplePixels(d, limit); !slices.Equal(got, want) || len(got) > limit {
			t.Errorf("at most %d pixels: %v, want %v", limit, got, want)
		}
	}
}

// TestWaterBands: both ends of a range belong to it.
func TestWaterBands(t *testing.T) {
	for nm, want := range map[float64]bool{1339: false, 1340: true, 1445: true, 1446: false, 1789: false, 1790: true, 1955: true, 1956: false, 2449: false, 2450: true, 650: false} {
		if got := inWater(nm); got != want {
			t.Errorf("water absorbs at %v nm: %v, want %v", nm, got, want)
		}
	}
}

// A range whose inverse float32 does not hold is none: the band counts as constant.
func TestScalingOfTinyRanges(t *testing.T) {
	for _, method := range []Method{GlobalMinMax, Standardise, BandMinMax, Percentile} {
		d := tiny(6, 6)
		a := numeric.New(numeric.Float32, []int{6, 6, 2})
		for i := range 36 {
			v := a.Data.([]float32)
			v[2*i], v[2*i+1] = float32(i), float32(i)*1e-44
		}
		d.Scenes[0].Rasters[0] = Raster{Array: a}
		d.Modalities[0] = Modality{Name: "a", Bands: 2}
		s, err := Fit(d, ScalingConfig{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Modalities[0].Bands; !slices.Equal(got, []int32{0}) {
			t.Errorf("%s: bands kept %v, want 0 alone", method, got)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestScalingSurvivesJSON(t *testing.T) {
	d := Synthetic(SyntheticConfig{H: 64, W: 64, Bands: 12, Noise: 0.01, Seed: 1})
	for _, cfg := range []ScalingConfig{{Method: Percentile}, {Method: Standardise, PCA: 3}} {
		s, err := Fit(d, cfg)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Scaling
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(s, &back) {
			t.Errorf("%+v came back as %+v", s, back)
		}
	}
}

func TestPCADecorrelates(t *testing.T) {
	d := Synthetic(SyntheticConfig{H: 64, W: 64, Bands: 12, Noise: 0.01, Seed: 1})
	s, err := Fit(d, ScalingConfig{Method: Standardise, PCA: 4})
	if err != nil {
		t.Fatal(err)
	}
	values, bands := scaledPixels(d, s, 0)
	if bands != 4 {
		t.Fatalf("%d components, want 4", bands)
	}
	for a := range bands {
		mean, std := meanStd(column(values, bands, a))
		if math.Abs(mean) > 1e-3 || math.Abs(std-1) > 1e-3 {
			t.Errorf("component %d: mean %v, deviation %v, want 0 and 1", a, mean, std)
		}
		for b := range a {
			dot := 0.0
			x, y := column(values, bands, a), column(values, bands, b)
			for i := range x {
				dot += x[i] * y[i] / float64(len(x))
			}
			if math.Abs(dot) > 1e-3 {
				t.Errorf("components %d and %d correlate: %v", a, b, dot)
			}
		}
	}
	if p := s.Modalities[0].PCA; p.Explained < 0.9 || p.Explained > 1 {
		t.Errorf("4 components explain %v", p.Explained)
	}
	if s.Modalities[1].PCA != nil {
		t.Error("one band was projected")
	}
}

func TestScalingErrors(t *testing.T) {
	d := tiny(4, 4)
	dead := tiny(4, 4)
	clear(dead.Scenes[0].Rasters[1].Array.Data.([]float32))
	for _, c := range []struct {
		d    *Dataset
		cfg  ScalingConfig
		want []string
	}{
		{dead, DefaultScaling(), []string{`"b"`, "none of 1 bands", "1 constant"}},
		{d, ScalingConfig{Method: "log"}, []string{"log", "standardise"}},
		{d, ScalingConfig{Method: GlobalMinMax, PCA: -1}, []string{"-1"}},
		{d, ScalingConfig{Method: GlobalMinMax, MNF: -1}, []string{"-1"}},
		{d, ScalingConfig{Method: GlobalMinMax, PCA: 2, MNF: 2}, []string{"one of them"}},
	} {
		_, err := Fit(c.d, c.cfg)
		if err == nil {
			t.Errorf("%v: no error", c.cfg)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("error %q does not mention %q", err, w)
			}
		}
	}
	s, err := Fit(d, DefaultScaling())
	if err != nil {
		t.Fatal(err)
	}
	other := tiny(4, 4)
	other.Modalities[0].Bands = 4
	if err := s.Check(other); err == nil || !strings.Contains(err.Error(), "3 bands") {
		t.Errorf("a scaling for other bands: %v", err)
	}
}

func TestNarrowKeepsValues(t *testing.T) {
	for _, c := range []struct {
		in   any
		want numeric.Type
	}{
		{[]float64{0, 1, 65535}, numeric.Uint16},
		{[]float64{-5, 1, 32767}, numeric.Int16},
		{[]float64{-5, 1, 32768}, numeric.Float32},
		{[]float64{0, 0.5}, numeric.Float32},
		{[]float64{0, math.NaN()}, numeric.Float32},
		{[]float64{0, 65536}, numeric.Float32},
	} {
		v := c.in.([]float64)
		a := narrow(&numeric.Array{Shape: []int{len(v)}, Type: numeric.Float64, Data: v})
		if a.Type != c.want {
			t.Errorf("%v became %v, want %v", v, a.Type, c.want)
		}
		for i, x := range v {
			if got := a.At64(i); got != x && x == x {
				t.Errorf("%v became %v", x, got)
			}
		}
	}
}
