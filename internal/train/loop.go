// Package train runs the loop that both stages share: batches, backward passes,
// updates, checkpoints, exact resume, and a stop with a reason when a loss is
// not finite.
//
// Read next: packages diffusion and clip, whose Train methods fill it in.
package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Loop is one training run. Everything a step does is a function of the
// configuration and of (epoch, step), so that a run resumed from a checkpoint
// ends with the same bits as one that was never interrupted.
type Loop struct {
	Name    string // what is trained, for messages: "stage 1"
	Backend tensor.Backend
	Set     *nn.Set
	Opt     optim.Optimizer
	Batches *rsdata.Batches
	Epochs  int
	LR      optim.Schedule // per epoch
	Clip    float64        // largest gradient norm, 0 for no limit

	// Loss computes the loss of a batch on a tape.
	Loss func(t *autograd.Tape, b *rsdata.Batch) *autograd.Var

	// Identity is what must agree between a checkpoint and the run that resumes
	// from it: configuration, seed and split, as text.
	Identity string

	Hooks
}

// Hooks are where a caller follows a run.
type Hooks struct {
	// Checkpoint is the file to save to and resume from, "" for none. It is
	// written after every CheckpointEpochs epochs, between steps once
	// CheckpointEvery has passed since the last time (a minute where it is 0),
	// when the run is cancelled, and at the end.
	Checkpoint       string
	CheckpointEpochs int
	CheckpointEvery  time.Duration

	// OnResume, if set, hears of a checkpoint that the run goes on from: how many of
	// all steps are done, and the seconds that they took.
	OnResume func(done, total int, seconds float64)

	// OnStep, if set, hears of every step; OnEpoch of every epoch, and may stop
	// the run with an error.
	OnStep  func(Step)
	OnEpoch func(Epoch) error
}

// Step is one update.
type Step struct {
	Epoch, Step int // from 0
	Done, Total int // steps of the whole run
	Loss, LR    float64
}

// Epoch is one pass over the samples.
type Epoch struct {
	Epoch int     `json:"epoch"`
	Loss  float64 `json:"loss"` // mean over the steps
	LR    float64 `json:"lr"`
}

// NonFiniteError is the end of a run whose loss, gradient or weights became
// infinite or not a number. The last checkpoint is from before that.
type NonFiniteError struct {
	Name        string
	Epoch, Step int // from 0
	Loss        float64
	Where       *autograd.NonFinite // nil if a second look found nothing
	Weights     string              // the parameter or buffer that an update spoilt, "" where a step was not made
}

// Error says where it happened and what to try.
func (e *NonFiniteError) Error() string {
	what := fmt.Sprintf("the loss became %v", e.Loss)
	switch {
	case e.Weights != "":
		what = e.Weights + " became infinite or not a number"
	case finite(e.Loss):
		what = fmt.Sprintf("the gradient of a loss of %v became infinite or not a number", e.Loss)
	}
	where := "a second pass over the same batch found no operation to blame"
	switch {
	case e.Where != nil:
		where = e.Where.Error()
	case e.Weights != "":
		where = "the update was too large"
	}
	return fmt.Sprintf("%s: %s in epoch %d, step %d: %s; try a lower learning rate, gradient clipping, or another scaling of the input",
		e.Name, what, e.Epoch+1, e.Step+1, where)
}

func finite(x float64) bool { return x-x == 0 }

// defaultEvery is how much work an interruption can cost at most.
const defaultEvery = time.Minute

// Run trains to the end and returns the history of epochs. When ctx ends it
// saves a checkpoint and returns ctx's error. Where a device fails its memory is
// gone, and the last checkpoint remains.
func (l *Loop) Run(ctx context.Context) (history []Epoch, err error) {
	defer l.explainDevice(&err)
	defer tensor.CatchDevice(&err)
	l.Set.Place(l.Backend)
	at, err := l.resume()
	if err != nil {
		return nil, err
	}
	tape := autograd.NewTape(l.Backend, autograd.Train)
	saved := time.Now()
	every := l.CheckpointEvery
	if every == 0 {
		every = defaultEvery
	}
	for at.Epoch < l.Epochs {
		lr := l.LR.LR(at.Epoch)
		for batch, err := range l.Batches.Epoch(ctx, at.Epoch, at.Step) {
			if err != nil {
				return at.History, errors.Join(err, l.save(at))
			}
			loss, err := l.step(tape, batch, lr)
			if err != nil {
				return at.History, err
			}
			at.Step++
			at.LossSum += loss
			if l.OnStep != nil {
				n := l.Batches.Steps()
				l.OnStep(Step{at.Epoch, at.Step - 1, at.Epoch*n + at.Step, l.Epochs * n, loss, lr})
			}
			if time.Since(saved) >= every {
				if err := l.save(at); err != nil {
					return at.History, err
				}
				saved = time.Now()
			}
		}
		e := Epoch{at.Epoch, at.LossSum / float64(at.Step), lr}
		at.History = append(at.History, e)
		at.Epoch, at.Step, at.LossSum = at.Epoch+1, 0, 0
		if l.OnEpoch != nil {
			if err := l.OnEpoch(e); err != nil {
				return at.History, errors.Join(err, l.save(at))
			}
		}
		if l.CheckpointEpochs > 0 && at.Epoch%l.CheckpointEpochs == 0 || at.Epoch == l.Epochs {
			if err := l.save(at); err != nil {
				return at.History, err
			}
			saved = time.Now()
		}
	}
	return at.History, nil
}

// explainDevice adds to the failure of a device what is left of the run.
func (l *Loop) explainDevice(err *error) {
	var failed *tensor.DeviceError
	if !errors.As(*err, &failed) {
		return
	}
	left := "there is no checkpoint to go on from"
	if _, missing := os.Stat(l.Checkpoint); l.Checkpoint != "" && missing == nil {
		left = fmt.Sprintf("the last checkpoint is %s: the same command goes on from it", l.Checkpoint)
	}
	*err = fmt.Errorf("%s: %w; %s", l.Name, *err, left)
}

// step makes one update and returns the loss.
func (l *Loop) step(tape *autograd.Tape, b *rsdata.Batch, lr float64) (float64, error) {
	tape.Reset()
	l.Set.ZeroGrad()
	loss := l.Loss(tape, b)
	tape.Backward(loss)
	scale := 1.0
	norm, value := l.Opt.GradNorm(l.Backend, loss.Value) // the one place where a step waits for a device
	if !finite(value) || !finite(norm) {
		return value, l.blame(b, value)
	}
	if l.Clip > 0 {
		scale = optim.ClipScale(norm, l.Clip)
	}
	l.Opt.Step(l.Backend, lr, scale)
	return value, nil
}

// blame computes the batch once more, looking at every value.
func (l *Loop) blame(b *rsdata.Batch, value float64) error {
	tape := autograd.NewTape(l.Backend, autograd.Train)
	tape.Trace = true
	loss := l.Loss(tape, b)
	if tape.NonFinite() == nil {
		tape.Backward(loss)
	}
	return &NonFiniteError{Name: l.Name, Epoch: b.Epoch, Step: b.Step, Loss: value, Where: tape.NonFinite()}
}

// resume restores the state from the checkpoint, if there is one.
func (l *Loop) resume() (*state, error) {
	at := &state{since: time.Now()}
	if l.Checkpoint == "" {
		return at, nil
	}
	if _, err := os.Stat(l.Checkpoint); errors.Is(err, os.ErrNotExist) {
		return at, nil
	}
	return at, l.load(at)
}
