package clip

import (
	"context"
	"errors"
	"math"
	"os"
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
		Window:     5, Patch: 1, Dim: 8, Heads: 2, Depth: 2, MLPRatio: 2, Timesteps: 50,
	}, 20)
	c.Text.Dim, c.Text.Heads, c.Text.Depth = 8, 2, 2
	c.HeadStd = 0.2
	return c
}

// smallPrompts are different prompts of different lengths for n classes.
func smallPrompts(n int) Prompts {
	var out Prompts
	for i := range n {
		p := []int32{18, int32(i), int32(2*i+1) % 18}
		for range i % 3 {
			p = append(p, 17)
		}
		out = append(out, append(p, 19))
	}
	return out
}

// stage trains a small model for 3 epochs of 5 steps, the last of an epoch
// short, the encoder frozen in the first.
func stage(ctx context.Context, be tensor.Backend, h train.Hooks) (*nn.Set, error) {
	d, w, samples := traintest.Data(5, 46)
	c := small()
	c.RandomTimestep, c.Pool = true, PoolCentre
	m, err := New(c, 3)
	if err != nil {
		return nil, err
	}
	cfg := TrainConfig{Epochs: 3, Batch: 10, LR: 1e-2, WeightDecay: 1e-4, Milestones: []int{2}, Clip: 1, Symmetries: true, FreezeEncoder: 1, Seed: 4, HeadFit: HeadLDA, Spectral: 0.1, Average: 2}
	_, err = m.Train(ctx, be, w, samples, smallPrompts(len(d.Classes)), cfg, h)
	return m.Set, err
}

// linearStage is stage with a linear head and a linear stem, and all its steps alike
// but for the frozen ones.
func linearStage(ctx context.Context, be tensor.Backend, h train.Hooks) (*nn.Set, error) {
	d, w, samples := traintest.Data(5, 46)
	c := linear(len(d.Classes))
	c.Encoder.Stem = vit.StemLinear
	m, err := New(c, 3)
	if err != nil {
		return nil, err
	}
	cfg := TrainConfig{Epochs: 3, Batch: 10, LR: 1e-2, WeightDecay: 1e-4, Clip: 1, FreezeEncoder: 1, FixNorms: true, Seed: 4}
	_, err = m.Train(ctx, be, w, samples, nil, cfg, h)
	return m.Set, err
}

// linear is small with a linear head.
func linear(classes int) Config {
	c := small()
	c.Head, c.Classes, c.Text = HeadLinear, classes, TextConfig{}
	return c
}

func TestSameWeightsForAnyThreads(t *testing.T) {
	traintest.AnyThreads(t, stage)
	traintest.AnyThreads(t, linearStage)
}

func TestResumeGivesTheSameWeights(t *testing.T) {
	traintest.Resumes(t, stage)
	traintest.Resumes(t, linearStage)
}

func TestResumeAfterKill(t *testing.T) { traintest.SurvivesKill(t, stage) }

// TestTrainingSeparatesClasses trains on few windows and classifies them.
func TestTrainingSeparatesClasses(t *testing.T) {
	t.Run("text", func(t *testing.T) { separates(t, small()) })
	t.Run("linear", func(t *testing.T) { separates(t, linear(10)) })
}

