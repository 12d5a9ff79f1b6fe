package diffusion

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/train"
	"diffclip/internal/train/traintest"
	"diffclip/nn"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

func TestMain(m *testing.M) {
	traintest.Child(stage)
	os.Exit(m.Run())
}

// small is a model for windows of 5 pixels of the synthetic scene.
func small() Config {
	c := Default(vit.Config{
		Modalities: []vit.Modality{{Name: "hsi", Bands: 6}, {Name: "lidar", Bands: 1}},
		Window:     5, Patch: 1, Dim: 8, Heads: 2, Depth: 1, MLPRatio: 2, Timesteps: 50,
	})
	c.DecoderDepth = 1
	return c
}

// stage trains a small model for 3 epochs of 5 steps.
func stage(ctx context.Context, be tensor.Backend, h train.Hooks) (*nn.Set, error) {
	_, w, samples := traintest.Data(5, 50)
	m, err := New(small(), 3)
	if err != nil {
		return nil, err
	}
	cfg := TrainConfig{Epochs: 3, Batch: 10, LR: 1e-2, WeightDecay: 1e-4, Clip: 1, Symmetries: true, Crops: []uint8{3, 5}, Seed: 4}
	_, err = m.Train(ctx, be, w, rsdata.Pixels(nil, samples), cfg, h)
	return m.Set, err
}

// labelledStage is stage for a model that learns classes too.
func labelledStage(ctx context.Context, be tensor.Backend, h train.Hooks) (*nn.Set, error) {
	d, w, samples := traintest.Data(5, 50)
	m, err := New(labelled(len(d.Classes)), 3)
	if err != nil {
		return nil, err
	}
	cfg := TrainConfig{Epochs: 3, Batch: 10, LR: 1e-2, Restarts: 2, Seed: 4}
	_, err = m.TrainLabelled(ctx, be, w, samples, cfg, h)
	return m.Set, err
}

func labelled(classes int) Config {
	c := small()
	c.Classes, c.ClassWeight = classes, 0.5
	return c
}

func TestSameWeightsForAnyThreads(t *testing.T) {
	traintest.AnyThreads(t, stage)
	traintest.AnyThreads(t, labelledStage)
}

func TestResumeGivesTheSameWeights(t *testing.T) {
	traintest.Resumes(t, stage)
	traintest.Resumes(t, labelledStage)
}

func TestResumeAfterKill(t *testing.T) { traintest.SurvivesKill(t, stage) }

// TestLabels: a model that learns classes takes labelled windows alone.
func TestLabels(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	d, w, samples := traintest.Data(5, 20)
	m, err := New(labelled(len(d.Classes)), 1)
	if err != nil {
		t.Fatal(err)
	}
	cfg := TrainConfig{Epochs: 1, Batch: 4, LR: 1e-3}
	if _, err := m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), cfg, Hooks{}); err == nil || !strings.Contains(err.Error(), "no labels") {
		t.Errorf("unlabelled windows: %v", err)
	}
	samples[3].Label = 0
	if _, err := m.TrainLabelled(context.Background(), be, w, samples, cfg, Hooks{}); err == nil || !strings.Contains(err.Error(), "label 0") {
		t.Errorf("a window without a label: %v", err)
	}
}

func TestLossFalls(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	_, w, samples := traintest.Data(5, 60)
	m, err := New(small(), 3)
	if err != nil {
		t.Fatal(err)
	}
	cfg := TrainConfig{Epochs: 10, Batch: 10, LR: 1e-2, Seed: 4}
	history, err := m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), cfg, Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	if first, last := history[0].Loss, history[9].Loss; len(history) != 10 || last > first/2 {
		t.Errorf("%d epochs, loss %v to %v: want it halved", len(history), first, last)
	}
	if a, b := history[0].LR, history[9].LR; a != 1e-2 || b >= a/2 {
		t.Errorf("rates %v to %v: want a cosine from 0.01", a, b)
	}
}

