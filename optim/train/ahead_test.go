package train_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// ahead is a backend that goes some steps ahead, as a device does.
type ahead struct {
	tensor.Backend
	steps int
}

func (a ahead) Ahead() int { return a.steps }

// newAhead is newLoop with a log of so many steps, which only a full log, the end of
// an epoch or of the run makes the loop look at.
func newAhead(t *testing.T, checkpoint string, steps int) *train.Loop {
	l := newLoop(t, checkpoint)
	l.Backend, l.LookEvery = ahead{l.Backend, steps}, time.Hour
	return l
}

// stopped is a context that ends when it was asked so many times.
type stopped struct {
	context.Context
	asked *int
}

// stopAfter returns a context that ends after so many steps of newLoop: it is asked
// before each, and at the end of an epoch of 4.
func stopAfter(steps int) stopped {
	asked := steps + max(steps-1, 0)/4
	return stopped{context.Background(), &asked}
}

func (s stopped) Err() error {
	if *s.asked--; *s.asked < 0 {
		return context.Canceled
	}
	return nil
}

func weights(l *train.Loop) []float32 { return slices.Clone(l.Set.Flatten().Value.Data) }

// TestAheadChangesNothing: steps that are read later have the losses of steps that are
// read at once, in their order, and leave the same weights; also where the run was
// interrupted anywhere.
func TestAheadChangesNothing(t *testing.T) {
	var want []train.Step
	each := newLoop(t, "")
	each.OnStep = func(s train.Step) { want = append(want, s) }
	history, err := each.Run(context.Background())
	if err != nil || len(want) != 8 {
		t.Fatal(len(want), err)
	}
	for _, steps := range []int{3, 16} {
		for stop := range 9 { // 8 is the end
			path := filepath.Join(t.TempDir(), "c.safetensors")
			var got []train.Step
			part := func() *train.Loop {
				l := newAhead(t, path, steps)
				l.OnStep = func(s train.Step) { got = append(got, s) }
				return l
			}
			if _, err := part().Run(stopAfter(stop)); stop < 8 && !errors.Is(err, context.Canceled) || len(got) != stop {
				t.Fatalf("%d ahead, stopped after %d steps: heard of %d, %v", steps, stop, len(got), err)
			}
			rest := part()
			again, err := rest.Run(context.Background())
			if err != nil || !slices.Equal(got, want) || !slices.Equal(again, history) {
				t.Errorf("%d ahead, interrupted after %d steps: %v, %v\nsteps %v\nwant %v", steps, stop, err, again, got, want)
			}
			if !slices.Equal(weights(rest), weights(each)) {
				t.Errorf("%d ahead, interrupted after %d steps: other weights", steps, stop)
			}
		}
	}
}

// TestStepsAreHeardInTime: when the log is full, the epoch ends, a checkpoint is due or
// some time has passed.
func TestStepsAreHeardInTime(t *testing.T) {
	for name, c := range map[string]struct {
		change func(l *train.Loop)
		want   string // steps made when each was heard of
	}{
		"a full log":      {func(*train.Loop) {}, "3 3 3 4 7 7 7 8"},
		"a longer log":    {func(l *train.Loop) { l.Backend = ahead{l.Backend, 16} }, "4 4 4 4 8 8 8 8"},
		"a checkpoint":    {func(l *train.Loop) { l.CheckpointEvery = time.Nanosecond }, "1 2 3 4 5 6 7 8"},
		"time has passed": {func(l *train.Loop) { l.LookEvery = time.Nanosecond }, "1 2 3 4 5 6 7 8"},
	} {
		l := newAhead(t, filepath.Join(t.TempDir(), "c.safetensors"), 3)
		c.change(l)
		made, heard, loss := 0, "", l.Loss
		l.Loss = func(t *autograd.Tape, b *rsdata.Batch) *autograd.Var {
			made++
			return loss(t, b)
		}
		l.OnStep = func(train.Step) { heard += fmt.Sprint(" ", made) }
		if _, err := l.Run(context.Background()); err != nil || heard != " "+c.want {
			t.Errorf("%s: %v, heard after%s steps, want %s", name, err, heard, c.want)
		}
	}
}

// spoiling makes the loss of one step infinite, by an operation that can be named.
func spoiling(l *train.Loop, epoch, step int) {
	loss := l.Loss
	l.Loss = func(t *autograd.Tape, b *rsdata.Batch) *autograd.Var {
		v := loss(t, b)
		if b.Epoch == epoch && b.Step == step {
			return t.Scale(v, float32(math.Inf(1)))
		}
		return v
	}
}

// saved reads the values of a checkpoint.
func saved(t *testing.T, path string) map[string][]float32 {
	t.Helper()
	state, _, err := nn.ReadState(path)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{}
	for name, x := range state {
		values[name] = x.Data
	}
	return values
}

// TestNonFiniteAhead: a loss that is not finite ends the run with the error of one
// that is read at once, wherever it is found; nothing after it changes the weights,
// and no checkpoint is of a later step.
func TestNonFiniteAhead(t *testing.T) {
	for _, step := range []int{0, 2, 3, 6} { // of 8
		dir := t.TempDir()
		at := newLoop(t, filepath.Join(dir, "each"))
		at.CheckpointEpochs = 1
		spoiling(at, step/4, step%4)
		_, want := at.Run(context.Background())
		var bad *train.NonFiniteError
		if !errors.As(want, &bad) || bad.Where == nil || !strings.Contains(want.Error(), fmt.Sprintf("in epoch %d, step %d: +Inf first appeared in the result of Scale", step/4+1, step%4+1)) {
			t.Fatalf("step %d: error %v, want one that names it and Scale", step, want)
		}
		for _, steps := range []int{3, 16} {
			for name, ctx := range map[string]context.Context{"": context.Background(), ", interrupted": stopAfter(step + 1)} {
				path := filepath.Join(dir, fmt.Sprint(steps)+name)
				l := newAhead(t, path, steps)
				l.CheckpointEpochs = 1
				spoiling(l, step/4, step%4)
				heard := 0
				l.OnStep = func(s train.Step) { heard = s.Done }
				_, err := l.Run(ctx)
				var bad *train.NonFiniteError
				if !errors.As(err, &bad) || bad.Error() != want.Error() || heard != step {
					t.Errorf("step %d, %d ahead%s: heard of %d, error %v, want %v", step, steps, name, heard, err, want)
				}
				if !slices.Equal(weights(l), weights(at)) {
					t.Errorf("step %d, %d ahead%s: the weights are not those before the step", step, steps, name)
				}
				if step < 4 {
					if _, missing := os.Stat(path); missing == nil {
						t.Errorf("step %d, %d ahead%s: there is a checkpoint", step, steps, name)
					}
				} else if now, kept := saved(t, path), saved(t, filepath.Join(dir, "each")); !maps.EqualFunc(now, kept, slices.Equal) {
					t.Errorf("step %d, %d ahead%s: the checkpoint is not that of the first epoch", step, steps, name)
				}
			}
		}
	}
}
