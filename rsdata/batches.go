package rsdata

import (
	"context"
	"fmt"
	"iter"

	"diffclip/internal/rng"
)

// BatchConfig says how samples become batches.
type BatchConfig struct {
	Size       int
	Seed       uint64
	Name       string  // purpose, so that two loops with one seed draw differently
	Shuffle    bool    // a new order every epoch
	DropLast   bool    // leave out the last batch of an epoch where it is not full
	Symmetries bool    // flip and rotate at random
	Crops      []uint8 // sides of centre crops, one drawn at random per window; nil for none
	PlacesOnly bool    // gather nothing: Pixels and Augments say what is cut out elsewhere, and Data is nil
	// Prepare, where set, is called after the windows of a batch were gathered, on the goroutine that fetches ahead:
	// the place for masks and noise. What it keeps in Batch.Extra stays with the buffer and comes back with it.
	Prepare func(*Batch)
}

// Batch is a number of gathered windows. It belongs to the caller until the next step of the loop that produced it;
// its buffers are then used again.
type Batch struct {
	Epoch, Step int         // step counts from 0 within the epoch
	Samples     []Sample    // label 0 where the window is unlabelled
	Pixels      []Pixel     // their centres
	Augments    []Augment   // their changes, all zero where there are none
	Data        [][]float32 // per modality (len(Samples), side*side, bands)
	Extra       any         // left to Prepare

	full [][]float32 // buffers for a full batch, which Data are the beginnings of
}

// Batches cuts samples into batches, epoch by epoch. What a batch holds depends on the configuration, the epoch and
// the step alone, so that a run can be resumed anywhere.
type Batches struct {
	windows *Windows
	samples []Sample
	cfg     BatchConfig
}

// NewBatches prepares batches of samples. It panics where there are none, the size is below 1, or a sample lies outside
// its scene, which Epoch would find on a goroutine of its own, where no caller can recover.
func NewBatches(w *Windows, samples []Sample, cfg BatchConfig) *Batches {
	if cfg.Size < 1 || len(samples) == 0 {
		panic(fmt.Errorf("rsdata.NewBatches: batches of %d from %d samples", cfg.Size, len(samples)))
	}
	for _, s := range samples {
		if err := w.check(s.Pixel); err != nil {
			panic(fmt.Errorf("rsdata.NewBatches: %w", err))
		}
	}
	return &Batches{windows: w, samples: samples, cfg: cfg}
}

// Sized returns batches of the same samples in another size.
func (b *Batches) Sized(size int) *Batches {
	cfg := b.cfg
	cfg.Size = size
	return NewBatches(b.windows, b.samples, cfg)
}

// Size returns how many windows a batch has that is full.
func (b *Batches) Size() int { return min(b.cfg.Size, len(b.samples)) }

// Unlabelled turns pixels into samples without a label, for NewBatches.
func Unlabelled(pixels []Pixel) []Sample {
	out := make([]Sample, len(pixels))
	for i, p := range pixels {
		out[i] = Sample{Pixel: p, Object: -1}
	}
	return out
}

// Steps returns the batches of an epoch. With DropLast and fewer samples than a batch holds there is one, short.
func (b *Batches) Steps() int {
	n := len(b.samples) / b.cfg.Size
	if n == 0 || (!b.cfg.DropLast && len(b.samples)%b.cfg.Size != 0) {
		n++
	}
	return n
}

// Epoch yields the batches of an epoch from the given step on, fetching one ahead on another goroutine. It holds two
// batches in memory and ends that goroutine before it returns. The error is ctx's, with a nil batch, once ctx is done.
func (b *Batches) Epoch(ctx context.Context, epoch, from int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		order := b.order(epoch)
		ready, free := make(chan *Batch), make(chan *Batch, 2)
		free <- b.newBatch()
		free <- b.newBatch()
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			defer close(ready)
			b.fetch(epoch, from, order, free, ready, stop)
		}()
		defer func() { <-done }()
		defer close(stop)
		for {
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			select {
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			case batch, ok := <-ready:
				if !ok {
					return
				}
				if !yield(batch, nil) {
					return
				}
				free <- batch
			}
		}
	}
}

// fetch fills batches until the epoch ends or stop is closed.
func (b *Batches) fetch(epoch, from int, order []int32, free <-chan *Batch, ready chan<- *Batch, stop <-chan struct{}) {
	for step := from; step < b.Steps(); step++ {
		var batch *Batch
		select {
		case batch = <-free:
		case <-stop:
			return
		}
		b.fill(batch, epoch, step, order)
		select {
		case ready <- batch:
		case <-stop:
			return
		}
	}
}

// order returns the sequence of samples of an epoch.
func (b *Batches) order(epoch int) []int32 {
	order := make([]int32, len(b.samples))
	for i := range order {
		order[i] = int32(i)
	}
	if b.cfg.Shuffle {
		permuteBy(order, rng.New(b.cfg.Seed, "batches/"+b.cfg.Name, uint64(epoch)))
	}
	return order
}

func (b *Batches) newBatch() *Batch {
	n := min(b.cfg.Size, len(b.samples))
	batch := &Batch{
		Samples:  make([]Sample, 0, n),
		Pixels:   make([]Pixel, 0, n),
		Augments: make([]Augment, 0, n),
	}
	if !b.cfg.PlacesOnly {
		batch.full, batch.Data = b.windows.NewBuffers(n), make([][]float32, b.windows.Modalities())
	}
	return batch
}

// fill gathers one batch.
func (b *Batches) fill(batch *Batch, epoch, step int, order []int32) {
	first := step * b.cfg.Size
	part := order[first:min(first+b.cfg.Size, len(order))]
	batch.Epoch, batch.Step = epoch, step
	batch.Samples = batch.Samples[:0]
	for _, i := range part {
		batch.Samples = append(batch.Samples, b.samples[i])
	}
	batch.Pixels = Pixels(batch.Pixels[:0], batch.Samples)
	area := b.windows.side * b.windows.side
	for m := range batch.Data {
		batch.Data[m] = batch.full[m][:len(part)*area*b.windows.bands[m]]
	}
	batch.Augments = b.augment(batch.Augments[:0], epoch, first, len(part))
	switch {
	case b.cfg.PlacesOnly:
	case b.cfg.Symmetries || len(b.cfg.Crops) > 0:
		b.windows.GatherAugmented(batch.Data, batch.Pixels, batch.Augments)
	default:
		b.windows.Gather(batch.Data, batch.Pixels)
	}
	if b.cfg.Prepare != nil {
		b.cfg.Prepare(batch)
	}
}

// augment draws the changes of the windows first, first+1, ... of an epoch.
func (b *Batches) augment(dst []Augment, epoch, first, n int) []Augment {
	s := rng.New(b.cfg.Seed, "augment/"+b.cfg.Name, uint64(epoch))
	for i := range n {
		var a Augment
		at := uint64(2 * (first + i))
		if b.cfg.Symmetries {
			a.Symmetry = uint8(s.Intn(at, 8))
		}
		if len(b.cfg.Crops) > 0 {
			a.Crop = b.cfg.Crops[s.Intn(at+1, len(b.cfg.Crops))]
		}
		dst = append(dst, a)
	}
	return dst
}
