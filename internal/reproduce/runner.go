package reproduce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"diffclip/internal/cells"
	"diffclip/internal/folderlock"
	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Options say how a study is run.
type Options struct {
	Config    run.Config // preset and settings, which arms change
	Scenes    *Scenes
	Seeds     int            // draws of the samples
	First     uint64         // seed of the first one; the others follow it
	OneStage1 bool           // all seeds start from the stage 1 of the first
	Quick     bool           // fewer arms; the page says so
	Out       string         // folder for results; cells of earlier runs in it are used
	Backend   tensor.Backend // computes
	Command   string         // that made the page, for its reader
	Log       io.Writer
}

// Run computes the cells of a study that are not there yet and writes its tables,
// charts and page after every seed. When ctx ends, what is finished stays, and a
// later Run goes on from there.
func Run(ctx context.Context, s *Study, o Options) (*Outcome, error) {
	r := &runner{study: s, options: o, store: cells.Store{Dir: o.Out}, backend: o.Backend, arms: s.Arms(o.Quick)}
	if err := os.MkdirAll(o.Out, 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the folder of the results: %w", err)
	}
	lock, err := folderlock.Take(o.Out)
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	for _, dir := range []string{cells.Folder, "splits", "stage1"} {
		if err := os.MkdirAll(filepath.Join(o.Out, dir), 0o777); err != nil {
			return nil, fmt.Errorf("cannot make the folder of the results: %w", err)
		}
	}
	if err := r.plan(); err != nil {
		return nil, err
	}
	return r.run(ctx)
}

// runner runs one study.
type runner struct {
	study    *Study
	options  Options
	store    cells.Store
	backend  tensor.Backend
	arms     []Arm
	scenes   []*Scene          // with the classes that have samples enough
	first    map[*Scene]uint64 // the first seed that its samples can be drawn from
	notes    []string
	cells    [][]*cell // by seed
	results  map[*cell]*Result
	computed int
}

// plan lists the cells and reads the results that are there.
func (r *runner) plan() error {
	r.notes = append(r.notes, r.options.Scenes.Notes...)
	r.first, r.results = map[*Scene]uint64{}, map[*cell]*Result{}
	r.cells = make([][]*cell, r.options.Seeds)
	var reasons []error
	for _, s := range r.options.Scenes.Found {
		fit, reason := r.fit(s)
		if reason == nil {
			var err error
			if reason, err = r.planScene(fit); err != nil {
				return err
			}
		}
		if reason != nil {
			r.note(fmt.Sprintf("%s is left out: %v", s.Label, reason))
			reasons = append(reasons, reason)
			continue
		}
		r.scenes = append(r.scenes, fit)
	}
	if len(r.scenes) == 0 {
		return fmt.Errorf("%s: no scene to run on: %w", r.study.Name, errors.Join(reasons...))
	}
	return nil
}

// planScene lists the cells of a scene by seed. A seed from which the samples of one
// cannot be drawn has none, so that all rows of a panel are of the same draws; where
// there is no other seed, the reason is returned.
func (r *runner) planScene(s *Scene) (reason, err error) {
	lost := map[uint64]error{}
	for i := range r.cells {
		seed := r.options.First + uint64(i)
		_, later := r.first[s]
		cells, err := r.cellsOf(s, seed, !later)
		if err != nil {
			return nil, err
		}
		if len(cells) == 0 {
			return errors.New("none of the rows can be run on it"), nil
		}
		if lost[seed] = r.draw(cells); lost[seed] != nil {
			continue
		}
		if !later {
			r.first[s] = seed
		}
		r.cells[i] = append(r.cells[i], cells...)
	}
	if _, ok := r.first[s]; !ok {
		return lost[r.options.First], nil
	}
	for i := range r.cells {
		if seed := r.options.First + uint64(i); lost[seed] != nil {
			r.note(fmt.Sprintf("%s: seed %d is left out, since its samples cannot be drawn: %v", s.Label, seed, lost[seed]))
		}
	}
	return nil, nil
}

// draw reads the results that are there of the cells of one seed, and tries the draws
// of the others.
func (r *runner) draw(cells []*cell) error {
	drawn := map[rsdata.SplitConfig]bool{}
	there := map[*cell]*Result{}
	for _, c := range cells {
		result, problem := c.load(r.store)
		if problem != nil {
			fmt.Fprintln(r.options.Log, problem)
		}
		if result != nil {
			there[c] = result
			continue
		}
		cfg := c.config.Split
		if !cfg.Inductive {
			cfg.Unlabelled = 0 // which takes long and cannot fail
		}
		if drawn[cfg] {
			continue
		}
		if _, err := c.scene.Data.Split(cfg); err != nil {
			return err
		}
		drawn[cfg] = true
	}
	maps.Copy(r.results, there)
	return nil
}

