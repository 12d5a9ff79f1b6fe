package reproduce

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/atomicfile"
	"diffclip/internal/cells"
	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// job is a cell being computed.
type job struct {
	*cell
	x       *run.Experiment
	store   cells.Store
	backend tensor.Backend
	meter   *meter

	earlier float64 // seconds of stage 2 before the run was stopped
	aside   float64 // seconds of this part that went into stage 1
	first   float64 // seconds of all of stage 1, whoever trained it
}

// compute trains and tests a cell.
func (j *job) compute(ctx context.Context) (*Result, error) {
	began := time.Now()
	given, err := j.scene.given(j.config)
	if err != nil {
		return nil, err
	}
	if j.x, err = run.Prepare(j.config, given, j.backend); err != nil {
		return nil, err
	}
	r := &Result{}
	if err := j.keepSplit(r); err != nil {
		return nil, err
	}
	c, err := j.arm.Train.train(ctx, j)
	if err != nil {
		return nil, err
	}
	if err := j.test(ctx, c, r); err != nil {
		return nil, err
	}
	if t, ok := c.(*trainedNeighbour); ok && j.keep.Plane {
		if r.Plane, err = j.embed(ctx, t); err != nil && ctx.Err() == nil {
			r.Note, err = fmt.Sprintf("There is no picture: %v.", err), nil // such as a model that makes all windows alike
		}
		if err != nil {
			return nil, err
		}
	}
	if j.keep.Maps {
		for i := range j.x.Data.Scenes {
			labels, err := mapOf(ctx, c, j.x.Data, i)
			if err != nil {
				return nil, err
			}
			r.Maps = append(r.Maps, labels)
		}
	}
	r.Seconds, r.Stage1 = j.earlier+time.Since(began).Seconds()-j.aside, j.first
	return r, nil
}

// test classifies the test samples and scores the outcome; a yes-or-no task is
// scored by how sure the classifier is, too.
func (j *job) test(ctx context.Context, c classifier, r *Result) error {
	test, classes := j.x.Split.Test, len(j.x.Data.Classes)
	pixels := rsdata.Pixels(nil, test)
	predicted, err := c.classify(ctx, pixels)
	if err != nil {
		return err
	}
	r.score(test, predicted, classes)
	positive := int(j.x.Data.Positive)
	p, ok := c.(prober)
	if positive == 0 || !ok {
		return nil
	}
	probs, err := p.probabilities(ctx, pixels)
	if err != nil {
		return err
	}
	truth, score := make([]bool, len(test)), make([]float64, len(test))
	for i, s := range test {
		truth[i], score[i] = int(s.Label) == positive, float64(probs[i*classes+positive-1])
	}
	r.scoreBinary(rsdata.Binary(truth, score, 0.5))
	return nil
}

// mapOf classifies every pixel of a scene.
func mapOf(ctx context.Context, c classifier, d *rsdata.Dataset, scene int) ([]uint8, error) {
	if m, ok := c.(sceneMapper); ok {
		return m.mapScene(ctx, scene)
	}
	s := d.Scenes[scene]
	pixels := make([]rsdata.Pixel, s.H*s.W)
	for i := range pixels {
		pixels[i] = rsdata.Pixel{Scene: int32(scene), Row: int32(i / s.W), Col: int32(i % s.W)}
	}
	return c.classify(ctx, pixels)
}

// splitFile names the file of a split in the folder splits.
func splitFile(s run.SplitFacts) string { return s.Hash + ".json.gz" }

// keepSplit writes the coordinates of the split, unless another cell has.
func (j *job) keepSplit(r *Result) error {
	m := run.NewManifest(j.x)
	r.Split, r.Environment = m.Split, m.Environment
	r.SplitFile = splitFile(m.Split)
	path := filepath.Join(j.store.Dir, "splits", r.SplitFile)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	s := *j.x.Split
	s.Unlabelled = nil // stage 1 keeps them
	return writeFile(path, func(w io.Writer) error {
		z := gzip.NewWriter(w)
		if err := run.WriteSplit(z, j.x.Data, &s); err != nil {
			return err
		}
		return z.Close()
	})
}

