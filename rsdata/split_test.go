package rsdata

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/rng"
)

func config(p Protocol, change func(*SplitConfig)) SplitConfig {
	c := DefaultSplit()
	c.Protocol, c.Window, c.Shots, c.Unlabelled = p, 5, 4, 50
	if change != nil {
		change(&c)
	}
	return c
}

// checkSplit checks what holds for every split.
func checkSplit(t *testing.T, d *Dataset, s *Split) {
	t.Helper()
	seen := map[Pixel]string{}
	for name, list := range map[string][]Sample{"train": s.Train, "validation": s.Validation, "test": s.Test} {
		for _, x := range list {
			if other, ok := seen[x.Pixel]; ok {
				t.Fatalf("pixel %v is in %s and in %s", x.Pixel, name, other)
			}
			seen[x.Pixel] = name
			if l := d.Scenes[x.Scene].Labels; l != nil && l[int(x.Row)*d.Scenes[x.Scene].W+int(x.Col)] != x.Label {
				t.Fatalf("pixel %v has label %d in %s", x.Pixel, x.Label, name)
			}
		}
	}
	count := func(list []Sample) []int {
		n := make([]int, len(d.Classes))
		for _, x := range list {
			n[x.Label-1]++
		}
		return n
	}
	for k := range d.Classes {
		if n := count(s.Train)[k]; s.Config.Shots > 0 && n != s.Config.Shots {
			t.Errorf("class %d has %d training samples, want %d", k+1, n, s.Config.Shots)
		}
		if n := count(s.Validation)[k]; n != s.Config.PerClassValidation {
			t.Errorf("class %d has %d validation samples, want %d", k+1, n, s.Config.PerClassValidation)
		}
		if count(s.Test)[k] == 0 {
			t.Errorf("class %d is not tested", k+1)
		}
	}
	overlap := 0
	for _, x := range s.Test {
		for _, y := range s.Train {
			if chebyshev(x.Pixel, y.Pixel) < s.Config.Window {
				overlap++
				break
			}
		}
	}
	if overlap != s.OverlapTrainTest {
		t.Errorf("OverlapTrainTest is %d, counted %d", s.OverlapTrainTest, overlap)
	}
}

// chebyshev is the larger of the row and column distances; pixels of different scenes are far apart.
func chebyshev(a, b Pixel) int {
	if a.Scene != b.Scene {
		return 1 << 30
	}
	return int(max(a.Row-b.Row, b.Row-a.Row, a.Col-b.Col, b.Col-a.Col))
}

func TestSplits(t *testing.T) {
	official := checkered(40, 60, 3, 7)
	sc := official.Scenes[0]
	sc.Train = make([]uint8, len(sc.Labels))
	for i, l := range sc.Labels {
		if i%3 == 0 {
			sc.Train[i] = l
		}
	}
	many := checkered(20, 20, 3, 4)
	for i := range 7 {
		other := checkered(20, 20, 3, 3+i%3)
		many.Scenes = append(many.Scenes, other.Scenes[0])
	}
	for _, c := range []struct {
		name    string
		d       *Dataset
		cfg     SplitConfig
		overlap bool
	}{
		{"random", checkered(40, 60, 3, 7), config(Random, nil), true},
		{"random with validation and a test limit", checkered(40, 60, 3, 7), config(Random, func(c *SplitConfig) { c.PerClassValidation, c.PerClassTest = 3, 10 }), true},
		{"official", official, config(Official, nil), true},
		{"official, all shots", official, config(Official, func(c *SplitConfig) { c.Shots, c.PerClassValidation = 0, 2 }), true},
		{"disjoint blocks", checkered(40, 60, 3, 7), config(Disjoint, func(c *SplitConfig) { c.PerClassValidation = 2 }), false},
		{"disjoint blocks with a guard", checkered(40, 60, 3, 7), config(Disjoint, func(c *SplitConfig) { c.Guard = 3 }), false},
		{"disjoint scenes", many, config(Disjoint, func(c *SplitConfig) { c.Shots = 0 }), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := c.d.Split(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			checkSplit(t, c.d, s)
			if (s.OverlapTrainTest > 0) != c.overlap {
				t.Errorf("%d test windows overlap a training window", s.OverlapTrainTest)
			}
			if len(s.Unlabelled) != 50 {
				t.Errorf("%d unlabelled windows, want 50", len(s.Unlabelled))
			}
			again, _ := c.d.Split(c.cfg)
			if !reflect.DeepEqual(s, again) {
				t.Error("the same seed gives another split")
			}
			c.cfg.Seed++
			if other, _ := c.d.Split(c.cfg); reflect.DeepEqual(s.Unlabelled, other.Unlabelled) || reflect.DeepEqual(s.Test, other.Test) {
				t.Error("another seed gives the same split")
			}
		})
	}
}

