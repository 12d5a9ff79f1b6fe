package run

import (
	"fmt"
	"strings"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/vit"
)

// Variant is a way to learn that is made of the parts of DiffCLIP: all of them,
// all but one (the paper's Table 3), or those of another method.
type Variant struct {
	Name    string // in flags
	Title   string // in tables
	Summary string
	Scratch bool // has no stage 1
	Own     bool // its stage 1 is another than that of the configuration
	change  func(*Config)
}

// variants lists every variant, in the order of tables.
var variants = []Variant{
	{Name: "alone", Title: "stage 2 alone", Summary: "both encoders from initial weights: CLIP from scratch", Scratch: true},
	{Name: "no-text", Title: "w/o text", Summary: "stage 1, then a fully connected layer and cross-entropy in place of the text encoder", change: withoutText},
	{Name: "no-noise", Title: "w/o diffusion", Summary: "stage 1 without noise, a masked autoencoder", Own: true, change: func(c *Config) { c.Diffusion.NoNoise = true }},
	{Name: "no-mask", Title: "w/o mask", Summary: "stage 1 sees all patches, noised", Own: true, change: func(c *Config) { c.Diffusion.MaskRatio = 0 }},
	{Name: "probe", Title: "linear probe", Summary: "stage 1, whose encoder stays as it is, and a fully connected layer on it", change: LinearProbe},
	{Name: "lds2ae", Title: "LDS2AE", Summary: "after its description: masked diffusion and labels on the training samples, then a fully connected layer", Own: true, change: LDS2AE},
	{Name: "diffclip", Title: "DiffCLIP", Summary: "both stages"},
}

// Variants lists every variant, in the order of tables.
func Variants() []Variant { return variants }

// FindVariant returns the variant of a name; the error lists all names.
func FindVariant(name string) (Variant, error) {
	var names []string
	for _, v := range variants {
		if v.Name == name {
			return v, nil
		}
		names = append(names, v.Name)
	}
	return Variant{}, fmt.Errorf("no variant is called %q: want %s", name, strings.Join(names, ", "))
}

// Apply changes a configuration to that of the variant.
func (v Variant) Apply(c *Config) {
	if v.change != nil {
		v.change(c)
	}
}

// withoutText is "w/o Text" of the paper's Table 3.
func withoutText(c *Config) { c.Classifier.Head = clip.HeadLinear }

// Schedule of the linear probe: few weights, whose inputs do not change.
const (
	probeEpochs = 100
	probeLR     = 1e-2
)

// LinearProbe makes stage 2 a fully connected layer on the encoder of stage 1,
// which keeps its weights and statistics.
func LinearProbe(c *Config) {
	withoutText(c)
	f := &c.Finetune
	f.Epochs, f.Milestones, f.LR = probeEpochs, nil, probeLR
	f.FreezeEncoder, f.FixNorms, f.Symmetries, f.HeadFit = probeEpochs, true, false, clip.HeadTrained
}

// LDS2AE makes the configuration that of LDS2AE (Qu, Yang, Dong and Yang, AAAI
// 2024), of which DiffCLIP is a descendant, after its description; its code was not
// at hand.
//
// As described: the same reducers, encoder (4 blocks, width 128, 8 heads), decoders
// (3 blocks), mask (0.7) and noise as published for DiffCLIP; the loss of stage 1,
// 0.1 masked + 1 visible for each modality + 0.005 cross-entropy; 401 epochs of
// batch 1024 with Adam at 1e-3, decay 1e-4 and warm restarts after 5, 10, 20, ...
// epochs; then a linear classifier, 141 epochs, a tenth of the rate from epochs 100
// and 131.
//
// Assumed: that stage 1 learns from the training samples alone, since it takes
// their labels; that its classifier reads the class tokens of all modalities side
// by side; no augmentation; in stage 2 the rate and decay of stage 1, the batch of
// the configuration, and the whole network trained. Scaling and window stay those
// of the configuration, so that all methods see the same input.
func LDS2AE(c *Config) {
	published := vit.Default()
	c.Encoder(func(e *vit.Config) {
		e.Dim, e.Heads, e.Depth, e.MLPRatio = published.Dim, published.Heads, published.Depth, published.MLPRatio
		e.Stem, e.Timesteps = published.Stem, published.Timesteps
	})
	d := diffusion.Default(c.Diffusion.Encoder)
	d.ClassWeight = 0.005
	c.Diffusion = d
	c.Pretrain = diffusion.TrainConfig{Epochs: 401, Batch: 1024, LR: 1e-3, WeightDecay: 1e-4, Restarts: 5, Seed: c.Pretrain.Seed}
	k := clip.Default(c.Classifier.Encoder, c.Classifier.Text.Vocabulary)
	k.Head = clip.HeadLinear
	c.Classifier = k
	c.Finetune = clip.TrainConfig{Epochs: 141, Batch: c.Finetune.Batch, LR: 1e-3, WeightDecay: 1e-4, Milestones: []int{100, 131}, Seed: c.Finetune.Seed}
}

// As returns the experiment with the configuration of a variant, on the same data,
// split and scaling.
func (x *Experiment) As(v Variant) *Experiment {
	y := *x
	v.Apply(&y.Config)
	y.Config.setClasses(len(x.Data.Classes))
	return &y
}

// NeedsLabels reports whether stage 1 learns classes too, and so from the training
// samples of a split.
func (c *Config) NeedsLabels() bool { return c.Diffusion.ClassWeight > 0 }
