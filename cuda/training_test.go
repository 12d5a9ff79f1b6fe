package cuda

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/traintest"
	"diffclip/nn"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// smallEncoder is for windows of 5 pixels of the synthetic scene.
func smallEncoder() vit.Config {
	return vit.Config{
		Modalities: []vit.Modality{{Name: "hsi", Bands: 6}, {Name: "lidar", Bands: 1}},
		Window:     5, Patch: 1, Dim: 8, Heads: 2, Depth: 2, MLPRatio: 2, Timesteps: 50,
	}
}

// stage1 trains a small model for two epochs of 5 steps.
func stage1(ctx context.Context, be tensor.Backend, h train.Hooks) (*diffusion.Model, error) {
	_, w, samples := traintest.Data(5, 20)
	cfg := diffusion.Default(smallEncoder())
	cfg.DecoderDepth = 1
	m, err := diffusion.New(cfg, 3)
	if err != nil {
		return nil, err
	}
	_, err = m.Train(ctx, be, w, rsdata.Pixels(nil, samples), diffusion.TrainConfig{Epochs: 2, Batch: 4, LR: 1e-3, Clip: 1, Symmetries: true, Crops: []uint8{3, 5}, Seed: 4}, h)
	return m, err
}

// stage2 goes on from the encoder of stage 1, and classifies.
func stage2(ctx context.Context, be tensor.Backend, state map[string]*tensor.Tensor, h train.Hooks) (*clip.Model, []float32, error) {
	d, w, samples := traintest.Data(5, 18)
	cfg := clip.Default(smallEncoder(), 20)
	cfg.Text.Dim, cfg.Text.Heads, cfg.Text.Depth = 8, 2, 2
	cfg.HeadStd, cfg.Targets, cfg.Pool = 0.2, clip.TargetsClass, clip.PoolMean
	cfg.Views = 8
	m, err := clip.New(cfg, 3)
	if err != nil {
		return nil, nil, err
	}
	if err := m.LoadEncoder(state); err != nil {
		return nil, nil, err
	}
	var prompts clip.Prompts
	for i := range d.Classes {
		prompts = append(prompts, append([]int32{18, int32(i), int32(2*i+1) % 18}, slices.Repeat([]int32{17, 19}, 1+i%2)...))
	}
	tc := clip.TrainConfig{Epochs: 2, Batch: 4, LR: 1e-3, WeightDecay: 1e-4, Clip: 1, FreezeEncoder: 1, Spectral: 0.1, Average: 1, Seed: 4}
	if _, err := m.Train(ctx, be, w, samples, prompts, tc, h); err != nil {
		return nil, nil, err
	}
	c := clip.NewClassifier(be, m, prompts)
	probs := make([]float32, len(samples)*c.Classes())
	err = c.Probabilities(ctx, w, rsdata.Pixels(nil, samples), probs)
	return m, probs, err
}

// trained is what a run of both stages leaves.
type trained struct {
	losses []float64 // of every step
	probs  []float32
	values map[string][]float32
}

func both(t *testing.T, be tensor.Backend) trained {
	t.Helper()
	var out trained
	h := train.Hooks{LookEvery: time.Hour, OnStep: func(s train.Step) { out.losses = append(out.losses, s.Loss) }}
	one, err := stage1(context.Background(), be, h)
	if err != nil {
		t.Fatal(err)
	}
	two, probs, err := stage2(context.Background(), be, one.Set.State(), h)
	if err != nil {
		t.Fatal(err)
	}
	out.probs, out.values = probs, values(one.Set)
	for name, v := range values(two.Set) {
		out.values["two."+name] = v
	}
	return out
}

func values(set *nn.Set) map[string][]float32 {
	out := map[string][]float32{}
	for name, t := range set.State() {
		out[name] = slices.Clone(t.Host())
	}
	return out
}