func TestGuardKeepsTheDistance(t *testing.T) {
	d := checkered(60, 60, 3, 7)
	s, err := d.Split(config(Disjoint, func(c *SplitConfig) { c.Guard, c.PerClassValidation = 4, 2 }))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range s.Test {
		for _, y := range append(append([]Sample(nil), s.Train...), s.Validation...) {
			if chebyshev(x.Pixel, y.Pixel) < 5+4 {
				t.Fatalf("test pixel %v is near training pixel %v", x.Pixel, y.Pixel)
			}
		}
	}
}

func TestInductiveUnlabelledKeepClearOfTest(t *testing.T) {
	d := checkered(60, 60, 3, 7)
	s, err := d.Split(config(Disjoint, func(c *SplitConfig) { c.Inductive, c.Unlabelled, c.PerClassTest = true, -1, 5 }))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Unlabelled) == 0 || len(s.Unlabelled) == 3600 {
		t.Errorf("%d unlabelled windows", len(s.Unlabelled))
	}
	for _, u := range s.Unlabelled {
		for _, x := range s.Test {
			if chebyshev(u, x.Pixel) < 5 {
				t.Fatalf("unlabelled window %v overlaps test window %v", u, x.Pixel)
			}
		}
	}
}

// TestShuffleIsFair: every element comes to every place about equally often.
func TestShuffleIsFair(t *testing.T) {
	const draws, n = 2000, 5
	var counts [n][n]int
	for seed := range uint64(draws) {
		list := []int{0, 1, 2, 3, 4}
		permuteBy(list, rng.New(seed, "fair", 0))
		for place, x := range list {
			counts[x][place]++
		}
	}
	for x, row := range counts {
		for place, got := range row { // of 400, deviation 18
			if got < 400-90 || got > 400+90 {
				t.Errorf("element %d is at place %d in %d of %d draws", x, place, got, draws)
			}
		}
	}
}

// TestClassesAreDrawnApart: equally many samples of two classes come in orders of their own.
func TestClassesAreDrawnApart(t *testing.T) {
	lists := [][]Sample{manySamples(20), manySamples(20)}
	shuffle(lists, 1, "split/train")
	if reflect.DeepEqual(lists[0], lists[1]) {
		t.Error("two classes have one order")
	}
}

// TestCentresOfWholeScenes: a scene that is one sample is drawn at its centre.
func TestCentresOfWholeScenes(t *testing.T) {
	d := tiny(3, 7)
	d.Whole = true
	s, err := d.SplitUnlabelled(config(Random, nil))
	if want := []Pixel{{0, 1, 3}}; err != nil || !reflect.DeepEqual(s.Unlabelled, want) {
		t.Errorf("%v, error %v, want %v", s, err, want)
	}
}

// TestHashesTellWindows: each coordinate counts, the order, and of samples the label.
func TestHashesTellWindows(t *testing.T) {
	pixels := []Pixel{{1, 2, 3}, {4, 5, 6}}
	hashes := map[uint64]string{HashPixels(pixels): "pixels", HashSamples(Unlabelled(pixels)): "samples"}
	for name, change := range map[string]func(s []Sample){
		"scene": func(s []Sample) { s[0].Scene++ }, "row": func(s []Sample) { s[0].Row++ }, "column": func(s []Sample) { s[0].Col++ },
		"order": func(s []Sample) { s[0], s[1] = s[1], s[0] }, "label": func(s []Sample) { s[1].Label++ },
	} {
		samples := Unlabelled(pixels)
		change(samples)
		all := []uint64{HashSamples(samples), HashPixels(Pixels(nil, samples))}
		if name == "label" {
			all = all[:1]
		}
		for _, h := range all {
			if other, ok := hashes[h]; ok {
				t.Errorf("another %s has the hash of %s", name, other)
			}
			hashes[h] = name
		}
	}
}

