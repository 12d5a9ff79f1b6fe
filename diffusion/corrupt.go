package diffusion

import (
	"fmt"

	"diffclip/internal/rng"
	"diffclip/tensor"
)

// Corrupted is a batch after masking and noising: what the model restores, and
// what it restores it from.
type Corrupted struct {
	Steps  []int32 // (B) timestep index of each sample
	Labels []int32 // (B) class of each sample from 0, where the model learns classes too
	Inputs []CorruptedInput
	batch  int
	shard  int // samples that go through the transformers together

	onDevice
}

// CorruptedInput is one modality of a corrupted batch. Tokens are patches of P =
// p²·bands values. Where a device makes all this, Keep, Visible and Target are nil, and
// Weight lies there once a loss was computed.
type CorruptedInput struct {
	Keep    []int32        // (B·k) position of each visible token
	Visible *tensor.Tensor // (B·k·p², bands) noised visible pixels; every token's, (B·L·p², bands), in the reference order
	Target  *tensor.Tensor // (B, L, P) the clean window
	Weight  *tensor.Tensor // (B, L) weight of each token in the loss

	rows    tensor.Index // (B·k) 1 + position
	from    tensor.Index // (B·k) row among the B·L tokens
	places  tensor.Index // (B·(1+k)) position of each token of the encoder's, the class token's being 0
	restore tensor.Index // (B·(1+L)) position of each masked token; of others 1 + L + row among their shard's B'·(1+k)

	onDeviceInput
}

// Batch returns B.
func (c *Corrupted) Batch() int { return c.batch }

// Corruptor masks and noises windows. What it does to a batch is a function of
// its seed and the step.
type Corruptor struct {
	cfg      Config
	schedule *Schedule
	seed     uint64
	perm     []int32 // room for the tokens of a window
}

// NewCorruptor returns a corruptor for a model's configuration.
func NewCorruptor(c Config, seed uint64) *Corruptor {
	return &Corruptor{cfg: c, schedule: DefaultSchedule(c.Encoder.Timesteps), seed: seed, perm: make([]int32, c.Encoder.Tokens())}
}

// NewCorrupted returns room for batches of the given size.
func (c *Corruptor) NewCorrupted(batch int) *Corrupted {
	e := c.cfg.Encoder
	l, k := e.Tokens(), c.cfg.Keep()
	list := func(n int) tensor.Index { return tensor.IDs(make([]int32, n)) }
	out := &Corrupted{Steps: make([]int32, batch), Labels: make([]int32, batch), batch: batch, shard: shardSamples}
	for _, m := range e.Modalities {
		out.Inputs = append(out.Inputs, CorruptedInput{
			Keep:    make([]int32, batch*k),
			Visible: tensor.New(c.cfg.visiblePixels(batch), m.Bands),
			Target:  tensor.New(batch, l, e.PatchPixels()*m.Bands),
			Weight:  tensor.New(batch, l),
			rows:    list(batch * k),
			from:    list(batch * k),
			places:  list(batch * (1 + k)),
			restore: list(batch * (1 + l)),
		})
	}
	return out
}

// Fill corrupts a batch: windows holds per modality (B, window², bands), scaled,
// pixels row by row. Timesteps, masks and noise are those of the given step.
// Each sample has its own timestep; each sample and modality its own mask.
func (c *Corruptor) Fill(dst *Corrupted, windows [][]float32, step uint64) {
	c.draw(dst, step)
	c.apply(dst, windows)
}

// FillAt is Fill with all samples at one timestep index, to be looked at: masks
// and noise are those of the given step.
func (c *Corruptor) FillAt(dst *Corrupted, windows [][]float32, step uint64, t int) {
	c.draw(dst, step)
	for i := range dst.Steps {
		dst.Steps[i] = int32(t)
	}
	c.apply(dst, windows)
}

// draw draws the timesteps and masks of a step, and its noise into Visible.
func (c *Corruptor) draw(dst *Corrupted, step uint64) {
	c.drawSteps(dst, step)
	for m := range dst.Inputs {
		c.drawMasks(dst, m, step)
		if in := &dst.Inputs[m]; !c.cfg.NoNoise {
			c.noiseStream(m, step).Normal(in.Visible.Data, 0)
		}
	}
}

