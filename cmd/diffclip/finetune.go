package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"unicode/utf8"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/run"
)

func declareFinetune(a *app, f *flags) func() error {
	f.purpose = "Stage 2: a classifier learns classes from few labelled windows and from language,\nstarting from stage 1 (-from) or, to compare, from scratch."
	f.usage = "-from RUN [-data DIR] [-out RUN2] [flags]"
	f.example = []string{"-from runs/houston -shots 8", "-from runs/houston -shots 8 -map", "-data Houston2013 -out runs/scratch -shots 8"}
	var p place
	var s settings
	var from string
	var withMap bool
	f.group("data and place", func() {
		f.StringVar(&from, "from", "", "`folder` of a run with stage 1; its data and settings are the defaults")
		s.declareData(f)
		p.declare(f, "of the run (default that of -from)")
		f.BoolVar(&withMap, "map", false, fmt.Sprintf("show a map of the whole scene in report.html, as is done anyway up to %d pixels unless -map=false", smallScene))
	})
	f.group("settings to start from, which the other flags override", func() { s.declarePreset(f, "that of -from, else paper") })
	f.group("samples", func() { s.declareSplit(f) })
	f.group("language", func() { s.declareText(f) })
	f.group("training", func() { s.declareFinetuning(f); s.declareBothStages(f) })
	f.group("head", func() { s.declareHead(f) })
	f.explainedBy("pretrain", fixedByStage1, func() { s.declareInput(f); s.declareModel(f) })
	p.computer.declare(f)
	return func() error { return finetune(a, f, &p, &s, from, withMap) }
}

// fixedByStage1 is the title of the flags that stage 1 has decided.
const fixedByStage1 = "input and model, without -from"

func checkFinetune(f *flags, p *place, s *settings, from string) error {
	switch {
	case p.resume && p.force:
		return misuse("-resume and -force exclude each other")
	case p.resume && from == "" && p.out == "":
		return misuse("-resume: name the run to go on with by -out or -from")
	case p.resume && s.preset != "":
		return misuse("-preset and -resume exclude each other: a run goes on with the settings it began with")
	case from == "" && !p.resume && (p.out == "" || !f.given("data")):
		return misuse("-from is missing: name the run with stage 1; to train from scratch give -data and -out instead")
	}
	if from == "" {
		return nil
	}
	for _, g := range f.groups {
		for _, name := range g.names {
			if g.title == fixedByStage1 && f.given(name) {
				return misuse("-%s is decided by stage 1 (-from %s)", name, from)
			}
		}
	}
	return nil
}

func finetune(a *app, f *flags, p *place, s *settings, from string, withMap bool) error {
	if err := checkFinetune(f, p, s, from); err != nil {
		return err
	}
	if p.out == "" {
		p.out = from
	}
	cfg, base, err := finetuneConfig(p, s, from)
	if err != nil {
		return err
	}
	stage1, err := startingWeights(p, from, base)
	if err != nil {
		return err
	}
	var given run.Given
	if stage1 != nil {
		given.Scaling = stage1.Scaling
	}
	if err := cfg.Check(); err != nil {
		return misuseError{err}
	}
	be, err := p.open(a)
	if err != nil {
		return err
	}
	x, err := run.Prepare(cfg, given, be)
	if err != nil {
		return moved(err, f.given("data"))
	}
	if stage1 == nil {
		base = nil
	} else if err := stage1.Suits(x); err != nil {
		return err
	}
	if err := errors.Join(x.StartFrom(base), x.Stage2Fits(), mappable(x, withMap)); err != nil {
		return err
	}
	defer p.leave()
	folder, man, done, err := finetuneFolder(x, p, from)
	if err != nil {
		return err
	}
	if done && folder.Has(run.ReportFile) {
		fmt.Fprintf(a.stdout, "stage 2 of %s is complete; see: %s\n", p.out, commandLine("eval", "-from", p.out))
		return nil
	}
	describe(a, x)
	model, err := stage2Of(a, folder, x, man, stage1, done)
	if err == nil {
		err = finishFinetune(a, folder, x, model, stage1, withMap || !f.given("map") && mapsAnyway(x))
	}
	return resumable(err, commandLine("finetune", "-resume", "-out", p.out))
}

