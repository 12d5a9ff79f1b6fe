package diffusion

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"diffclip/autograd"
	"diffclip/internal/resident"
	"diffclip/optim"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// TrainConfig is the schedule of stage 1.
type TrainConfig struct {
	Epochs      int     `json:"epochs"`
	Batch       int     `json:"batch"`
	LR          float64 `json:"lr"`
	WeightDecay float64 `json:"weight_decay"` // L2, added to the gradient
	// Restarts, if positive, is the length in epochs of the first cycle of a
	// cosine with warm restarts that doubles each time, as in the published code;
	// 0 is one cosine over all epochs, as in the paper.
	Restarts   int     `json:"restarts"`
	WarmUp     int     `json:"warm_up"` // epochs of linear warm-up before it
	Clip       float64 `json:"clip"`    // largest gradient norm, 0 for no limit
	Symmetries bool    `json:"symmetries"`
	Crops      []uint8 `json:"crops"` // sides of centre crops resized to the window, one drawn per window
	Seed       uint64  `json:"seed"`
}

// DefaultTrain returns the paper's schedule: 100 epochs of batch 256, Adam at
// 1e-4 with decay 1e-5 along a cosine, centre crops of 9 or 11 pixels.
func DefaultTrain() TrainConfig {
	return TrainConfig{Epochs: 100, Batch: 256, LR: 1e-4, WeightDecay: 1e-5, Crops: []uint8{9, 11}}
}

// Schedule returns the learning rate by epoch.
func (c TrainConfig) Schedule() optim.Schedule {
	var s optim.Schedule = optim.Cosine{Base: c.LR, Steps: max(c.Epochs-c.WarmUp, 1)}
	if c.Restarts > 0 {
		s = optim.WarmRestarts{Base: c.LR, First: c.Restarts, Factor: 2}
	}
	if c.WarmUp > 0 {
		s = optim.WarmUp{Steps: c.WarmUp, Then: s}
	}
	return s
}

// Check returns an error that names what is wrong.
func (c TrainConfig) Check() error {
	switch {
	case c.Epochs < 1 || c.Batch < 1:
		return fmt.Errorf("stage 1: %d epochs of batch %d: both must be at least 1", c.Epochs, c.Batch)
	case !(c.LR > 0) || !(c.WeightDecay >= 0) || !(c.Clip >= 0) || c.WarmUp < 0 || c.Restarts < 0 || math.IsInf(c.LR+c.WeightDecay, 0):
		return fmt.Errorf("stage 1: learning rate %v must be positive, weight decay %v, clipping %v, warm-up %d and restarts %d not negative, rate and decay finite", c.LR, c.WeightDecay, c.Clip, c.WarmUp, c.Restarts)
	}
	return nil
}

// Train runs stage 1 on unlabelled windows and returns the loss of each epoch.
func (m *Model) Train(ctx context.Context, be tensor.Backend, w *rsdata.Windows, pixels []rsdata.Pixel, cfg TrainConfig, h train.Hooks) ([]train.Epoch, error) {
	if m.Classifier != nil {
		return nil, fmt.Errorf("stage 1: this model learns classes too, and the windows have no labels")
	}
	return m.train(ctx, be, w, rsdata.Unlabelled(pixels), rsdata.HashPixels(pixels), cfg, h)
}

// TrainLabelled is Train on labelled windows, for a model that learns their classes
// too.
func (m *Model) TrainLabelled(ctx context.Context, be tensor.Backend, w *rsdata.Windows, samples []rsdata.Sample, cfg TrainConfig, h train.Hooks) ([]train.Epoch, error) {
	for _, s := range samples {
		if s.Label == 0 || int(s.Label) > m.Config.Classes {
			return nil, fmt.Errorf("stage 1: a window at row %d, column %d has label %d, but the model has classes 1 to %d", s.Row, s.Col, s.Label, m.Config.Classes)
		}
	}
	return m.train(ctx, be, w, samples, rsdata.HashSamples(samples), cfg, h)
}

func (m *Model) train(ctx context.Context, be tensor.Backend, w *rsdata.Windows, samples []rsdata.Sample, seen uint64, cfg TrainConfig, h train.Hooks) ([]train.Epoch, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := m.Config.Encoder.Fits(w); err != nil {
		return nil, fmt.Errorf("stage 1: %w", err)
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("stage 1: no windows to train on")
	}
	if err := w.Check(rsdata.Pixels(nil, samples)); err != nil {
		return nil, fmt.Errorf("stage 1: %w", err)
	}
	corruptor := NewCorruptor(m.Config, cfg.Seed)
	scene, err := resident.New(be, w, resident.Many)
	if err != nil {
		return nil, fmt.Errorf("stage 1: %w", err)
	}
	bc := rsdata.BatchConfig{Size: cfg.Batch, Seed: cfg.Seed, Name: "stage 1", Shuffle: true, DropLast: true, Symmetries: cfg.Symmetries, Crops: m.crops(cfg), PlacesOnly: scene != nil}
	var batches *rsdata.Batches
	bc.Prepare = func(b *rsdata.Batch) {
		c, _ := b.Extra.(*Corrupted)
		if c == nil || c.Batch() != len(b.Samples) {
			c = corruptor.NewResident(scene, len(b.Samples))
			b.Extra = c
		}
		for i, s := range b.Samples {
			c.Labels[i] = int32(s.Label) - 1
		}
		corruptor.FillBatch(c, b, uint64(b.Epoch*batches.Steps()+b.Step))
	}
	batches = rsdata.NewBatches(w, samples, bc)
	adam := optim.DefaultAdam()
	adam.WeightDecay = cfg.WeightDecay
	identity, err := json.Marshal(struct {
		Model Config
		Train TrainConfig
		Seen  uint64
	}{m.Config, cfg, seen})
	if err != nil {
		return nil, err
	}
	loop := &train.Loop{
		Name: "stage 1", Backend: be, Set: m.Set, Opt: optim.NewAdam(m.Set, adam), Batches: batches,
		Epochs: cfg.Epochs, LR: cfg.Schedule(), Clip: cfg.Clip,
		Loss: func(t *autograd.Tape, b *rsdata.Batch) *autograd.Var {
			return m.Loss(t, b.Extra.(*Corrupted))
		},
		Identity: string(identity), Hooks: h,
	}
	return loop.Run(ctx)
}

// crops returns the crop sides that fit the window.
func (m *Model) crops(cfg TrainConfig) []uint8 {
	var fit []uint8
	for _, side := range cfg.Crops {
		if int(side) <= m.Config.Encoder.Window {
			fit = append(fit, side)
		}
	}
	return fit
}