func (c *Corruptor) drawSteps(dst *Corrupted, step uint64) {
	times := rng.New(c.seed, "diffusion/timestep", step)
	for i := range dst.Steps {
		dst.Steps[i] = 0 // as stage 2 and everything clean has it
		if !c.cfg.NoNoise {
			dst.Steps[i] = int32(times.Intn(uint64(i), c.schedule.Steps()))
		}
	}
}

// drawMasks draws the masks of modality m.
func (c *Corruptor) drawMasks(dst *Corrupted, m int, step uint64) {
	k, keep, mask := c.cfg.Keep(), dst.Inputs[m].Keep, c.maskStream(m, step)
	for b := range dst.batch {
		mask.Perm(c.perm, uint64(b))
		copy(keep[b*k:(b+1)*k], c.perm[:k])
	}
}

func (c *Corruptor) maskStream(m int, step uint64) rng.Stream {
	return rng.New(c.seed, "diffusion/mask/"+c.cfg.Encoder.Modalities[m].Name, step)
}

func (c *Corruptor) noiseStream(m int, step uint64) rng.Stream {
	return rng.New(c.seed, "diffusion/noise/"+c.cfg.Encoder.Modalities[m].Name, step)
}

// apply masks and noises windows as drawn.
func (c *Corruptor) apply(dst *Corrupted, windows [][]float32) {
	e := c.cfg.Encoder
	if len(windows) != len(e.Modalities) {
		panic(fmt.Sprintf("diffusion: %d modalities given, the model has %d", len(windows), len(e.Modalities)))
	}
	for m := range dst.Inputs {
		in := &dst.Inputs[m]
		e.Arrange(in.Target.Data, windows[m], e.Modalities[m].Bands)
		in.index(e.Tokens(), c.cfg.Keep(), dst.batch, c.cfg)
		in.sequence(e.Tokens(), c.cfg.Keep(), dst.batch, dst.shard)
		c.noise(in, dst.Steps)
	}
}

// index derives rows, from and the weights from Keep.
func (in *CorruptedInput) index(l, k, batch int, cfg Config) {
	masked, visible := cfg.tokenWeights(batch)
	rows, from := in.rows.IDs, in.from.IDs
	for i := range in.Weight.Data {
		in.Weight.Data[i] = masked
	}
	for b := range batch {
		for j, at := range in.Keep[b*k : (b+1)*k] {
			rows[b*k+j] = 1 + at
			from[b*k+j] = int32(b*l) + at
			in.Weight.Data[b*l+int(at)] = visible
		}
	}
}

// sequence derives places and restore, for so many samples in a shard.
func (in *CorruptedInput) sequence(l, k, batch, shard int) {
	places, restore := in.places.IDs, in.restore.IDs
	for i := range restore {
		restore[i] = int32(i % (1 + l))
	}
	for b := range batch {
		row := 1 + l + b%shard*(1+k)
		restore[b*(1+l)] = int32(row)
		places[b*(1+k)] = 0
		for j, at := range in.Keep[b*k : (b+1)*k] {
			places[b*(1+k)+1+j] = 1 + at
			restore[b*(1+l)+1+int(at)] = int32(row + 1 + j)
		}
	}
}

// cut sets how many samples make a shard. It is kept when the batch is filled
// again.
func (c *Corrupted) cut(cfg Config, shard int) {
	if c.shard == shard {
		return
	}
	c.shard = shard
	for i := range c.Inputs {
		c.Inputs[i].sequence(cfg.Encoder.Tokens(), cfg.Keep(), c.batch, shard)
	}
}

// noise turns the noise in Visible into noised pixels, Eq. (1)-(2).
func (c *Corruptor) noise(in *CorruptedInput, steps []int32) {
	l := c.cfg.Encoder.Tokens()
	size := in.Target.Cols() // values of a token
	one := func(i, token int) {
		x := in.Visible.Data[i*size : (i+1)*size]
		clean := in.Target.Data[token*size : (token+1)*size]
		if c.cfg.NoNoise {
			copy(x, clean)
			return
		}
		c.schedule.Noise(x, clean, int(steps[token/l]))
	}
	if c.cfg.ReferenceOrder {
		for token := range len(steps) * l {
			one(token, token)
		}
		return
	}
	for i, token := range in.from.IDs {
		one(i, int(token))
	}
}
