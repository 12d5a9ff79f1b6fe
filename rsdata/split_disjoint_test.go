package rsdata

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// TestFairness: 1 where classes are divided by the train share, less the further off the
// worst is, below 0 where one cannot train.
func TestFairness(t *testing.T) {
	cfg := SplitConfig{TrainShare: 0.25}
	trains := []bool{true, false}
	for _, c := range []struct {
		counts [][]int
		want   float64
	}{
		{[][]int{{2, 6}}, 1},
		{[][]int{{2, 2}}, 2. / 3}, // 2 of the 3 that should test
		{[][]int{{4, 0}}, 0},
		{[][]int{{1, 3}}, -0.25}, // one of two that have to train
		{[][]int{{2, 2}, {2, 6}, {0, 0}}, 2. / 3},
	} {
		if got := fairness(cfg, c.counts, 2, trains); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("counts %v: %v, want %v", c.counts, got, c.want)
		}
	}
}

// TestShareOfUnits: as many units train as the share says, others in another draw.
func TestShareOfUnits(t *testing.T) {
	cfg := SplitConfig{TrainShare: 0.25}
	seen := map[int]bool{}
	for draw := range uint64(40) {
		order, trains := drawUnits(cfg, 8, draw)
		for u, train := range trains {
			if train != slices.Contains(order[:2], u) {
				t.Fatalf("order %v, of which %v train, want the first two", order, trains)
			}
			seen[u] = seen[u] || train
		}
	}
	if len(seen) != 8 || slices.Contains([]bool{seen[0], seen[1], seen[2], seen[3], seen[4], seen[5], seen[6], seen[7]}, false) {
		t.Errorf("units that train in some draw: %v", seen)
	}
}

// TestMend: a class that lacks something gets it from the first unit whose move breaks no
// other class, else from the first, and a unit that is all there is to test stays.
func TestMend(t *testing.T) {
	for name, c := range map[string]struct {
		counts       [][]int
		trains, want []bool
	}{
		"gentle":       {[][]int{{5, 5, 0}, {5, 0, 5}}, []bool{false, false, true}, []bool{false, true, true}},
		"not gentle":   {[][]int{{5, 5, 0, 0}, {5, 0, 5, 0}, {0, 5, 0, 5}}, []bool{false, false, true, true}, []bool{true, false, true, true}},
		"the last":     {[][]int{{5, 0}}, []bool{false, true}, []bool{false, true}},
		"nothing test": {[][]int{{3, 5}}, []bool{true, true}, []bool{false, true}},
		"well":         {[][]int{{3, 5}}, []bool{true, false}, []bool{true, false}},
	} {
		order := []int{0, 1, 2, 3}[:len(c.trains)]
		before := slices.Clone(c.trains)
		changed := mend(c.counts, 0, 3, order, c.trains)
		if !slices.Equal(c.trains, c.want) || changed == slices.Equal(before, c.want) {
			t.Errorf("%s: units that train %v, want %v; changed: %v", name, c.trains, c.want, changed)
		}
	}
}

// TestUnitsOfRareClasses: ten classes that lie in two units each are all divided, though
// hardly any draw does; a class whose units are too small for training and validation is
// an error.
func TestUnitsOfRareClasses(t *testing.T) {
	d := &Dataset{Classes: make([]Class, 10)}
	counts := make([][]int, 10)
	for k := range counts {
		counts[k] = make([]int, 20)
		counts[k][2*k], counts[k][2*k+1] = 5, 5
	}
	for seed := range uint64(5) {
		trains, err := d.assignUnits(SplitConfig{Shots: 3, PerClassValidation: 2, TrainShare: 0.5, Seed: seed}, counts, 20)
		if err != nil {
			t.Fatal(err)
		}
		for k, count := range counts {
			if train, test, _ := tally(count, trains); train != 5 || test != 5 {
				t.Errorf("seed %d, class %d: %d train and %d test, want 5 and 5", seed, k, train, test)
			}
		}
	}
	d.Classes = []Class{{Name: "heath"}}
	if _, err := d.assignUnits(SplitConfig{Shots: 2, PerClassValidation: 3, TrainShare: 0.5}, [][]int{{3, 4}}, 2); err == nil || !strings.Contains(err.Error(), "heath") {
		t.Errorf("no unit has 2 samples to train and 3 to validate: %v", err)
	}
}

// No shape has samples on both sides of a disjoint split, whichever blocks it lies in; without the shapes some have.
func TestDisjointKeepsShapesWhole(t *testing.T) {
	for _, kept := range []bool{true, false} {
		d := tiny(90, 90)
		d.Classes = []Class{{Name: "a"}, {Name: "b"}}
		s := d.Scenes[0]
		s.Labels = make([]uint8, 90*90)
		of := make([]int, 90*90)
		for i := range 25 { // squares of 10 x 10 that lie across the blocks
			var shape []int32
			for j := range 100 {
				p := (i/5*18+4+j/10)*90 + i%5*18 + 4 + j%10
				shape = append(shape, int32(p))
				of[p], s.Labels[p] = i, uint8(i%2+1)
			}
			if kept {
				s.Shapes = append(s.Shapes, shape)
			}
		}
		if err := d.Validate(); err != nil {
			t.Fatal(err)
		}
		cut := 0
		for seed := range uint64(10) {
			split, err := d.Split(config(Disjoint, func(c *SplitConfig) { c.Seed, c.Shots, c.PerClassValidation = seed, 30, 5 }))
			if err != nil {
				t.Fatal(err)
			}
			checkSplit(t, d, split)
			trains := map[int]bool{}
			for _, x := range slices.Concat(split.Train, split.Validation) {
				trains[of[int(x.Row)*90+int(x.Col)]] = true
			}
			for _, x := range split.Test {
				if trains[of[int(x.Row)*90+int(x.Col)]] {
					cut++
				}
			}
		}
		if kept != (cut == 0) {
			t.Errorf("shapes kept %v: %d samples test whose shape trains", kept, cut)
		}
	}
}
