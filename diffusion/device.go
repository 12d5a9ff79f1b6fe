package diffusion

import (
	"diffclip/autograd"
	"diffclip/internal/resident"
	"diffclip/internal/rng"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// onDevice is how a batch is made where the scene lies on a device. The host draws
// timesteps and says where windows lie; the device cuts them out, and draws masks and
// noise, whose bits are the host's.
type onDevice struct {
	scene  *resident.Windows // nil where the host makes everything
	order  []int32           // of a window's pixels, nil for row by row
	at     []tensor.Window   // (B)
	levels []float32         // (B, 2) √ᾱ_t and √(1-ᾱ_t) of Eq. (2)
}

// onDeviceInput is that of a modality.
type onDeviceInput struct {
	mask, noise rng.Stream
	masks       *tensor.Masks // of the step in progress
}

// NewResident returns room for batches of windows that are cut out of a scene
// on a device, which takes a batch as one shard; it is NewCorrupted where scene is
// nil. FillBatch fills it. Train calls it; batches of your own begin with NewCorrupted.
func (c *Corruptor) NewResident(scene *resident.Windows, batch int) *Corrupted {
	if scene == nil {
		return c.NewCorrupted(batch)
	}
	e := c.cfg.Encoder
	out := &Corrupted{Steps: make([]int32, batch), Labels: make([]int32, batch), batch: batch, shard: batch}
	out.scene = scene
	if e.Patch > 1 {
		out.order = e.PixelOrder()
	}
	for range e.Modalities {
		m := tensor.NewMasks(batch, e.Tokens(), c.cfg.Keep())
		drawn := func(d *tensor.Drawn) tensor.Index { return tensor.Index{Drawn: d} }
		out.Inputs = append(out.Inputs, CorruptedInput{
			rows: drawn(&m.Rows), from: drawn(&m.From), places: drawn(&m.Places), restore: drawn(&m.Restore),
			onDeviceInput: onDeviceInput{masks: m},
		})
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
	dst.at = dst.scene.Places(dst.at[:0], b.Pixels, b.Augments)
	dst.levels = dst.levels[:0]
	for _, t := range dst.Steps {
		dst.levels = append(dst.levels, c.schedule.SqrtAlpha[t], c.schedule.SqrtOneMinus[t])
	}
	for m := range dst.Inputs {
		dst.Inputs[m].mask, dst.Inputs[m].noise = c.maskStream(m, step), c.noiseStream(m, step)
	}
}

// drawMasks has the device draw the masks of modality i, in memory of a tape.
func (c *Corrupted) drawMasks(t *autograd.Tape, i int, cfg Config) {
	in := &c.Inputs[i]
	in.masks.Lay(t.Room(in.masks.Elements()).Value)
	in.Weight = &in.masks.Weight
	masked, visible := cfg.tokenWeights(c.batch)
	c.scene.Device().DrawMasks(in.masks, masked, visible, in.mask)
}

// pixels puts modality i on a tape: the visible pixels, noised, (B·k·p², bands),
// or every token's in the reference order, and the clean windows, (B, L, P).
func (c *Corrupted) pixels(t *autograd.Tape, i int, cfg Config) (visible, target *autograd.Var) {
	in := &c.Inputs[i]
	if c.scene == nil {
		return t.Input(in.Visible), t.Input(in.Target)
	}
	c.drawMasks(t, i, cfg)
	e := cfg.Encoder
	bands, l, p := e.Modalities[i].Bands, e.Tokens(), e.PatchPixels()
	target = t.Room(c.batch, l, p*bands)
	c.scene.Cut(target.Value, i, c.at, c.order)
	visible = t.Room(cfg.visiblePixels(c.batch), bands)
	rows, from := t.Reshape(visible, visible.Value.Len()/(p*bands), p*bands).Value, in.from // whole tokens
	if cfg.ReferenceOrder {
		from = tensor.Index{}
	}
	switch be := c.scene.Device(); {
	case !cfg.NoNoise:
		be.NoiseRows(rows, target.Value, from, c.levels, in.noise)
	case from.None():
		be.Copy2D(rows, 0, rows.Len(), target.Value, 0, rows.Len(), 1, rows.Len(), false)
	default:
		be.GatherRows(rows, target.Value, nil, from)
	}
	return visible, target
}