// TestTraining trains both stages beside the processor, in each precision, and in
// float32 twice: the second run must leave the same bits. A bias in front of a
// batch norm has a gradient of nothing but rounding, which Adam makes a whole
// step of; so losses are compared and not weights, and probabilities, which use
// running statistics that lag behind such biases, with more room.
func TestTraining(t *testing.T) {
	cpu := tensor.NewCPU(0)
	defer cpu.Close()
	want := both(t, cpu)
	for _, c := range []struct {
		precision Precision
		loss      float64 // relative error of each step's loss
		probs     float64 // error of a probability
	}{{F32, 1e-5, 1e-3}, {TF32, 2e-3, 5e-3}, {BF16, 2e-2, 5e-2}} {
		t.Run(string(c.precision), func(t *testing.T) {
			b := open(t, Options{Precision: c.precision}, "async", "tf32")
			got := both(t, b)
			for i, l := range got.losses {
				if d := math.Abs(l-want.losses[i]) / want.losses[i]; !(d <= c.loss) {
					t.Errorf("step %d: loss %v, on the processor %v: relative error %.2g", i, l, want.losses[i], d)
				}
			}
			for i, p := range got.probs {
				if d := math.Abs(float64(p - want.probs[i])); !(d <= c.probs) {
					t.Fatalf("probability %d: %v, on the processor %v", i, p, want.probs[i])
				}
			}
			if b.Replayed() == 0 {
				t.Error("no list of commands was replayed as a graph")
			}
			if c.precision != F32 {
				return
			}
			again := both(t, b)
			if !slices.Equal(again.losses, got.losses) || !maps.EqualFunc(again.values, got.values, slices.Equal[[]float32]) {
				t.Error("a second run left other bits")
			}
		})
	}
}

// TestGraphsChangeNothing compares replayed lists with the same lists handed over
// each time, in another order of threads, with memory that nothing else shares.
func TestGraphsChangeNothing(t *testing.T) {
	with := both(t, open(t, Options{Precision: F32}, "async", "random"))
	without := both(t, open(t, Options{Precision: F32, NoGraphs: true, Strict: true}))
	if !slices.Equal(with.losses, without.losses) || !maps.EqualFunc(with.values, without.values, slices.Equal[[]float32]) {
		t.Error("graphs change the result")
	}
}

// ahead is the device with another number of steps between two waits.
type ahead struct {
	*Backend
	steps int
}

func (a ahead) Ahead() int { return a.steps }

// TestStepsReadLater: however many steps are made before their losses are read, all of
// them are heard of in their order, with the same bits, and leave the same weights.
func TestStepsReadLater(t *testing.T) {
	b := open(t, Options{Precision: F32}, "async", "random")
	want := both(t, ahead{b, 1})
	for _, steps := range []int{3, 16} { // an epoch has 5
		got := both(t, ahead{b, steps})
		if !slices.Equal(got.losses, want.losses) || !slices.Equal(got.probs, want.probs) || !maps.EqualFunc(got.values, want.values, slices.Equal[[]float32]) {
			t.Errorf("%d steps ahead: losses %v\nof steps that are waited for %v", steps, got.losses, want.losses)
		}
	}
}

// asked is a context that ends when it was asked so many times, before each step and
// at the end of an epoch.
type asked struct {
	context.Context
	left *int
}

func (a asked) Err() error {
	if *a.left--; *a.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestInterruptedBetweenReads: a run that ends where losses are still on the device
// records them, and goes on to the same bits.
func TestInterruptedBetweenReads(t *testing.T) {
	b := open(t, Options{Precision: F32}, "async")
	var want []float64
	whole, err := stage1(context.Background(), b, train.Hooks{LookEvery: time.Hour, OnStep: func(s train.Step) { want = append(want, s.Loss) }})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "checkpoint")
	var got []float64
	h := train.Hooks{Checkpoint: file, LookEvery: time.Hour, OnStep: func(s train.Step) { got = append(got, s.Loss) }}
	left := 3 + 4 // steps, of which the second epoch has 2
	if _, err := stage1(asked{context.Background(), &left}, ahead{b, 4}, h); !errors.Is(err, context.Canceled) || len(got) != 6 {
		t.Fatalf("%v after %d steps, want 6", err, len(got))
	}
	resumed, err := stage1(context.Background(), b, h)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, losses %v, want %v", err, got, want)
	}
	if !maps.EqualFunc(values(resumed.Set), values(whole.Set), slices.Equal[[]float32]) {
		t.Error("the run that was interrupted left other bits")
	}
}

