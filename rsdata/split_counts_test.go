package rsdata

import (
	"fmt"
	"slices"
	"testing"
)

// grove is a scene of two classes of trees, ten of each; the first five of each class are
// drawn twice, with the same identifier.
func grove() *Dataset {
	const w = 40
	s := &Scene{Name: "grove", H: 1, W: w}
	for i := range w {
		label := uint8(1 + i%2)
		id := fmt.Sprintf("%d-%d", label, i/2%15) // of 20 crowns the last five are the first again
		s.Objects = append(s.Objects, Object{ID: id, Label: label, Col: int32(i), Pixels: []int32{int32(i)}})
	}
	return &Dataset{Name: "grove", Classes: []Class{{Name: "oak"}, {Name: "elm"}}, Scenes: []*Scene{s}}
}

// No tree that trains or validates is tested on where it was drawn again, and a limit keeps
// the first samples of the draw, as many as it says of each class.
func TestTreesAndLimitsOfATest(t *testing.T) {
	d := grove()
	id := func(x Sample) string { return d.Scenes[0].Objects[x.Object].ID }
	dropped := 0
	for seed := range uint64(10) {
		cfg := SplitConfig{Protocol: Random, Shots: 3, PerClassValidation: 4, Window: 1, Seed: seed}
		all, err := d.Split(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, known := range slices.Concat(all.Train, all.Validation) {
			for _, x := range all.Test {
				if id(x) == id(known) {
					t.Errorf("seed %d: tree %s is known and tested on", seed, id(x))
				}
			}
		}
		dropped += 2*(20-3-4) - len(all.Test)
		cfg.PerClassTest = 2
		few, err := d.Split(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var want []Sample
		for label := uint8(1); label <= 2; label++ {
			i := slices.IndexFunc(all.Test, func(x Sample) bool { return x.Label == label })
			want = append(want, all.Test[i:i+2]...)
		}
		if !slices.Equal(few.Test, want) {
			t.Errorf("seed %d: two samples of each class are %v, want %v", seed, few.Test, want)
		}
	}
	if dropped == 0 {
		t.Error("no draw met a tree twice")
	}
}
