package bench

import (
	"fmt"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/resident"
	"diffclip/internal/rng"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// sourceSide is the side of the random scene that windows are taken from.
const sourceSide = 128

// source is a batch of windows of a random scene. On a device they are cut out of
// the scene in each step, as in training; a processor has them gathered already,
// as its training has by the time a step begins.
type source struct {
	batch rsdata.Batch
	scene *resident.Windows // nil on a processor
}

func newSource(be tensor.Backend, e vit.Config, batch int) *source {
	d := randomScene(sourceSide, sourceSide)
	windows := scaled(d, e.Window)
	at := rng.New(1, "bench/windows", 0)
	s := &source{}
	for i := range uint64(batch) {
		s.batch.Pixels = append(s.batch.Pixels, rsdata.Pixel{Row: int32(at.Intn(2*i, sourceSide)), Col: int32(at.Intn(2*i+1, sourceSide))})
	}
	s.batch.Augments = make([]rsdata.Augment, batch)
	var err error
	if s.scene, err = resident.New(be, windows, resident.Many); err != nil {
		panic(err) // Step has no other way to say so either
	}
	if s.scene == nil {
		s.batch.Data = windows.NewBuffers(batch)
		windows.Gather(s.batch.Data, s.batch.Pixels)
	}
	return s
}

// scaled prepares windows of a scene.
func scaled(d *rsdata.Dataset, side int) *rsdata.Windows {
	scaling, err := rsdata.Fit(d, rsdata.DefaultScaling())
	if err != nil {
		panic(fmt.Errorf("bench: a scene of %d random pixels: %w", d.NumPixels(), err))
	}
	return rsdata.NewWindows(d, scaling, side)
}

// classified returns the windows as stage 2 has them.
func (s *source) classified() *clip.Batch {
	b := &clip.Batch{Scene: s.scene}
	if s.scene != nil {
		b.At = s.scene.Places(nil, s.batch.Pixels, s.batch.Augments)
		return b
	}
	for m, data := range s.batch.Data {
		bands := sizes().Modalities[m].Bands
		b.Windows = append(b.Windows, tensor.FromSlice(data, len(data)/bands, bands))
	}
	return b
}

// ahead returns the corrupted batches of step after step. For a device they are
// drawn on another goroutine, as in training, while it computes the step before;
// a processor draws each where its step begins. stop ends the drawing.
func (s *source) ahead(c *diffusion.Corruptor) (next func() *diffusion.Corrupted, stop func()) {
	n := len(s.batch.Pixels)
	if s.scene == nil {
		corrupted, step := c.NewCorrupted(n), uint64(0)
		return func() *diffusion.Corrupted {
			c.FillBatch(corrupted, &s.batch, step)
			step++
			return corrupted
		}, func() {}
	}
	free, ready, done := make(chan *diffusion.Corrupted, 2), make(chan *diffusion.Corrupted), make(chan struct{})
	free <- c.NewResident(s.scene, n)
	free <- c.NewResident(s.scene, n)
	go func() {
		for step := uint64(0); ; step++ {
			var b *diffusion.Corrupted
			select {
			case b = <-free:
			case <-done:
				return
			}
			c.FillBatch(b, &s.batch, step)
			select {
			case ready <- b:
			case <-done:
				return
			}
		}
	}()
	var last *diffusion.Corrupted
	return func() *diffusion.Corrupted {
		if last != nil {
			free <- last
		}
		last = <-ready
		return last
	}, func() { close(done) }
}
