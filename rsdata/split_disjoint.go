package rsdata

import (
	"fmt"
	"math"

	"diffclip/internal/rng"
)

// disjointPools assigns whole scenes, or the blocks of a single scene, to training or to test.
func (d *Dataset) disjointPools(cfg SplitConfig) (pools, error) {
	unit, units := d.units(cfg)
	counts := make([][]int, len(d.Classes)) // (class, unit): labelled samples
	for k := range counts {
		counts[k] = make([]int, units)
	}
	for s := range d.labelled() {
		counts[s.Label-1][unit(s.Pixel)]++
	}
	trains, err := d.assignUnits(cfg, counts, units)
	if err != nil {
		return pools{}, err
	}
	p := pools{train: make([][]Sample, len(d.Classes)), test: make([][]Sample, len(d.Classes))}
	for s := range d.labelled() {
		if trains[unit(s.Pixel)] {
			put(p.train, s)
		} else {
			put(p.test, s)
		}
	}
	shuffle(p.train, cfg.Seed, "split/train")
	shuffle(p.test, cfg.Seed, "split/test")
	return p, nil
}

// units returns what is kept together, as a function from pixels to unit numbers, and how many there are: the scenes
// where there are several, else square blocks. A shape goes as a whole with the block in which the middle one of its
// pixels lies.
func (d *Dataset) units(cfg SplitConfig) (unit func(Pixel) int, n int) {
	if len(d.Scenes) > 1 {
		return func(p Pixel) int { return int(p.Scene) }, len(d.Scenes)
	}
	side := cfg.Block
	if side == 0 {
		side = 2 * cfg.Window
	}
	s := d.Scenes[0]
	down, across := max(1, (s.H+side/2)/side), max(1, (s.W+side/2)/side) // blocks of about that side, none a sliver
	block := func(row, col int) int { return row*down/s.H*across + col*across/s.W }
	if s.Shapes == nil {
		return func(p Pixel) int { return block(int(p.Row), int(p.Col)) }, down * across
	}
	blocks := make([]int32, s.H*s.W)
	for i := range blocks {
		blocks[i] = int32(block(i/s.W, i%s.W))
	}
	for _, shape := range s.Shapes {
		for _, p := range shape {
			middle := int(shape[len(shape)/2])
			blocks[p] = int32(block(middle/s.W, middle%s.W))
		}
	}
	return func(p Pixel) int { return int(blocks[int(p.Row)*s.W+int(p.Col)]) }, down * across
}

// assignmentDraws bounds how many random assignments are looked at.
const assignmentDraws = 64

// assignUnits chooses at random which units train: the first assignment drawn in which every class has a fair part on
// either side, else the fairest. Where even that leaves a class short, single units are moved.
func (d *Dataset) assignUnits(cfg SplitConfig, counts [][]int, units int) (trains []bool, err error) {
	need := max(1, cfg.Shots) + cfg.PerClassValidation
	var order []int
	best := math.Inf(-1)
	for draw := range uint64(assignmentDraws) {
		o, t := drawUnits(cfg, units, draw)
		if f := fairness(cfg, counts, need, t); f > best {
			best, order, trains = f, o, t
		}
		if best >= 0.5 {
			break
		}
	}
	for range 4 { // mending one class can break another; a few rounds settle what can be settled
		changed := false
		for k := range counts {
			changed = mend(counts, k, need, order, trains) || changed
		}
		if !changed {
			break
		}
	}
	for k, count := range counts {
		train, test, in := tally(count, trains)
		switch {
		case train+test == 0: // Split reports it as missing
		case train < need || test == 0:
			return nil, fmt.Errorf("class %d (%s) has %d samples in %d separate units (scenes, or blocks, which do not cut shapes), which cannot be divided into units with %d to train and validate and units with some to test (best found: %d and %d): ask for fewer shots, use protocol %s, or leave out classes with few labels by ?min=N after the path of the data",
				k+1, d.Classes[k].Name, train+test, in, need, train, test, Random)
		}
	}
	return trains, nil
}

// drawUnits lets a random share of the units train. The order is that of the draw.
func drawUnits(cfg SplitConfig, units int, draw uint64) (order []int, trains []bool) {
	order = make([]int, units)
	for i := range order {
		order[i] = i
	}
	permuteBy(order, rng.New(cfg.Seed, "split/units", draw))
	trains = make([]bool, units)
	for _, u := range order[:int(math.Round(cfg.TrainShare*float64(units)))] {
		trains[u] = true
	}
	return order, trains
}

// fairness is 1 where every class is divided exactly by the train share, 0 where a class is all on one side, and
// negative where a class has too few samples to train.
func fairness(cfg SplitConfig, counts [][]int, need int, trains []bool) float64 {
	worst := 1.0
	for _, count := range counts {
		train, test, _ := tally(count, trains)
		n := float64(train + test)
		if n == 0 {
			continue
		}
		f := min(float64(train)/(cfg.TrainShare*n), float64(test)/((1-cfg.TrainShare)*n))
		if train < need {
			f = float64(train-need) / n
		}
		worst = min(worst, f)
	}
	return worst
}

// tally counts a class's samples on either side and the units that hold any.
func tally(count []int, trains []bool) (train, test, units int) {
	for u, n := range count {
		if n > 0 {
			units++
		}
		if trains[u] {
			train += n
		} else {
			test += n
		}
	}
	return train, test, units
}

// mend moves units of class k across, in the random order, until it has enough to train and something to test. It
// prefers units whose move leaves every other class with both.
func mend(counts [][]int, k, need int, order []int, trains []bool) (changed bool) {
	for _, gentle := range []bool{true, false} {
		for _, u := range order {
			train, test, _ := tally(counts[k], trains)
			n := counts[k][u]
			lacksTrain := train < need && !trains[u] && n > 0 && test > n
			lacksTest := test == 0 && trains[u] && n > 0 && train-n >= need
			if !lacksTrain && !lacksTest {
				continue
			}
			trains[u] = !trains[u]
			if gentle && breaksOther(counts, k, u, need, trains) {
				trains[u] = !trains[u]
				continue
			}
			changed = true
		}
	}
	return changed
}

// breaksOther reports whether the move of unit u, already made, left a class other than k without enough.
func breaksOther(counts [][]int, k, u, need int, trains []bool) bool {
	for j, count := range counts {
		if j == k || count[u] == 0 {
			continue
		}
		train, test, _ := tally(count, trains)
		if train < need || test == 0 {
			return true
		}
	}
	return false
}

// applyGuard drops the test samples whose window comes closer than the guard to a training or validation window.
func (d *Dataset) applyGuard(s *Split) error {
	cfg := s.Config
	near := d.near(Pixels(Pixels(nil, s.Train), s.Validation), cfg.Window-1+cfg.Guard)
	return d.dropTest(s, func(x Sample) bool { return near.at(x.Pixel) },
		fmt.Sprintf("lie within %d pixels of a training window: ask for fewer shots, a smaller guard or window, a larger block", cfg.Guard))
}
