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
	{"paper", "the published sizes and schedules", paper},
	{"fewshot", "a compact model and a longer stage 1, for scenes of few labels", fewshot},
	{"mrnet", "the published sizes for the knee exams of MRNet: 10 training exams, pictures of 55 pixels in patches of 5", mrnet},
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

// DescribePresets returns a line for each preset.
func DescribePresets() []string {
	var lines []string
	for _, p := range presets {
		lines = append(lines, fmt.Sprintf("%-8s %s", p.name, p.summary))
	}
	return lines
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

// fewshot is what did best on scenes of few labels: a smaller encoder, trained
// longer, on whitened components; docs/results.md has the numbers.
func fewshot() Config {
	c := paper()
	c.Scaling.Method, c.Scaling.PCA = rsdata.Standardise, 30
	c.compact()
	c.Split.Unlabelled = 12288
	c.Pretrain.Epochs, c.Pretrain.Batch, c.Pretrain.LR, c.Pretrain.WarmUp = 8, 64, 1e-3, 2
	c.Pretrain.Clip, c.Pretrain.Symmetries = 1, true
	c.Classifier.Pool, c.Classifier.Targets = clip.PoolMean, clip.TargetsClass
	c.Classifier.Temperature, c.Classifier.HeadStd = 0.07, 0.06
	c.Finetune.LR, c.Finetune.Symmetries, c.Finetune.Clip = 5e-4, true, 1
	c.Finetune.FreezeEncoder = 12
	c.SetEpochs(30)
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
	c := fewshot()
	c.Scaling.PCA = 0
	c.SetWindow(9)
	c.Text.Prompts = "p3"
	c.Split.Shots, c.Split.PerClassTest, c.Split.Unlabelled = 3, 200, 3072
	c.Pretrain.Epochs, c.Pretrain.Crops = 40, nil
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
