package rsdata

import (
	"runtime"
	"slices"
	"testing"

	"diffclip/internal/numeric"
	"diffclip/internal/rng"
)

// listedUnlabelled draws as the results in docs were drawn: it lists every pixel, shuffles the list and cuts it.
func listedUnlabelled(d *Dataset, s *Split) []Pixel {
	var all []Pixel
	clear := func(p Pixel) bool {
		return !s.Config.Inductive || !slices.ContainsFunc(s.Test, func(x Sample) bool { return chebyshev(p, x.Pixel) < s.Config.Window })
	}
	for i, sc := range d.Scenes {
		for j := range sc.H * sc.W {
			p := Pixel{int32(i), int32(j / sc.W), int32(j % sc.W)}
			if d.Whole {
				p.Row, p.Col = int32(sc.H/2), int32(sc.W/2)
			}
			if clear(p) && (!d.Whole || j == 0) {
				all = append(all, p)
			}
		}
	}
	stream := rng.New(s.Config.Seed, "split/unlabelled", 0)
	for i := len(all) - 1; i > 0; i-- {
		j := stream.Intn(uint64(i), i+1)
		all[i], all[j] = all[j], all[i]
	}
	if n := s.Config.Unlabelled; n > 0 && n < len(all) {
		all = all[:n]
	}
	return all
}

// The windows of a seed are those that a shuffled list of all pixels begins with, though none is made.
func TestUnlabelledAreThoseOfAList(t *testing.T) {
	sizes := [][][2]int{{{1, 1}}, {{1, 2}}, {{7, 5}}, {{20, 31}}, {{3, 4}, {9, 2}, {1, 1}, {6, 6}}}
	for _, size := range sizes {
		d := &Dataset{}
		n := 0
		for _, s := range size {
			d.Scenes = append(d.Scenes, &Scene{H: s[0], W: s[1]})
			n += s[0] * s[1]
		}
		for _, k := range []int{-1, 1, 2, 3, 7, n/4 - 1, n / 4, n/4 + 1, n - 1, n, n + 1} {
			if k == 0 || k < -1 {
				continue
			}
			for seed := range uint64(12) {
				for test := range 3 { // inductive from 1 on, with so many test windows
					cfg := SplitConfig{Unlabelled: k, Seed: seed, Window: 3, Inductive: test > 0}
					s := &Split{Config: cfg}
					for i := range test {
						sc := int(seed) % len(d.Scenes)
						s.Test = append(s.Test, Sample{Pixel: Pixel{int32(sc), int32(i % d.Scenes[sc].H), int32(int(seed) % d.Scenes[sc].W)}})
					}
					for _, d.Whole = range []bool{false, true} {
						want := listedUnlabelled(d, s)
						got, err := d.unlabelled(s)
						if len(want) == 0 && err != nil {
							continue
						}
						if err != nil || !slices.Equal(got, want) {
							t.Fatalf("scenes %v, %d windows, seed %d, %d test windows, whole %v: %v, error %v, want %v", size, k, seed, test, d.Whole, got, err, want)
						}
					}
				}
			}
		}
	}
}

// Whatever is near is marked, by rows as by distances.
func TestNear(t *testing.T) {
	d := &Dataset{Scenes: []*Scene{{H: 9, W: 13}, {H: 4, W: 3}, {H: 5, W: 5}}}
	for seed := range uint64(40) {
		s := rng.New(seed, "near", 0)
		reach := s.Intn(0, 6)
		var pixels []Pixel
		for i := range uint64(s.Intn(1, 7)) {
			sc := s.Intn(10+3*i, 2)
			pixels = append(pixels, Pixel{int32(sc), int32(s.Intn(11+3*i, d.Scenes[sc].H)), int32(s.Intn(12+3*i, d.Scenes[sc].W))})
		}
		n := d.near(pixels, reach)
		for p := range d.all() {
			want := slices.ContainsFunc(pixels, func(q Pixel) bool { return chebyshev(p, q) <= reach })
			if got := n.at(p); got != want {
				t.Fatalf("seed %d: pixel %v is near one of %v within %d: %v, want %v", seed, p, pixels, reach, got, want)
			}
		}
	}
}

func (d *Dataset) all() func(func(Pixel) bool) {
	return func(yield func(Pixel) bool) {
		for i, s := range d.Scenes {
			for j := range s.H * s.W {
				if !yield(Pixel{int32(i), int32(j / s.W), int32(j % s.W)}) {
					return
				}
			}
		}
	}
}

// A split of a large scene takes little memory beside it: no list of its pixels, and a byte each while test windows
// are set apart.
func TestSplitMemory(t *testing.T) {
	const h, w = 2000, 1500
	d := checkered(8, 8, 2, 2)
	s := d.Scenes[0]
	s.H, s.W, s.Labels, s.Rasters = h, w, make([]uint8, h*w), []Raster{{Array: &numeric.Array{Shape: []int{h, w, 1}, Type: numeric.Uint8, Data: make([]uint8, h*w)}}}
	for i := range 400 {
		s.Labels[i*7001] = uint8(i%2 + 1)
	}
	for _, c := range []struct {
		inductive bool
		limit     float64 // bytes a pixel
	}{{false, 1.2}, {true, 2.3}} {
		cfg := config(Random, func(c2 *SplitConfig) { c2.Inductive, c2.Unlabelled = c.inductive, 64 })
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		split, err := d.Split(cfg)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(after.TotalAlloc-before.TotalAlloc) / (h * w); got > c.limit {
			t.Errorf("inductive %v: %.2f bytes a pixel were allocated, want at most %.1f", c.inductive, got, c.limit)
		}
		if len(split.Unlabelled) != 64 {
			t.Errorf("%d windows", len(split.Unlabelled))
		}
	}
}
