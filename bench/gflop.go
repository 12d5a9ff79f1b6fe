package bench

import (
	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/vit"
)

// flops counts the matrix products of a step: 2·m·k·n for each, three times
// where the step trains (forward, and backward to the input and to the weight;
// a modality's first layer needs no gradient of its input).
//
// The count is that of the plain network. Work that is left out because it
// cannot change the result is not taken off, so that a rate in GFLOP/s compares
// times whatever shortcuts were taken.
type flops struct {
	train bool
	total float64
}

func (f *flops) gemm(m, k, n int) { f.add(m, k, n, 3) }

// first is gemm for a layer whose input needs no gradient.
func (f *flops) first(m, k, n int) { f.add(m, k, n, 2) }

func (f *flops) add(m, k, n, training int) {
	times := 1
	if f.train {
		times = training
	}
	f.total += 2 * float64(m) * float64(k) * float64(n) * float64(times)
}

// block is a transformer block on batch sequences of n tokens of width d.
func (f *flops) block(batch, n, d, hidden int) {
	rows := batch * n
	f.gemm(rows, d, 3*d)
	f.gemm(rows, d, n) // scores, all heads
	f.gemm(rows, n, d) // weighted values
	f.gemm(rows, d, d)
	f.gemm(rows, d, hidden)
	f.gemm(rows, hidden, d)
}

// encoder is every modality's stem on all pixels, and the blocks on n tokens.
func (f *flops) encoder(c vit.Config, batch, n int) {
	pixels, d := batch*c.Window*c.Window, c.Dim
	for _, m := range c.Modalities {
		f.first(pixels, m.Bands, d)
		f.gemm(pixels, d, d)
		f.gemm(batch*c.Tokens(), d*c.PatchPixels(), d)
		f.first(batch, 256, d) // timestep
		f.gemm(batch, d, d)
		for range c.Depth {
			f.block(batch, n, d, d*c.MLPRatio)
		}
	}
}

func pretrainGFLOP(c diffusion.Config, batch int) float64 {
	f := flops{train: true}
	e := c.Encoder
	visible, all, d := 1+c.Keep(), 1+e.Tokens(), e.Dim
	f.encoder(e, batch, visible)
	for _, m := range e.Modalities {
		f.gemm(batch*visible, d, d)
		for range c.DecoderDepth {
			f.block(batch, all, d, d*e.MLPRatio)
		}
		f.gemm(batch*all, d, d)
		f.gemm(batch*all, d, d)
		f.gemm(batch*e.Tokens(), d, m.Bands*e.PatchPixels())
	}
	return f.total * 1e-9
}

func (f *flops) images(c clip.Config, batch int) {
	f.encoder(c.Encoder, batch, 1+c.Encoder.Tokens())
	f.gemm(batch, len(c.Encoder.Modalities)*c.Encoder.Dim, c.Text.Dim)
}

// fewShotGFLOP counts a prompt for each window, at the full context.
func fewShotGFLOP(c clip.Config, batch int) float64 {
	f := flops{train: true}
	f.images(c, batch)
	f.gemm(batch, c.Text.Dim, batch)
	for range c.Text.Depth {
		f.block(batch, c.Text.Context, c.Text.Dim, c.Text.Dim*c.Text.MLPRatio)
	}
	f.gemm(batch, c.Text.Dim, c.Text.Dim)
	return f.total * 1e-9
}

func inferGFLOP(c clip.Config, batch int) float64 {
	f := flops{}
	f.images(c, batch)
	f.gemm(batch, c.Text.Dim, classes)
	return f.total * 1e-9
}
