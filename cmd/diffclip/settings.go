package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"diffclip/clip"
	"diffclip/internal/folderlock"
	"diffclip/internal/run"
	"diffclip/rsdata"
	"diffclip/vit"
)

// settings are the flags that change a run's configuration. They are kept in the
// order they were given, and applied once the preset or the earlier run that
// they override is known.
type settings struct {
	preset string
	given  []func(*run.Config)
}

// set declares a flag with a parser that returns the change it makes.
func (s *settings) set(f *flags, name, usage string, parse func(value string) (func(*run.Config), error)) {
	f.Func(name, usage, func(value string) error {
		change, err := parse(value)
		if err == nil {
			s.given = append(s.given, change)
		}
		return err
	})
}

// apply changes a configuration by every flag that was given.
func (s *settings) apply(c *run.Config) {
	for _, change := range s.given {
		change(c)
	}
}

func (s *settings) integer(f *flags, name, usage string, least int, to func(*run.Config, int)) {
	s.set(f, name, usage, func(value string) (func(*run.Config), error) {
		n, err := strconv.Atoi(value)
		if err != nil || n < least {
			return nil, fmt.Errorf("want a whole number from %d", least)
		}
		return func(c *run.Config) { to(c, n) }, nil
	})
}

func (s *settings) number(f *flags, name, usage string, to func(*run.Config, float64)) {
	s.set(f, name, usage, func(value string) (func(*run.Config), error) {
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || v < 0 || v-v != 0 {
			return nil, errors.New("want a number from 0")
		}
		return func(c *run.Config) { to(c, v) }, nil
	})
}

func (s *settings) positive(f *flags, name, usage string, to func(*run.Config, float64)) {
	s.set(f, name, usage, func(value string) (func(*run.Config), error) {
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || !(v > 0) || v-v != 0 {
			return nil, errors.New("want a number above 0")
		}
		return func(c *run.Config) { to(c, v) }, nil
	})
}

func choice[T ~string](s *settings, f *flags, name, usage string, choices []T, to func(*run.Config, T)) {
	s.set(f, name, usage, func(value string) (func(*run.Config), error) {
		var names []string
		for _, c := range choices {
			if string(c) == value {
				return func(cfg *run.Config) { to(cfg, c) }, nil
			}
			names = append(names, string(c))
		}
		return nil, fmt.Errorf("want %s", strings.Join(names, ", "))
	})
}

func (s *settings) text(f *flags, name, usage string, to func(*run.Config, string)) {
	s.set(f, name, usage, func(value string) (func(*run.Config), error) {
		if value == "" {
			return nil, errors.New("want a value")
		}
		return func(c *run.Config) { to(c, value) }, nil
	})
}

// declarePreset is the starting point that the other flags override; usual says
// what it is where the flag is not given.
func (s *settings) declarePreset(f *flags, usual string) {
	var names []string
	for _, p := range run.Presets() {
		names = append(names, p[0])
	}
	f.Func("preset", "`name`: "+strings.Join(names, ", ")+" (default "+usual+"); `diffclip help presets` says what each makes of the flags that are not given", func(value string) error {
		_, err := run.Preset(value)
		s.preset = value
		return err
	})
}

func (s *settings) declareData(f *flags) {
	s.text(f, "data", "`folder` or file with the scene, or \"synthetic\"; see diffclip inspect", func(c *run.Config, v string) { c.Data = fromAnywhere(v) })
	s.set(f, "seed", "`number` that all draws follow from", func(value string) (func(*run.Config), error) {
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return nil, errors.New("want a whole number from 0")
		}
		return func(c *run.Config) { c.SetSeed(n) }, nil
	})
}

// fromAnywhere is a path to data as a run remembers it, which is used from other
// folders later.
func fromAnywhere(data string) string {
	if data == run.Synthetic {
		return data
	}
	if path, err := filepath.Abs(data); err == nil {
		return path
	}
	return data
}

// promptsFromAnywhere is the same of prompts, where they are those of a file.
func promptsFromAnywhere(prompts string) string {
	if run.PromptsFile(prompts) {
		return fromAnywhere(prompts)
	}
	return prompts
}

// moved adds to the error of data that are not where a run learned from them what
// to do about it.
func moved(err error, given bool) error {
	if given || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w; the run learned from there: if the data have moved, say where with -data", err)
}

func (s *settings) declareSplit(f *flags) {
	s.declareProtocol(f)
	s.integer(f, "shots", "`number` of training samples per class, 0 for all that may train", 0, func(c *run.Config, n int) { c.Split.Shots = n })
}

