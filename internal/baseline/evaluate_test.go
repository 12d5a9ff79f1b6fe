package baseline

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"diffclip/internal/testenv"
	"diffclip/rsdata"
)

func mustSplit(t *testing.T, d *rsdata.Dataset, protocol rsdata.Protocol, shots int) *rsdata.Split {
	t.Helper()
	cfg := rsdata.DefaultSplit()
	cfg.Protocol, cfg.Shots, cfg.Seed, cfg.Unlabelled = protocol, shots, 1, 0
	s, err := d.Split(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFeaturesAreMeansOfStandardisedPixels(t *testing.T) {
	cfg := rsdata.DefaultSynthetic()
	cfg.H, cfg.W, cfg.Bands = 64, 70, 12
	d := rsdata.Synthetic(cfg)
	f, err := NewFeatures(d, Projection{})
	if err != nil {
		t.Fatal(err)
	}
	scaling, err := rsdata.Fit(d, rsdata.ScalingConfig{Method: rsdata.Standardise})
	if err != nil {
		t.Fatal(err)
	}
	pixels := []rsdata.Pixel{{Row: 10, Col: 20}, {Row: 0, Col: 0}, {Row: 63, Col: 5}} // inside, corner, edge
	for i, row := range f.At(pixels) {
		if len(row) != f.width {
			t.Fatalf("%d features, want %d", len(row), f.width)
		}
		at := 0
		for m, ms := range scaling.Modalities {
			for j, b := range ms.Bands {
				want := 0.0
				for dr := -1; dr <= 1; dr++ {
					for dc := -1; dc <= 1; dc++ {
						r, c := min(max(int(pixels[i].Row)+dr, 0), 63), min(max(int(pixels[i].Col)+dc, 0), 69)
						want += (d.Scenes[0].Rasters[m].At(r, c, int(b)) - float64(ms.Offset[j])) * float64(ms.Gain[j]) / 9
					}
				}
				if math.Abs(row[at]-want) > 1e-4 {
					t.Errorf("pixel %v, modality %d, band %d: %v, want %v", pixels[i], m, b, row[at], want)
				}
				at++
			}
		}
	}
	many := make([]rsdata.Pixel, 600) // more than one chunk
	for i := range many {
		many[i] = rsdata.Pixel{Row: int32(i % 64), Col: int32(i % 70)}
	}
	rows := f.At(many)
	for _, i := range []int{0, 255, 256, 599} {
		if !reflect.DeepEqual(rows[i], f.At(many[i : i+1])[0]) {
			t.Errorf("pixel %d has other features among 600 than alone", i)
		}
	}
}

func TestEvaluate(t *testing.T) {
	cfg := rsdata.DefaultSynthetic()
	cfg.H, cfg.W, cfg.Bands = 96, 96, 30
	d, err := rsdata.Synthetic(cfg).AtLeast(20)
	if err != nil {
		t.Fatal(err)
	}
	split := mustSplit(t, d, rsdata.Random, 5)
	for _, m := range Methods() {
		c, err := NewEvaluator(d).Evaluate(t.Context(), split, m, 3)
		if err != nil {
			t.Fatal(err)
		}
		if c.Total() != int64(len(split.Test)) {
			t.Errorf("%s: %d samples, want %d", m.Name, c.Total(), len(split.Test))
		}
		if aa, chance := c.AA(), 1/float64(len(d.Classes)); aa < 2*chance {
			t.Errorf("%s: average accuracy %.3f, chance gives %.3f", m.Name, aa, chance)
		}
		again, err := NewEvaluator(d).Evaluate(t.Context(), split, m, 3)
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%s: a second evaluation differs (error %v)", m.Name, err)
		}
	}
	if _, err := FindMethod("svn"); err == nil || !strings.Contains(err.Error(), "svm, rf, lda, mean, svm-pca") {
		t.Errorf("unknown method: error %v", err)
	}
}

// On real crowns of plots not trained on, every method must do better than chance.
func TestEvaluateIDTReeS(t *testing.T) {
	d, err := rsdata.Open(testenv.Dir(t, "idtrees2020"))
	if err != nil {
		t.Fatal(err)
	}
	split := mustSplit(t, d, rsdata.Disjoint, 20)
	e := NewEvaluator(d)
	for _, m := range Methods() {
		c, err := e.Evaluate(t.Context(), split, m, 1)
		if err != nil {
			t.Fatal(err)
		}
		if c.Kappa() < 0.05 {
			t.Errorf("%s: kappa %.3f on 20 crowns per species", m.Name, c.Kappa())
		}
		t.Logf("%-8s OA %.3f AA %.3f kappa %.3f", m.Name, c.OA(), c.AA(), c.Kappa())
	}
}