// TestNonFiniteOnTheDevice: a run whose weights run away ends with the error that it
// has where every step is waited for, and with the weights from before the step.
func TestNonFiniteOnTheDevice(t *testing.T) {
	b := open(t, Options{Precision: F32}, "async")
	file := filepath.Join(t.TempDir(), "checkpoint")
	run := func(steps int) (heard int, text string, weights []float32) {
		_, w, samples := traintest.Data(5, 20)
		cfg := diffusion.Default(smallEncoder())
		cfg.DecoderDepth = 1
		m, err := diffusion.New(cfg, 3)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Train(context.Background(), ahead{b, steps}, w, rsdata.Pixels(nil, samples), diffusion.TrainConfig{Epochs: 1, Batch: 4, LR: 1e12, Seed: 4},
			train.Hooks{Checkpoint: file, LookEvery: time.Hour, OnStep: func(s train.Step) { heard = s.Done }})
		var bad *train.NonFiniteError
		if !errors.As(err, &bad) || bad.Where == nil || bad.Step < 1 || bad.Step > 3 {
			t.Fatalf("error %v, want one of a step in the middle", err)
		}
		return heard, err.Error(), m.Set.Flatten().Value.Host()
	}
	wantHeard, wantText, want := run(1)
	gotHeard, gotText, got := run(16)
	t.Log(gotText)
	if gotHeard != wantHeard || gotText != wantText || !slices.Equal(got, want) {
		t.Errorf("heard of %d steps, %s\nwhere each is waited for %d, %s", gotHeard, gotText, wantHeard, wantText)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("spoilt weights were saved")
	}
}

// TestResume interrupts stage 1 and goes on from its checkpoint: on the device
// with the same bits; and on the processor, which reads the same file.
func TestResume(t *testing.T) {
	b := open(t, Options{Precision: F32})
	whole, err := stage1(context.Background(), b, train.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "checkpoint")
	interrupt := func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if _, err := stage1(ctx, b, train.Hooks{Checkpoint: file, LookEvery: time.Nanosecond, OnStep: func(s train.Step) {
			if s.Done == 7 {
				cancel()
			}
		}}); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	interrupt()
	resumed, err := stage1(context.Background(), b, train.Hooks{Checkpoint: file})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(values(resumed.Set), values(whole.Set), slices.Equal[[]float32]) {
		t.Error("the run that was interrupted left other bits")
	}
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	if _, err := stage1(context.Background(), cpu, train.Hooks{Checkpoint: file}); err != nil {
		t.Errorf("the processor does not read the device's checkpoint: %v", err)
	}
}

// TestLostDevice loses the device in the middle of a run: the run ends with an
// error that names the checkpoint, and a run on the processor goes on from it.
func TestLostDevice(t *testing.T) {
	file := filepath.Join(t.TempDir(), "checkpoint")
	b := open(t, Options{}, "lose=2000")
	_, err := stage1(context.Background(), b, train.Hooks{Checkpoint: file, CheckpointEpochs: 1})
	var lost *LostError
	if !errors.As(err, &lost) || !strings.Contains(err.Error(), "the last checkpoint is "+file) {
		t.Fatalf("error %v, want a lost device and the checkpoint", err)
	}
	t.Log(err)
	cpu := tensor.NewCPU(1)
	defer cpu.Close()
	first := 0
	_, err = stage1(context.Background(), cpu, train.Hooks{Checkpoint: file, OnStep: func(s train.Step) {
		if first == 0 {
			first = s.Done
		}
	}})
	if err != nil || first != 6 {
		t.Errorf("the processor goes on with step %d, %v; want 6, the first of the second epoch", first, err)
	}
}