func (s *settings) declareProtocol(f *flags) {
	choice(s, f, "protocol", "`name` of the way to divide labelled samples: official, random or disjoint",
		[]rsdata.Protocol{rsdata.Official, rsdata.Random, rsdata.Disjoint},
		func(c *run.Config, v rsdata.Protocol) { c.Split.Protocol = v })
	s.integer(f, "max-test", "largest `number` of test samples per class, 0 for all", 0, func(c *run.Config, n int) { c.Split.PerClassTest = n })
	s.integer(f, "block", blockUsage, 0, func(c *run.Config, n int) { c.Split.Block = n })
	s.integer(f, "guard", guardUsage, 0, func(c *run.Config, n int) { c.Split.Guard = n })
}

const (
	blockUsage = "protocol disjoint, on one scene: side in `pixels` of the blocks that train or test, 0 for twice the window"
	guardUsage = "protocol disjoint: `pixels` between a training and a test window that neither covers"
)

func (s *settings) declareUnlabelled(f *flags) {
	s.set(f, "pretrain-samples", "`number` of unlabelled windows for stage 1, or \"all\"", func(value string) (func(*run.Config), error) {
		n, err := strconv.Atoi(value)
		if value == "all" {
			n, err = -1, nil
		} else if n < 1 {
			err = errors.New("want a whole number from 1, or all")
		}
		return func(c *run.Config) { c.Split.Unlabelled = n }, err
	})
	choice(s, f, "inductive", "whether the windows of stage 1 keep clear of those that test, `on|off`; stage 2 is then tested on the split of stage 1 alone",
		[]string{"on", "off"}, func(c *run.Config, v string) { c.Split.Inductive = v == "on" })
}

func (s *settings) declareInput(f *flags) {
	methods := []string{string(rsdata.GlobalMinMax), string(rsdata.Standardise), string(rsdata.BandMinMax), string(rsdata.Percentile)}
	choice(s, f, "scaling", "`method` that brings values to a common range: "+strings.Join(methods, ", "), methods, func(c *run.Config, v string) { c.Scaling.Method = rsdata.Method(v) })
	s.integer(f, "pca", "`number` of principal components to keep of each modality with more bands, 0 for none",
		0, func(c *run.Config, n int) { c.Scaling.PCA, c.Scaling.MNF = n, 0 })
	s.integer(f, "mnf", "`number` of minimum noise fractions to keep in place of principal components, 0 for none",
		0, func(c *run.Config, n int) { c.Scaling.MNF, c.Scaling.PCA = n, 0 })
	choice(s, f, "drop-water", "whether bands where water vapour absorbs are left out, `on|off`; the files must tell wavelengths",
		[]string{"on", "off"}, func(c *run.Config, v string) { c.Scaling.DropWater = v == "on" })
}

func (s *settings) declareModel(f *flags) {
	s.integer(f, "window", "side of a window in `pixels`, odd", 1, func(c *run.Config, n int) { c.SetWindow(n) })
	encoder := func(name, usage string, to func(*vit.Config, int)) {
		s.integer(f, name, usage, 1, func(c *run.Config, n int) { c.Encoder(func(e *vit.Config) { to(e, n) }) })
	}
	encoder("patch", "side of a patch in `pixels`; divides the window", func(e *vit.Config, n int) { e.Patch = n })
	encoder("dim", "`width` of the encoder's tokens", func(e *vit.Config, n int) { e.Dim = n })
	encoder("heads", "`number` of attention heads", func(e *vit.Config, n int) { e.Heads = n })
	encoder("depth", "`number` of encoder blocks", func(e *vit.Config, n int) { e.Depth = n })
	s.integer(f, "decoder-depth", "`number` of blocks of each decoder of stage 1", 1, func(c *run.Config, n int) { c.Diffusion.DecoderDepth = n })
	choice(s, f, "stem", "`way` in which a pixel's bands become a token: reducer, as published, linear, batch norm and ReLU twice before the embedding, or linear, the embedding alone",
		[]vit.StemKind{vit.StemReducer, vit.StemLinear}, func(c *run.Config, v vit.StemKind) {
			c.Encoder(func(e *vit.Config) { e.Stem = v })
		})
	s.number(f, "mask-ratio", "`share` of a window's patches that stage 1 hides", func(c *run.Config, v float64) { c.Diffusion.MaskRatio = v })
	choice(s, f, "noise", "whether stage 1 noises the visible patches, `on|off`; off, it is a masked autoencoder",
		[]string{"on", "off"}, func(c *run.Config, v string) { c.Diffusion.NoNoise = v == "off" })
	s.integer(f, "timesteps", "`number` of steps of noise, T, whose variances rise from 1e-4 to 0.02; fewer end in less noise", 1, func(c *run.Config, n int) {
		c.Encoder(func(e *vit.Config) { e.Timesteps = n })
	})
	s.set(f, "loss-weights", "`M,V`: weights of masked and visible patches in stage 1's loss, or \"paper\" for the one mean of Eq. (9)", parseLossWeights)
}

