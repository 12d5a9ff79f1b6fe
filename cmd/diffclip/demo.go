package main

import (
	"fmt"
	"slices"
	"time"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/run"
)

func declareDemo(a *app, f *flags) func() error {
	f.purpose = "Runs both stages on an embedded synthetic scene, compares with stage 2 alone, and\nwrites a map, pictures and a report. It needs no data and takes minutes."
	f.usage = "[-out DIR] [-seed N] [flags]"
	f.example = []string{"-out demo", "-resume -out demo"}
	p := place{}
	cfg, err := run.Preset("demo")
	f.group("flags", func() {
		f.StringVar(&p.out, "out", "diffclip-demo", "`folder` for the results")
		f.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "`number` that all draws follow from")
		f.BoolVar(&p.force, "force", false, "write over an earlier demo")
		f.BoolVar(&p.resume, "resume", false, "go on with a demo that was interrupted")
	})
	p.computer.declare(f)
	return func() error {
		switch {
		case err != nil:
			return err
		case p.resume && p.force:
			return misuse("-resume and -force exclude each other")
		case p.resume && f.given("seed"):
			return misuse("-seed and -resume exclude each other: a demo goes on with the seed it began with")
		}
		cfg.SetSeed(cfg.Seed)
		return demo(a, cfg, &p)
	}
}

// demo is the whole way from a scene to a report.
func demo(a *app, cfg run.Config, p *place) error {
	began := time.Now()
	if p.resume {
		_, man, err := run.Open(p.out)
		switch {
		case err != nil:
			return fmt.Errorf("nothing to resume: %w", err)
		case man.Config.Preset != cfg.Preset || man.Config.Data != run.Synthetic:
			return fmt.Errorf("%s holds a run that no demo began: go on with it by `diffclip pretrain` or `diffclip finetune`", p.out)
		}
		cfg = man.Config
	}
	be, err := p.open(a)
	if err != nil {
		return err
	}
	x, err := run.Prepare(cfg, run.Given{}, be)
	if err != nil {
		return err
	}
	if _, _, err := run.Open(p.out); err == nil && !p.force && !p.resume {
		return fmt.Errorf("%s holds an earlier demo or a run: go on with a demo that was interrupted by -resume, write over it by -force, or choose another folder by -out", p.out)
	}
	folder, err := run.Create(p.out, p.force || p.resume)
	if err != nil {
		return err
	}
	if err := p.claim(); err != nil {
		return err
	}
	defer p.leave()
	if p.resume && folder.Has(run.ReportFile) {
		fmt.Fprintf(a.stdout, "the demo in %s is complete; see: %s\n", p.out, folder.Path(run.ReportFile))
		return nil
	}
	man, err := begin(folder, x, p.resume)
	if err == nil && p.resume {
		err = folder.WriteSplit(x)
	}
	if err != nil {
		return err
	}
	d := &demonstration{app: a, x: x, folder: folder, man: man}
	for _, step := range []func() error{d.scene, d.stage1, d.stage2, d.alone, d.scores, d.wholeMap, d.page} {
		if err := step(); err != nil {
			return resumable(err, commandLine("demo", "-resume", "-out", p.out))
		}
	}
	fmt.Fprintf(a.stderr, "the demo took %s\n", time.Since(began).Round(time.Second))
	return nil
}

// demonstration is a demo in progress.
type demonstration struct {
	*app
	x       *run.Experiment
	folder  run.Folder
	man     *run.Manifest
	first   *run.Stage1
	model   *clip.Model // stages 1 and 2
	results run.Results
}

func (d *demonstration) say(format string, args ...any) { fmt.Fprintf(d.stdout, format+"\n", args...) }

// scene says what the data are.
func (d *demonstration) scene() error {
	x, s := d.x, d.x.Data.Scenes[0]
	d.say("1. The scene: a synthetic town of %d x %d pixels.", s.H, s.W)
	for _, m := range x.Data.Modalities {
		d.say("   %-6s %d values per pixel", m.Name, m.Bands)
	}
	d.say("   %d classes, some of which differ only by height or only by their neighbourhood.", len(x.Data.Classes))
	d.say("   %d labelled windows per class to learn from, %d to test on.", x.Split.Config.Shots, len(x.Split.Test))
	d.say("   %s\n", x.OverlapLine())
	return nil
}

// stage1 pre-trains without labels.
func (d *demonstration) stage1() error {
	d.say("2. Stage 1, without labels: %d windows, %.0f %% of each hidden, the rest noised;", len(d.x.Split.Unlabelled), 100*d.x.Config.Diffusion.MaskRatio)
	d.say("   the model restores them, and learns what such scenes look like.")
	var m *diffusion.Model
	curve, err := d.stage(run.Stage1Name, run.Stage1File, run.Checkpoint1File, func() (curve run.Curve, err error) {
		m, curve, err = d.folder.TrainStage1(d.ctx, d.x, d.man, d.stderr)
		return curve, err
	}, func(path string) error {
		s, err := run.OpenStage1(path)
		if err == nil {
			m = s.Model
		}
		return err
	})
	if err != nil {
		return err
	}
	d.first = &run.Stage1{Trained: &diffusion.Trained{Model: m, Scaling: d.x.Scaling}}
	d.results.Curves = append(d.results.Curves, curve)
	d.say("   loss %.3f at the start, %.3f at the end\n", curve.Epochs[0].Loss, curve.Epochs[len(curve.Epochs)-1].Loss)
	d.results.Reconstructions, err = restorations(d.folder, d.x, m)
	return err
}

