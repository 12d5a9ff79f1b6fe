package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"diffclip/internal/reproduce"
	"diffclip/internal/run"
)

func declareReproduce(a *app, f *flags) func() error {
	var lines []string
	for _, s := range reproduce.Studies() {
		lines = append(lines, item(s.Name, s.Title))
	}
	f.purpose = "An experiment of the paper, by its NAME, on the scenes in a folder: what it gives here\n(mean and standard deviation over seeds), what the paper prints, and the difference,\nas CSV, LaTeX, PNG, SVG and a page. A run that was stopped goes on when the same\ncommand is given again.\n\n" + strings.Join(lines, "\n")
	f.usage = "NAME [-data DIR] [-seeds N] [-quick] [-out DIR] [flags]"
	f.example = []string{"table1 -quick", "table1 -data scenes -out results", "fig4 -data scenes -scenes houston -seeds 3 -preset best"}
	f.operands = 1
	o := reproduceOptions{seeds: 0, first: 1}
	f.group("data and place", func() {
		f.StringVar(&o.data, "data", "", "`folder` that holds the scenes, each in a folder of its own: Houston2013, Trento, MUUFL, IDTReeS, ... (default the embedded scene alone)")
		f.Func("scenes", "`names` of the scenes to run on, separated by commas; the beginning of a name will do (default all that are there)", func(v string) error {
			o.scenes = nil
			for _, name := range strings.Split(v, ",") {
				o.scenes = append(o.scenes, strings.TrimSpace(name))
			}
			return nil
		})
		f.StringVar(&o.out, "out", "reproduce", "`folder` for results; finished cells in it are used again")
	})
	f.group("draws", func() {
		count(f, "seeds", "`number` of draws of the samples (default 10, quick 2)", &o.seeds)
		f.Uint64Var(&o.first, "seed", o.first, "`number` of the first draw; the others follow it")
		f.BoolVar(&o.quick, "quick", false, "fewer arms and seeds, the preset demo, next to no training: to see that it works")
		f.BoolVar(&o.oneStage1, "one-stage1", false, "let all seeds start from the stage 1 of the first: less time, and less of the chance in it seen")
		o.declareProtocol(f)
	})
	f.group("settings to start from, which flags override where the experiment does not vary them", func() {
		o.declarePreset(f, "paper, quick demo")
		o.integer(f, "pretrain-epochs", "`number` of passes over the unlabelled windows", 1, func(c *run.Config, n int) { c.Pretrain.Epochs = n })
		o.integer(f, "finetune-epochs", "`number` of passes over the training samples", 1, func(c *run.Config, n int) { c.SetEpochs(n) })
	})
	f.explainedBy("pretrain", "input, model and language", func() {
		o.declareUnlabelled(f)
		o.declareInput(f)
		o.declareModel(f)
		o.declareBothStages(f)
		o.declareText(f)
	})
	f.explainedBy("finetune", "head", func() { o.declareContrast(f) })
	o.computer.declare(f)
	return func() error { return reproduceCommand(a, f, &o) }
}

type reproduceOptions struct {
	computer
	settings
	data, out string
	scenes    []string
	seeds     int
	first     uint64
	quick     bool
	oneStage1 bool
}

// Draws of the samples where -seeds does not say.
const (
	usualSeeds = 10
	quickSeeds = 2
)

// config is the preset with the flags applied.
func (o *reproduceOptions) config() (run.Config, error) {
	preset := o.preset
	switch {
	case preset == "" && o.quick:
		preset = "demo"
	case preset == "":
		preset = "paper"
	}
	cfg, err := run.Preset(preset)
	if o.quick {
		reproduce.Quick(&cfg)
	}
	o.apply(&cfg)
	return cfg, err
}

func reproduceCommand(a *app, f *flags, o *reproduceOptions) error {
	study, err := reproduce.Find(f.Arg(0))
	if err != nil {
		return misuseError{err}
	}
	cfg, err := o.config()
	if err != nil {
		return err
	}
	cfg.Data = run.Synthetic // a scene's own place follows; the check wants one
	if err := cfg.Check(); err != nil {
		return misuseError{err}
	}
	if o.oneStage1 && cfg.Split.Inductive {
		return misuse("-one-stage1 and -inductive on exclude each other: a stage 1 keeps clear of the windows of one draw that test")
	}
	if o.seeds == 0 {
		o.seeds = usualSeeds
		if o.quick {
			o.seeds = quickSeeds
		}
	}
	scenes, err := study.FindScenes(o.data, o.scenes)
	switch {
	case err == nil && o.data == "":
		fmt.Fprintln(a.stderr, "note: without -data what is embedded stands in for the paper's data; the page says which files those are, and where they go")
	case scenes != nil: // the notes say why a scene that was asked for is not there
		for _, n := range scenes.Notes {
			fmt.Fprintf(a.stderr, "note: %s\n", n)
		}
	}
	if err != nil {
		return err
	}
	be, err := o.open(a)
	if err != nil {
		return err
	}
	out, err := reproduce.Run(a.ctx, study, reproduce.Options{Config: cfg, Scenes: scenes, Seeds: o.seeds, First: o.first, OneStage1: o.oneStage1,
		Quick: o.quick, Out: o.out, Backend: be, Command: commandLine(f.Name(), f.words...), Log: a.stderr})
	if err != nil {
		return resumable(err, commandLine(f.Name(), f.words...))
	}
	if err := out.Print(a.stdout); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "\npage       %s\n", filepath.Join(o.out, out.Page()))
	return err
}
