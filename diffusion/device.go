package diffusion

import (
	"sync"

	"diffclip/autograd"
	"diffclip/internal/resident"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// onDevice is how a batch is made where the scene lies on a device. The host
// draws timesteps and masks, which are short lists; the device cuts the windows
// out, and draws the noise, whose bits are the host's.
type onDevice struct {
	scene  *resident.Windows // nil where the host makes everything
	order  []int32           // of a window's pixels, nil for row by row
	at     []tensor.Window   // (B)
	levels []float32         // (B, 2) √ᾱ_t and √(1-ᾱ_t) of Eq. (2)
}

// NewResident returns room for batches of windows that are cut out of a scene
// on a device; it is NewCorrupted where scene is nil. FillBatch fills it. Train calls
// it; batches of your own begin with NewCorrupted.
func (c *Corruptor) NewResident(scene *resident.Windows, batch int) *Corrupted {
	if scene == nil {
		return c.NewCorrupted(batch)
	}
	out := c.newLists(batch)
	out.scene = scene
	if c.cfg.Encoder.Patch > 1 {
		out.order = c.cfg.Encoder.PixelOrder()
	}
	return out
}

// FillBatch is Fill for the windows of b, which lie in b.Data or, if dst was made
// for them, in a scene on a device. It leaves the device alone and may be called
// from any goroutine.
func (c *Corruptor) FillBatch(dst *Corrupted, b *rsdata.Batch, step uint64) {
	if dst.scene == nil {
		c.Fill(dst, b.Data, step)
		return
	}
	c.drawSteps(dst, step)
	c.drawApart(dst, step)
	dst.at = dst.scene.Places(dst.at[:0], b.Pixels, b.Augments)
	dst.levels = dst.levels[:0]
	for _, t := range dst.Steps {
		dst.levels = append(dst.levels, c.schedule.SqrtAlpha[t], c.schedule.SqrtOneMinus[t])
	}
	for m := range dst.Inputs {
		c.list(&dst.Inputs[m], dst)
	}
}

// masksTogether is how many samples' masks a goroutine draws.
const masksTogether = 64

// drawApart draws masks on as many processors as there are: a device may be done
// with a step before one has drawn those of the next.
func (c *Corruptor) drawApart(dst *Corrupted, step uint64) {
	var all sync.WaitGroup
	for m := range dst.Inputs {
		dst.Inputs[m].noise = c.noiseStream(m, step)
		for lo := 0; lo < dst.batch; lo += masksTogether {
			all.Go(func() {
				c.drawMasks(dst, m, lo, min(lo+masksTogether, dst.batch), make([]int32, len(c.perm)), step)
			})
		}
	}
	all.Wait()
}

// pixels puts modality i on a tape: the visible pixels, noised, (B·k·p², bands),
// or every token's in the reference order, and the clean windows, (B, L, P).
func (c *Corrupted) pixels(t *autograd.Tape, i int, cfg Config) (visible, target *autograd.Var) {
	in := &c.Inputs[i]
	if c.scene == nil {
		return t.Input(in.Visible), t.Input(in.Target)
	}
	e := cfg.Encoder
	bands, l, p := e.Modalities[i].Bands, e.Tokens(), e.PatchPixels()
	target = t.Room(c.batch, l, p*bands)
	c.scene.Cut(target.Value, i, c.at, c.order)
	visible = t.Room(cfg.visiblePixels(c.batch), bands)
	rows, from := visible.Value.Slice(0, tensor.Of(visible.Value.Len()/(p*bands), p*bands)), in.from
	if cfg.ReferenceOrder {
		from = nil
	}
	switch be := c.scene.Device(); {
	case !cfg.NoNoise:
		be.NoiseRows(&rows, target.Value, from, c.levels, in.noise)
	case from == nil:
		be.Copy2D(&rows, 0, rows.Len(), target.Value, 0, rows.Len(), 1, rows.Len(), false)
	default:
		be.GatherRows(&rows, target.Value, nil, from)
	}
	return visible, target
}

// weights puts the weight of each token of modality i on a tape, (B, L). A device
// is sent them once: forward and backward pass read the same memory.
func (c *Corrupted) weights(t *autograd.Tape, i int) *autograd.Var {
	w := c.Inputs[i].Weight
	if c.scene == nil {
		return t.Input(w)
	}
	v := t.Room(w.Dims()...)
	v.Value.Write(w.Data)
	return v
}