// finetune runs stage 2 with a checkpoint beside the cell's file.
func (j *job) finetune(ctx context.Context, state map[string]*tensor.Tensor) (*clip.Model, error) {
	checkpoint := filepath.Join(j.store.Place(), j.identity.Key()+".checkpoint")
	alone := j.arm.Train.work(j.config, len(j.x.Data.Classes), false)
	if err := atomicfile.Sweep(checkpoint); err != nil {
		return nil, err
	}
	hooks := j.meter.hooks(checkpoint, alone, j.String()+", stage 2")
	resume := hooks.OnResume
	hooks.OnResume = func(done, total int, seconds float64) {
		j.earlier = seconds
		resume(done, total, seconds)
	}
	m, _, err := j.x.Finetune(ctx, state, hooks)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(checkpoint); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return m, nil
}

// stage1Identity is what the weights of stage 1 depend on.
type stage1Identity struct {
	Format     int                 `json:"format"`
	Data       string              `json:"data"` // labels aside, unless it depends on the split
	Scaling    any                 `json:"scaling"`
	Diffusion  any                 `json:"diffusion"`
	Pretrain   any                 `json:"pretrain"`
	Unlabelled int                 `json:"unlabelled"`
	Seed       uint64              `json:"seed"`
	Split      *rsdata.SplitConfig `json:"split,omitempty"` // where the windows depend on it
}

// ownSplit reports whether stage 1 depends on the samples of its split: it learns
// their classes, or keeps clear of those that test.
func ownSplit(c run.Config) bool { return c.NeedsLabels() || c.Split.Inductive }

// stage1Key names the stage 1 that a cell starts from.
func (c *cell) stage1Key() (string, error) {
	g := c.config
	id := stage1Identity{Format: cells.Format, Data: c.scene.values, Scaling: g.Scaling, Diffusion: g.Diffusion, Pretrain: g.Pretrain, Unlabelled: g.Split.Unlabelled, Seed: g.Seed}
	if ownSplit(g) {
		id.Data, id.Split = c.scene.fingerprint, &g.Split
	}
	named, err := cells.Identify(id)
	return named.Key(), err
}

// stage1 returns the model of stage 1, which cells with the same settings of it
// share: read from its folder, or trained into it.
func (j *job) stage1(ctx context.Context) (*diffusion.Model, error) {
	began := time.Now()
	defer func() { j.aside = time.Since(began).Seconds() }()
	key, err := j.stage1Key()
	if err != nil {
		return nil, err
	}
	folder := run.Folder{Dir: filepath.Join(j.store.Dir, "stage1", key)}
	if folder.Has(run.Stage1File) && !folder.Has(run.Checkpoint1File) {
		return j.finishedStage1(folder)
	}
	if err := os.MkdirAll(folder.Dir, 0o777); err != nil {
		return nil, err
	}
	man := run.NewManifest(j.x)
	if err := folder.SaveManifest(man); err != nil {
		return nil, err
	}
	if err := folder.WriteSplit(j.x); err != nil {
		return nil, err
	}
	classes := len(j.x.Data.Classes)
	work := j.arm.Train.work(j.config, classes, true) - j.arm.Train.work(j.config, classes, false)
	m, _, err := folder.RunStage1(ctx, j.x, man, j.meter.hooks(folder.Path(run.Checkpoint1File), work, j.String()+", stage 1"))
	j.first = man.Seconds[run.Stage1Name]
	return m, err
}

// finishedStage1 reads a stage 1 from its folder.
func (j *job) finishedStage1(folder run.Folder) (*diffusion.Model, error) {
	s, err := run.OpenStage1(folder.Path(run.Stage1File))
	if err != nil {
		return nil, fmt.Errorf("%w; remove %s to train it anew", err, folder.Dir)
	}
	if _, man, err := run.Open(folder.Dir); err == nil { // else its time alone is not known
		j.first = man.Seconds[run.Stage1Name]
	}
	return s.Model, nil
}
