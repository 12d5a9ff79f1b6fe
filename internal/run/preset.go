package run

import (
	"cmp"
	"fmt"
	"slices"
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
	{"best", "the paper's network as it measured best with few labels, to begin with on a scene of your own: a compact model", best},
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
	return Config{}, fmt.Errorf("no preset is called %q: want %s", name, strings.Join(presetNames(), ", "))
}

// presetNames lists the presets.
func presetNames() []string {
	var names []string
	for _, p := range presets {
		names = append(names, p.name)
	}
	return names
}

// Presets lists every preset by name, with what it is.
func Presets() [][2]string {
	var list [][2]string
	for _, p := range presets {
		list = append(list, [2]string{p.name, p.summary})
	}
	return list
}

// PresetFlag is a flag as the presets set it.
type PresetFlag struct {
	Stage  string // the subcommand that has it, "" where that is pretrain and finetune
	Name   string
	Values []string // by preset, in the order of Presets
}

// Same reports whether all presets give the flag one value.
func (f PresetFlag) Same() bool { return len(slices.Compact(slices.Clone(f.Values))) == 1 }

// PresetFlags lists every flag that the presets set: those of the data and the model, of stage 1, of stage 2.
func PresetFlags() []PresetFlag {
	var all []PresetFlag
	for i, p := range presets {
		c := p.config()
		for k, f := range c.flags() {
			if i == 0 {
				all = append(all, PresetFlag{Stage: f.stage, Name: f.name})
			}
			all[k].Values = append(all[k].Values, f.value)
		}
	}
	return all
}

// presetFlag is a flag as a configuration has it.
type presetFlag struct{ stage, name, value string }

// switched are the values of a flag that is on or off.
var switched = map[bool]string{false: "off", true: "on"}

// flags are the values of all flags that a preset sets.
func (c Config) flags() []presetFlag {
	d, f, k := c.Diffusion, c.Finetune, c.Classifier
	e := d.Encoder
	windows, weights, step := fmt.Sprint(c.Split.Unlabelled), fmt.Sprintf("%v,%v", d.MaskedWeight, d.VisibleWeight), "first"
	if c.Split.Unlabelled < 0 {
		windows = "all"
	}
	if d.PaperLoss {
		weights = "paper"
	}
	if k.RandomTimestep {
		step = "random"
	}
	positions := map[[2]bool]string{{false, false}: "none", {true, false}: "1", {false, true}: "2", {true, true}: "both"}
	var list []presetFlag
	add := func(stage string, pairs ...any) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, presetFlag{stage, fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1])})
		}
	}
	add("", "seed", c.Seed, "protocol", c.Split.Protocol, "shots", c.Split.Shots, "max-test", c.Split.PerClassTest, "block", c.Split.Block, "guard", c.Split.Guard,
		"scaling", c.Scaling.Method, "pca", c.Scaling.PCA, "mnf", c.Scaling.MNF, "drop-water", switched[c.Scaling.DropWater], "window", e.Window, "patch", e.Patch, "dim", e.Dim, "heads", e.Heads, "depth", e.Depth, "stem", cmp.Or(e.Stem, vit.StemReducer),
		"timesteps", e.Timesteps, "train-positions", positions[[2]bool{e.TrainPositions, k.Encoder.TrainPositions}],
		"prompts", c.Text.Prompts, "tokenizer", c.Text.Tokenizer)
	add("pretrain", "pretrain-samples", windows, "inductive", switched[c.Split.Inductive], "epochs", c.Pretrain.Epochs, "batch", c.Pretrain.Batch, "lr", c.Pretrain.LR, "wd", c.Pretrain.WeightDecay,
		"decoder-depth", d.DecoderDepth, "mask-ratio", d.MaskRatio, "noise", switched[!d.NoNoise], "loss-weights", weights)
	add("finetune", "epochs", f.Epochs, "batch", f.Batch, "lr", f.LR, "wd", f.WeightDecay, "freeze", f.FreezeEncoder,
		"head", cmp.Or(k.Head, clip.HeadText), "head-fit", cmp.Or(f.HeadFit, clip.HeadTrained), "pool", k.Pool, "targets", k.Targets, "temperature", k.Temperature,
		"timestep", step, "symmetries", switched[f.Symmetries], "spectral", f.Spectral, "average", f.Average, "views", max(k.Views, 1))
	return list
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
// trained by the contrast. docs/experiments.md and docs/reproduce.md have its numbers.
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

// best is the paper's network as it measured best on real scenes of few labels; docs/results.md has
// the numbers, docs/experiments.md what each setting is worth and how it was chosen.
func best() Config {
	c := fewLabels()
	c.Scaling.MNF = 30
	c.Split.Unlabelled, c.Pretrain.Epochs = 4096, 8
	c.Classifier.Pool = clip.PoolCentre
	c.SetEpochs(10)
	c.Finetune.FreezeEncoder, c.Finetune.FixNorms = 10, true
	c.Finetune.HeadFit = clip.HeadEM
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
