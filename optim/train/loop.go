// Package train runs the loop that both stages share: batches, backward passes,
// updates, checkpoints, exact resume, and a stop with a reason when a loss is
// not finite. A model of your own takes it too: Loop wants its parameters and its
// loss.
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

// Loop is one training run, of which all that stands before Clip must be given; Run says
// what is not. Everything a step does is a function of the configuration and of (epoch,
// step), so that a run resumed from a checkpoint ends with the same bits as one that was
// never interrupted.
type Loop struct {
	Name    string // what is trained, for messages: "stage 1"
	Backend tensor.Backend
	Set     *nn.Set
	Opt     optim.Optimizer // of the parameters of Set
	Batches *rsdata.Batches
	Epochs  int
	LR      optim.Schedule // per epoch

	// Loss computes the loss of a batch on a tape.
	Loss func(t *autograd.Tape, b *rsdata.Batch) *autograd.Var

	Clip  float64 // largest gradient norm, 0 for no limit
	Least int     // the smallest batch that can be trained, which an error suggests where memory runs out

	// Identity is what must agree between a checkpoint and the run that resumes
	// from it: configuration, seed and split, as text.
	Identity string

	Hooks

	tape *autograd.Tape
	log  *optim.Log
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
	// the run with an error. A device goes some steps ahead: OnStep hears of them
	// when there are as many as tensor.Backend.Ahead says, once LookEvery has passed
	// since the last time (half a second where it is 0), and before a checkpoint, the
	// end of an epoch or the end of the run.
	OnStep    func(Step)
	LookEvery time.Duration
	OnEpoch   func(Epoch) error

	// OnFit, if set, hears of the windows from which stage 2 refines its head after the
	// last step, before the first of them and after every batch. The loop does not call it.
	OnFit func(done, total int)
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
// infinite or not a number. The last checkpoint is from before that. A device may
// have gone some steps ahead since, which did not change the weights.
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

// Run trains to the end and returns the history of epochs. When ctx ends it
// saves a checkpoint and returns ctx's error. Where a device fails its memory is
// gone, and the last checkpoint remains.
func (l *Loop) Run(ctx context.Context) (history []Epoch, err error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	defer l.explainDevice(&err)
	defer tensor.CatchDevice(&err)
	l.Set.Place(l.Backend)
	at, err := l.resume()
	if err != nil {
		return nil, err
	}
	l.tape, l.log = autograd.NewTape(l.Backend, autograd.Train), optim.NewLog(l.Backend)
	at.saved, at.looked = time.Now(), time.Now()
	for at.Epoch < l.Epochs && err == nil {
		err = l.train(ctx, at)
	}
	var bad *NonFiniteError
	if errors.As(err, &bad) && bad.Weights == "" {
		l.blame(bad)
	}
	return at.History, err
}

// check returns an error that names what the loop was not given.
func (l *Loop) check() error {
	for _, part := range []struct {
		name  string
		given bool
	}{
		{"Name", l.Name != ""}, {"Backend", l.Backend != nil}, {"Set", l.Set != nil}, {"Opt", l.Opt != nil},
		{"Batches", l.Batches != nil}, {"LR", l.LR != nil}, {"Loss", l.Loss != nil},
	} {
		if !part.given {
			return fmt.Errorf("train: a loop without %s", part.name)
		}
	}
	if l.Epochs < 1 || !(l.Clip >= 0) {
		return fmt.Errorf("%s: %d epochs, gradients of norm %v at most: want at least 1, and a norm of 0, for no limit, or more", l.Name, l.Epochs, l.Clip)
	}
	return nil
}

// train does what is left of an epoch, and what follows it.
func (l *Loop) train(ctx context.Context, at *state) error {
	lr := l.LR.LR(at.Epoch)
	stopped, err := l.epoch(ctx, at, lr)
	if err != nil {
		return errors.Join(stopped, err)
	}
	if stopped != nil {
		return errors.Join(stopped, l.save(at))
	}
	e := Epoch{at.Epoch, at.LossSum / float64(at.Step), lr}
	at.History = append(at.History, e)
	at.Epoch, at.Step, at.LossSum = at.Epoch+1, 0, 0
	if l.OnEpoch != nil {
		if err := l.OnEpoch(e); err != nil {
			return errors.Join(err, l.save(at))
		}
	}
	if l.CheckpointEpochs > 0 && at.Epoch%l.CheckpointEpochs == 0 || at.Epoch == l.Epochs {
		return l.save(at)
	}
	return nil
}

// epoch makes the steps of an epoch that are left to do, and reads what they came
// to. stopped is the error of a context that ended.
func (l *Loop) epoch(ctx context.Context, at *state, lr float64) (stopped, err error) {
	for batch, ended := range l.Batches.Epoch(ctx, at.Epoch, at.Step) {
		if ended != nil {
			return ended, l.look(at)
		}
		l.step(batch, lr)
		due := time.Since(at.saved) >= or(l.CheckpointEvery, time.Minute)
		if due || l.log.Full() || time.Since(at.looked) >= or(l.LookEvery, time.Second/2) {
			if err := l.look(at); err != nil {
				return nil, err
			}
		}
		if due {
			if err := l.save(at); err != nil {
				return nil, err
			}
		}
	}
	return nil, l.look(at)
}

// or returns d, or another duration where it is 0.
func or(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}

// step makes one update. A device is not waited for.
func (l *Loop) step(b *rsdata.Batch, lr float64) {
	l.Opt.Step(l.Backend, lr, l.gradients(b))
	l.Backend.NextStep()
}

// gradients computes the gradients of a step, notes it, and returns their scale.
func (l *Loop) gradients(b *rsdata.Batch) *tensor.Tensor {
	l.tape.Reset()
	l.Set.ZeroGrad()
	loss := l.Loss(l.tape, b)
	l.tape.Backward(loss)
	return l.log.Note(l.Backend, l.Opt, loss.Value, l.Clip)
}

// look reads the steps that were made since the last time. Of one that was not
// finite it makes an error: neither it nor those after it changed the weights.
func (l *Loop) look(at *state) error {
	n := l.Batches.Steps()
	for _, noted := range l.log.Read() {
		if !noted.Finite() {
			return &NonFiniteError{Name: l.Name, Epoch: at.Epoch, Step: at.Step, Loss: noted.Loss}
		}
		at.Step++
		at.LossSum += noted.Loss
		if l.OnStep != nil {
			l.OnStep(Step{at.Epoch, at.Step - 1, at.Epoch*n + at.Step, l.Epochs * n, noted.Loss, l.LR.LR(at.Epoch)})
		}
	}
	at.looked = time.Now()
	return nil
}

// blame computes the batch of a step that was not finite once more, looking at
// every value. The weights are still those that it began with.
func (l *Loop) blame(bad *NonFiniteError) {
	for b, err := range l.Batches.Epoch(context.Background(), bad.Epoch, bad.Step) {
		if err != nil {
			return
		}
		tape := autograd.NewTape(l.Backend, autograd.Train)
		tape.Trace = true
		loss := l.Loss(tape, b)
		if tape.NonFinite() == nil {
			tape.Backward(loss)
		}
		bad.Where = tape.NonFinite()
		return
	}
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
