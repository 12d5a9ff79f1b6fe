package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"diffclip/internal/cells"
	"diffclip/internal/run"
	"diffclip/rsdata"
)

func declareEval(a *app, f *flags) func() error {
	f.purpose = "The accuracy of a run on its test windows: OA, AA, kappa, every class and the\nconfusion. With -seeds, stage 2 is trained anew for other draws of the samples;\na seed whose samples cannot be drawn is left out, and told of. What is finished is kept\nat once: the same command goes on after an interruption or a kill. The results go into\nthe run's folder, unless -views asks for other views than its own."
	f.usage = "-from RUN [-seeds N] [-json]"
	f.example = []string{"-from runs/houston -json", "-from runs/houston -seeds 10", "-from runs/houston -views 8"}
	var o evalOptions
	f.group("flags", func() {
		f.StringVar(&o.from, "from", "", "`folder` of a run with stage 2")
		f.StringVar(&o.data, "data", "", "`folder` or file, where the data have moved since")
		count(f, "seeds", "`number` of draws of the samples, each with a stage 2 of its own (default 1)", &o.seeds)
		f.BoolVar(&o.force, "force", false, "with -seeds: compute what is finished anew")
		viewsFlag(f, &o.views)
		f.BoolVar(&o.json, "json", false, "write JSON")
	})
	o.computer.declare(f)
	return func() error {
		o.goOn = goOn(f)
		return eval(a, &o)
	}
}

type evalOptions struct {
	computer
	from, data string
	seeds      int
	views      int // 0 for those of the run
	json       bool
	force      bool
	goOn       string // the command line that goes on after an interruption
	aside      bool   // the results are not those of the run as it stands
}

func eval(a *app, o *evalOptions) error {
	if o.from == "" {
		return misuse("-from is missing: name the folder of a run")
	}
	folder, man, err := run.Open(o.from)
	if err != nil {
		return err
	}
	lock, err := folder.Take()
	if err == nil {
		defer lock.Release()
	} else if !onlyRead(err) {
		return err
	}
	s, err := openClassifier(o.from)
	if err != nil {
		return err
	}
	if o.seeds > 1 && man.Config.Split.Inductive {
		return fmt.Errorf("%s: its stage 1 kept clear of the test windows of its own split alone, so that other draws would test on windows it has seen: leave -seeds out, and train stage 1 anew for each -seed", o.from)
	}
	cfg := man.Config
	if o.data != "" {
		cfg.Data = o.data
	}
	if o.views > 0 {
		o.aside = o.views != max(s.Model.Config.Views, 1)
		cfg.Classifier.Views, s.Model.Config.Views = o.views, o.views
	}
	be, err := o.open(a)
	if err != nil {
		return err
	}
	x, err := run.Prepare(cfg, run.Given{Scaling: s.Scaling, Text: s.Text}, be)
	if err != nil {
		return moved(err, o.data != "")
	}
	if err := man.Same(x); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%s\n%s\n", x.DataLine(), x.OverlapLine())
	if o.seeds > 1 {
		return evalSeeds(a, folder, x, o)
	}
	confusion, err := x.EvaluateStage2(a.ctx, s.Model, a.stderr)
	if err != nil {
		return err
	}
	if err := o.keep(a, func() error { return folder.SaveResults(x, confusion) }); err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(a.stdout).Encode(run.NewMetrics(x, confusion))
	}
	printScores(a.stdout, []run.Method{{Name: o.from, Confusion: confusion}})
	fmt.Fprintln(a.stdout)
	return confusion.WriteClassCSV(a.stdout, x.ClassNames())
}

// keep lets save write results into the folder of the run, where they are its own.
func (o *evalOptions) keep(a *app, save func() error) error {
	if o.aside {
		fmt.Fprintf(a.stderr, "note: the results are not kept in the run, since -views %d is not what it says\n", o.views)
		return nil
	}
	return kept(a, save())
}

// kept turns a run folder that may only be read into a remark: the results are shown, if not kept.
func kept(a *app, err error) error {
	if onlyRead(err) {
		fmt.Fprintf(a.stderr, "note: the results are not kept in the run: %s\n", oneLine(err.Error()))
		return nil
	}
	return err
}

