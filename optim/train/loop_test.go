package train_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"diffclip/autograd"
	"diffclip/internal/traintest"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// newLoop fits a linear layer to windows of one pixel: 2 epochs of 4 steps.
func newLoop(t *testing.T, checkpoint string) *train.Loop {
	t.Helper()
	be := tensor.NewCPU(1)
	t.Cleanup(func() { be.Close() })
	_, w, samples := traintest.Data(1, 32)
	set := nn.NewSet(1)
	fc := nn.NewLinear(set.Root().Sub("fc"), 6, 1)
	set.Root().Buffer("statistic", 0, 1)
	return &train.Loop{
		Name: "test", Backend: be, Set: set, Opt: optim.NewAdam(set, optim.DefaultAdam()),
		Batches: rsdata.NewBatches(w, samples, rsdata.BatchConfig{Size: 8, Shuffle: true}),
		Epochs:  2, LR: optim.Constant(0.01), Identity: "a",
		Loss: func(t *autograd.Tape, b *rsdata.Batch) *autograd.Var {
			y := fc.Forward(t, t.Input(tensor.FromSlice(b.Data[0], len(b.Samples), 6)))
			ones := t.Const(1, len(b.Samples), 1).Value
			return t.WeightedMSE(y, ones, t.Const(0.125, len(b.Samples)).Value)
		},
		Hooks: train.Hooks{Checkpoint: checkpoint},
	}
}

// TestRunSaysWhatIsMissing: before a step is made or a file is touched.
func TestRunSaysWhatIsMissing(t *testing.T) {
	for want, spoil := range map[string]func(*train.Loop){
		"without Name":    func(l *train.Loop) { l.Name = "" },
		"without Backend": func(l *train.Loop) { l.Backend = nil },
		"without Set":     func(l *train.Loop) { l.Set = nil },
		"without Opt":     func(l *train.Loop) { l.Opt = nil },
		"without Batches": func(l *train.Loop) { l.Batches = nil },
		"without LR":      func(l *train.Loop) { l.LR = nil },
		"without Loss":    func(l *train.Loop) { l.Loss = nil },
		"test: 0 epochs":  func(l *train.Loop) { l.Epochs = 0 },
		"norm -1":         func(l *train.Loop) { l.Clip = -1 },
		"norm NaN":        func(l *train.Loop) { l.Clip = math.NaN() },
	} {
		l := newLoop(t, filepath.Join(t.TempDir(), "c.safetensors"))
		spoil(l)
		if history, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), want) || history != nil {
			t.Errorf("%v, error %v, want one that says %q", history, err, want)
		}
		if _, err := os.Stat(l.Checkpoint); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: there is a checkpoint: %v", want, err)
		}
	}
}

func TestHistoryAndSteps(t *testing.T) {
	l := newLoop(t, "")
	l.LR = optim.MultiStep{Base: 0.01, Gamma: 0.5, Milestones: []int{1}}
	var steps []train.Step
	var epochs []train.Epoch
	l.OnStep = func(s train.Step) { steps = append(steps, s) }
	l.OnEpoch = func(e train.Epoch) error { epochs = append(epochs, e); return nil }
	history, err := l.Run(context.Background())
	if err != nil || len(history) != 2 || len(epochs) != 2 || len(steps) != 8 {
		t.Fatalf("%v: %d epochs, %d heard of, %d steps", err, len(history), len(epochs), len(steps))
	}
	for i, s := range steps {
		if s.Epoch != i/4 || s.Step != i%4 || s.Done != i+1 || s.Total != 8 || s.LR != []float64{0.01, 0.005}[i/4] {
			t.Errorf("step %d is %+v", i, s)
		}
	}
	for i, e := range history {
		mean := 0.0
		for _, s := range steps[4*i : 4*i+4] {
			mean += s.Loss
		}
		if want := (train.Epoch{Epoch: i, Loss: mean / 4, LR: steps[4*i].LR}); e != want || epochs[i] != want {
			t.Errorf("epoch %+v, heard of %+v, want %+v", e, epochs[i], want)
		}
	}
}

func TestResumeOfAFinishedRunDoesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.safetensors")
	first, err := newLoop(t, path).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	l := newLoop(t, path)
	l.OnStep = func(train.Step) { t.Error("a step was made") }
	again, err := l.Run(context.Background())
	if err != nil || len(again) != 2 || again[1] != first[1] {
		t.Errorf("%v, %v, want the history %v", again, err, first)
	}
}

// What a run took before it was killed is in its checkpoint, as often as that happens.
func TestTimeIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.safetensors")
	killed := errors.New("killed")
	var heard []float64
	for part := range 3 {
		l := newLoop(t, path)
		l.CheckpointEvery = time.Nanosecond
		l.Epochs = 3
		l.OnResume = func(done, total int, seconds float64) {
			heard = append(heard, seconds)
			if done != 4*part || total != 12 {
				t.Errorf("part %d: %d of %d steps done", part+1, done, total)
			}
		}
		l.OnStep = func(train.Step) { time.Sleep(5 * time.Millisecond) }
		l.OnEpoch = func(train.Epoch) error { return killed }
		if _, err := l.Run(context.Background()); !errors.Is(err, killed) {
			t.Fatal(err)
		}
	}
	if len(heard) != 2 || heard[0] < 0.02 || heard[1] < heard[0]+0.02 {
		t.Errorf("seconds of the parts before: %v, want two numbers that grow by 4 steps of 5 ms", heard)
	}
}

func TestOnEpochStopsAndTheRunGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.safetensors")
	l := newLoop(t, path)
	enough := errors.New("enough")
	l.OnEpoch = func(train.Epoch) error { return enough }
	if history, err := l.Run(context.Background()); !errors.Is(err, enough) || len(history) != 1 {
		t.Fatalf("%v, %v", history, err)
	}
	if history, err := newLoop(t, path).Run(context.Background()); err != nil || len(history) != 2 {
		t.Errorf("resumed: %v, %v", history, err)
	}
}

