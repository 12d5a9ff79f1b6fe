package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/progress"
	"diffclip/nn"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Stage names, as history.csv and the pictures have them.
const (
	Stage1Name = "stage 1"
	Stage2Name = "stage 2"
)

// Watch returns hooks that show a training's progress on log and keep its
// checkpoint in a file ("" for none), and a function that ends the display, given
// what ended the training: nil, where it is complete.
func Watch(log io.Writer, title, checkpoint string) (hooks train.Hooks, end func(error)) {
	var p, fit *progress.Progress // of the steps, and of what comes after them
	loss := 0.0
	h := train.Hooks{Checkpoint: checkpoint}
	h.OnStep = func(s train.Step) {
		if p == nil {
			p = progress.New(log, title, s.Total)
			p.Resume(s.Done) // what is done took its time before the clock ran
		}
		loss = s.Loss
		p.Step(s.Done, fmt.Sprintf("epoch %d  loss %.4f", s.Epoch+1, s.Loss))
	}
	trained := func() { p.Done(fmt.Sprintf("loss %.4f", loss)) }
	h.OnFit = func(done, total int) {
		if fit == nil {
			trained()
			fit = progress.New(log, fmt.Sprintf("head, refined on %d windows without labels", total), total)
		}
		fit.Step(done, "")
	}
	return h, func(err error) {
		if err != nil {
			p.Close()
			fit.Close()
			return
		}
		trained()
		fit.Done("")
	}
}

// TrainStage1 runs, or goes on with, stage 1 of an experiment in its folder, and
// writes its weights and its history.
func (f Folder) TrainStage1(ctx context.Context, x *Experiment, m *Manifest, log io.Writer) (*diffusion.Model, Curve, error) {
	hooks, end := Watch(log, "stage 1, mask diffusion", f.Path(Checkpoint1File))
	model, curve, err := f.RunStage1(ctx, x, m, hooks)
	end(err)
	return model, curve, err
}

// RunStage1 is TrainStage1 for a caller that follows it by hooks, whose checkpoint
// lies in the folder under its usual name.
func (f Folder) RunStage1(ctx context.Context, x *Experiment, m *Manifest, hooks train.Hooks) (*diffusion.Model, Curve, error) {
	var model *diffusion.Model
	curve, err := f.runStage(m, Stage1Name, Checkpoint1File, hooks, func(h train.Hooks) (set *nn.Set, history []train.Epoch, err error) {
		if model, history, err = x.Pretrain(ctx, h); err != nil {
			return nil, history, err
		}
		return model.Set, history, nil
	}, func() error { return f.SaveStage1(x, model) })
	return model, curve, err
}

// TrainStage2 runs, or goes on with, stage 2 of an experiment in its folder, from
// the weights of stage 1 or from scratch, and writes its weights and history.
func (f Folder) TrainStage2(ctx context.Context, x *Experiment, m *Manifest, state map[string]*tensor.Tensor, log io.Writer) (*clip.Model, Curve, error) {
	hooks, end := Watch(log, "stage 2, few labels", f.Path(Checkpoint2File))
	var model *clip.Model
	curve, err := f.runStage(m, Stage2Name, Checkpoint2File, hooks, func(h train.Hooks) (set *nn.Set, history []train.Epoch, err error) {
		if model, history, err = x.Finetune(ctx, state, h); err != nil {
			return nil, history, err
		}
		return model.Set, history, nil
	}, func() error { return f.SaveStage2(x, model) })
	end(err)
	return model, curve, err
}

// runStage lets work train a stage in the folder, which no other program then
// trains into, logs its steps, and keeps what it leaves; save writes the weights.
// The time of a training that was interrupted or killed counts too. After any other error
// run.json stays as it is: the checkpoint may be that of another configuration.
func (f Folder) runStage(m *Manifest, name, checkpoint string, hooks train.Hooks, work func(train.Hooks) (*nn.Set, []train.Epoch, error), save func() error) (Curve, error) {
	lock, err := f.Take()
	if err != nil {
		return Curve{}, err
	}
	defer lock.Release()
	hooks, end := f.logSteps(name, hooks)
	defer end()
	began, earlier := time.Now(), 0.0
	heard := hooks.OnResume
	hooks.OnResume = func(done, total int, seconds float64) {
		// A checkpoint knows of kills, run.json of interruptions and of all that was around the steps.
		earlier = max(seconds, m.Seconds[name])
		if heard != nil {
			heard(done, total, seconds)
		}
	}
	set, history, err := work(hooks)
	curve := Curve{name, history}
	m.Seconds[name] = earlier + time.Since(began).Seconds()
	switch {
	case errors.Is(err, context.Canceled):
		return curve, errors.Join(err, f.SaveManifest(m))
	case err != nil:
		return curve, err
	}
	m.Parameters[name] = set.Count()
	return curve, f.finish(m, checkpoint, curve, save)
}

// finish writes what a stage leaves. The checkpoint goes last, so that a run
// killed here still finds it.
func (f Folder) finish(m *Manifest, checkpoint string, curve Curve, save func() error) error {
	if err := save(); err != nil {
		return err
	}
	if err := f.SaveHistory(curve); err != nil {
		return err
	}
	if err := f.SaveManifest(m); err != nil {
		return err
	}
	if err := os.Remove(f.Path(checkpoint)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// EvaluateStage2 classifies the test windows with progress on log.
func (x *Experiment) EvaluateStage2(ctx context.Context, m *clip.Model, log io.Writer) (*rsdata.Confusion, error) {
	p := progress.New(log, fmt.Sprintf("classifying %d test windows", len(x.Split.Test)), 0)
	c, err := x.Evaluate(ctx, m)
	if err == nil {
		p.Done(fmt.Sprintf("OA %.1f %%", 100*c.OA()))
	}
	return c, err
}
