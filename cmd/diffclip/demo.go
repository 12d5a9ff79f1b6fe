package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/run"
)

func declareDemo(a *app, f *flags) func() error {
	f.purpose = "Runs both stages on an embedded synthetic scene, compares with stage 2 alone, and\nwrites a map, pictures and a report. It needs no data and takes minutes."
	f.usage = "[-out DIR] [-seed N] [flags]"
	f.example = []string{"-out demo"}
	p := place{}
	cfg, err := run.Preset("demo")
	f.group("flags", func() {
		f.StringVar(&p.out, "out", "diffclip-demo", "`folder` for the results")
		f.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "`number` that all draws follow from")
		f.BoolVar(&p.force, "force", false, "write over an earlier demo")
		p.computer.declare(f)
	})
	return func() error {
		if err != nil {
			return err
		}
		cfg.SetSeed(cfg.Seed)
		return demo(a, cfg, &p)
	}
}

// demo is the whole way from a scene to a report.
func demo(a *app, cfg run.Config, p *place) error {
	began := time.Now()
	be, err := p.open(a)
	if err != nil {
		return err
	}
	x, err := run.Prepare(cfg, run.Given{}, be)
	if err != nil {
		return err
	}
	if _, _, err := run.Open(p.out); err == nil && !p.force {
		return fmt.Errorf("%s holds an earlier demo or a run: write over it by -force, or choose another folder by -out", p.out)
	}
	folder, err := run.Create(p.out, p.force)
	if err != nil {
		return err
	}
	if err := p.claim(); err != nil {
		return err
	}
	defer p.leave()
	man, err := begin(folder, x, false)
	if err != nil {
		return err
	}
	d := &demonstration{app: a, x: x, folder: folder, man: man}
	for _, step := range []func() error{d.scene, d.stage1, d.stage2, d.alone, d.scores, d.wholeMap, d.page} {
		if err := step(); errors.Is(err, context.Canceled) {
			return interruptedError{"interrupted; begin again with: " + commandLine("demo", "-force", "-out", p.out)}
		} else if err != nil {
			return err
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
	m, curve, err := d.folder.TrainStage1(d.ctx, d.x, d.man, d.stderr)
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
	m, curve, err := d.folder.TrainStage2(d.ctx, d.x, d.man, d.first.Weights(), d.stderr)
	if err != nil {
		return err
	}
	d.model = m
	d.results.Curves = append(d.results.Curves, curve)
	return d.evaluate("stages 1 and 2", m)
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