// The history of a run that was stopped in the middle of an epoch has the losses of
// the steps before.
func TestHistoryIsKept(t *testing.T) {
	want, err := newLoop(t, "").Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "c.safetensors")
	for _, stop := range []int{2, 5, 7} {
		ctx, cancel := context.WithCancel(context.Background())
		l := newLoop(t, path)
		l.OnStep = func(s train.Step) {
			if s.Done == stop {
				cancel()
			}
		}
		if _, err := l.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	l := newLoop(t, path)
	l.OnResume = func(done, total int, _ float64) {
		if done != 7 || total != 8 {
			t.Errorf("goes on from step %d of %d, want 7 of 8", done, total)
		}
	}
	if got, err := l.Run(context.Background()); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

func TestClipBoundsTheUpdate(t *testing.T) {
	l := newLoop(t, "")
	l.Opt, l.LR, l.Clip, l.Epochs = optim.NewSGD(l.Set, optim.SGDConfig{}), optim.Constant(1), 1e-3, 1
	before := append([]float32(nil), l.Set.Flatten().Value.Data...)
	if _, err := l.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	sq := 0.0
	for i, v := range l.Set.Flatten().Value.Data {
		sq += math.Pow(float64(v-before[i]), 2)
	}
	if d := math.Sqrt(sq); d > 4.001e-3 || d < 1e-3 {
		t.Errorf("4 steps with gradients of norm at most 0.001 moved the weights by %v", d)
	}
}

// A device that fails ends the run with what is left of it.
func TestDeviceFails(t *testing.T) {
	lost := errors.New("the device is lost")
	for at, want := range map[int]string{3: "there is no checkpoint to go on from", 6: "the last checkpoint is "} {
		l := newLoop(t, filepath.Join(t.TempDir(), "c.safetensors"))
		loss, steps := l.Loss, 0
		l.CheckpointEpochs = 1
		l.Loss = func(tape *autograd.Tape, b *rsdata.Batch) *autograd.Var {
			if steps++; steps == at {
				panic(&tensor.DeviceError{Err: lost})
			}
			return loss(tape, b)
		}
		if _, err := l.Run(context.Background()); !errors.Is(err, lost) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func TestNonFiniteLoss(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.safetensors")
	l := newLoop(t, path)
	l.Set.Param("fc.weight").Value.Data[2] = float32(math.NaN())
	_, err := l.Run(context.Background())
	var bad *train.NonFiniteError
	if !errors.As(err, &bad) || bad.Where == nil || bad.Where.Op != "Linear" {
		t.Fatalf("error %v, want one that names Linear", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("spoilt weights were saved: %v", err)
	}
}

// An update that overflows ends the run where its weights would be saved or handed
// on, and the checkpoint of before is kept.
func TestSpoiltWeightsAreNotSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.safetensors")
	for name, checkpoint := range map[string]string{"with a checkpoint": path, "without": ""} {
		l := newLoop(t, checkpoint)
		l.CheckpointEvery, l.CheckpointEpochs = time.Hour, 1
		l.Opt, l.LR = optim.NewSGD(l.Set, optim.SGDConfig{}), optim.WarmUp{Steps: 1, Then: optim.Constant(1e-3)}
		weight := l.Set.Param("fc.weight").Value
		var kept []byte
		l.OnEpoch = func(e train.Epoch) error {
			if e.Epoch == 1 {
				weight.Data[1] = float32(math.Inf(1)) // as the last update might
			}
			return nil
		}
		l.OnStep = func(s train.Step) {
			if s.Done == 5 && checkpoint != "" {
				var err error
				if kept, err = os.ReadFile(checkpoint); err != nil {
					t.Fatal(err)
				}
			}
		}
		_, err := l.Run(context.Background())
		var bad *train.NonFiniteError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "fc.weight became infinite or not a number in epoch 2, step 4") {
			t.Errorf("%s: error %v, want one that names fc.weight and the last step", name, err)
		}
		if now, err := os.ReadFile(path); checkpoint != "" && (err != nil || string(now) != string(kept)) {
			t.Errorf("%s: the checkpoint of the first epoch is gone: %v", name, err)
		}
	}
}

// Statistics that are not finite are not saved either.
func TestSpoiltStatisticsAreNotSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.safetensors")
	l := newLoop(t, path)
	l.OnEpoch = func(train.Epoch) error {
		l.Set.Buffers()[0].Value.Data[0] = float32(math.NaN())
		return nil
	}
	_, err := l.Run(context.Background())
	if _, missing := os.Stat(path); err == nil || !strings.Contains(err.Error(), "statistic became infinite or not a number") || missing == nil {
		t.Errorf("error %v, want one that names the statistic, and no checkpoint: %v", err, missing)
	}
}

// A gradient that overflows where the loss does not is not called a loss.
func TestNonFiniteGradient(t *testing.T) {
	l := newLoop(t, "")
	bias := l.Set.Param("fc.bias")
	bias.Value.Data[0] = 1e-30
	l.Loss = func(tape *autograd.Tape, b *rsdata.Batch) *autograd.Var {
		return tape.Scale(tape.Scale(tape.Sum(tape.Param(bias)), 1e25), 1e15) // a loss of 1e10, a gradient of 1e40
	}
	_, err := l.Run(context.Background())
	var bad *train.NonFiniteError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), "the gradient of a loss of ") || bad.Where == nil || !bad.Where.Backward {
		t.Errorf("error %v, want one of a gradient", err)
	}
}