// declareBothStages is what changes stage 2 beside stage 1, and so even where that is done.
func (s *settings) declareBothStages(f *flags) {
	s.set(f, "train-positions", "`stages` whose positional embeddings learn: none, 1, 2 or both", parsePositions)
	choice(s, f, "compat", "`name` of what to follow where paper and published code differ: reference, the code, in the order of masking and noise, random timesteps in stage 2 and warm restarts (default the paper)",
		[]string{"reference"},
		func(c *run.Config, _ string) {
			c.Diffusion.ReferenceOrder, c.Classifier.RandomTimestep, c.Pretrain.Restarts = true, true, 5
		})
}

func parsePositions(value string) (func(*run.Config), error) {
	var one, two bool
	switch value {
	case "none":
	case "1":
		one = true
	case "2":
		two = true
	case "both":
		one, two = true, true
	default:
		return nil, errors.New("want none, 1, 2 or both")
	}
	return func(c *run.Config) {
		c.Diffusion.Encoder.TrainPositions, c.Classifier.Encoder.TrainPositions = one, two
	}, nil
}

func parseLossWeights(value string) (func(*run.Config), error) {
	if value == "paper" {
		return func(c *run.Config) { c.Diffusion.PaperLoss = true }, nil
	}
	masked, visible, _ := strings.Cut(value, ",")
	m, err1 := strconv.ParseFloat(masked, 64)
	v, err2 := strconv.ParseFloat(visible, 64)
	if errors.Join(err1, err2) != nil || !(m >= 0 && v >= 0 && m+v > 0 && m+v < 1e6) {
		return nil, errors.New("want two numbers from 0, such as 0.1,1, or paper")
	}
	return func(c *run.Config) {
		c.Diffusion.PaperLoss, c.Diffusion.MaskedWeight, c.Diffusion.VisibleWeight = false, m, v
	}, nil
}

func (s *settings) declarePretraining(f *flags) {
	s.integer(f, "epochs", "`number` of passes over the unlabelled windows", 1, func(c *run.Config, n int) { c.Pretrain.Epochs = n })
	s.integer(f, "batch", "`number` of windows in a step", 1, func(c *run.Config, n int) { c.Pretrain.Batch = n })
	s.positive(f, "lr", "learning `rate` at its highest", func(c *run.Config, v float64) { c.Pretrain.LR = v })
	s.number(f, "wd", "weight `decay`", func(c *run.Config, v float64) { c.Pretrain.WeightDecay = v })
}

func (s *settings) declareFinetuning(f *flags) {
	s.integer(f, "epochs", "`number` of passes over the training samples", 1, func(c *run.Config, n int) { c.SetEpochs(n) })
	s.integer(f, "batch", "`number` of windows in a step", 2, func(c *run.Config, n int) { c.Finetune.Batch = n })
	s.positive(f, "lr", "learning `rate` at its highest", func(c *run.Config, v float64) { c.Finetune.LR = v })
	s.number(f, "wd", "weight `decay`", func(c *run.Config, v float64) { c.Finetune.WeightDecay = v })
	s.declareExtras(f)
	s.integer(f, "freeze", "`number` of epochs at the start in which the weights of the image encoder stay as stage 1 left them; the statistics of its batch norms move on, except with -preset best",
		0, func(c *run.Config, n int) { c.Finetune.FreezeEncoder = n })
}

// declareHead is what the head of stage 2 is, and how it is fitted and used.
func (s *settings) declareHead(f *flags) {
	choice(s, f, "head-fit", "`way` to the last weights of the head: trained, by the contrast; lda, linear discriminants of the training samples' features; or em, those refined on windows of the scene, without their labels",
		[]clip.HeadFit{clip.HeadTrained, clip.HeadLDA, clip.HeadEM}, func(c *run.Config, v clip.HeadFit) { c.Finetune.HeadFit = v })
	choice(s, f, "views", viewsUsage, []string{"1", "8"}, func(c *run.Config, v string) { c.Classifier.Views = int(v[0] - '0') })
	s.declareContrast(f)
}