// finetuneConfig is the configuration of the run to resume, of the one to start
// from, or of a preset, with the flags applied, and the manifest of that run, nil for
// none. What it says of stage 1 stays as stage 1 was trained.
func finetuneConfig(p *place, s *settings, from string) (cfg run.Config, base *run.Manifest, err error) {
	dir := from
	if p.resume {
		dir = p.out
	}
	if dir == "" {
		preset := s.preset
		if preset == "" {
			preset = "paper"
		}
		cfg, err = run.Preset(preset)
		s.apply(&cfg)
		return cfg, nil, err
	}
	if _, base, err = run.Open(dir); err != nil {
		return cfg, nil, err
	}
	cfg = base.Config
	if s.preset != "" {
		err = cfg.AdoptPreset(s.preset)
	}
	s.apply(&cfg)
	cfg.Diffusion, cfg.Pretrain = base.Config.Diffusion, base.Config.Pretrain
	return cfg, base, err
}

// startingWeights reads stage 1 from the run to start from or, on resume, from the run
// itself, of which base tells; nil where stage 2 has none.
func startingWeights(p *place, from string, base *run.Manifest) (*run.Stage1, error) {
	dir := from
	if p.resume {
		dir = p.out
	}
	if dir == "" {
		return nil, nil
	}
	folder := run.Folder{Dir: dir}
	fromScratch := folder.HasStage2() || base.Split.Unlabelled == 0 && !folder.Has(run.Checkpoint1File)
	switch {
	case folder.Has(run.Stage1File):
		return run.OpenStage1(folder.Path(run.Stage1File))
	case fromScratch && p.resume:
		return nil, nil
	case fromScratch:
		return nil, fmt.Errorf("%s has no %s: its stage 2 was trained without; name a run of `diffclip pretrain`", dir, run.Stage1File)
	}
	return nil, fmt.Errorf("%s has no %s: its stage 1 is not finished; go on with `%s`", dir, run.Stage1File, commandLine("pretrain", "-resume", "-out", dir))
}

// finetuneFolder claims the run's folder and makes it ready. done is true where a run to resume
// is trained already.
func finetuneFolder(x *run.Experiment, p *place, from string) (folder run.Folder, man *run.Manifest, done bool, err error) {
	folder = run.Folder{Dir: p.out}
	man = run.NewManifest(x)
	same := from != "" && filepath.Clean(from) == filepath.Clean(p.out)
	switch {
	case p.resume:
		if err = p.claim(); err == nil {
			err = inherit(man, folder, x)
		}
		done = !folder.Has(run.Checkpoint2File) && folder.Has(run.Stage2File)
		if err == nil && !folder.HasStage2() { // the report that is there is that of stage 1
			err = folder.Clear(true)
		}
	case same:
		if err = folder.VacantStage2(p.force); err == nil {
			err = p.claim()
		}
		if err == nil {
			err = inherit(man, folder, nil)
		}
		if err == nil {
			err = folder.Clear(true)
		}
	default:
		err = newFinetune(p, from)
	}
	if err == nil && !p.resume {
		err = folder.SaveManifest(man)
	}
	if err == nil { // on resume too: a kill may have come before it
		err = folder.WriteSplit(x)
	}
	return folder, man, done, err
}

// inherit takes over what an earlier part of the run measured. The experiment,
// where given, must be that of the run.
func inherit(man *run.Manifest, folder run.Folder, x *run.Experiment) error {
	_, earlier, err := run.Open(folder.Dir)
	if err != nil {
		return fmt.Errorf("nothing to go on with: %w", err)
	}
	if x != nil {
		if err := earlier.Same(x); err != nil {
			return err
		}
	}
	man.Seconds, man.Parameters = earlier.Seconds, earlier.Parameters
	return nil
}

// newFinetune makes a folder of its own for a stage 2, with a copy of the stage 1
// that it starts from.
func newFinetune(p *place, from string) error {
	folder, err := run.Create(p.out, p.force)
	if err == nil {
		err = p.claim()
	}
	if err != nil {
		return err
	}
	if err := folder.Clear(false); err != nil || from == "" {
		return err
	}
	return folder.CopyFrom(run.Folder{Dir: from}, run.Stage1File)
}

