package reproduce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

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
	r := &runner{study: s, options: o, store: store{o.Out}, backend: o.Backend, arms: s.Arms(o.Quick)}
	for _, dir := range []string{"", "cells", "splits", "stage1"} {
		if err := os.MkdirAll(filepath.Join(o.Out, dir), 0o777); err != nil {
			return nil, fmt.Errorf("cannot make the folder of the results: %w", err)
		}
	}
	lock, err := folderlock.Take(o.Out)
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	if err := r.plan(); err != nil {
		return nil, err
	}
	return r.run(ctx)
}

// runner runs one study.
type runner struct {
	study    *Study
	options  Options
	store    store
	backend  tensor.Backend
	arms     []Arm
	scenes   []*Scene // with the classes that have samples enough
	notes    []string
	cells    [][]*cell // by seed
	results  map[*cell]*Result
	computed int
}

// plan lists the cells and reads the results that are there.
func (r *runner) plan() error {
	r.notes = append(r.notes, r.options.Scenes.Notes...)
	var reasons []error
	for _, s := range r.options.Scenes.Found {
		fit, err := r.fit(s)
		if err != nil {
			r.note(fmt.Sprintf("%s is left out: %v", s.Label, err))
			reasons = append(reasons, err)
			continue
		}
		r.scenes = append(r.scenes, fit)
	}
	if len(r.scenes) == 0 {
		return fmt.Errorf("%s: no scene to run on: %w", r.study.Name, errors.Join(reasons...))
	}
	r.results = map[*cell]*Result{}
	for i := range r.options.Seeds {
		cells, err := r.cellsOf(r.options.First+uint64(i), i == 0)
		if err != nil {
			return err
		}
		r.cells = append(r.cells, cells)
	}
	return nil
}

// note keeps for the page, and shows, what was found out about the scenes.
func (r *runner) note(text string) {
	r.notes = append(r.notes, text)
	fmt.Fprintf(r.options.Log, "note: %s\n", text)
}

// fit returns the scene with the classes that the study can draw its samples of; an
// error where it cannot draw the first seed's.
func (r *runner) fit(s *Scene) (*Scene, error) {
	if r.study.Maps && s.Data.HasObjects() {
		return nil, errors.New("its samples are objects, so that there is no map of the truth")
	}
	most := 0
	for i := range r.arms {
		most = max(most, r.config(s, &r.arms[i], r.options.First).Split.Shots)
	}
	s, err := s.enough(most)
	if err != nil {
		return nil, err
	}
	drawn := map[rsdata.SplitConfig]bool{}
	for i := range r.arms {
		c := r.config(s, &r.arms[i], r.options.First)
		if err := c.Check(); err != nil || drawn[c.Split] {
			continue // the cell of the arm says what is wrong
		}
		if _, err := s.Data.Split(c.Split); err != nil {
			return nil, err
		}
		drawn[c.Split] = true
	}
	return s, nil
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
	if r.options.OneStage1 {
		c.Seed, c.Pretrain.Seed = r.options.First, r.options.First
	}
	return c
}

// cellsOf lists the cells of a seed.
func (r *runner) cellsOf(seed uint64, first bool) ([]*cell, error) {
	var cells []*cell
	for _, s := range r.scenes {
		for i := range r.arms {
			a := &r.arms[i]
			cfg := r.config(s, a, seed)
			if err := cfg.Check(); err != nil {
				return nil, fmt.Errorf("%s, %s %s: %w", r.study.Name, a.Setting, a.Method, err)
			}
			c, err := newCell(s, a, cfg, kept{r.study.Maps && first, r.study.Plane && first})
			if err != nil {
				if first {
					r.note(fmt.Sprintf("%s: the row %s is left out: %v", s.Label, a.Method, err))
				}
				continue
			}
			result, problem := r.store.load(c)
			if problem != nil {
				fmt.Fprintln(r.options.Log, problem)
			}
			if result != nil {
				r.results[c] = result
			}
			cells = append(cells, c)
		}
	}
	return cells, nil
}

// run computes what is missing, seed by seed.
func (r *runner) run(ctx context.Context) (*Outcome, error) {
	work, total := r.work()
	m := newMeter(r.options.Log, r.study.Name, total)
	var out *Outcome
	for i, cells := range r.cells {
		for _, c := range cells {
			if r.results[c] != nil {
				continue
			}
			j := &job{cell: c, store: r.store, backend: r.backend, meter: m}
			result, err := j.compute(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c, err)
			}
			if err := r.store.save(c, result); err != nil {
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
			fresh := err == nil && !paid[key] && !(run.Folder{Dir: filepath.Join(r.store.dir, "stage1", key)}).Has(run.Stage1File)
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