// declareExtras is what stage 2 may do with few samples beyond the paper.
func (s *settings) declareExtras(f *flags) {
	choice(s, f, "symmetries", "whether training windows are flipped and turned at random, `on|off`",
		[]string{"on", "off"}, func(c *run.Config, v string) { c.Finetune.Symmetries = v == "on" })
	s.number(f, "spectral", "`size` of random changes of a training window's scaled spectrum, its gain, slope and bands, 0 for none",
		func(c *run.Config, v float64) { c.Finetune.Spectral = v })
	s.integer(f, "average", "`number` of epochs at the end over which weights are averaged, 0 for the last weights",
		0, func(c *run.Config, n int) { c.Finetune.Average = n })
}

const viewsUsage = "`number` of views of a window that are averaged in use: 1, or 8 with its mirror images and turns, in eight times the time"

// viewsFlag is the flag -views of the commands that use a trained run: 0 leaves what the run says.
func viewsFlag(f *flags, to *int) {
	f.Func("views", viewsUsage+" (default that of the run)", func(value string) error {
		if value != "1" && value != "8" {
			return errors.New("want 1 or 8")
		}
		*to = int(value[0] - '0')
		return nil
	})
}

// declareContrast is what the loss of stage 2 compares.
func (s *settings) declareContrast(f *flags) {
	choice(s, f, "head", "`kind` of head: text, which compares windows with the texts of the classes, or linear, a fully connected layer with cross-entropy and no text",
		[]clip.Head{clip.HeadText, clip.HeadLinear}, func(c *run.Config, v clip.Head) { c.Classifier.Head = v })
	choice(s, f, "pool", "which `tokens` stand for a window: class, mean, or centre, a mean in which those near the centre weigh more",
		[]clip.Pool{clip.PoolClass, clip.PoolMean, clip.PoolCentre}, func(c *run.Config, v clip.Pool) { c.Classifier.Pool = v })
	choice(s, f, "targets", "`kind` of match in the contrast: own, a window and its own text (Eq. 16), or class, all windows and texts of a class",
		[]clip.Targets{clip.TargetsOwn, clip.TargetsClass}, func(c *run.Config, v clip.Targets) { c.Classifier.Targets = v })
	s.positive(f, "temperature", "`value` of the contrast's temperature at the start; it is learned", func(c *run.Config, v float64) { c.Classifier.Temperature = v })
	choice(s, f, "timestep", "diffusion `step` that the encoder is told in stage 2 and in use: first, or random, one for each window",
		[]string{"first", "random"}, func(c *run.Config, v string) { c.Classifier.RandomTimestep = v == "random" })
}

func (s *settings) declareText(f *flags) {
	s.text(f, "prompts", "`text` for each class: p1 to p5 of the paper, a template with {} for the class name, a JSON file {\"class\": \"text\"}, or auto, p5 where all classes have a description and else p4",
		func(c *run.Config, v string) { c.Text.Prompts = promptsFromAnywhere(v) })
	choice(s, f, "tokenizer", "`name` of the tokenizer: compact, built in, or bpe, CLIP's own",
		[]string{run.Compact, run.BPE}, func(c *run.Config, v string) { c.Text.Tokenizer = v })
	s.text(f, "bpe", "`file` with CLIP's vocabulary, bpe_simple_vocab_16e6.txt.gz, for the tokenizer bpe, which it chooses",
		func(c *run.Config, v string) { c.Text.Tokenizer, c.Text.BPE = run.BPE, fromAnywhere(v) })
}

// place is where a run goes and how it computes.
type place struct {
	computer
	out           string
	force, resume bool
	lock          *folderlock.Lock // of the folder, nil until it is claimed
}

// claim takes the folder, so that no other program clears or trains in it, until leave.
func (p *place) claim() (err error) {
	p.lock, err = run.Folder{Dir: p.out}.Take()
	return err
}

func (p *place) leave() {
	if p.lock != nil {
		p.lock.Release()
	}
}

func (p *place) declare(f *flags, out string) {
	f.StringVar(&p.out, "out", "", "`folder` "+out)
	f.BoolVar(&p.force, "force", false, "write over a run that is there already")
	f.BoolVar(&p.resume, "resume", false, "go on with a run that was interrupted")
}