// stage2Of trains the classifier or, where a run was stopped after that and before
// its report, reads it back.
func stage2Of(a *app, folder run.Folder, x *run.Experiment, man *run.Manifest, stage1 *run.Stage1, trained bool) (*clip.Model, error) {
	if !trained {
		model, _, err := folder.TrainStage2(a.ctx, x, man, stage1.Weights(), a.stderr)
		return model, err
	}
	s, err := clip.Open(folder.Path(run.Stage2File))
	if err != nil {
		return nil, err
	}
	x.Text = s.Text
	return s.Model, nil
}

// mappable refuses a map where there is not one scene to show.
func mappable(x *run.Experiment, withMap bool) error {
	n := len(x.Data.Scenes)
	switch {
	case withMap && x.Data.Whole:
		return misuse("-map shows the map of a scene, and a picture of %q is classified as a whole: leave -map out", x.Data.Name)
	case withMap && n > 1:
		return misuse("-map shows the map of one scene, and %q has %d: leave -map out; diffclip map -from RUN -data DIR -out DIR writes the maps of all", x.Data.Name, n)
	}
	return nil
}

// smallScene is the number of pixels up to which the report shows the map unasked: it takes a minute or two at most.
const smallScene = 40_000

// mapsAnyway reports whether a scene is so small that the report shows its map unasked.
func mapsAnyway(x *run.Experiment) bool {
	s := x.Data.Scenes[0]
	return len(x.Data.Scenes) == 1 && !x.Data.Whole && s.H*s.W <= smallScene
}

// reportMap classifies the scene for the report, nil where the report shows no map.
func reportMap(a *app, x *run.Experiment, model *clip.Model, show bool) ([]uint8, error) {
	if !show {
		return nil, nil
	}
	classifier := clip.NewClassifier(x.Backend, model, x.Text.Prompts)
	return classifyScene(a, classifier, x.Data, x.Windows, 0, func([]uint8, []float32, []float32) error { return nil })
}

// finishFinetune evaluates, and writes the results and the report.
func finishFinetune(a *app, folder run.Folder, x *run.Experiment, model *clip.Model, stage1 *run.Stage1, withMap bool) error {
	confusion, err := x.EvaluateStage2(a.ctx, model, a.stderr)
	if err != nil {
		return err
	}
	if err := folder.SaveResults(x, confusion); err != nil {
		return err
	}
	curves, err := folder.History()
	if err != nil {
		return err
	}
	r := run.Results{Title: "DiffCLIP", Methods: []run.Method{{Name: stage2Title(stage1), Confusion: confusion}}, Curves: curves}
	var first *diffusion.Model
	if stage1 != nil {
		first = stage1.Model
		if r.Reconstructions, err = restorations(folder, x, first); err != nil {
			return err
		}
	}
	if r.Inside, err = lookInside(a, x, first, model); err != nil {
		return err
	}
	if r.Map, err = reportMap(a, x, model, withMap); err != nil {
		return err
	}
	if err := writePage(folder, x, r); err != nil {
		return err
	}
	printScores(a.stdout, r.Methods)
	next := commandLine("map", "-from", folder.Dir, "-data", x.Config.Data, "-out", filepath.Clean(folder.Dir)+"-map")
	if x.Data.Whole { // pictures have no map
		next = commandLine("eval", "-from", folder.Dir, "-seeds", "10")
	}
	fmt.Fprintf(a.stdout, "weights    %s\nreport     %s\nnext       %s\n", folder.Path(run.Stage2File), folder.Path(run.ReportFile), next)
	return nil
}

func stage2Title(stage1 *run.Stage1) string {
	if stage1 == nil {
		return "stage 2 alone"
	}
	return "stages 1 and 2"
}

// printScores writes a table of figures of merit in percent.
func printScores(w io.Writer, methods []run.Method) {
	const title = "percent"
	width := len(title)
	for _, m := range methods {
		width = max(width, utf8.RuneCountInString(m.Name))
	}
	for i, m := range methods {
		names, values := m.Confusion.Scores().Columns()
		if i == 0 {
			fmt.Fprintf(w, "%-*s%s\n", width, title, columns("%6s", names))
		}
		fmt.Fprintf(w, "%-*s%s\n", width, m.Name, columns("%6.1f", hundredfold(values)))
	}
}

// columns formats values one after another, a space before each.
func columns[T any](format string, values []T) string {
	line := ""
	for _, v := range values {
		line += " " + fmt.Sprintf(format, v)
	}
	return line
}

// hundredfold turns fractions into percentages.
func hundredfold(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = 100 * x
	}
	return out
}