// stage2 learns the classes from there.
func (d *demonstration) stage2() error {
	d.say("3. Stage 2, with few labels: windows are drawn towards the text of their class, such as")
	d.say("   %q.", d.x.Text.Texts[0])
	curve, err := d.stage(run.Stage2Name, run.Stage2File, run.Checkpoint2File, func() (curve run.Curve, err error) {
		d.model, curve, err = d.folder.TrainStage2(d.ctx, d.x, d.man, d.first.Weights(), d.stderr)
		return curve, err
	}, func(path string) error {
		s, err := clip.Open(path)
		if err == nil {
			d.model = s.Model
		}
		return err
	})
	if err != nil {
		return err
	}
	d.results.Curves = append(d.results.Curves, curve)
	return d.evaluate("stages 1 and 2", d.model)
}

// stage trains a stage, or reads back one that a demo finished before it was interrupted.
func (d *demonstration) stage(name, weights, checkpoint string, train func() (run.Curve, error), open func(path string) error) (run.Curve, error) {
	if !d.folder.Has(weights) || d.folder.Has(checkpoint) {
		return train()
	}
	curves, err := d.folder.History()
	if err != nil {
		return run.Curve{}, err
	}
	i := slices.IndexFunc(curves, func(c run.Curve) bool { return c.Name == name })
	if i < 0 {
		return run.Curve{}, fmt.Errorf("%s does not tell of %s, whose weights are there: begin again by -force", d.folder.Path(run.HistoryFile), name)
	}
	return curves[i], open(d.folder.Path(weights))
}

// alone repeats stage 2 from scratch.
func (d *demonstration) alone() error {
	d.say("4. For comparison: stage 2 alone, and the nearest class mean of single pixels.\n")
	hooks, end := run.Watch(d.stderr, "stage 2 alone", "")
	m, history, err := d.x.Finetune(d.ctx, nil, hooks)
	end(err)
	if err != nil {
		return err
	}
	d.results.Curves = append(d.results.Curves, run.Curve{Name: "stage 2 alone", Epochs: history})
	if err := d.folder.SaveHistory(d.results.Curves...); err != nil {
		return err
	}
	if err := d.evaluate("stage 2 alone", m); err != nil {
		return err
	}
	confusion, err := d.x.NearestMean(d.ctx)
	if err != nil {
		return err
	}
	d.results.Methods = append(d.results.Methods, run.Method{Name: "nearest mean of single pixels", Confusion: confusion})
	return nil
}

func (d *demonstration) evaluate(name string, m *clip.Model) error {
	c, err := d.x.EvaluateStage2(d.ctx, m, d.stderr)
	if err == nil {
		d.results.Methods = append(d.results.Methods, run.Method{Name: name, Confusion: c})
	}
	return err
}

func (d *demonstration) scores() error {
	printScores(d.stdout, d.results.Methods)
	d.say("In percent. OA: test windows that are right; AA: the mean of that over classes;")
	d.say("kappa: the part of OA that is more than chance.\n")
	return d.folder.SaveResults(d.x, d.results.Methods[0].Confusion)
}

// wholeMap classifies every pixel of the scene.
func (d *demonstration) wholeMap() error {
	d.say("5. The whole scene, classified pixel by pixel.")
	classifier := clip.NewClassifier(d.x.Backend, d.model, d.x.Text.Prompts)
	labels, err := mapScene(d.app, classifier, d.x.Data, d.x.Windows, mapJob{dir: d.folder.Dir, classes: d.x.Data.Classes})
	if err != nil {
		return err
	}
	d.results.Map = labels
	return nil
}

// page writes the report and says where to look.
func (d *demonstration) page() error {
	d.results.Title = "DiffCLIP demo"
	var err error
	if d.results.Inside, err = lookInside(d.app, d.x, d.first.Model, d.model); err != nil {
		return err
	}
	if err := writePage(d.folder, d.x, d.results); err != nil {
		return err
	}
	d.say("\nLook at")
	for _, row := range [][2]string{
		{"report.html", "everything on one page"}, {"map.png", "the map; map.tif is the same for a GIS"},
		{run.RestoredPicture(0), "what stage 1 restores"}, {"confusion.png", "which classes are taken for which"},
		{run.Stage2File, "the classifier, for diffclip map -from " + d.folder.Dir},
	} {
		d.say("  %-40s %s", d.folder.Path(row[0]), row[1])
	}
	return nil
}
