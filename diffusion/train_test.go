package diffusion

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden/modeltest"
	"diffclip/internal/traintest"
	"diffclip/nn"
	"diffclip/optim/train"
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
	if _, err := m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), cfg, train.Hooks{}); err == nil || !strings.Contains(err.Error(), "no labels") {
		t.Errorf("unlabelled windows: %v", err)
	}
	for label, want := range map[uint8]string{0: "label 0", uint8(len(d.Classes) + 1): fmt.Sprintf("label %d", len(d.Classes)+1)} {
		samples[3].Label = label
		if _, err := m.TrainLabelled(context.Background(), be, w, samples, cfg, train.Hooks{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a window of label %d: %v", label, err)
		}
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
	history, err := m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), cfg, train.Hooks{})
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
	_, err = m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), cfg, train.Hooks{})
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
		"outside":         {cfg: good, pixels: []rsdata.Pixel{{}, {Col: -1}}, want: "pixel at row 0, column -1 of scene 0"},
		"no epochs":       {cfg: with(func(c *TrainConfig) { c.Epochs = 0 }), pixels: pixels, want: "epochs"},
		"no batch":        {cfg: with(func(c *TrainConfig) { c.Batch = 0 }), pixels: pixels, want: "batch"},
		"no rate":         {cfg: with(func(c *TrainConfig) { c.LR = 0 }), pixels: pixels, want: "learning rate"},
		"NaN rate":        {cfg: with(func(c *TrainConfig) { c.LR = math.NaN() }), pixels: pixels, want: "learning rate"},
		"infinite rate":   {cfg: with(func(c *TrainConfig) { c.LR = math.Inf(1) }), pixels: pixels, want: "rate +Inf"},
		"infinite decay":  {cfg: with(func(c *TrainConfig) { c.WeightDecay = math.Inf(1) }), pixels: pixels, want: "decay +Inf"},
		"NaN decay":       {cfg: with(func(c *TrainConfig) { c.WeightDecay = math.NaN() }), pixels: pixels, want: "decay"},
		"negative clip":   {cfg: with(func(c *TrainConfig) { c.Clip = -1 }), pixels: pixels, want: "clipping"},
		"negative warmup": {cfg: with(func(c *TrainConfig) { c.WarmUp = -1 }), pixels: pixels, want: "warm-up"},
		"negative cycle":  {cfg: with(func(c *TrainConfig) { c.Restarts = -1 }), pixels: pixels, want: "restarts"},
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
			if _, err = m.Train(context.Background(), be, w, c.pixels, c.cfg, train.Hooks{}); err == nil || !strings.Contains(err.Error(), c.want) {
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
	history, err := m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), TrainConfig{Epochs: 3, Batch: 1, LR: 1e-30}, train.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	if a, b, c := history[0].Loss, history[1].Loss, history[2].Loss; a == b || b == c || a == c {
		t.Errorf("losses %v, %v, %v: an epoch repeats another's draws", a, b, c)
	}
}

// TestRates: the rate of each epoch, with a warm-up, and with restarts in place of
// the one cosine.
func TestRates(t *testing.T) {
	half := func(step, steps float64) float64 { return (1 + math.Cos(math.Pi*step/steps)) / 2 }
	for name, c := range map[string]struct {
		cfg  TrainConfig
		want []float64
	}{
		"cosine":   {TrainConfig{Epochs: 4, LR: 1}, []float64{1, half(1, 4), half(2, 4), half(3, 4)}},
		"warm-up":  {TrainConfig{Epochs: 5, LR: 1, WarmUp: 2}, []float64{0.5, 1, 1, half(1, 3), half(2, 3)}},
		"restarts": {TrainConfig{Epochs: 8, LR: 1, Restarts: 2}, []float64{1, half(1, 2), 1, half(1, 4), half(2, 4), half(3, 4), 1, half(1, 8)}},
		"both":     {TrainConfig{Epochs: 4, LR: 1, WarmUp: 1, Restarts: 1}, []float64{1, 1, 1, half(1, 2)}},
		"too long": {TrainConfig{Epochs: 2, LR: 1, WarmUp: 4}, []float64{0.25, 0.5}},
	} {
		for epoch, want := range c.want {
			near(t, fmt.Sprintf("%s: rate of epoch %d", name, epoch), c.cfg.Schedule().LR(epoch), want, 1e-12)
		}
	}
}

