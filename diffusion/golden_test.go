package diffusion

import (
	"fmt"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/internal/golden/modeltest"
	"diffclip/tensor"
	"diffclip/vit"
)

// goldenConfig reads the sizes of a case.
func goldenConfig(c golden.Case) Config {
	e := vit.Config{
		Window: c.Int("window"), Patch: c.Int("patch"), Dim: c.Int("dim"), Heads: c.Int("heads"), Depth: c.Int("depth"),
		MLPRatio: c.Int("mlp_ratio"), Timesteps: c.Int("timesteps"), TrainPositions: c.Int("train_positions") == 1,
	}
	for i := range c.Int("modalities") {
		e.Modalities = append(e.Modalities, vit.Modality{Name: fmt.Sprint("m", i), Bands: c.Int(fmt.Sprint("bands", i))})
	}
	cfg := Config{
		Encoder: e, DecoderDepth: c.Int("decoder_depth"), MaskRatio: c.Attr("mask_ratio"),
		MaskedWeight: c.Attr("masked_weight"), VisibleWeight: c.Attr("visible_weight"), PaperLoss: c.Int("paper_loss") == 1,
		NoNoise: c.Int("no_noise") == 1, ReferenceOrder: c.Int("reference_order") == 1,
	}
	if c.Has("labels") {
		cfg.Classes, cfg.ClassWeight = c.Int("classes"), c.Attr("class_weight")
	}
	return cfg
}

// goldenBatch corrupts the windows of a case with its timesteps, masks and noise.
func goldenBatch(c golden.Case, cfg Config) *Corrupted {
	corruptor := NewCorruptor(cfg, 0)
	out := corruptor.NewCorrupted(c.Int("batch"))
	for i, v := range c.Int64s("timesteps") {
		out.Steps[i] = int32(v)
	}
	if c.Has("labels") {
		for i, v := range c.Int64s("labels") {
			out.Labels[i] = int32(v)
		}
	}
	var windows [][]float32
	for m := range out.Inputs {
		in := &out.Inputs[m]
		for i, v := range c.Int64s(fmt.Sprint("keep", m)) {
			in.Keep[i] = int32(v)
		}
		placeNoise(in, cfg, c.Float32s(fmt.Sprint("noise", m)))
		windows = append(windows, c.Float32s(fmt.Sprint("window", m)))
	}
	corruptor.apply(out, windows)
	return out
}

// placeNoise puts the noise of whole windows, (B, window², bands), where the
// corruptor wants that of the tokens it noises.
func placeNoise(in *CorruptedInput, cfg Config, noise []float32) {
	e := cfg.Encoder
	order, area, pixels, bands := e.PixelOrder(), e.Window*e.Window, e.PatchPixels(), in.Visible.Cols()
	k := cfg.Keep()
	if cfg.ReferenceOrder {
		k = e.Tokens()
	}
	for row := range in.Visible.Rows() {
		i, pixel := row/pixels, row%pixels
		b, token := i/k, i%k
		if !cfg.ReferenceOrder {
			token = int(in.Keep[i])
		}
		at := b*area + int(order[token*pixels+pixel])
		copy(in.Visible.Data[row*bands:(row+1)*bands], noise[at*bands:(at+1)*bands])
	}
}

func TestModelAgainstPyTorch(t *testing.T) {
	family := golden.Load(t, "diffusion")
	for _, name := range family.Cases() {
		for _, threads := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/threads=%d", name, threads), func(t *testing.T) {
				c := family.Case(t, name)
				m, err := New(goldenConfig(c), 1)
				if err != nil {
					t.Fatal(err)
				}
				modeltest.Load(t, c, m.Set)
				batch := goldenBatch(c, m.Config)
				for i, in := range batch.Inputs {
					golden.Near(t, "corrupted pixels", in.Visible.Data, c.Float32s(fmt.Sprint("visible", i)), 1e-6)
				}
				be := tensor.NewCPU(threads)
				defer be.Close()
				modeltest.Train(t, c, m.Set, be, func(t *autograd.Tape) *autograd.Var { return m.Loss(t, batch) })
			})
		}
	}
}
