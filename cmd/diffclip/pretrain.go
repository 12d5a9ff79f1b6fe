package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"diffclip/internal/run"
)

func declarePretrain(a *app, f *flags) func() error {
	f.purpose = "Stage 1: a mask-diffusion model learns from unlabelled windows of a scene, whose labels\nmay come later or be those of another scene."
	f.usage = "-data DIR -out RUN [flags]"
	f.example = []string{"-data Houston2013 -out runs/houston", "-resume -out runs/houston"}
	var p place
	var s settings
	f.group("data and place", func() { s.declareData(f); p.declare(f, "of the run, new or empty") })
	f.group("settings to start from, which the other flags override", func() { s.declarePreset(f, "paper") })
	f.group("samples", func() { s.declareSplit(f); s.declareUnlabelled(f) })
	f.group("input and model", func() { s.declareInput(f); s.declareModel(f); s.declareBothStages(f) })
	f.group("language, which stage 2 inherits", func() { s.declareText(f) })
	f.group("training", func() { s.declarePretraining(f) })
	p.computer.declare(f)
	return func() error { return pretrain(a, f, &p, &s) }
}

func pretrain(a *app, f *flags, p *place, s *settings) error {
	switch {
	case p.out == "":
		return misuse("-out is missing: name the folder of the run")
	case p.resume && p.force:
		return misuse("-resume and -force exclude each other")
	}
	cfg, err := startingPoint(f, p, s)
	if err != nil {
		return err
	}
	if err := cfg.Check(); err != nil {
		return misuseError{err}
	}
	be, err := p.open(a)
	if err != nil {
		return err
	}
	x, err := run.Prepare(cfg, run.Given{Stage1: true}, be)
	if err != nil {
		return err
	}
	if err := x.Stage1Fits(); err != nil {
		return err
	}
	folder, err := run.Create(p.out, p.force || p.resume)
	if err != nil {
		return err
	}
	if err := p.claim(); err != nil {
		return err
	}
	defer p.leave()
	trained := p.resume && folder.Has(run.Stage1File) && !folder.Has(run.Checkpoint1File)
	switch begun := p.resume && folder.HasStage2(); {
	case trained && begun: // whose report it is
		fmt.Fprintf(a.stdout, "stage 1 of %s is complete; go on with: %s\n", p.out, commandLine("finetune", "-resume", "-out", p.out))
		return nil
	case trained && folder.Has(run.ReportFile):
		fmt.Fprintf(a.stdout, "stage 1 of %s is complete; go on with: %s\n", p.out, commandLine("finetune", "-from", p.out))
		return nil
	case begun:
		return fmt.Errorf("%s holds a stage 2 that was trained without stage 1, and no stage 1 to resume: choose another folder", p.out)
	}
	man, err := begin(folder, x, p.resume)
	if err != nil {
		return err
	}
	describe(a, x)
	err = stage1AndPage(a, folder, x, man, trained)
	if p.resume && (err == nil || errors.Is(err, context.Canceled)) { // the checkpoint was that of these windows; labels may have come since
		err = errors.Join(err, folder.WriteSplit(x))
	}
	if err != nil {
		return resumable(err, commandLine("pretrain", "-resume", "-out", p.out))
	}
	next := commandLine("finetune", "-from", p.out)
	if x.NoTest != nil {
		next = "when there are labels enough: " + next
	}
	fmt.Fprintf(a.stdout, "weights    %s\nreport     %s\nnext       %s\n", folder.Path(run.Stage1File), folder.Path(run.ReportFile), next)
	return nil
}

// stage1AndPage trains stage 1 or, where a run was stopped after that and before
// its report, reads it back; then it writes the report.
func stage1AndPage(a *app, folder run.Folder, x *run.Experiment, man *run.Manifest, trained bool) error {
	if !trained {
		model, curve, err := folder.TrainStage1(a.ctx, x, man, a.stderr)
		if err != nil {
			return err
		}
		return pretrainPage(a, folder, x, model, curve)
	}
	curves, err := folder.History()
	if err != nil {
		return err
	}
	s, err := run.OpenStage1(folder.Path(run.Stage1File))
	if err != nil {
		return err
	}
	return pretrainPage(a, folder, x, s.Model, curves...)
}

// startingPoint is the configuration of a new run, or that of the one to resume,
// with the flags applied.
func startingPoint(f *flags, p *place, s *settings) (run.Config, error) {
	if p.resume {
		_, man, err := run.Open(p.out)
		if err != nil {
			return run.Config{}, fmt.Errorf("nothing to resume: %w", err)
		}
		if s.preset != "" {
			return run.Config{}, misuse("-preset and -resume exclude each other: a run goes on with the settings it began with")
		}
		s.apply(&man.Config)
		return man.Config, nil
	}
	if !f.given("data") {
		return run.Config{}, misuse("-data is missing: name a folder or file, or %q for the embedded scene", run.Synthetic)
	}
	preset := s.preset
	if preset == "" {
		preset = "paper"
	}
	cfg, err := run.Preset(preset)
	s.apply(&cfg)
	return cfg, err
}

// begin writes run.json and split.json, so that an interrupted run says what it
// was, and clears away what a run written over has left. A run that is resumed
// keeps its own: whether it can be resumed shows only when its checkpoint is read.
func begin(folder run.Folder, x *run.Experiment, resume bool) (man *run.Manifest, err error) {
	man = run.NewManifest(x)
	if resume {
		return man, takeUp(man, folder, x)
	}
	if err := folder.Clear(false); err != nil {
		return nil, err
	}
	if err := folder.SaveManifest(man); err != nil {
		return nil, err
	}
	return man, folder.WriteSplit(x)
}

// takeUp is inherit for stage 1, in which labels have no part: they may have come since
// it began. That it is the same windows the checkpoint knows.
func takeUp(man *run.Manifest, folder run.Folder, x *run.Experiment) error {
	_, earlier, err := run.Open(folder.Dir)
	if err == nil && earlier.Relabelled(x) {
		x = nil
	}
	return inherit(man, folder, x)
}

// resumable adds to the interruption of a training, or to a full disk, how to go on.
func resumable(err error, command string) error {
	switch {
	case errors.Is(err, context.Canceled):
		return interruptedError{"interrupted; go on with: " + command}
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w; make room, then go on with: %s", err, command)
	}
	return err
}

// interruptedError is the end of a run that can be taken up again.
type interruptedError struct{ message string }

func (e interruptedError) Error() string { return e.message }
func (e interruptedError) Unwrap() error { return context.Canceled }

// describe says on stderr what is about to be worked on.
func describe(a *app, x *run.Experiment) {
	fmt.Fprintf(a.stderr, "%s\n%s\n", x.DataLine(), x.OverlapLine())
	for _, n := range x.Data.Notes {
		fmt.Fprintf(a.stderr, "note: %s\n", n)
	}
	for _, n := range x.Data.Missing {
		fmt.Fprintf(a.stderr, "missing: %s\n", n)
	}
	for _, n := range x.Scaling.Notes() {
		fmt.Fprintf(a.stderr, "note: %s\n", n)
	}
}
