// Package traintest holds a training stage to its promises: the same weights
// for any number of threads, after an interruption, and after a kill.
package traintest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"diffclip/nn"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Stage trains a new model, the same at every call, and returns its weights. It
// takes at least Steps steps.
type Stage func(ctx context.Context, be tensor.Backend, h train.Hooks) (*nn.Set, error)

// Steps is how many steps a stage takes at least. Children stop before.
const Steps = 12

// Data is a small synthetic scene: its scaled windows of the given side, and n
// labelled samples from all over it.
func Data(side, n int) (*rsdata.Dataset, *rsdata.Windows, []rsdata.Sample) {
	d := rsdata.Synthetic(rsdata.SyntheticConfig{H: 64, W: 64, Bands: 6, Noise: 0.01, Seed: 1})
	scaling, err := rsdata.Fit(d, rsdata.DefaultScaling())
	if err != nil {
		panic(err)
	}
	var samples []rsdata.Sample
	scene := d.Scenes[0]
	for i := range scene.H * scene.W {
		at := i * 7 % (scene.H * scene.W) // 7 is prime to 64: every pixel once
		if label := scene.Labels[at]; label != 0 && len(samples) < n {
			samples = append(samples, rsdata.Sample{
				Pixel: rsdata.Pixel{Row: int32(at / scene.W), Col: int32(at % scene.W)}, Label: label, Object: -1,
			})
		}
	}
	return d, rsdata.NewWindows(d, scaling, side), samples
}

// AnyThreads wants the same bits from 1, 2 and 4 threads.
func AnyThreads(t *testing.T, stage Stage) {
	t.Helper()
	want := whole(t, stage, 1)
	for _, threads := range []int{2, 4} {
		same(t, fmt.Sprintf("%d threads", threads), whole(t, stage, threads), want)
	}
}

// Resumes interrupts a run in the middle of an epoch, twice, and wants the
// weights of one that was never interrupted.
func Resumes(t *testing.T, stage Stage) {
	t.Helper()
	be := tensor.NewCPU(1)
	defer be.Close()
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	for _, stop := range []int{2, 5} {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := stage(ctx, be, train.Hooks{Checkpoint: path, OnStep: func(s train.Step) {
			if s.Done == stop {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at step %d: %v", stop, err)
		}
	}
	same(t, "resumed", finish(t, stage, be, path, 6), whole(t, stage, 1))
}

// childEnv names the checkpoint of a child process.
const childEnv = "DIFFCLIP_TEST_CHILD"

// Child is for TestMain: in a child process of SurvivesKill it trains until it
// is killed, and does not return.
func Child(stage Stage) {
	path := os.Getenv(childEnv)
	if path == "" {
		return
	}
	be := tensor.NewCPU(1)
	_, err := stage(context.Background(), be, train.Hooks{Checkpoint: path, CheckpointEvery: time.Nanosecond, OnStep: func(s train.Step) {
		fmt.Println(s.Done)
		if s.Done == Steps {
			select {} // the parent must find the run unfinished
		}
	}})
	fmt.Println("the child ended:", err)
	os.Exit(1)
}

// SurvivesKill kills a process that saves after every step, wherever it may be,
// and wants the resumed run to end with the weights of an uninterrupted one.
func SurvivesKill(t *testing.T, stage Stage) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := ""
	for lines := bufio.NewScanner(out); last != "5" && lines.Scan(); {
		last = lines.Text()
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed: that is the error
	if last != "5" {
		t.Fatalf("the child's last words: %q", last)
	}
	be := tensor.NewCPU(1)
	defer be.Close()
	same(t, "after a kill", finish(t, stage, be, path, 5), whole(t, stage, 1))
}

// whole trains without an interruption.
func whole(t *testing.T, stage Stage, threads int) map[string][]float32 {
	t.Helper()
	be := tensor.NewCPU(threads)
	defer be.Close()
	set, err := stage(context.Background(), be, train.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return values(set)
}

// finish resumes at path, where at least from-1 steps must be done already.
func finish(t *testing.T, stage Stage, be tensor.Backend, path string, from int) map[string][]float32 {
	t.Helper()
	first := 0
	set, err := stage(context.Background(), be, train.Hooks{Checkpoint: path, OnStep: func(s train.Step) {
		if first == 0 {
			first = s.Done
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if first < from {
		t.Errorf("resumed with step %d, want no earlier than %d", first, from)
	}
	return values(set)
}

func values(set *nn.Set) map[string][]float32 {
	out := map[string][]float32{}
	for name, t := range set.State() {
		out[name] = slices.Clone(t.Host())
	}
	return out
}

// same compares bits.
func same(t *testing.T, what string, got, want map[string][]float32) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		for i, w := range want[name] {
			if g := got[name][i]; math.Float32bits(g) != math.Float32bits(w) {
				t.Errorf("%s: %s differs at %d: %v, want %v", what, name, i, g, w)
				return
			}
		}
	}
}