// onlyRead reports whether an error is that of a folder which may only be read.
func onlyRead(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// evalSeeds draws the samples anew from seed after seed, trains stage 2 on each
// draw, and summarises.
func evalSeeds(a *app, folder run.Folder, x *run.Experiment, o *evalOptions) error {
	var stage1 *run.Stage1
	if folder.Has(run.Stage1File) {
		var err error
		if stage1, err = run.OpenStage1(folder.Path(run.Stage1File)); err == nil {
			err = stage1.Suits(x)
		}
		if err != nil {
			return err
		}
	}
	done := finishedIn(a, folder.Dir, o.force, x.Data)
	weights := stage1.Fingerprint()
	cell := func(i int) (cells.Identity, error) {
		return x.Reseeded(x.Config.Seed+uint64(i)).Stage2Cell(done.fingerprint, weights, nil)
	}
	if err := done.tell(o.seeds, "seed", cell); err != nil {
		return err
	}
	var all run.Seeds
	var splits error // what kept the draws from being written
	var lost undrawn
	for i := range o.seeds {
		seed := x.Config.Seed + uint64(i)
		y, err := x.Resplit(seed)
		if err != nil {
			lost.add(seed, err)
			continue
		}
		id, err := cell(i)
		if err != nil {
			return err
		}
		confusion, _, err := done.test(id, y.Split, func() (*rsdata.Confusion, error) {
			return evalSeed(a, y, stage1, fmt.Sprintf("seed %d (%d of %d)", seed, i+1, o.seeds))
		})
		if err != nil {
			next := ""
			if done.keeps() {
				next = "go on with: " + o.goOn
			}
			err = stopped(err, len(all.Seeds), o.seeds, next)
			if len(all.Seeds) > 0 { // what earlier seeds have given is shown, and does not count as the results of the run: it is less than can be had
				err = errors.Join(err, showSeeds(a, x, &all, o.json))
			}
			return err
		}
		all.Add(seed, y, confusion)
		if splits == nil && !o.aside {
			splits = folder.WriteSeedSplit(y)
		}
	}
	if len(all.Seeds) == 0 {
		return lost.err(o.seeds)
	}
	if err := o.keep(a, func() error { return errors.Join(splits, folder.SaveSeeds(&all)) }); err != nil {
		return err
	}
	return errors.Join(lost.err(o.seeds), showSeeds(a, x, &all, o.json))
}

// evalSeed trains stage 2 on a draw and tests it.
func evalSeed(a *app, x *run.Experiment, stage1 *run.Stage1, title string) (*rsdata.Confusion, error) {
	hooks, end := run.Watch(a.stderr, title, "")
	model, _, err := x.Finetune(a.ctx, stage1.Weights(), hooks)
	end(err)
	if err != nil {
		return nil, err
	}
	return x.EvaluateStage2(a.ctx, model, a.stderr)
}

func showSeeds(a *app, x *run.Experiment, all *run.Seeds, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(all)
	}
	printSeeds(a, x, all)
	return nil
}

func printSeeds(a *app, x *run.Experiment, all *run.Seeds) {
	names, values := all.Summary.Columns()
	fmt.Fprintf(a.stdout, "%-8s%s\n", "seed", columns("%6s", names))
	for i, s := range all.Scores {
		_, values := s.Columns()
		fmt.Fprintf(a.stdout, "%-8d%s\n", all.Seeds[i], columns("%6.1f", hundredfold(values)))
	}
	fmt.Fprintf(a.stdout, "\nin percent, mean and standard deviation over %s\n", run.Count(len(all.Scores), "draw"))
	for i, v := range values {
		fmt.Fprintf(a.stdout, "%-5s %s\n", names[i], v.Percent())
	}
	fmt.Fprintln(a.stdout, "\nrecall of each class")
	for i, r := range all.Summary.Recall {
		fmt.Fprintf(a.stdout, "%-*s %s\n", nameColumn(x.Data), x.Data.Classes[i].Name, r.Percent())
	}
	fmt.Fprintln(a.stdout, "\nthe same for LaTeX")
	fmt.Fprintln(a.stdout, rsdata.LaTeXRow("DiffCLIP", values...))
}
