package clip

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"diffclip/autograd"
	"diffclip/internal/resident"
	"diffclip/internal/rng"
	"diffclip/optim"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// TrainConfig is the schedule of stage 2.
type TrainConfig struct {
	Epochs        int     `json:"epochs"`
	Batch         int     `json:"batch"`
	LR            float64 `json:"lr"`
	WeightDecay   float64 `json:"weight_decay"`   // L2, added to the gradient
	Milestones    []int   `json:"milestones"`     // epochs at which the rate falls to a tenth
	Clip          float64 `json:"clip"`           // largest gradient norm, 0 for no limit
	Symmetries    bool    `json:"symmetries"`     // flip and rotate windows at random
	FreezeEncoder int     `json:"freeze_encoder"` // epochs during which the image encoder keeps its weights
	FixNorms      bool    `json:"fix_norms"`      // batch norms keep the statistics they come with
	HeadFit       HeadFit `json:"head_fit"`
	// Spectral is the size of random changes of the windows' spectra, 0 for none.
	Spectral float64 `json:"spectral,omitempty"`
	// Average is the number of epochs at the end over whose updates the weights are averaged, 0 for the last weights.
	Average int    `json:"average,omitempty"`
	Seed    uint64 `json:"seed"`

	// Unlabelled are windows without labels, which HeadEM alone reads.
	Unlabelled []rsdata.Pixel `json:"-"`
}

// HeadFit says where the last weights of the head come from.
type HeadFit string

// The ways to fit the head.
const (
	HeadTrained HeadFit = "trained" // from the contrast, as everything else
	HeadLDA     HeadFit = "lda"     // after training, from linear discriminants: see Model.fitHead
	HeadEM      HeadFit = "em"      // the same, refined on windows without labels (TrainConfig.Unlabelled)
)

// maxSpectral bounds the size of spectral changes: ten deviations leave nothing of a spectrum.
const maxSpectral = 10

// leastBatch is how many samples there must be to contrast.
const leastBatch = 2

// DefaultTrain returns the paper's schedule: 150 epochs of batch 64, Adam at
// 1e-4 with decay 1e-5, a tenth of the rate from epoch 100 and again from 131.
func DefaultTrain() TrainConfig {
	return TrainConfig{Epochs: 150, Batch: 64, LR: 1e-4, WeightDecay: 1e-5, Milestones: []int{100, 131}, HeadFit: HeadTrained}
}

// Check returns an error that names what is wrong.
func (c TrainConfig) Check() error {
	switch {
	case c.Epochs < 1 || c.Batch < leastBatch:
		return fmt.Errorf("stage 2: %d epochs of batch %d: want at least one epoch, and two samples to contrast", c.Epochs, c.Batch)
	case !(c.LR > 0) || !(c.WeightDecay >= 0) || !(c.Clip >= 0) || c.FreezeEncoder < 0 || math.IsInf(c.LR+c.WeightDecay, 0):
		return fmt.Errorf("stage 2: learning rate %v must be positive, weight decay %v, clipping %v and frozen epochs %d not negative, rate and decay finite", c.LR, c.WeightDecay, c.Clip, c.FreezeEncoder)
	}
	if !(c.Spectral >= 0 && c.Spectral <= maxSpectral) {
		return fmt.Errorf("stage 2: spectral changes of size %v: want 0 to %d", c.Spectral, maxSpectral)
	}
	if c.Average < 0 || c.Average > c.Epochs {
		return fmt.Errorf("stage 2: an average over %d of %d epochs: want 0 to %d", c.Average, c.Epochs, c.Epochs)
	}
	if !slices.Contains([]HeadFit{"", HeadTrained, HeadLDA, HeadEM}, c.HeadFit) {
		return fmt.Errorf("stage 2: fit of the head %q: want %q, %q or %q", c.HeadFit, HeadTrained, HeadLDA, HeadEM)
	}
	return nil
}

// Prompts are the token ids of each class's description, class i (label i+1) at i.
type Prompts [][]int32

// LoadEncoder copies the image encoder of stage 1 into the model. Positional
// embeddings, reducers and blocks must all be there and fit.
func (m *Model) LoadEncoder(state map[string]*tensor.Tensor) error {
	encoder := map[string]*tensor.Tensor{} // decoders stay behind; head and text are new
	for name, t := range state {
		if isEncoder(name) {
			encoder[name] = t
		}
	}
	r := m.Set.Load(encoder)
	r.Missing = slices.DeleteFunc(r.Missing, func(name string) bool { return !isEncoder(name) })
	return r.Err()
}

func isEncoder(name string) bool { return strings.HasPrefix(name, "encoder.") }

