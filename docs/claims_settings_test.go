package docs_test

import (
	"diffclip/diffusion"
	"diffclip/internal/run"
	"diffclip/vit"
)

// preset returns a preset's settings.
func (c *claims) preset(name string) run.Config {
	c.Helper()
	cfg, err := run.Preset(name)
	return must(c, cfg, err)
}

// settingsClaims holds paper-vs-code.md to the presets and to what follows from them.
func settingsClaims(c *claims) {
	const page = "paper-vs-code.md"
	paper, best := c.preset("paper"), c.preset("best")
	enc, own := paper.Diffusion.Encoder, best.Diffusion.Encoder
	text, ownText := paper.Classifier.Text, best.Classifier.Text
	p, q := paper.Pretrain, best.Pretrain
	f, g := paper.Finetune, best.Finetune
	windows, ownWindows := paper.Split.Unlabelled, best.Split.Unlabelled
	for _, s := range []struct {
		format  string
		numbers []any
	}{
		{"| encoder | %d blocks, width %d, %d heads | %d blocks, width %d, %d heads |", []any{enc.Depth, enc.Dim, enc.Heads, own.Depth, own.Dim, own.Heads}},
		{"| decoders | %d blocks | %d block | Less time in stage 1 | `pretrain -decoder-depth %d`", []any{paper.Diffusion.DecoderDepth, best.Diffusion.DecoderDepth, best.Diffusion.DecoderDepth}},
		{"| text encoder | %d blocks, width %d | %d blocks, width %d |", []any{text.Depth, text.Dim, ownText.Depth, ownText.Dim}},
		{"mean 0 and deviation 1 per band, then %d minimum noise fractions:", []any{best.Scaling.MNF}},
		{"`pretrain -scaling %s -mnf %d`", []any{best.Scaling.Method, best.Scaling.MNF}},
		{"| at most %d | %d |", []any{windows, ownWindows}},
		{"`pretrain -pretrain-samples %d` | | length of stage 1 | %d epochs of batch %d | %d epochs of batch %d |", []any{ownWindows, p.Epochs, p.Batch, q.Epochs, q.Batch}},
		{"| %d updates, where %d epochs of %d windows make %d |", []any{q.Epochs * ownWindows / q.Batch, p.Epochs, windows, p.Epochs * (windows / p.Batch)}},
		{"`pretrain -epochs %d -batch %d` | | learning rate of stage 1 |", []any{q.Epochs, q.Batch}},
		{"after %d epochs of warm-up, with gradients clipped at norm %g | Nothing in time | `pretrain -lr %g`", []any{q.WarmUp, q.Clip, q.LR}},
		{"| learning rate of stage 1 | 1e-4 | 1e-3, after", nil},
		{"by a Gaussian of deviation %s pixels", c.source("../vit/config.go", `const centreWidth = ([\d.]+)`)},
		{"`finetune -pool %s`", []any{best.Classifier.Pool}},
		{"`finetune -targets %s`", []any{best.Classifier.Targets}},
		{"| %g (learned) | %g, that of CLIP (learned) | Nothing in time | `finetune -temperature %g`", []any{paper.Classifier.Temperature, best.Classifier.Temperature, best.Classifier.Temperature}},
		{"weights of deviation 2e-5 | %g |", []any{best.Classifier.HeadStd}},
		{"`finetune -head-fit %s`", []any{g.HeadFit}},
		{"by expectation-maximisation on up to %s windows of the scene", c.source("../internal/run/experiment.go", `const refiningWindows = (\d+)`)},
		{"| stage 2 | %d epochs at 1e-4 | %d epochs at 5e-4,", []any{f.Epochs, g.Epochs}},
		{"`finetune -epochs %d -lr %g -freeze %d`", []any{g.Epochs, g.LR, g.FreezeEncoder}},
	} {
		c.says(page, s.format, s.numbers...)
	}
	if p.LR != 1e-4 || q.LR != 1e-3 || f.LR != 1e-4 || g.LR != 5e-4 || paper.Classifier.HeadStd != 2e-5 || p.WeightDecay != 1e-5 {
		c.Errorf("%s says other rates, weights and widths than the presets have", page)
	}
	if !q.Symmetries || !g.Symmetries || len(q.Crops) > 0 || !g.FixNorms {
		c.Errorf("%s says that both stages flip and rotate windows, that none are cropped, and that statistics stay fixed", page)
	}

	d := diffusion.Default(vit.Default(vit.Modality{Name: "hsi", Bands: 1}))
	all, keep := d.Encoder.Tokens(), d.Keep()
	c.says(page, "reduces %d pixels of a window where %d are needed, %.1f times as many", all, keep, float64(all)/float64(keep))
	c.says(page, "| %d tokens in the encoder where %d are visible with a mask |", all, keep)
	c.says(page, "| length of stage 1 | %d epochs of batch %d | 400 epochs of batch 128 | as the paper | The code looks at %d times as many windows and makes about %d times as many updates",
		p.Epochs, p.Batch, 400/p.Epochs, 400/p.Epochs*p.Batch/128)
	c.says(page, "| weight decay of stage 1 | 1e-5 | 1e-4 |")
	c.says(page, "times %g plus the mean over visible ones", d.MaskedWeight)
	masked := float64(all-keep) / float64(all)
	c.says(page, "At the mask ratio %g Eq. (9) gives the masked patches %.0f %% of the loss; with the code's weights a visible patch counts %.0f times as much as a masked one",
		d.MaskRatio, 100*masked, float64(all-keep)/float64(keep)/d.MaskedWeight)
	c.says(page, "| %d x %d trained values per modality", 1+all, d.Encoder.Dim)
	c.says(page, "| %d unlabelled windows drawn from the scene", windows)
	const mrnet = "../rsdata/layout_mrnet.go"
	slices, side := c.source(mrnet, `mrnetSlices = (\d+)`)[0], c.source(mrnet, `mrnetSide   = (\d+)`)[0]
	share := c.source(mrnet, `mrnetShare  = (\d+)\. / (\d+)`)
	c.says(page, "| the %s around the middle of each volume, as the bands of a pixel | every volume has at least %s,", slices, c.source(mrnet, `fewer than (\d+) slices`)[0])
	knee := c.preset("mrnet").Diffusion.Encoder
	c.says(page, "the middle %s x %s of %s x %s pixels, reduced four by four to %s x %s, one window | %d x %d patches of %d x %d,",
		share[0], share[0], share[1], share[1], side, side, knee.Window/knee.Patch, knee.Window/knee.Patch, knee.Patch, knee.Patch)
	c.says(page, "| %d of either answer,", c.preset("mrnet").Split.Shots)
	c.says(page, "| index %d, the smallest noise |", 0)
	c.says(page, "at timestep index %d as stage 2 does", 0)
	c.says(page, "positive from probability %g |", 0.5)
	words := c.source("../bench/workloads.go", `vocabulary\s+= (\d+)`)[0]
	c.says(page, "CLIP's byte-pair encoding, %s tokens", words)
	c.says(page, "It saves up to %.1f million embedding values", leading(c, words.(string))*float64(text.Dim)/1e6)
}