// TestDamagedCheckpoints: every file that is not this run's checkpoint is an
// error that names it.
func TestDamagedCheckpoints(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.safetensors")
	if _, err := newLoop(t, good).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	tensors, meta, err := nn.ReadState(good)
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func(path string, change func(map[string]*tensor.Tensor, map[string]string)) error {
		ts, m := map[string]*tensor.Tensor{}, map[string]string{}
		for k, v := range tensors {
			ts[k] = v
		}
		for k, v := range meta {
			m[k] = v
		}
		change(ts, m)
		return nn.WriteState(path, ts, m)
	}
	state := func(text string) func(string) error {
		return func(path string) error {
			return rewrite(path, func(_ map[string]*tensor.Tensor, m map[string]string) { m["diffclip.state"] = text })
		}
	}
	for name, c := range map[string]struct {
		write func(path string) error
		want  string
	}{
		"empty file":       {func(p string) error { return os.WriteFile(p, nil, 0o600) }, ""},
		"noise":            {func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("no weights ", 9)), 0o600) }, ""},
		"truncated":        {func(p string) error { return os.WriteFile(p, raw[:len(raw)-5], 0o600) }, ""},
		"a folder":         {func(p string) error { return os.Mkdir(p, 0o700) }, ""},
		"no state":         {state(""), "state cannot be read"},
		"negative step":    {state(`{"epoch":0,"step":-3}`), "state is damaged"},
		"step too large":   {state(`{"epoch":0,"step":5}`), "state is damaged"},
		"epoch too large":  {state(`{"epoch":3,"step":0}`), "state is damaged"},
		"no history":       {state(`{"epoch":1,"step":0}`), "state is damaged"},
		"negative time":    {state(`{"epoch":0,"step":0,"seconds":-1}`), "state is damaged"},
		"negative updates": {state(`{"epoch":0,"step":0,"updates":-1}`), "state is damaged"},
		"other identity": {func(p string) error {
			return rewrite(p, func(_ map[string]*tensor.Tensor, m map[string]string) { m["diffclip.identity"] = "b" })
		}, "another configuration"},
		"weight missing": {func(p string) error {
			return rewrite(p, func(ts map[string]*tensor.Tensor, _ map[string]string) { delete(ts, "fc.bias") })
		}, "missing: fc.bias"},
		"weight of another shape": {func(p string) error {
			return rewrite(p, func(ts map[string]*tensor.Tensor, _ map[string]string) { ts["fc.bias"] = tensor.New(2) })
		}, "fc.bias"},
		"moment missing": {func(p string) error {
			return rewrite(p, func(ts map[string]*tensor.Tensor, _ map[string]string) { delete(ts, "optimizer.m") })
		}, `"m"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
			if err := c.write(path); err != nil {
				t.Fatal(err)
			}
			l := newLoop(t, path)
			l.OnStep = func(train.Step) { t.Error("a step was made") }
			_, err := l.Run(context.Background())
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "remove the file") == (name == "other identity") {
				t.Errorf("error %v, want one that names the file and says %q", err, c.want)
			}
		})
	}
}

// TestNoRoomForACheckpoint: a folder that cannot be written to ends the run at
// the first save, with the file's name.
func TestNoRoomForACheckpoint(t *testing.T) {
	for name, path := range map[string]string{
		"no such folder": filepath.Join(t.TempDir(), "gone", "c.safetensors"),
		"not a folder":   filepath.Join(os.Args[0], "c.safetensors"),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, path)
			l.CheckpointEvery = 1
			steps := 0
			l.OnStep = func(train.Step) { steps++ }
			_, err := l.Run(context.Background())
			if err == nil || !strings.Contains(err.Error(), "c.safetensors") {
				t.Errorf("error %v", err)
			}
			if steps > 1 {
				t.Errorf("%d steps were made before the run found out", steps)
			}
		})
	}
}

// TestCancelWithoutRoomSaysBoth: the error is the context's and the file's.
func TestCancelWithoutRoomSaysBoth(t *testing.T) {
	l := newLoop(t, filepath.Join(t.TempDir(), "gone", "c.safetensors"))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l.OnStep = func(train.Step) { cancel() }
	if _, err := l.Run(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "saving the checkpoint") {
		t.Errorf("error %v", err)
	}
}