// Train runs stage 2 on labelled windows and returns the loss of each epoch.
func (m *Model) Train(ctx context.Context, be tensor.Backend, w *rsdata.Windows, samples []rsdata.Sample, prompts Prompts, cfg TrainConfig, h train.Hooks) ([]train.Epoch, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := m.Config.Encoder.Fits(w); err != nil {
		return nil, fmt.Errorf("stage 2: %w", err)
	}
	if err := m.checkSamples(samples, prompts); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Check(rsdata.Pixels(nil, samples)), w.Check(cfg.Unlabelled)); err != nil {
		return nil, fmt.Errorf("stage 2: %w", err)
	}
	if cfg.HeadFit == HeadEM && len(cfg.Unlabelled) == 0 {
		return nil, fmt.Errorf("stage 2: fit of the head %q takes windows without labels, and there are none: say %q", HeadEM, HeadLDA)
	}
	m.fixNorms(cfg.FixNorms)
	identity, err := json.Marshal(struct {
		Model   Config
		Train   TrainConfig
		Prompts Prompts
		Seen    uint64
	}{m.Config, cfg, prompts, rsdata.HashSamples(samples)})
	if err != nil {
		return nil, err
	}
	scene, err := resident.New(be, w, resident.Many)
	if err != nil {
		return nil, fmt.Errorf("stage 2: %w", err)
	}
	bc := rsdata.BatchConfig{Size: cfg.Batch, Seed: cfg.Seed, Name: "stage 2", Shuffle: true, Symmetries: cfg.Symmetries, PlacesOnly: scene != nil}
	var batches *rsdata.Batches
	bc.Prepare = func(b *rsdata.Batch) { m.prepare(b, scene, prompts, cfg, uint64(b.Epoch*batches.Steps()+b.Step)) }
	batches = rsdata.NewBatches(w, samples, bc)
	adam := optim.DefaultAdam()
	adam.WeightDecay = cfg.WeightDecay
	var opt optim.Optimizer = optim.NewAdam(m.Set, adam)
	var average *optim.Average
	if cfg.Average > 0 {
		average = optim.NewAverage(opt, m.Set, (cfg.Epochs-cfg.Average)*batches.Steps())
		opt = average
	}
	loop := &train.Loop{
		Name: "stage 2", Backend: be, Set: m.Set, Opt: opt, Batches: batches,
		Epochs: cfg.Epochs, LR: optim.MultiStep{Base: cfg.LR, Gamma: 0.1, Milestones: cfg.Milestones}, Clip: cfg.Clip, Least: leastBatch,
		Loss: func(t *autograd.Tape, b *rsdata.Batch) *autograd.Var {
			m.freeze(b.Epoch < cfg.FreezeEncoder)
			return m.Loss(t, b.Extra.(*Batch))
		},
		Identity: string(identity), Hooks: h,
	}
	history, err := loop.Run(ctx)
	if err == nil && average != nil {
		average.Adopt(be)
	}
	switch {
	case err != nil:
	case cfg.HeadFit == HeadLDA:
		err = m.fitHead(ctx, be, w, samples, nil, prompts, nil)
	case cfg.HeadFit == HeadEM:
		err = m.fitHead(ctx, be, w, samples, cfg.Unlabelled, prompts, h.OnFit)
	}
	return history, err
}

// freeze stops the image encoder's training, or lets it go on, but for
// positional embeddings that never learn.
func (m *Model) freeze(frozen bool) {
	m.Set.Freeze(frozen, isEncoder)
	for _, s := range m.Encoder.Stems {
		s.Positions.Frozen = frozen || !m.Config.Encoder.TrainPositions
	}
}

// fixNorms makes the batch norms of the reducers use their running statistics in
// training too, or not.
func (m *Model) fixNorms(fixed bool) {
	for _, s := range m.Encoder.Stems {
		if r := s.Reducer; r != nil {
			r.Norm1.Fixed, r.Norm2.Fixed = fixed, fixed
		}
	}
}

// checkSamples returns an error unless every sample has a class that the model
// can learn: one with a prompt or, with a linear head, an output.
func (m *Model) checkSamples(samples []rsdata.Sample, prompts Prompts) error {
	if len(samples) < 2 {
		return fmt.Errorf("stage 2: %d labelled windows: at least two are needed to contrast", len(samples))
	}
	classes, what := len(prompts), "there are prompts for"
	if m.linear() {
		classes, what = m.Config.Classes, "the linear head has"
	}
	for _, s := range samples {
		if s.Label == 0 || int(s.Label) > classes {
			return fmt.Errorf("stage 2: a window at row %d, column %d has label %d, but %s classes 1 to %d", s.Row, s.Col, s.Label, what, classes)
		}
	}
	if m.linear() {
		return nil
	}
	if err := m.Config.Text.CheckPrompts(prompts); err != nil {
		return fmt.Errorf("stage 2: %w", err)
	}
	return nil
}

// prepare turns gathered windows, or the places of windows in a scene on a device,
// into a training batch: with timesteps, and the distinct prompts of its classes.
func (m *Model) prepare(b *rsdata.Batch, scene *resident.Windows, prompts Prompts, cfg TrainConfig, step uint64) {
	out, _ := b.Extra.(*Batch)
	if out == nil {
		out = &Batch{Scene: scene}
		b.Extra = out
	}
	if scene != nil {
		out.At = scene.Places(out.At[:0], b.Pixels, b.Augments)
	} else {
		m.arrange(out, b.Data, len(b.Samples))
	}
	m.drawSteps(out, len(b.Samples), rng.New(cfg.Seed, "stage 2/timestep", step))
	if cfg.Spectral > 0 {
		if out.spectra == nil {
			out.spectra = &spectral{}
		}
		out.spectra.draw(m.Config.Encoder, len(b.Samples), cfg.Spectral, cfg.Seed, step)
	}
	out.Class = out.Class[:0]
	for _, s := range b.Samples {
		out.Class = append(out.Class, int32(s.Label)-1)
	}
	if m.linear() {
		return
	}
	seen := map[uint8]int32{}
	out.Prompts, out.Prompt = out.Prompts[:0], out.Prompt[:0]
	for _, s := range b.Samples {
		i, ok := seen[s.Label]
		if !ok {
			i = int32(len(out.Prompts))
			seen[s.Label] = i
			out.Prompts = append(out.Prompts, prompts[s.Label-1])
		}
		out.Prompt = append(out.Prompt, i)
	}
}