// TestSamplesOfTwoMaps: without full labels, the training and the test map together are
// drawn from; where both label a pixel that of training counts, and neither is changed.
func TestSamplesOfTwoMaps(t *testing.T) {
	d := tiny(2, 2)
	d.Classes = []Class{{Name: "a"}, {Name: "b"}}
	s := d.Scenes[0]
	s.Labels, s.Train, s.Test = nil, []uint8{1, 0, 0, 2}, []uint8{2, 1, 0, 0}
	want := []Sample{{Pixel{0, 0, 0}, 1, -1}, {Pixel{0, 0, 1}, 1, -1}, {Pixel{0, 1, 1}, 2, -1}}
	if got := slices.Collect(d.labelled()); !reflect.DeepEqual(got, want) {
		t.Errorf("samples %v, want %v", got, want)
	}
	if !reflect.DeepEqual(s.Train, []uint8{1, 0, 0, 2}) || !reflect.DeepEqual(s.Test, []uint8{2, 1, 0, 0}) {
		t.Errorf("the maps became %v and %v", s.Train, s.Test)
	}
}

// Labels must not influence what the unsupervised stage sees.
func TestUnlabelledIgnoresLabels(t *testing.T) {
	a, b := checkered(40, 40, 3, 7), checkered(40, 40, 3, 5)
	sa, err := a.Split(config(Random, nil))
	if err != nil {
		t.Fatal(err)
	}
	sb, err := b.Split(config(Random, nil))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(sa.Unlabelled, sb.Unlabelled) {
		t.Error("the unlabelled windows depend on the labels")
	}
}

func TestMoreShotsContainFewer(t *testing.T) {
	d := checkered(40, 40, 3, 7)
	few, err := d.Split(config(Random, func(c *SplitConfig) { c.Shots = 2 }))
	if err != nil {
		t.Fatal(err)
	}
	many, err := d.Split(config(Random, func(c *SplitConfig) { c.Shots = 8 }))
	if err != nil {
		t.Fatal(err)
	}
	in := map[Sample]bool{}
	for _, s := range many.Train {
		in[s] = true
	}
	for _, s := range few.Train {
		if !in[s] {
			t.Errorf("sample %v trains with 2 shots but not with 8", s)
		}
	}
}

func TestObjectsAreTheSamples(t *testing.T) {
	d := tiny(30, 30)
	d.Classes = []Class{{Name: "oak"}, {Name: "pine"}}
	for i := range 24 {
		d.Scenes[0].Objects = append(d.Scenes[0].Objects, Object{Label: uint8(i%2 + 1), Row: int32(i), Col: int32(29 - i)})
	}
	s, err := d.Split(config(Random, nil))
	if err != nil {
		t.Fatal(err)
	}
	checkSplit(t, d, s)
	if n := len(s.Train) + len(s.Test); n != 24 {
		t.Errorf("%d samples, want the 24 objects", n)
	}
	for _, x := range s.Train {
		if o := d.Scenes[0].Objects[x.Object]; o.Row != x.Row || o.Label != x.Label {
			t.Errorf("sample %v does not match its object %v", x, o)
		}
	}
	// Pixels of official maps are no objects.
	d.Scenes[0].Train, d.Scenes[0].Test = make([]uint8, 900), make([]uint8, 900)
	for i := range 900 {
		d.Scenes[0].Train[i], d.Scenes[0].Test[i] = uint8(1+i%2), uint8(1+i%2)
	}
	if _, err := d.Split(config(Official, nil)); err == nil || !strings.Contains(err.Error(), "objects") {
		t.Errorf("official maps beside objects: %v", err)
	}
}

func TestSplitErrors(t *testing.T) {
	base := func() *Dataset { return checkered(20, 20, 2, 5) }
	missing := base()
	missing.Classes = append(missing.Classes, Class{Name: "unicorns"})
	rare := missing.clone()
	rare.Scenes[0].Labels[7] = 3
	corner := base()
	for i := range corner.Scenes[0].Labels { // class B only in one corner
		corner.Scenes[0].Labels[i] = 1
		if i/20 < 5 && i%20 < 5 {
			corner.Scenes[0].Labels[i] = 2
		}
	}
	mapped := base()
	mapped.Scenes[0].Train = make([]uint8, 400)
	copy(mapped.Scenes[0].Train, slices.Repeat([]uint8{1, 2}, 15)) // of the labels, what training may take
	for _, c := range []struct {
		name string
		d    *Dataset
		cfg  SplitConfig
		want []string
	}{
		{"class missing", missing, config(Random, nil), []string{"unicorns", "no labelled sample", "?min=1"}},
		{"too few samples", rare, config(Random, nil), []string{"unicorns", "has 1 samples", "4 training", "fewer shots"}},
		{"class in one block", corner, config(Disjoint, nil), []string{"class B", "fewer shots"}},
		{"guard too wide", base(), config(Disjoint, func(c *SplitConfig) { c.Guard = 30 }), []string{"class A", "30 pixels", "smaller guard"}},
		{"no training map", base(), config(Official, nil), []string{"no training map", "random"}},
		{"no test clear of unlabelled", base(), config(Random, func(c *SplitConfig) { c.Inductive = true }), []string{"clear of every test window"}},
		{"protocol", base(), config("best", nil), []string{"best", "official", "disjoint"}},
		{"even window", base(), config(Random, func(c *SplitConfig) { c.Window = 4 }), []string{"window 4"}},
		{"negative shots", base(), config(Random, func(c *SplitConfig) { c.Shots = -1 }), []string{"negative"}},
		{"all shots at random", base(), config(Random, func(c *SplitConfig) { c.Shots = 0 }), []string{"0 shots"}},
		{"share", base(), config(Disjoint, func(c *SplitConfig) { c.TrainShare = 1 }), []string{"train share"}},
		{"no share", base(), config(Disjoint, func(c *SplitConfig) { c.TrainShare = 0 }), []string{"train share"}},
		{"too few on the training map", mapped, config(Official, func(c *SplitConfig) { c.Shots = 16 }), []string{"class A", "has 15 samples", "16 training"}},
	} {
		_, err := c.d.Split(c.cfg)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q does not mention %q", c.name, err, w)
			}
		}
	}
}