// note keeps for the page, and shows, what was found out about the scenes.
func (r *runner) note(text string) {
	r.notes = append(r.notes, text)
	fmt.Fprintf(r.options.Log, "note: %s\n", text)
}

// fit returns the scene with the classes that the study can draw its samples of.
func (r *runner) fit(s *Scene) (*Scene, error) {
	if r.study.Maps && s.Data.HasObjects() {
		return nil, errors.New("its samples are objects, so that there is no map of the truth")
	}
	most := 0
	for i := range r.arms {
		most = max(most, r.config(s, &r.arms[i], r.options.First).Split.Shots)
	}
	return s.enough(most)
}

// config is the configuration of an arm on a scene from a seed.
func (r *runner) config(s *Scene, a *Arm, seed uint64) run.Config {
	c := r.options.Config
	if a.Change != nil {
		a.Change(&c)
	}
	if s.Data.Whole {
		fitPicture(&c, s.Data.Scenes[0].H)
	}
	c.SetSeed(seed)
	if first, ok := r.first[s]; ok && r.options.OneStage1 {
		c.Seed, c.Pretrain.Seed = first, first
	}
	return c
}

// cellsOf lists the cells of a scene and a seed.
func (r *runner) cellsOf(s *Scene, seed uint64, first bool) ([]*cell, error) {
	var cells []*cell
	for i := range r.arms {
		a := &r.arms[i]
		cfg := r.config(s, a, seed)
		if err := cfg.Check(); err != nil {
			return nil, fmt.Errorf("%s, %s %s: %w", r.study.Name, a.Setting, a.Method, err)
		}
		c, err := newCell(s, a, cfg, kept{r.study.Maps && first, r.study.Plane && first})
		if err != nil {
			if seed == r.options.First {
				r.note(fmt.Sprintf("%s: the row %s is left out: %v", s.Label, a.Method, err))
			}
			continue
		}
		cells = append(cells, c)
	}
	return cells, nil
}

// run computes what is missing, seed by seed.
func (r *runner) run(ctx context.Context) (*Outcome, error) {
	work, total := r.work()
	m := newMeter(r.options.Log, r.study.Name, total)
	defer m.bar.Close()
	var out *Outcome
	for i, cells := range r.cells {
		if len(cells) == 0 && out == nil {
			continue // nothing to show yet
		}
		for _, c := range cells {
			if r.results[c] != nil {
				continue
			}
			j := &job{cell: c, store: r.store, backend: r.backend, meter: m}
			result, err := j.compute(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c, err)
			}
			if err := r.store.Save(c.identity, result); err != nil {
				return nil, err
			}
			r.results[c] = result
			r.computed++
			m.finish(work[c], c.String())
		}
		out = r.outcome(i + 1)
		if err := out.write(r.options.Out); err != nil {
			return nil, err
		}
	}
	m.bar.Done(fmt.Sprintf("%d cells computed, %d were there", r.computed, len(r.results)-r.computed))
	return out, nil
}

// evaluationPasses is the part of a cell's work that does not depend on its
// training.
const evaluationPasses = 500

// work estimates the cost of every cell that is missing. The first cell with a
// stage 1 that is not there yet pays for it.
func (r *runner) work() (work map[*cell]float64, total float64) {
	work = map[*cell]float64{}
	paid := map[string]bool{}
	for _, cells := range r.cells {
		for _, c := range cells {
			if r.results[c] != nil {
				continue
			}
			key, err := c.stage1Key()
			fresh := err == nil && !paid[key] && !(run.Folder{Dir: filepath.Join(r.store.Dir, "stage1", key)}).Has(run.Stage1File)
			classes := len(c.scene.Data.Classes)
			work[c] = evaluationPasses + c.arm.Train.work(c.config, classes, fresh)
			if c.arm.Train.work(c.config, classes, true) > c.arm.Train.work(c.config, classes, false) {
				paid[key] = true
			}
			total += work[c]
		}
	}
	return work, total
}

// Quick makes a configuration small enough for every study to take half a minute or
// less on the embedded scene. Its accuracies say nothing.
func Quick(c *run.Config) {
	c.Split.PerClassTest, c.Split.Unlabelled = 20, min(c.Split.Unlabelled, 256)
	c.Pretrain.Epochs, c.Pretrain.Batch = 2, 64
	c.Finetune.FreezeEncoder = 0
	c.SetEpochs(2)
}
