package rsdata

import (
	"slices"
	"strings"
	"testing"

	"diffclip/internal/testenv"
)

func mustOpen(t *testing.T, path string) *Dataset {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: modalities %+v, counts %v\nnotes: %s\nmissing: %s", d.Name, names(d), d.Counts(), strings.Join(d.Notes, "\n"), strings.Join(d.Missing, "\n"))
	return d
}

func names(d *Dataset) (out []string) {
	for _, m := range d.Modalities {
		out = append(out, m.Name)
	}
	return out
}

func TestOpenIndianPinesCrop(t *testing.T) {
	d := mustOpen(t, testenv.Dir(t, "indian_pines_crop"))
	if got := d.Counts(); !slices.Equal(got, []int{1005, 358, 732, 1474}) {
		t.Errorf("labelled pixels %v", got)
	}
	if d.Classes[0].Name != "Corn-notill" || d.Classes[3].Name != "Soybean-mintill" {
		t.Errorf("classes %v", d.Classes)
	}
	if got := d.Scenes[0].Rasters[0].At(0, 0, 0); got != 3172 {
		t.Errorf("first value %v", got)
	}
	halves := mustOpen(t, testenv.Dir(t, "indian_pines_crop")+"?halves")
	if len(halves.Modalities) != 2 || halves.Modalities[0].Bands != 100 {
		t.Errorf("halves: %+v", halves.Modalities)
	}
	for b := range 200 {
		if got, want := halves.Scenes[0].Rasters[b/100].At(31, 17, b%100), d.Scenes[0].Rasters[0].At(31, 17, b); got != want {
			t.Fatalf("band %d: %v, want %v", b, got, want)
		}
	}
}

func TestOpenMuuflCrop(t *testing.T) {
	d := mustOpen(t, testenv.Dir(t, "muufl_crop"))
	if s := d.Scenes[0]; s.H != 36 || s.W != 36 || !slices.Equal(names(d), []string{"hsi", "lidar"}) || d.Modalities[0].Bands != 72 || d.Modalities[1].Bands != 2 {
		t.Errorf("%d x %d, modalities %+v", s.H, s.W, d.Modalities)
	}
	if w := d.Modalities[0].Wavelengths; len(w) != 72 || w[0] < 367 || w[0] > 368 {
		t.Errorf("wavelengths %v", w)
	}
	if text := strings.Join(append(d.Missing, d.Notes...), "\n"); !strings.Contains(text, "325 x 220 x 64") || !strings.Contains(text, "row 204") {
		t.Errorf("does not say what is missing or assumed: %s", text)
	}
}

func TestOpenTrentoWithoutSpectra(t *testing.T) {
	d := mustOpen(t, testenv.Dir(t, "trento_lidar_gt"))
	s := d.Scenes[0]
	if d.Name != "Trento" || s.H != 166 || s.W != 600 || !slices.Equal(names(d), []string{"lidar"}) || d.Modalities[0].Bands != 2 {
		t.Errorf("%s, %d x %d, %v", d.Name, s.H, s.W, names(d))
	}
	if !slices.Equal(countLabels(s.Train, 6), trento.train) || !slices.Equal(countLabels(s.Test, 6), trento.test) {
		t.Errorf("training %v, test %v", countLabels(s.Train, 6), countLabels(s.Test, 6))
	}
	if text := strings.Join(d.Missing, "\n"); !strings.Contains(text, "166 x 600 x 63") || !strings.Contains(text, "Italy_hsi.mat") {
		t.Errorf("does not say what is missing: %s", text)
	}
	cfg := DefaultSplit()
	cfg.Protocol, cfg.Shots = Official, 0
	split, err := d.Split(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(split.Train) != 819 || len(split.Test) != 29395 {
		t.Errorf("%d training and %d test samples, want 819 and 29395", len(split.Train), len(split.Test))
	}
}
