package diffusion

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

// SampleConfig says how the reverse process is run.
type SampleConfig struct {
	Implicit bool // DDIM, deterministic; else DDPM
	Steps    int  // reverse steps, spread evenly over the schedule; DDPM needs all T
	Seed     uint64
	// Start is the timestep index to begin from, T-1 for pure noise. Below that
	// the windows given to Sample are noised to it first.
	Start int
	// Observe, if set, is called after each step with its index and the visible
	// pixels of each modality, which it must not keep.
	Observe func(t int, c *Corrupted)
}

// Sample runs the reverse process, Eq. (5): P_θ(x_{0:T}) = P(x_T) Π P_θ(x_{t-1} | x_t),
// and returns the restored windows, per modality (B, L, P). Visible tokens,
// those of c's masks, walk from noise to clean; masked ones come from the
// decoder at each step. c must hold the clean windows as Target (a Corruptor's
// Fill sees to that); it is overwritten.
func (m *Model) Sample(be tensor.Backend, c *Corrupted, cfg SampleConfig) ([]*tensor.Tensor, error) {
	s := DefaultSchedule(m.Config.Encoder.Timesteps)
	path, err := cfg.path(s.Steps())
	if err != nil {
		return nil, err
	}
	switch {
	case m.Config.ReferenceOrder:
		return nil, fmt.Errorf("diffusion: sampling walks the visible tokens alone; the reference order has no such set")
	case m.Config.NoNoise:
		return nil, fmt.Errorf("diffusion: this model was made without noise, and there is none to walk back from")
	case c.scene != nil:
		return nil, fmt.Errorf("diffusion: the windows to sample from are cut out on the device: make room for them with NewCorrupted")
	}
	m.start(c, s, cfg)
	tape := autograd.NewTape(be, autograd.Eval)
	out := make([]*tensor.Tensor, len(c.Inputs))
	for i, t := range path {
		for b := range c.Steps {
			c.Steps[b] = int32(t)
		}
		next := -1
		if i+1 < len(path) {
			next = path[i+1]
		}
		for k, v := range m.Restore(tape, c) {
			out[k] = v.Value.Clone()
			m.step(&c.Inputs[k], out[k], s, cfg, t, next, k)
		}
		tape.Reset()
		if cfg.Observe != nil {
			cfg.Observe(t, c)
		}
	}
	return out, nil
}

// path returns the timestep indices to visit, falling.
func (cfg SampleConfig) path(steps int) ([]int, error) {
	n := cfg.Steps
	switch {
	case cfg.Start < 0 || cfg.Start >= steps:
		return nil, fmt.Errorf("diffusion: start index %d must lie in 0..%d", cfg.Start, steps-1)
	case !cfg.Implicit && n != cfg.Start+1:
		return nil, fmt.Errorf("diffusion: DDPM visits every step: want %d steps from index %d, got %d (use DDIM for fewer)", cfg.Start+1, cfg.Start, n)
	case n < 1 || n > cfg.Start+1:
		return nil, fmt.Errorf("diffusion: %d steps from index %d: want 1 to %d", n, cfg.Start, cfg.Start+1)
	}
	path := make([]int, n)
	for i := range path {
		path[i] = cfg.Start
		if n > 1 {
			path[i] = cfg.Start - i*cfg.Start/(n-1)
		}
	}
	return path, nil
}

// start sets the visible pixels to x_start.
func (m *Model) start(c *Corrupted, s *Schedule, cfg SampleConfig) {
	for k := range c.Inputs {
		in := &c.Inputs[k]
		size := in.Target.Cols()
		rng.New(cfg.Seed, "sample/start/"+m.Config.Encoder.Modalities[k].Name, 0).Normal(in.Visible.Data, 0)
		if cfg.Start == s.Steps()-1 {
			continue
		}
		for i, token := range in.from.IDs {
			s.Noise(in.Visible.Data[i*size:(i+1)*size], in.Target.Data[int(token)*size:(int(token)+1)*size], cfg.Start)
		}
	}
}

// step moves the visible pixels of modality k from index t to next.
func (m *Model) step(in *CorruptedInput, x0 *tensor.Tensor, s *Schedule, cfg SampleConfig, t, next, k int) {
	size := x0.Cols()
	noise := make([]float32, len(in.Visible.Data))
	if !cfg.Implicit {
		rng.New(cfg.Seed, "sample/step/"+m.Config.Encoder.Modalities[k].Name, uint64(t)).Normal(noise, 0)
	}
	for i, token := range in.from.IDs {
		x, clean := in.Visible.Data[i*size:(i+1)*size], x0.Data[int(token)*size:(int(token)+1)*size]
		if cfg.Implicit {
			s.ReverseImplicit(x, clean, t, next)
		} else {
			s.Reverse(x, clean, noise[i*size:(i+1)*size], t)
		}
	}
}