// explorerClaims holds what the page of the explorer says.
func explorerClaims(c *claims) {
	const page = "explorer.md"
	c.says(page, "scenes of more than %s,000 pixels", c.source("../internal/explorer/maps.go", `mapPixels = (\d+)_000`)...)
	c.says(page, "listens on %s (`-addr`", c.source("../cmd/diffclip/serve.go", `"(127\.0\.0\.1:\d+)"`)...)
	kept := leading(c, c.source("../internal/explorer/maps.go", `mapValues = (\d+) << 20`)[0].(string)) * 4 * (1 << 20)
	c.holds(page, kept < 300e6, "What is kept for it takes less than 300 MB beside the scene.")
	c.says(page, "port 0 takes a free one")
}

var nine = 0.9 // no constant, whose difference would be exact

// tourClaims holds what the chapters of the tour say of the published sizes.
func tourClaims(c *claims) {
	d := diffusion.Default(vit.Default(vit.Modality{Name: "hsi", Bands: 1}))
	e := d.Encoder
	c.says("tour/04-attention.md", "The published model has %d heads of width %d.", e.Heads, e.Dim/e.Heads)
	c.says("tour/05-vit-block.md", "Two windows of %d x %d pixels make %d rows of pixels, and two sequences of 1 + %d tokens", e.Window, e.Window, 2*e.Window*e.Window, e.Tokens())
	c.says("tour/06-masking.md", "The paper hides %.0f %% of the patches", 100*d.MaskRatio)
	c.says("tour/06-masking.md", "`1 - 0.9` is a little less than 0.1 in binary, and rounding down")
	if tenth := 1 - nine; tenth >= 0.1 {
		c.Errorf("1 - 0.9 is %v", tenth)
	}
	c.says("tour/12-performance.md", "At %d tokens its share is larger", 1+e.Tokens())
	c.says("tour/02-matrix-product.md", "multiplies and adds %d, %d or %d numbers at a time", 128/32, 256/32, 512/32)
	c.says("tour/11-few-shot.md", "say %d, %d or %d,", shots[0], shots[1], shots[2])
	c.says("tour/08-decoders.md", "masked patches, %.0f %% of the window, make %.0f %% of the loss", 100*d.MaskRatio, 100*d.MaskRatio)
	c.says("tour/11-few-shot.md", "A window of %d x %d pixels around", e.Window, e.Window)
}
