package explorer

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"diffclip/clip"
	"diffclip/internal/run"
	"diffclip/internal/study"
	"diffclip/tensor"
	"diffclip/vit"
)

// loaded is a run with its data and models open.
type loaded struct {
	stamp   string // of the files it was made from
	man     *run.Manifest
	x       *run.Experiment
	problem error // why the data are not there

	stage1   *run.Stage1 // nil where it is not there
	stage2   *clip.Trained
	restorer *study.Restorer
	encoder1 *study.Encoder
	encoder2 *study.Encoder
	painters []*study.Painter // one per modality

	texts      clip.Tokenizer
	seen       map[int32]bool // token ids that training has seen
	own        *clip.Classifier
	embeddings map[embeddingKey]*embedding
	metrics    *run.Metrics
}

// stamp tells one state of the run's files from another.
func (e *Explorer) stamp() string {
	s := ""
	for _, name := range []string{run.Stage1File, run.Stage2File, "metrics.json", "report.html"} {
		if info, err := os.Stat(e.folder.Path(name)); err == nil {
			s += fmt.Sprintf("%s %d %d;", name, info.Size(), info.ModTime().UnixNano())
		}
	}
	return s
}

// load opens what the folder holds now, unless that is open already. A stage that
// cannot be read is an error; one that is not there is not.
func (e *Explorer) load() error {
	stamp := e.stamp()
	if e.loaded != nil && e.loaded.stamp == stamp {
		return nil
	}
	l := &loaded{stamp: stamp, embeddings: map[embeddingKey]*embedding{}}
	var err error
	if _, l.man, err = run.Open(e.cfg.Dir); err != nil {
		return err
	}
	if e.folder.Has(run.Stage1File) {
		if l.stage1, err = run.OpenStage1(e.folder.Path(run.Stage1File)); err != nil {
			return err
		}
	}
	if e.folder.Has(run.Stage2File) {
		if l.stage2, err = clip.Open(e.folder.Path(run.Stage2File)); err != nil {
			return err
		}
	}
	l.metrics = e.folder.Metrics()
	if e.be == nil {
		if e.be, err = e.cfg.Open(); err != nil {
			return err
		}
	}
	if l.problem = l.prepare(e, e.be); l.problem == nil {
		if err := l.look(e.be); err != nil {
			return err
		}
	}
	e.loaded = l
	e.maps.reset(stamp)
	return nil
}

// prepare opens the data and draws the split of the run.
func (l *loaded) prepare(e *Explorer, be tensor.Backend) error {
	cfg := l.man.Config
	if e.cfg.Data != "" {
		cfg.Data = e.cfg.Data
	}
	given := run.Given{Stage1: l.stage2 == nil}
	switch {
	case l.stage2 != nil:
		given.Scaling, given.Text = l.stage2.Scaling, l.stage2.Text
	case l.stage1 != nil:
		given.Scaling = l.stage1.Scaling
	}
	if given.Text == nil {
		cfg.Text = run.TextConfig{Tokenizer: run.Compact, Prompts: "p1"} // nothing reads them yet
	}
	x, err := run.Prepare(cfg, given, be)
	if err != nil {
		return fmt.Errorf("the data of the run cannot be opened: %w; if they have moved, name them with -data", err)
	}
	if l.stage2 != nil && len(l.stage2.Classes) != len(x.Data.Classes) {
		return fmt.Errorf("the data have %d classes, the run's classifier knows %d: name its own data with -data", len(x.Data.Classes), len(l.stage2.Classes))
	}
	l.x = x
	return nil
}

// look makes what looks into the models.
func (l *loaded) look(be tensor.Backend) error {
	var err error
	x := l.x
	if l.stage1 != nil {
		l.stage1.Model.Set.Place(be)
		if l.restorer, err = study.NewRestorer(be, l.stage1.Model, x.Windows, x.Config.Seed); err != nil {
			return err
		}
		if l.encoder1, err = study.NewEncoder(be, l.stage1.Model.Encoder, x.Windows); err != nil {
			return err
		}
	}
	if l.stage2 != nil {
		l.own = l.stage2.Classifier(be)
		if l.encoder2, err = study.NewEncoder(be, l.stage2.Model.Encoder, x.Windows); err != nil {
			return err
		}
		l.seen = map[int32]bool{}
		for _, p := range l.stage2.Text.Prompts {
			for _, id := range p {
				l.seen[id] = true
			}
		}
	}
	return l.paint()
}

// paintedWindows is how many windows the colours of pictures are stretched over.
const paintedWindows = 64

// paint makes a painter for each modality.
func (l *loaded) paint() error {
	pixels := l.x.Examples(paintedWindows)
	if len(pixels) == 0 {
		return errors.New("the split of the run has no samples")
	}
	buffers := l.x.Windows.NewBuffers(len(pixels))
	l.x.Windows.Gather(buffers, pixels)
	for i, m := range l.x.Data.Modalities {
		l.painters = append(l.painters, study.NewPainter(m, &l.x.Scaling.Modalities[i], l.encoderConfig(), buffers[i]))
	}
	return nil
}

// The errors of parts that are not there yet.
var (
	errNoStage1 = refuse(http.StatusNotFound, "stage 1 has not been trained, or is not finished")
	errNoStage2 = refuse(http.StatusNotFound, "stage 2 has not been trained, or is not finished")
)

// needs returns an error unless data and the given stages are there.
func (l *loaded) needs(stage1, stage2 bool) error {
	switch {
	case l.problem != nil:
		return failure{http.StatusNotFound, l.problem}
	case stage1 && l.stage1 == nil:
		return errNoStage1
	case stage2 && l.stage2 == nil:
		return errNoStage2
	}
	return nil
}

// hasTexts reports whether stage 2 compares windows with texts. A linear head
// names the classes itself.
func (l *loaded) hasTexts() bool {
	return l.stage2 != nil && l.stage2.Model.Config.Head != clip.HeadLinear
}

// encoderConfig is that of the latest stage.
func (l *loaded) encoderConfig() vit.Config {
	switch {
	case l.stage2 != nil:
		return l.stage2.Model.Config.Encoder
	case l.stage1 != nil:
		return l.stage1.Model.Config.Encoder
	}
	return l.x.Config.Diffusion.Encoder
}
