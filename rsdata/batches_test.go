package rsdata

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"testing"
)

func manySamples(n int) []Sample {
	var out []Sample
	for i := range n {
		out = append(out, Sample{Pixel{0, int32(i / 20), int32(i % 20)}, uint8(i%3 + 1), -1})
	}
	return out
}

// record runs an epoch and copies its batches.
func record(t *testing.T, b *Batches, epoch, from int) (out []Batch) {
	t.Helper()
	for batch, err := range b.Epoch(context.Background(), epoch, from) {
		if err != nil {
			t.Fatal(err)
		}
		c := Batch{Epoch: batch.Epoch, Step: batch.Step, Samples: slices.Clone(batch.Samples), Pixels: slices.Clone(batch.Pixels)}
		for _, d := range batch.Data {
			c.Data = append(c.Data, slices.Clone(d))
		}
		out = append(out, c)
	}
	return out
}

// TestBatchesOfAnotherSize: the samples come in the same order.
func TestBatchesOfAnotherSize(t *testing.T) {
	d := tiny(20, 20)
	b := NewBatches(NewWindows(d, identity(d), 3), manySamples(20), BatchConfig{Size: 16, Shuffle: true, Seed: 3})
	small := b.Sized(3)
	if b.Size() != 16 || small.Size() != 3 || b.Sized(30).Size() != 20 {
		t.Errorf("sizes %d, %d and %d, want 16, 3 and all 20", b.Size(), small.Size(), b.Sized(30).Size())
	}
	var large, parts []Sample
	for _, batch := range record(t, b, 1, 0) {
		large = append(large, batch.Samples...)
	}
	for _, batch := range record(t, small, 1, 0) {
		parts = append(parts, batch.Samples...)
	}
	if !slices.Equal(large, parts) {
		t.Error("other samples, or in another order")
	}
}

func TestBatchesAreReproducible(t *testing.T) {
	d := tiny(20, 20)
	w := NewWindows(d, identity(d), 3)
	for name, cfg := range map[string]BatchConfig{
		"in order":  {Size: 16},
		"shuffled":  {Size: 16, Shuffle: true, Seed: 3},
		"augmented": {Size: 16, Shuffle: true, Symmetries: true, Crops: []uint8{1, 3}},
		"drop last": {Size: 16, Shuffle: true, DropLast: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBatches(w, manySamples(100), cfg)
			first, again := record(t, b, 2, 0), record(t, b, 2, 0)
			if !reflect.DeepEqual(first, again) {
				t.Error("an epoch differs from itself")
			}
			if resumed := record(t, b, 2, 3); !reflect.DeepEqual(first[3:], resumed) {
				t.Error("an epoch resumed at step 3 differs")
			}
			if len(first) != b.Steps() {
				t.Errorf("%d batches, Steps says %d", len(first), b.Steps())
			}
			seen := map[Pixel]int{}
			for _, batch := range first {
				for _, p := range batch.Pixels {
					seen[p]++
				}
			}
			want := 100
			if cfg.DropLast {
				want = 96
			}
			if len(seen) != want {
				t.Errorf("%d different samples in an epoch, want %d", len(seen), want)
			}
			if other := record(t, b, 3, 0); cfg.Shuffle && reflect.DeepEqual(first[0].Pixels, other[0].Pixels) {
				t.Error("two epochs have the same order")
			}
		})
	}
}

// TestDrawsOfBatches: the changes of windows and their order follow from seed, purpose
// and epoch, the changes of one from its place in the epoch, whatever the batches' size.
func TestDrawsOfBatches(t *testing.T) {
	d := tiny(20, 20)
	w := NewWindows(d, identity(d), 3)
	of := func(seed uint64, name string) *Batches {
		return NewBatches(w, manySamples(100), BatchConfig{Size: 16, Seed: seed, Name: name, Shuffle: true, Symmetries: true, Crops: []uint8{1, 3}})
	}
	b := of(1, "a")
	all := b.augment(nil, 2, 0, 64)
	for first := range 64 / 16 {
		if part := b.augment(nil, 2, 16*first, 16); !slices.Equal(part, all[16*first:16*first+16]) {
			t.Errorf("the changes of windows %d to %d are %v, want %v", 16*first, 16*first+15, part, all[16*first:16*first+16])
		}
	}
	if slices.Equal(all[:16], all[16:32]) {
		t.Error("two batches of an epoch have the same changes")
	}
	order := b.order(2)
	for what, other := range map[string]struct {
		b     *Batches
		epoch int
	}{"epoch": {b, 3}, "purpose": {of(1, "b"), 2}, "seed": {of(2, "a"), 2}} {
		if slices.Equal(other.b.augment(nil, other.epoch, 0, 64), all) || slices.Equal(other.b.order(other.epoch), order) {
			t.Errorf("another %s has the same changes or order", what)
		}
	}
	seen := map[Augment]bool{}
	for _, a := range b.augment(nil, 0, 0, 400) {
		seen[a] = true
	}
	if len(seen) != 8*2 {
		t.Errorf("%d pairs of symmetry and crop occur, want 16", len(seen))
	}
}

func TestBatchDataMatchesItsPixels(t *testing.T) {
	d := tiny(20, 20)
	w := NewWindows(d, identity(d), 3)
	prepared := 0
	b := NewBatches(w, manySamples(50), BatchConfig{Size: 16, Shuffle: true, Prepare: func(b *Batch) {
		if b.Extra == nil {
			b.Extra = new(int)
		}
		*b.Extra.(*int) = b.Step
		prepared++
	}})
	for batch, err := range b.Epoch(context.Background(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if *batch.Extra.(*int) != batch.Step {
			t.Errorf("step %d was prepared as %d", batch.Step, *batch.Extra.(*int))
		}
		for i, p := range batch.Pixels {
			if want := wantWindow(d, 0, p, 3); !slices.Equal(batch.Data[0][i*27:(i+1)*27], want) {
				t.Fatalf("step %d: the window of %v is not its own", batch.Step, p)
			}
		}
	}
	if prepared != 4 {
		t.Errorf("Prepare was called %d times, want 4", prepared)
	}
}

func TestBatchesStop(t *testing.T) {
	d := tiny(20, 20)
	w := NewWindows(d, identity(d), 3)
	b := NewBatches(w, manySamples(100), BatchConfig{Size: 4})
	before := runtime.NumGoroutine()
	for range b.Epoch(context.Background(), 0, 0) {
		break
	}
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	var last error
	for batch, err := range b.Epoch(ctx, 0, 0) {
		if last = err; err != nil {
			if batch != nil {
				t.Error("an error comes with a batch")
			}
			continue
		}
		if steps++; steps == 3 {
			cancel()
		}
	}
	cancel()
	if !errors.Is(last, context.Canceled) || steps != 3 {
		t.Errorf("cancelled after %d batches with error %v", steps, last)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

func TestUnlabelledSamples(t *testing.T) {
	s := Unlabelled([]Pixel{{0, 1, 2}})
	if want := []Sample{{Pixel{0, 1, 2}, 0, -1}}; !reflect.DeepEqual(s, want) {
		t.Errorf("%v, want %v", s, want)
	}
}
