package rsdata

import (
	"path/filepath"
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
	full, _, err := loadLabels(filepath.Join(testenv.Dir(t, "indian_pines_crop"), "Indian_pines_gt.mat"), [2]int{145, 145})
	if err != nil {
		t.Fatal(err)
	}
	if r, c, ok := locate(d.Scenes[0], full, 145); !ok || r != 30 || c != 25 {
		t.Errorf("the crop's labels at row %d, column %d of the whole scene, %v; want 30, 25", r, c, ok)
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

func TestSplitIndianPinesCrop(t *testing.T) {
	d := mustOpen(t, testenv.Dir(t, "indian_pines_crop"))
	for _, p := range []Protocol{Random, Disjoint} {
		for _, shots := range []int{2, 8, 20} {
			for seed := range uint64(10) {
				cfg := DefaultSplit()
				cfg.Protocol, cfg.Shots, cfg.Seed = p, shots, seed
				s, err := d.Split(cfg)
				if err != nil {
					t.Errorf("%s, %d shots, seed %d: %v", p, shots, seed, err)
					continue
				}
				checkSplit(t, d, s)
				if seed == 0 {
					t.Logf("%s, %d shots: %d test windows, %d overlap a training window", p, shots, len(s.Test), s.OverlapTrainTest)
				}
			}
		}
	}
}

// locate finds the place in the whole scene of Indian Pines whose labels are those of the crop.
func locate(s *Scene, full []uint8, w int) (row, col int, ok bool) {
	to := map[uint8]uint8{2: 1, 6: 2, 10: 3, 11: 4}
	for r := range len(full)/w - s.H + 1 {
		for c := range w - s.W + 1 {
			same := true
			for i := 0; i < s.H*s.W && same; i++ {
				same = to[full[(r+i/s.W)*w+c+i%s.W]] == s.Labels[i]
			}
			if same {
				return r, c, true
			}
		}
	}
	return 0, 0, false
}

func TestOpenIDTReeS(t *testing.T) {
	d := mustOpen(t, testenv.Dir(t, "idtrees2020"))
	if len(d.Scenes) != 84 || !slices.Equal(names(d), []string{"hsi", "chm"}) || d.Modalities[0].Bands != 369 || len(d.Classes) != 8 {
		t.Fatalf("%d plots, modalities %v, %d classes", len(d.Scenes), names(d), len(d.Classes))
	}
	objects, trees := 0, map[string]int{}
	for _, s := range d.Scenes {
		objects += len(s.Objects)
		for _, o := range s.Objects {
			trees[o.ID]++
			if len(o.Pixels) == 0 {
				t.Errorf("crown %s has no pixel", o.ID)
			}
		}
	}
	for k, n := range d.Counts() {
		if n < 40 {
			t.Errorf("%s has %d crowns", d.Classes[k].Name, n)
		}
	}
	t.Logf("%d crowns of %d trees", objects, len(trees))
	if text := strings.Join(d.Notes, "\n"); !strings.Contains(text, "OSBS_35") {
		t.Errorf("the plot that is there twice is not named: %s", text)
	}
	for _, p := range []Protocol{Random, Disjoint} {
		for _, shots := range []int{2, 8, 20} {
			for seed := range uint64(10) {
				cfg := DefaultSplit()
				cfg.Protocol, cfg.Shots, cfg.Seed = p, shots, seed
				s, err := d.Split(cfg)
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
					continue
				}
				checkSplitObjects(t, d, s)
			}
		}
	}
	all := mustOpen(t, testenv.Dir(t, "idtrees2020")+"?min=1")
	total := 0
	for _, n := range all.Counts() {
		total += n
	}
	if total != 1148-21 || len(all.Classes) != 33 {
		t.Errorf("%d crowns of %d species without a limit, want 1127 of 33", total, len(all.Classes))
	}
}

// checkSplitObjects makes sure that no tree, and under disjoint no plot, is on both sides.
func checkSplitObjects(t *testing.T, d *Dataset, s *Split) {
	t.Helper()
	trains, plots := map[string]bool{}, map[int32]bool{}
	for _, x := range s.Train {
		trains[d.Scenes[x.Scene].Objects[x.Object].ID], plots[x.Scene] = true, true
	}
	for _, x := range s.Test {
		if trains[d.Scenes[x.Scene].Objects[x.Object].ID] {
			t.Fatal("a tree trains and tests")
		}
		if s.Config.Protocol == Disjoint && plots[x.Scene] {
			t.Fatal("a plot trains and tests")
		}
	}
	if len(s.Train) != s.Config.Shots*len(d.Classes) || s.Config.Protocol == Disjoint && s.OverlapTrainTest != 0 {
		t.Errorf("%d training samples, %d overlaps", len(s.Train), s.OverlapTrainTest)
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
