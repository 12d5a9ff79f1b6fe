package rsdata

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"diffclip/internal/rng"
)

// fields is a scene of square fields of 8 pixels: band 0 tells fields apart and has
// little noise, band 1 varies more than it but from pixel to pixel alone, band 2 is
// band 1 and a third as much of band 0, band 3 is noise.
func fields() *Dataset {
	const side, bands = 48, 4
	noise := make([]float32, side*side*bands)
	rng.New(7, "pixels", 0).Normal(noise, 0)
	level := make([]float32, side*side/64)
	rng.New(7, "fields", 0).Normal(level, 0)
	data := make([]float32, side*side*bands)
	for i := range side * side {
		n, v := noise[i*bands:], data[i*bands:]
		field := level[i/side/8*(side/8)+i%side/8]
		v[0] = 2*field + 0.1*n[0]
		v[1] = 5 * n[1]
		v[2] = v[1] + v[0]/3 + 0.1*n[2]
		v[3] = n[3]
	}
	return &Dataset{Name: "fields", Modalities: []Modality{{Name: "hsi", Bands: bands}}, Scenes: []*Scene{{Name: "fields", H: side, W: side, Rasters: []Raster{
		NewRaster(side, side, bands, data),
	}}}}
}

// TestMNFPutsFieldsBeforeNoise: the first component is the fields, though they have
// not the largest variance; components do not correlate; each has the deviation that
// its ratio of variance to noise asks for.
func TestMNFPutsFieldsBeforeNoise(t *testing.T) {
	d := fields()
	s, err := Fit(d, ScalingConfig{Method: Standardise, MNF: 3})
	if err != nil {
		t.Fatal(err)
	}
	values, bands := scaledPixels(d, s, 0)
	if bands != 3 {
		t.Fatalf("%d components, want 3", bands)
	}
	plain, err := Fit(d, ScalingConfig{Method: Standardise})
	if err != nil {
		t.Fatal(err)
	}
	raw, n := scaledPixels(d, plain, 0)
	if r := correlation(column(values, bands, 0), column(raw, n, 0)); math.Abs(r) < 0.99 {
		t.Errorf("the first component and the band of the fields correlate by %v", r)
	}
	principal, err := Fit(d, ScalingConfig{Method: Standardise, PCA: 3})
	if err != nil {
		t.Fatal(err)
	}
	pca, n := scaledPixels(d, principal, 0)
	if r := correlation(column(pca, n, 0), column(raw, 4, 0)); math.Abs(r) > 0.7 {
		t.Errorf("the first principal component is that of the fields too (%v): the test shows nothing", r)
	}
	ratio := s.Modalities[0].PCA.NoiseRatio
	for a := range bands {
		x := column(values, bands, a)
		if mean, std := meanStd(x); math.Abs(mean) > 1e-3 || math.Abs(std/math.Pow(ratio[a], 0.25)-1) > 1e-3 {
			t.Errorf("component %d: mean %v, deviation %v, want 0 and the fourth root of %v", a, mean, std, ratio[a])
		}
		for b := range a {
			if r := correlation(x, column(values, bands, b)); math.Abs(r) > 1e-3 || ratio[b] < ratio[a] {
				t.Errorf("components %d and %d correlate by %v, ratios %v and %v", a, b, r, ratio[a], ratio[b])
			}
		}
	}
	// Neighbours lie in different fields at every eighth step: the fields' own variance over an eighth of it, and some noise.
	if ratio[0] < 7 || ratio[0] > 11 || ratio[1] > 1.1 {
		t.Errorf("variance beside noise %v: want about 8 for the fields and 1 for the rest", ratio)
	}
}

// TestProjectionOfBandsThatRepeat: where two of four bands are copies, there are two
// principal components, and noise fractions stay finite. What all hold is a share.
func TestProjectionOfBandsThatRepeat(t *testing.T) {
	d := fields()
	data := d.Scenes[0].Rasters[0].Array.Data.([]float32)
	for i := 0; i < len(data); i += 4 {
		data[i+2], data[i+3] = data[i], -data[i+1]
	}
	for name, c := range map[string]struct {
		cfg  ScalingConfig
		most int
	}{"PCA": {ScalingConfig{Method: Standardise, PCA: 3}, 2}, "MNF": {ScalingConfig{Method: Standardise, MNF: 3}, 3}} {
		s, err := Fit(d, c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		p := s.Modalities[0].PCA
		if len(p.Components) != c.most || !(p.Explained > 0.99 && p.Explained <= 1+1e-9) {
			t.Errorf("%s: %d components that hold %v, want %d that hold all", name, len(p.Components), p.Explained, c.most)
		}
		values, _ := scaledPixels(d, s, 0)
		for _, v := range values {
			if !(math.Abs(float64(v)) < 100) {
				t.Fatalf("%s: a component is %v", name, v)
			}
		}
	}
	for _, cfg := range []ScalingConfig{{Method: Standardise, PCA: 4}, {Method: Standardise, MNF: 4}} {
		if s, err := Fit(d, cfg); err != nil || s.Modalities[0].PCA != nil {
			t.Errorf("%+v: as many components as bands are made: %v", cfg, err)
		}
	}
}

// TestDirectionsHaveASign: the weight of largest magnitude is positive.
func TestDirectionsHaveASign(t *testing.T) {
	columns := mat.NewDense(2, 2, []float64{-3, 1, 1, -2})
	for col, want := range [][]float32{{6, -2}, {-2, 4}} {
		got := make([]float32, 2)
		if writeDirection(got, columns, col, 2); !slices.Equal(got, want) {
			t.Errorf("column %d becomes %v, want %v", col, got, want)
		}
	}
}

func correlation(x, y []float64) float64 {
	mx, sx := meanStd(x)
	my, sy := meanStd(y)
	sum := 0.0
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	return sum / (float64(len(x)) * sx * sy)
}

func TestMNFNeedsNoise(t *testing.T) {
	flat := fields() // neighbours that differ nowhere: one pixel a scene
	one := flat.Scenes[0]
	flat.Scenes = nil
	for i := range 3 {
		data := one.Rasters[0].Array.Data.([]float32)[4*100*i : 4*100*i+4]
		flat.Scenes = append(flat.Scenes, &Scene{Name: "pixel", H: 1, W: 1, Rasters: []Raster{NewRaster(1, 1, 4, data)}})
	}
	same := fields()
	same.Scenes = nil
	for i := range 3 {
		v := float32(i)
		data := []float32{v, v * v, 1 - v, 2 * v, v, v * v, 1 - v, 2 * v}
		same.Scenes = append(same.Scenes, &Scene{Name: "pair", H: 1, W: 2, Rasters: []Raster{NewRaster(1, 2, 4, data)}})
	}
	for want, d := range map[string]*Dataset{"no pixel has a neighbour": flat, "neighbouring pixels do not differ": same} {
		if _, err := Fit(d, ScalingConfig{Method: Standardise, MNF: 2}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "ask for principal components") {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