// TestEveryOptionCounts: each option of the training, and each of what a model does
// to a window, leads to other weights.
func TestEveryOptionCounts(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	_, w, samples := traintest.Data(5, 23)
	trained := func(change func(*Config, *TrainConfig)) []float32 {
		t.Helper()
		model, cfg := small(), TrainConfig{Epochs: 3, Batch: 10, LR: 1e-2, Seed: 4}
		change(&model, &cfg)
		m, err := New(model, 3)
		if err != nil {
			t.Fatal(err)
		}
		steps := 0
		h := train.Hooks{OnStep: func(train.Step) { steps++ }}
		if _, err := m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), cfg, h); err != nil {
			t.Fatal(err)
		}
		if want := cfg.Epochs * max(len(samples)/cfg.Batch, 1); steps != want {
			t.Errorf("%d steps of batch %d, want %d: the rest of an epoch is left out", steps, cfg.Batch, want)
		}
		return slices.Clone(m.Set.Flatten().Value.Data)
	}
	plain := trained(func(*Config, *TrainConfig) {})
	if !slices.Equal(trained(func(*Config, *TrainConfig) {}), plain) {
		t.Fatal("two equal trainings differ")
	}
	for name, change := range map[string]func(*Config, *TrainConfig){
		"rate":            func(_ *Config, c *TrainConfig) { c.LR = 2e-2 },
		"decay":           func(_ *Config, c *TrainConfig) { c.WeightDecay = 0.1 },
		"clip":            func(_ *Config, c *TrainConfig) { c.Clip = 1e-6 },
		"warm-up":         func(_ *Config, c *TrainConfig) { c.WarmUp = 1 },
		"restarts":        func(_ *Config, c *TrainConfig) { c.Restarts = 1 },
		"symmetries":      func(_ *Config, c *TrainConfig) { c.Symmetries = true },
		"crops":           func(_ *Config, c *TrainConfig) { c.Crops = []uint8{3} },
		"seed":            func(_ *Config, c *TrainConfig) { c.Seed = 5 },
		"batch":           func(_ *Config, c *TrainConfig) { c.Batch = 100 },
		"mask ratio":      func(m *Config, _ *TrainConfig) { m.MaskRatio = 0.5 },
		"masked weight":   func(m *Config, _ *TrainConfig) { m.MaskedWeight = 0.2 },
		"visible weight":  func(m *Config, _ *TrainConfig) { m.VisibleWeight = 2 },
		"loss":            func(m *Config, _ *TrainConfig) { m.PaperLoss = true },
		"no noise":        func(m *Config, _ *TrainConfig) { m.NoNoise = true },
		"reference order": func(m *Config, _ *TrainConfig) { m.ReferenceOrder = true },
	} {
		if slices.Equal(trained(change), plain) {
			t.Errorf("%s: the same weights as without", name)
		}
	}
	if !slices.Equal(trained(func(_ *Config, c *TrainConfig) { c.Crops = []uint8{9, 11} }), plain) {
		t.Error("crops that are larger than the window count")
	}
}

// TestPublishedSchedule: that of the paper, and the crops of 9 or 11 pixels of the
// published code, of which those are taken that a window holds.
func TestPublishedSchedule(t *testing.T) {
	want := TrainConfig{Epochs: 100, Batch: 256, LR: 1e-4, WeightDecay: 1e-5, Crops: []uint8{9, 11}}
	got := DefaultTrain()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for window, want := range map[int][]uint8{11: {9, 11}, 10: {9}, 9: {9}, 7: nil} {
		c := small()
		c.Encoder.Window = window
		if fit := (&Model{Config: c}).crops(got); !slices.Equal(fit, want) {
			t.Errorf("windows of %d pixels are cropped to %v, want %v", window, fit, want)
		}
	}
}