func separates(t *testing.T, c Config) {
	be := tensor.NewCPU(2)
	defer be.Close()
	d, w, all := traintest.Data(5, 64*64)
	counts := make([]int, len(d.Classes)+1)
	var samples []rsdata.Sample
	for _, s := range all {
		if counts[s.Label]++; counts[s.Label] <= 5 {
			samples = append(samples, s)
		}
	}
	m, err := New(c, 3)
	if err != nil {
		t.Fatal(err)
	}
	prompts := smallPrompts(len(d.Classes))
	before := accuracy(t, NewClassifier(be, m, prompts), w, samples)
	history, err := m.Train(context.Background(), be, w, samples, prompts, TrainConfig{Epochs: 60, Batch: 12, LR: 1e-2, Seed: 4}, train.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	after := accuracy(t, NewClassifier(be, m, prompts), w, samples)
	if first, last := history[0].Loss, history[len(history)-1].Loss; !(last < first) || after < 0.8 || before > 0.3 {
		t.Errorf("loss %v to %v, accuracy on %d training windows %v to %v: want more than 0.8", first, last, len(samples), before, after)
	}
}

func accuracy(t *testing.T, c *Classifier, w *rsdata.Windows, samples []rsdata.Sample) float64 {
	t.Helper()
	confusion, predicted, err := c.Evaluate(context.Background(), w, samples)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, s := range samples {
		if predicted[i] == s.Label {
			right++
		}
	}
	if want := float64(right) / float64(len(samples)); math.Abs(confusion.OA()-want) > 1e-12 {
		t.Errorf("overall accuracy %v, counted %v", confusion.OA(), want)
	}
	return confusion.OA()
}

// TestFreezing: frozen epochs leave the encoder's weights alone, and positions
// that are not to learn never move.
func TestFreezing(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	d, w, samples := traintest.Data(5, 20)
	for name, frozen := range map[string]int{"frozen": 2, "thawed": 1} {
		t.Run(name, func(t *testing.T) {
			c := small()
			c.Encoder.TrainPositions = false
			m, err := New(c, 3)
			if err != nil {
				t.Fatal(err)
			}
			start := map[string][]float32{}
			for _, p := range m.Set.Params() {
				start[p.Name] = slices.Clone(p.Value.Data)
			}
			cfg := TrainConfig{Epochs: 2, Batch: 10, LR: 1e-2, FreezeEncoder: frozen}
			if _, err := m.Train(context.Background(), be, w, samples, smallPrompts(len(d.Classes)), cfg, train.Hooks{}); err != nil {
				t.Fatal(err)
			}
			for _, p := range m.Set.Params() {
				still := strings.HasSuffix(p.Name, "pos_embed") || frozen == 2 && isEncoder(p.Name)
				if same := slices.Equal(p.Value.Data, start[p.Name]); same != still {
					t.Errorf("%s stayed as it was: %v, want %v", p.Name, same, still)
				}
			}
		})
	}
}

// TestFixedNorms: the statistics of stage 1 stay as they are where asked, else they
// follow the batches, also those of a model that was trained with fixed ones.
func TestFixedNorms(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	d, w, samples := traintest.Data(5, 20)
	m, err := New(linear(len(d.Classes)), 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, fixed := range []bool{true, false} {
		if _, err := m.Train(context.Background(), be, w, samples, nil, TrainConfig{Epochs: 1, Batch: 10, LR: 1e-2, FreezeEncoder: 1, FixNorms: fixed}, train.Hooks{}); err != nil {
			t.Fatal(err)
		}
		for _, b := range m.Set.Buffers() {
			if !strings.HasSuffix(b.Name, "running_mean") {
				continue
			}
			if still := !slices.ContainsFunc(b.Value.Data, func(v float32) bool { return v != 0 }); still != fixed {
				t.Errorf("%s stayed at zero: %v, want %v", b.Name, still, fixed)
			}
		}
	}
}

func TestNonFiniteLossNamesTheOperation(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	d, w, samples := traintest.Data(5, 20)
	m, err := New(small(), 3)
	if err != nil {
		t.Fatal(err)
	}
	m.LogitScale.Value.Data[0] = 1000 // exp overflows
	_, err = m.Train(context.Background(), be, w, samples, smallPrompts(len(d.Classes)), TrainConfig{Epochs: 1, Batch: 10, LR: 1e-2}, train.Hooks{})
	var bad *train.NonFiniteError
	if !errors.As(err, &bad) || bad.Where == nil || bad.Where.Op != "Exp" || !strings.Contains(err.Error(), "stage 2") {
		t.Errorf("error %v, want one that names Exp", err)
	}
}

func TestTrainRefuses(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	d, w, samples := traintest.Data(5, 20)
	prompts := smallPrompts(len(d.Classes))
	good := TrainConfig{Epochs: 1, Batch: 4, LR: 1e-3}
	with := func(change func(*TrainConfig)) TrainConfig { c := good; change(&c); return c }
	unknown := slices.Clone(prompts)
	unknown[1] = []int32{20}
	unlabelled := slices.Clone(samples)
	unlabelled[3].Label = 0
	for name, c := range map[string]struct {
		cfg     TrainConfig
		samples []rsdata.Sample
		prompts Prompts
		model   func(*Config)
		want    string
	}{
		"no epochs":            {cfg: with(func(c *TrainConfig) { c.Epochs = 0 }), samples: samples, prompts: prompts, want: "epochs"},
		"batch of one":         {cfg: with(func(c *TrainConfig) { c.Batch = 1 }), samples: samples, prompts: prompts, want: "two samples"},
		"NaN rate":             {cfg: with(func(c *TrainConfig) { c.LR = math.NaN() }), samples: samples, prompts: prompts, want: "learning rate"},
		"infinite rate":        {cfg: with(func(c *TrainConfig) { c.LR = math.Inf(1) }), samples: samples, prompts: prompts, want: "rate +Inf"},
		"infinite decay":       {cfg: with(func(c *TrainConfig) { c.WeightDecay = math.Inf(1) }), samples: samples, prompts: prompts, want: "decay +Inf"},
		"NaN decay":            {cfg: with(func(c *TrainConfig) { c.WeightDecay = math.NaN() }), samples: samples, prompts: prompts, want: "decay"},
		"negative clip":        {cfg: with(func(c *TrainConfig) { c.Clip = -1 }), samples: samples, prompts: prompts, want: "clipping"},
		"negative freeze":      {cfg: with(func(c *TrainConfig) { c.FreezeEncoder = -1 }), samples: samples, prompts: prompts, want: "frozen"},
		"wild spectra":         {cfg: with(func(c *TrainConfig) { c.Spectral = math.NaN() }), samples: samples, prompts: prompts, want: "spectral changes of size NaN"},
		"long average":         {cfg: with(func(c *TrainConfig) { c.Average = c.Epochs + 1 }), samples: samples, prompts: prompts, want: "an average over 2 of 1 epochs: want 0 to 1"},
		"negative mean":        {cfg: with(func(c *TrainConfig) { c.Average = -1 }), samples: samples, prompts: prompts, want: "an average over -1"},
		"nothing to refine on": {cfg: with(func(c *TrainConfig) { c.HeadFit = HeadEM }), samples: samples, prompts: prompts, want: "takes windows without labels"},
		"outside the scene":    {cfg: good, samples: []rsdata.Sample{samples[0], {Pixel: rsdata.Pixel{Row: 64}, Label: 1}}, prompts: prompts, want: "pixel at row 64, column 0 of scene 0"},
		"in no scene":          {cfg: with(func(c *TrainConfig) { c.HeadFit, c.Unlabelled = HeadEM, []rsdata.Pixel{{Scene: 1}} }), samples: samples, prompts: prompts, want: "pixel of scene 1, of 1"},
		"one sample":           {cfg: good, samples: samples[:1], prompts: prompts, want: "at least two"},
		"no label":             {cfg: good, samples: unlabelled, prompts: prompts, want: "label 0"},
		"too few prompts":      {cfg: good, samples: samples, prompts: prompts[:1], want: "classes 1 to 1"},
		"unknown token":        {cfg: good, samples: samples, prompts: unknown, want: "stage 2: clip: prompt 2 has token id 20"},
		"other window":         {cfg: good, samples: samples, prompts: prompts, model: func(c *Config) { c.Encoder.Window = 7 }, want: "windows of 7"},
		"few outputs":          {cfg: good, samples: samples, model: func(c *Config) { c.Head, c.Classes = HeadLinear, 1 }, want: "the linear head has classes 1 to 1"},
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
			if _, err = m.Train(context.Background(), be, w, c.samples, c.prompts, c.cfg, train.Hooks{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestConfigCheck(t *testing.T) {
	d := Default(vit.Default(vit.Modality{Name: "hsi", Bands: 144}), 49408)
	if err := d.Check(); err != nil || !d.Encoder.TrainPositions {
		t.Errorf("published sizes: %v, positions learn: %v", err, d.Encoder.TrainPositions)
	}
	encoder := vit.Default(vit.Modality{Name: "hsi", Bands: 144})
	encoder.TrainPositions = true
	if want := (Config{
		Encoder: encoder, Head: HeadText, Text: TextConfig{Vocabulary: 49408, Context: 77, Dim: 128, Heads: 8, Depth: 3, MLPRatio: 4},
		Pool: PoolClass, Targets: TargetsOwn, Temperature: 0.7, HeadStd: 2e-5,
	}); !reflect.DeepEqual(d, want) {
		t.Errorf("published sizes: %+v, want %+v", d, want)
	}
	for name, change := range map[string]func(*Config){
		"no head named": func(c *Config) { c.Head = "" },
		"most classes":  func(c *Config) { c.Head, c.Classes = HeadLinear, rsdata.MaxClasses },
		"one view":      func(c *Config) { c.Views = 1 },
		"eight views":   func(c *Config) { c.Views = 8 },
	} {
		c := small()
		change(&c)
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for want, change := range map[string]func(*Config){
		"no modalities":      func(c *Config) { c.Encoder.Modalities = nil },
		"Vocabulary:0":       func(c *Config) { c.Text.Vocabulary = 0 },
		"Context:0":          func(c *Config) { c.Text.Context = 0 },
		"Heads:3":            func(c *Config) { c.Text.Heads = 3 },
		"Depth:0":            func(c *Config) { c.Text.Depth = 0 },
		"MLPRatio:0":         func(c *Config) { c.Text.MLPRatio = 0 },
		`pooling "max"`:      func(c *Config) { c.Pool = "max" },
		`targets "soft"`:     func(c *Config) { c.Targets = "soft" },
		"temperature 0":      func(c *Config) { c.Temperature = 0 },
		"temperature NaN":    func(c *Config) { c.Temperature = math.NaN() },
		"temperature +Inf":   func(c *Config) { c.Temperature = math.Inf(1) },
		"standard deviation": func(c *Config) { c.HeadStd = -1 },
		"deviation 0 of":     func(c *Config) { c.HeadStd = 0 },
		"for 256 classes":    func(c *Config) { c.Head, c.Classes = HeadLinear, 256 },
		"3 views":            func(c *Config) { c.Views = 3 },
		`stem "round"`:       func(c *Config) { c.Encoder.Stem = "round" },
		`head "round"`:       func(c *Config) { c.Head = "round" },
		"for 0 classes":      func(c *Config) { c.Head = HeadLinear },
	} {
		c := small()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
		if _, err := New(c, 1); err == nil {
			t.Errorf("%s: a model was made", want)
		}
	}
}

// TestPublishedSchedule is that of the paper, with the milestones of the published code.
func TestPublishedSchedule(t *testing.T) {
	want := TrainConfig{Epochs: 150, Batch: 64, LR: 1e-4, WeightDecay: 1e-5, Milestones: []int{100, 131}, HeadFit: HeadTrained}
	if got := DefaultTrain(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	want.Spectral, want.Average, want.Batch = 10, 150, 2
	if err := want.Check(); err != nil {
		t.Errorf("the largest changes, the longest average and the smallest batch: %v", err)
	}
}

// TestInitialValues: as published.
func TestInitialValues(t *testing.T) {
	c := small()
	c.Encoder.Dim, c.Text.Dim, c.HeadStd = 64, 64, 2e-3
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	own := slices.DeleteFunc(slices.Clone(m.Set.Params()), func(p *nn.Param) bool { return isEncoder(p.Name) }) // the encoder's are tested in package vit
	modeltest.Starts(t, own, []modeltest.Start{
		{Suffix: "head.weight", Deviation: modeltest.Deviation(2e-3 * 0.8796)}, // normal, cut off at two deviations
		{Suffix: "token_embedding.weight", Deviation: modeltest.Deviation(0.02)},
		{Suffix: "positional_embedding", Deviation: modeltest.Deviation(0.01)},
		{Suffix: "text_projection.weight", Deviation: modeltest.Deviation(0.125)}, // 1/√64
		{Suffix: "logit_scale", Mean: math.Log(1 / 0.7)},
		{Suffix: "ln_final.weight", Mean: 1}, {Suffix: "norm1.weight", Mean: 1}, {Suffix: "norm2.weight", Mean: 1},
		{Suffix: "bias"}, {Suffix: "weight", Deviation: modeltest.Xavier},
	})
}

// TestDecayIsAddedToTheGradient: the embedding of a token that no prompt has moves by
// the rate, as Adam moves whatever the size of a gradient; AdamW would shrink it by
// the rate times the decay.
func TestDecayIsAddedToTheGradient(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	d, w, samples := traintest.Data(5, 4)
	c := small()
	c.Text.Vocabulary = 21
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	unused := m.Text.Tokens.Weight.Value.Data[20*8:]
	unused[0], unused[1] = 0.5, -0.5
	cfg := TrainConfig{Epochs: 1, Batch: 4, LR: 1e-2, WeightDecay: 1e-2}
	if _, err := m.Train(context.Background(), be, w, samples, smallPrompts(len(d.Classes)), cfg, train.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if unused := m.Text.Tokens.Weight.Value.Data[20*8:]; math.Abs(float64(unused[0])-0.49) > 1e-6 || math.Abs(float64(unused[1])+0.49) > 1e-6 {
		t.Errorf("0.5 and -0.5 become %v and %v, want 0.49 and -0.49", unused[0], unused[1])
	}
}

// TestSharedTargets: each row is spread over the samples of its class, whatever batch
// came before.
func TestSharedTargets(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	m, err := New(small(), 1)
	if err != nil {
		t.Fatal(err)
	}
	tape := autograd.NewTape(be, autograd.Train)
	for _, c := range []struct {
		class []int32
		want  []float32
	}{
		{[]int32{0, 0, 0}, []float32{1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3, 1. / 3}},
		{[]int32{4, 1, 4}, []float32{0.5, 0, 0.5, 0, 1, 0, 0.5, 0, 0.5}},
		{[]int32{1, 0}, []float32{1, 0, 0, 1}},
	} {
		if got := m.sharedTargets(tape, c.class).Data; !slices.Equal(got, c.want) {
			t.Errorf("targets of classes %v are %v, want %v", c.class, got, c.want)
		}
	}
}

// TestTimestepsAreDrawnOnlyWhereAsked: with one window and weights that hardly move,
// only random timesteps can change the loss, and those of each step of each epoch do.
func TestTimestepsAreDrawnOnlyWhereAsked(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, samples := traintest.Data(5, 1)
	samples = slices.Repeat(samples, 4)
	for _, random := range []bool{false, true} {
		c := linear(10)
		c.RandomTimestep = random
		m, err := New(c, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Encoder.Stems { // the initial timestep embedding is nearly zero
			for i := range s.Time2.Weight.Value.Data {
				s.Time2.Weight.Value.Data[i] *= 1000
			}
			s.Time2.Weight.Changed()
		}
		var losses []float64
		h := train.Hooks{OnStep: func(s train.Step) { losses = append(losses, s.Loss) }}
		if _, err := m.Train(context.Background(), be, w, samples, nil, TrainConfig{Epochs: 2, Batch: 2, LR: 1e-30}, h); err != nil {
			t.Fatal(err)
		}
		for i, a := range losses {
			for j, b := range losses[:i] {
				if differ := math.Abs(a-b) > 1e-4*a; differ != random {
					t.Errorf("random timesteps %v: losses %v and %v of steps %d and %d", random, a, b, i, j)
				}
			}
		}
		if len(losses) != 4 {
			t.Errorf("%d steps, want 4", len(losses))
		}
	}
}
