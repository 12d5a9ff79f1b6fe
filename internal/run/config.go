package run

import (
	"fmt"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/rsdata"
	"diffclip/vit"
)

// Synthetic is the name under which -data finds the embedded scene.
const Synthetic = "synthetic"

// Config is everything that a run depends on beside the files of its data. The
// modalities of both models, the window of the split and the seeds of every part
// are filled in by Resolve.
type Config struct {
	Preset     string                 `json:"preset"`
	Data       string                 `json:"data"` // a path for rsdata.Open, or Synthetic
	Scene      rsdata.SyntheticConfig `json:"scene"`
	Seed       uint64                 `json:"seed"`
	Split      rsdata.SplitConfig     `json:"split"`
	Scaling    rsdata.ScalingConfig   `json:"scaling"`
	Text       TextConfig             `json:"text"`
	Diffusion  diffusion.Config       `json:"diffusion"`
	Pretrain   diffusion.TrainConfig  `json:"pretrain"`
	Classifier clip.Config            `json:"classifier"`
	Finetune   clip.TrainConfig       `json:"finetune"`
}

// SetSeed gives every part of the run the same seed.
func (c *Config) SetSeed(seed uint64) {
	c.Seed, c.Split.Seed, c.Pretrain.Seed, c.Finetune.Seed = seed, seed, seed, seed
}

// SetWindow sets the side of the windows everywhere.
func (c *Config) SetWindow(side int) {
	c.Split.Window, c.Diffusion.Encoder.Window, c.Classifier.Encoder.Window = side, side, side
}

// SetEpochs sets the length of stage 2 and moves its milestones along.
func (c *Config) SetEpochs(epochs int) {
	f := &c.Finetune
	moved := make([]int, len(f.Milestones))
	for i, m := range f.Milestones {
		moved[i] = m * epochs / max(f.Epochs, 1)
	}
	f.Milestones, f.Epochs = moved, epochs
}

// Encoder changes the encoder of both stages.
func (c *Config) Encoder(change func(*vit.Config)) {
	change(&c.Diffusion.Encoder)
	change(&c.Classifier.Encoder)
}

// setModalities tells both models what a pixel holds.
func (c *Config) setModalities(m []vit.Modality) {
	c.Encoder(func(e *vit.Config) { e.Modalities = m })
}

// setClasses tells the number of classes to those models that have to know it.
func (c *Config) setClasses(n int) {
	c.Classifier.Classes, c.Diffusion.Classes = 0, 0
	if c.Classifier.Head == clip.HeadLinear {
		c.Classifier.Classes = n
	}
	if c.Diffusion.ClassWeight > 0 {
		c.Diffusion.Classes = n
	}
}

// Check returns an error that names what is wrong, as far as it can be told
// before the data are open.
func (c *Config) Check() error {
	if c.Data == "" {
		return fmt.Errorf("no data: name a folder or file, or %q for the embedded scene", Synthetic)
	}
	if w := c.Split.Window; w < 1 || w%2 == 0 {
		return fmt.Errorf("a window of %d pixels: want an odd number from 1, so that it has a centre", w)
	}
	probe := *c // the models' own checks want modalities
	probe.setModalities([]vit.Modality{{Name: "any", Bands: 1}})
	probe.Classifier.Text.Vocabulary = max(1, probe.Classifier.Text.Vocabulary)
	probe.setClasses(1)
	for _, err := range []error{probe.Diffusion.Check(), probe.Pretrain.Check(), probe.Classifier.Check(), probe.Finetune.Check(), c.Text.check()} {
		if err != nil {
			return err
		}
	}
	return nil
}

// open returns the data that the configuration names.
func (c *Config) open() (*rsdata.Dataset, error) {
	if c.Data == Synthetic {
		if s := c.Scene; s.H < 64 || s.W < 64 || s.Bands < 4 || s.H > maxSynthetic || s.W > maxSynthetic || s.Bands > maxSynthetic {
			return nil, fmt.Errorf("a synthetic scene of %d x %d pixels and %d bands: want 64 to %d pixels and 4 to %d bands", s.H, s.W, s.Bands, maxSynthetic, maxSynthetic)
		}
		return rsdata.Synthetic(c.Scene), nil
	}
	d, err := rsdata.Open(c.Data)
	if err != nil {
		return nil, NotData(c.Data, err)
	}
	return d, nil
}

// NotData is the error of opening a path as data, in other words where it is the folder of a run.
func NotData(path string, err error) error {
	if _, m, wrong := Open(path); wrong == nil {
		return fmt.Errorf("%s holds a run and no data: the run learned from %s", path, m.Config.Data)
	}
	return err
}

// maxSynthetic bounds the sides and bands of a synthetic scene that a run.json
// may ask for.
const maxSynthetic = 2048

// OpenData opens a path or the embedded scene.
func OpenData(data string) (*rsdata.Dataset, error) {
	c := Config{Data: data, Scene: rsdata.DefaultSynthetic()}
	return c.open()
}
