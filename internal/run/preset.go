package run

import (
	"fmt"
	"strings"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/rsdata"
	"diffclip/vit"
)

// presets are the named starting points, in the order in which help lists them.
var presets = []struct {
	name, summary string
	config        func() Config
}{
	{"paper", "the published sizes and schedules, for comparison with the paper", paper},
	{"best", "what measured best with few labels, to begin with on a scene of your own: a compact model", best},
	{"fewshot", "a compact model in which the texts decide: the contrast trains the head that best fits to labels", fewshot},
	{"mrnet", "the published sizes for the knee exams of MRNet: 10 training exams, pictures of 55 x 55 pixels", mrnet},
	{"demo", "a compact model for the embedded scene and a small machine", demo},
}

// Preset returns a named starting point.
func Preset(name string) (Config, error) {
	for _, p := range presets {
		if p.name == name {
			c := p.config()
			c.Preset = name
			return c, nil
		}
	}
	return Config{}, fmt.Errorf("no preset is called %q: want %s", name, strings.Join(PresetNames(), ", "))
}

// PresetNames lists the presets.
func PresetNames() []string {
	var names []string
	for _, p := range presets {
		names = append(names, p.name)
	}
	return names
}

// DescribePresets returns lines for each preset: its name and what it is, and its
// flags for the data and model, for stage 1 and for stage 2.
func DescribePresets() []string {
	var lines []string
	for _, p := range presets {
		c := p.config()
		lines = append(lines, fmt.Sprintf("%-8s %s", p.name, p.summary))
		for _, flags := range c.flags() {
			lines = append(lines, strings.Repeat(" ", 9)+flags)
		}
	}
	return lines
}

// flags are the values of those that are changed most.
func (c Config) flags() [3]string {
	e, windows := c.Diffusion.Encoder, fmt.Sprint(c.Split.Unlabelled)
	if c.Split.Unlabelled < 0 {
		windows = "all"
	}
	return [3]string{
		fmt.Sprintf("-scaling %s -pca %d -mnf %d -window %d -patch %d -dim %d -heads %d -depth %d",
			c.Scaling.Method, c.Scaling.PCA, c.Scaling.MNF, e.Window, e.Patch, e.Dim, e.Heads, e.Depth),
		fmt.Sprintf("pretrain: -pretrain-samples %s -epochs %d -batch %d -lr %v", windows, c.Pretrain.Epochs, c.Pretrain.Batch, c.Pretrain.LR),
		fmt.Sprintf("finetune: -shots %d -epochs %d -batch %d -lr %v", c.Split.Shots, c.Finetune.Epochs, c.Finetune.Batch, c.Finetune.LR),
	}
}

func paper() Config {
	e := vit.Default()
	c := Config{
		Data:       Synthetic,
		Scene:      rsdata.DefaultSynthetic(),
		Split:      rsdata.DefaultSplit(),
		Scaling:    rsdata.DefaultScaling(),
		Text:       TextConfig{Tokenizer: Compact, Prompts: AutoPrompts},
		Diffusion:  diffusion.Default(e),
		Pretrain:   diffusion.DefaultTrain(),
		Classifier: clip.Default(e, 0),
		Finetune:   clip.DefaultTrain(),
	}
	c.SetSeed(1)
	return c
}

// fewLabels is what the presets for few labels share: a small encoder, trained on
// more windows, at rates that suit few updates.
func fewLabels() Config {
	c := paper()
	c.Scaling.Method = rsdata.Standardise
	c.compact()
	c.Pretrain.Batch, c.Pretrain.LR, c.Pretrain.WarmUp = 64, 1e-3, 2
	c.Pretrain.Clip, c.Pretrain.Symmetries, c.Pretrain.Crops = 1, true, nil
	c.Classifier.Targets = clip.TargetsClass
	c.Classifier.Temperature, c.Classifier.HeadStd = 0.07, 0.06
	c.Finetune.LR, c.Finetune.Symmetries, c.Finetune.Clip = 5e-4, true, 1
	return c
}

// fewshot is what measured best where the texts decide: whitened principal
// components, three times the stage 1 of best, the mean of the patches, and a head
// trained by the contrast. docs/results.md and docs/reproduce.md have its numbers.
func fewshot() Config {
	c := fewLabels()
	c.Scaling.PCA = 30
	c.Split.Unlabelled, c.Pretrain.Epochs = 12288, 8
	c.Pretrain.Crops = diffusion.DefaultTrain().Crops
	c.Classifier.Pool = clip.PoolMean
	c.SetEpochs(30)
	c.Finetune.FreezeEncoder = 12
	return c
}

// best is what measured best on real scenes of few labels; docs/results.md has
// the numbers, and what each setting is worth.
func best() Config {
	c := fewLabels()
	c.Scaling.MNF = 30
	c.Split.Unlabelled, c.Pretrain.Epochs = 4096, 8
	c.Classifier.Pool = clip.PoolCentre
	c.SetEpochs(10)
	c.Finetune.FreezeEncoder, c.Finetune.FixNorms = 10, true
	c.Finetune.HeadFit = clip.HeadLDA
	return c
}

// compact makes both models small: width 64, three encoder blocks, one in each
// decoder, two in the text encoder.
func (c *Config) compact() {
	c.Encoder(func(e *vit.Config) { e.Dim, e.Heads, e.Depth = 64, 4, 3 })
	c.Diffusion.DecoderDepth = 1
	c.Classifier.Text.Dim, c.Classifier.Text.Heads, c.Classifier.Text.Depth = 64, 4, 2
}

// mrnet is paper for exams: as many patches as the paper's windows have, 5 training
// exams of either class (its Table 6 has 10 samples), every exam for stage 1, and
// the crops of the paper in proportion.
func mrnet() Config {
	c := paper()
	c.SetWindow(55)
	c.Encoder(func(e *vit.Config) { e.Patch = 5 })
	c.Split.Shots, c.Split.Unlabelled = 5, -1
	c.Pretrain.Crops = []uint8{45, 55}
	return c
}

func demo() Config {
	c := fewLabels()
	c.SetWindow(9)
	c.Text.Prompts = "p3"
	c.Split.Shots, c.Split.PerClassTest, c.Split.Unlabelled = 3, 200, 3072
	c.Pretrain.Epochs = 40
	c.Classifier.Pool = clip.PoolMean
	c.Finetune.FreezeEncoder = 12
	c.SetEpochs(40)
	return c
}

// AdoptPreset takes over what a preset says of stage 2, for a run whose stage 1
// is done: data, split and encoder stay as they are.
func (c *Config) AdoptPreset(name string) error {
	p, err := Preset(name)
	if err != nil {
		return err
	}
	encoder := c.Classifier.Encoder
	c.Preset, c.Text, c.Classifier, c.Finetune = name, p.Text, p.Classifier, p.Finetune
	c.Classifier.Encoder, c.Finetune.Seed = encoder, c.Seed
	return nil
}