// clone copies a dataset's label map so that a test can change it.
func (d *Dataset) clone() *Dataset {
	c, s := *d, *d.Scenes[0]
	s.Labels = append([]uint8(nil), s.Labels...)
	c.Scenes = []*Scene{&s}
	return &c
}

func TestSelect(t *testing.T) {
	d := checkered(20, 20, 3, 5)
	got, err := d.Select(3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got.Classes[0].Name != "class C" || got.Classes[1].Name != "class A" || got.Scenes[0].Labels[0] != 2 || got.Scenes[0].Labels[5] != 0 || got.Scenes[0].Labels[10] != 1 {
		t.Errorf("classes %v, first row %v", got.Classes, got.Scenes[0].Labels[:20])
	}
	for _, bad := range [][]uint8{{}, {0}, {4}, {1, 1}} {
		if _, err := d.Select(bad...); err == nil {
			t.Errorf("Select(%v) gives no error", bad)
		}
	}
	if got, err = d.AtLeast(150); err != nil || len(got.Classes) != 1 || !strings.Contains(strings.Join(got.Notes, " "), "class B (100), class C (100)") {
		t.Errorf("AtLeast: %v, %v", got, err)
	}
}

func TestSplitOfTheSyntheticScene(t *testing.T) {
	d := Synthetic(DefaultSynthetic())
	for _, p := range []Protocol{Random, Disjoint} {
		for seed := range uint64(5) {
			cfg := DefaultSplit()
			cfg.Protocol, cfg.Seed, cfg.PerClassValidation = p, seed, 4
			s, err := d.Split(cfg)
			if err != nil {
				t.Fatal(err)
			}
			checkSplit(t, d, s)
			if p == Disjoint && s.OverlapTrainTest != 0 {
				t.Errorf("%d overlapping windows", s.OverlapTrainTest)
			}
		}
	}
}

// A tree whose crown was drawn in two plots must not train in one and test in the other.
func TestOneObjectStaysOnOneSide(t *testing.T) {
	d := tiny(30, 30)
	d.Scenes = append(d.Scenes, tiny(30, 30).Scenes[0])
	d.Classes = []Class{{Name: "oak"}, {Name: "pine"}}
	for i := range 40 { // each tree is in both scenes
		d.Scenes[i/20].Objects = append(d.Scenes[i/20].Objects, Object{ID: fmt.Sprint(i % 20), Label: uint8(i%2 + 1), Row: int32(i % 20), Col: 3})
	}
	for seed := range uint64(5) {
		s, err := d.Split(config(Random, func(c *SplitConfig) { c.Seed, c.PerClassValidation = seed, 1 }))
		if err != nil {
			t.Fatal(err)
		}
		trains := map[string]bool{}
		for _, x := range append(append([]Sample(nil), s.Train...), s.Validation...) {
			trains[d.Scenes[x.Scene].Objects[x.Object].ID] = true
		}
		for _, x := range s.Test {
			if trains[d.Scenes[x.Scene].Objects[x.Object].ID] {
				t.Fatalf("seed %d: tree %s trains and tests", seed, d.Scenes[x.Scene].Objects[x.Object].ID)
			}
		}
		if n := len(s.Train) + len(s.Validation) + len(s.Test); n >= 40 {
			t.Errorf("seed %d: %d samples are used, though some show the same tree", seed, n)
		}
	}
}