func TestNonFiniteLossNamesTheOperation(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	_, w, samples := traintest.Data(5, 20)
	m, err := New(small(), 3)
	if err != nil {
		t.Fatal(err)
	}
	m.Encoder.Stems[1].Embed.Weight.Value.Data[5] = float32(math.Inf(1))
	cfg := TrainConfig{Epochs: 2, Batch: 10, LR: 1e-2}
	_, err = m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), cfg, Hooks{})
	var bad *train.NonFiniteError
	if !errors.As(err, &bad) || bad.Where == nil || bad.Where.Op != "Linear" || bad.Epoch != 0 || bad.Step != 0 {
		t.Fatalf("an infinite weight of the patch embedding ends in %v", err)
	}
	for _, want := range []string{"stage 1", "epoch 1, step 1", "Linear", "lower learning rate"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestTrainRefuses(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, samples := traintest.Data(5, 20)
	pixels := rsdata.Pixels(nil, samples)
	good := TrainConfig{Epochs: 1, Batch: 4, LR: 1e-3}
	with := func(change func(*TrainConfig)) TrainConfig { c := good; change(&c); return c }
	for name, c := range map[string]struct {
		cfg    TrainConfig
		pixels []rsdata.Pixel
		model  func(*Config)
		want   string
	}{
		"no epochs":       {cfg: with(func(c *TrainConfig) { c.Epochs = 0 }), pixels: pixels, want: "epochs"},
		"no batch":        {cfg: with(func(c *TrainConfig) { c.Batch = 0 }), pixels: pixels, want: "batch"},
		"no rate":         {cfg: with(func(c *TrainConfig) { c.LR = 0 }), pixels: pixels, want: "learning rate"},
		"NaN rate":        {cfg: with(func(c *TrainConfig) { c.LR = math.NaN() }), pixels: pixels, want: "learning rate"},
		"infinite rate":   {cfg: with(func(c *TrainConfig) { c.LR = math.Inf(1) }), pixels: pixels, want: "rate +Inf"},
		"infinite decay":  {cfg: with(func(c *TrainConfig) { c.WeightDecay = math.Inf(1) }), pixels: pixels, want: "decay +Inf"},
		"NaN decay":       {cfg: with(func(c *TrainConfig) { c.WeightDecay = math.NaN() }), pixels: pixels, want: "decay"},
		"negative clip":   {cfg: with(func(c *TrainConfig) { c.Clip = -1 }), pixels: pixels, want: "clipping"},
		"negative warmup": {cfg: with(func(c *TrainConfig) { c.WarmUp = -1 }), pixels: pixels, want: "warm-up"},
		"no windows":      {cfg: good, want: "no windows to train on"},
		"other window":    {cfg: good, pixels: pixels, model: func(c *Config) { c.Encoder.Window = 7 }, want: "windows of 7"},
		"other bands":     {cfg: good, pixels: pixels, model: func(c *Config) { c.Encoder.Modalities[0].Bands = 9 }, want: "9 values"},
		"other number":    {cfg: good, pixels: pixels, model: func(c *Config) { c.Encoder.Modalities = c.Encoder.Modalities[:1] }, want: "1 modalities"},
	} {
		t.Run(name, func(t *testing.T) {
			mc := small()
			if c.model != nil {
				c.model(&mc)
			}
			m, err := New(mc, 1)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = m.Train(context.Background(), be, w, c.pixels, c.cfg, Hooks{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

// TestLossIsWeightedByHand recomputes the loss from the restored windows.
func TestLossIsWeightedByHand(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, samples := traintest.Data(5, 6)
	for name, change := range map[string]func(*Config){
		"weighted":        func(*Config) {},
		"paper":           func(c *Config) { c.PaperLoss = true },
		"reference order": func(c *Config) { c.ReferenceOrder = true },
		"no masks":        func(c *Config) { c.MaskRatio = 0 },
		"no noise":        func(c *Config) { c.NoNoise = true },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := small()
			change(&cfg)
			m, err := New(cfg, 1)
			if err != nil {
				t.Fatal(err)
			}
			data := w.NewBuffers(6)
			w.Gather(data, rsdata.Pixels(nil, samples))
			corruptor := NewCorruptor(cfg, 2)
			batch := corruptor.NewCorrupted(6)
			corruptor.Fill(batch, data, 0)
			tape := autograd.NewTape(be, autograd.Eval)
			got := float64(m.Loss(tape, batch).Value.Item())
			want := 0.0
			for i, v := range m.Restore(tape, batch) {
				want += lossByHand(cfg, batch.Inputs[i], v.Value)
			}
			if math.Abs(got-want) > 1e-5*want {
				t.Errorf("loss %v, by hand %v", got, want)
			}
		})
	}
}

// lossByHand is the loss of one modality, from Keep alone.
func lossByHand(cfg Config, in CorruptedInput, restored *tensor.Tensor) float64 {
	l, k, size := cfg.Encoder.Tokens(), cfg.Keep(), in.Target.Cols()
	var masked, visible float64
	for row := range in.Target.Rows() {
		b, token, sq := row/l, row%l, 0.0
		for i := row * size; i < (row+1)*size; i++ {
			d := float64(restored.Data[i]) - float64(in.Target.Data[i])
			sq += d * d / float64(size)
		}
		kept := false
		for _, at := range in.Keep[b*k : (b+1)*k] {
			kept = kept || int(at) == token
		}
		if kept {
			visible += sq
		} else {
			masked += sq
		}
	}
	n := float64(in.Target.Rows() / l)
	switch {
	case cfg.PaperLoss:
		return (masked + visible) / (n * float64(l))
	case k == l:
		return visible / (n * float64(l))
	}
	return 0.1*masked/(n*float64(l-k)) + visible/(n*float64(k))
}

// TestEveryEpochDrawsAnew: with one window and weights that hardly move, only
// timestep, mask and noise can change the loss.
func TestEveryEpochDrawsAnew(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, samples := traintest.Data(5, 1)
	m, err := New(small(), 3)
	if err != nil {
		t.Fatal(err)
	}
	history, err := m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), TrainConfig{Epochs: 3, Batch: 1, LR: 1e-30}, Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	if a, b, c := history[0].Loss, history[1].Loss, history[2].Loss; a == b || b == c || a == c {
		t.Errorf("losses %v, %v, %v: an epoch repeats another's draws", a, b, c)
	}
}