// TestDecayIsAddedToTheGradient: one parameter that the loss does not reach moves by
// the rate, as Adam moves whatever the size of a gradient; AdamW would shrink it by
// the rate times the decay.
func TestDecayIsAddedToTheGradient(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, samples := traintest.Data(5, 4)
	c := small()
	c.MaskRatio = 0 // there is no masked token
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	token := m.Decoders[0].MaskToken.Value
	token.Data[0], token.Data[1] = 0.5, -0.5
	cfg := TrainConfig{Epochs: 1, Batch: 4, LR: 1e-2, WeightDecay: 1e-2}
	if _, err := m.Train(context.Background(), be, w, rsdata.Pixels(nil, samples), cfg, train.Hooks{}); err != nil {
		t.Fatal(err)
	}
	near(t, "0.5 after a step", float64(token.Data[0]), 0.49, 1e-6)
	near(t, "-0.5 after a step", float64(token.Data[1]), -0.49, 1e-6)
}

// TestInitialValues: masked tokens begin at zero, as the paper says, and positions as
// sines and cosines.
func TestInitialValues(t *testing.T) {
	c := small()
	c.Encoder.Dim = 32
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	set := nn.NewSet(1)
	newDecoder(set.Root(), c, 6)
	starts := []modeltest.Start{
		{Suffix: "mask_token"}, {Suffix: "pos_embed", Values: vit.SinCosPositions(5, 32).Data},
		{Suffix: "norm.weight", Mean: 1}, {Suffix: "norm1.weight", Mean: 1}, {Suffix: "norm2.weight", Mean: 1},
		{Suffix: "bias"}, {Suffix: "weight", Deviation: modeltest.Xavier},
	}
	modeltest.Starts(t, set.Params(), starts)
	if slices.Equal(m.Decoders[0].Embed.Weight.Value.Data, m.Decoders[1].Embed.Weight.Value.Data) {
		t.Error("two decoders begin alike")
	}
}

// TestOrderOfWindows: every epoch has another order of the windows, each once, of class
// i where the label is i+1.
func TestOrderOfWindows(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, samples := traintest.Data(5, 8)
	c := labelled(200)
	m, err := New(c, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range samples {
		samples[i].Label = uint8(1 + i)
	}
	orders := map[string]bool{}
	var order []int32
	h := train.Hooks{
		OnStep: func(train.Step) { order = append(order, m.batch.Labels...) },
		OnEpoch: func(train.Epoch) error {
			orders[fmt.Sprint(order)] = true
			slices.Sort(order)
			if !slices.Equal(order, []int32{0, 1, 2, 3, 4, 5, 6, 7}) {
				t.Errorf("classes of an epoch: %v, want each of 0 to 7", order)
			}
			order = nil
			return nil
		},
	}
	if _, err := m.TrainLabelled(context.Background(), be, w, samples, TrainConfig{Epochs: 3, Batch: 4, LR: 1e-4}, h); err != nil {
		t.Fatal(err)
	}
	if len(orders) != 3 {
		t.Errorf("orders of three epochs: %v", orders)
	}
}

// TestResumeWantsTheSameRun: a checkpoint of other windows or options is refused.
func TestResumeWantsTheSameRun(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, samples := traintest.Data(5, 8)
	pixels := rsdata.Pixels(nil, samples)
	h := train.Hooks{Checkpoint: filepath.Join(t.TempDir(), "c.safetensors")}
	run := func(model Config, pixels []rsdata.Pixel, cfg TrainConfig) error {
		m, err := New(model, 3)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Train(context.Background(), be, w, pixels, cfg, h)
		return err
	}
	cfg := TrainConfig{Epochs: 1, Batch: 4, LR: 1e-3}
	if err := errors.Join(run(small(), pixels, cfg), run(small(), pixels, cfg)); err != nil {
		t.Fatal(err)
	}
	other, decayed, paper := slices.Clone(pixels), cfg, small()
	other[3].Row++
	decayed.WeightDecay = 0.1
	paper.PaperLoss = true
	for name, err := range map[string]error{
		"windows": run(small(), other, cfg), "decay": run(small(), pixels, decayed), "loss": run(paper, pixels, cfg),
	} {
		if err == nil || !strings.Contains(err.Error(), "another configuration") {
			t.Errorf("other %s: %v", name, err)
		}
	}
	h.Checkpoint += "-labelled"
	for _, want := range []string{"", "another configuration"} {
		m, err := New(labelled(200), 3)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.TrainLabelled(context.Background(), be, w, samples, cfg, h)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("label %d: error %v, want %q", samples[0].Label, err, want)
		}
		samples[0].Label++
	}
}
