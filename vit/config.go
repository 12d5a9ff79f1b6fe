package vit

import (
	"fmt"
	"math"

	"diffclip/autograd"
	"diffclip/nn"
)

// Modality is one kind of input: its name and the number of values per pixel.
type Modality struct {
	Name  string `json:"name"`
	Bands int    `json:"bands"`
}

// StemKind says how a pixel's bands become a token.
type StemKind string

// The kinds of stem.
const (
	// StemReducer, as published, reduces each pixel twice by a linear layer, batch
	// norm and ReLU before patches are embedded.
	StemReducer StemKind = "reducer"
	// StemLinear embeds the bands of a patch as they are, as the first vision
	// transformer does (Dosovitskiy et al. 2021). Its weights are orthogonal at the
	// start, so that a token of at least as many values as a patch keeps all of it.
	StemLinear StemKind = "linear"
)

// Config sizes an encoder.
type Config struct {
	Modalities []Modality `json:"modalities"` // at least one
	Window     int        `json:"window"`     // side of the input in pixels
	Patch      int        `json:"patch"`      // side of a patch in pixels; divides Window
	Dim        int        `json:"dim"`        // width of tokens; a multiple of 4 and of Heads
	Heads      int        `json:"heads"`
	Depth      int        `json:"depth"`          // blocks
	MLPRatio   int        `json:"mlp_ratio"`      // hidden width of a block's MLP over Dim
	Timesteps  int        `json:"timesteps"`      // T, the number of diffusion steps
	Stem       StemKind   `json:"stem,omitempty"` // "" is StemReducer
	// TrainPositions lets the positional embeddings learn; they start as sines
	// and cosines of the position either way.
	TrainPositions bool `json:"train_positions"`
}

// Default returns the published sizes for the given modalities: windows of 11
// pixels, patches of one, 4 blocks of width 128 with 8 heads, T = 1000.
func Default(modalities ...Modality) Config {
	return Config{Modalities: modalities, Window: 11, Patch: 1, Dim: 128, Heads: 8, Depth: 4, MLPRatio: 2, Timesteps: 1000}
}

// Bounds far beyond what is of use, within which no product of sizes overflows.
const (
	maxTimesteps = 1 << 16 // T, for which the encoder holds a table of T x timeFeatures
	maxWindow    = 1 << 12
	maxDim       = 1 << 16
	maxMLPRatio  = 1 << 8
	// MaxDepth is the largest number of blocks of any encoder or decoder.
	MaxDepth = 1 << 10
)

// timeFeatures is the number of sinusoidal features of a timestep.
const timeFeatures = 256

// normEps is the epsilon of every layer norm of the image side.
const normEps = 1e-6

// Check returns an error that names what is wrong with the sizes.
func (c Config) Check() error {
	switch {
	case len(c.Modalities) == 0:
		return fmt.Errorf("vit: no modalities: at least one is needed")
	case c.Window < 1 || c.Patch < 1 || c.Window%c.Patch != 0:
		return fmt.Errorf("vit: a window of %d pixels does not divide into patches of %d", c.Window, c.Patch)
	case c.Heads < 1 || c.Dim < 4 || c.Dim%c.Heads != 0 || c.Dim%4 != 0:
		return fmt.Errorf("vit: width %d with %d heads: the width must be a multiple of 4 and of the heads", c.Dim, c.Heads)
	case c.Depth < 1 || c.MLPRatio < 1 || c.Timesteps < 1:
		return fmt.Errorf("vit: depth %d, MLP ratio %d and timesteps %d must be at least 1", c.Depth, c.MLPRatio, c.Timesteps)
	case c.Timesteps > maxTimesteps:
		return fmt.Errorf("vit: %d timesteps: want at most %d", c.Timesteps, maxTimesteps)
	case c.Window > maxWindow:
		return fmt.Errorf("vit: a window of %d pixels: want at most %d", c.Window, maxWindow)
	case c.Dim > maxDim || c.Depth > MaxDepth || c.MLPRatio > maxMLPRatio:
		return fmt.Errorf("vit: width %d, depth %d and MLP ratio %d: want at most %d, %d and %d", c.Dim, c.Depth, c.MLPRatio, maxDim, MaxDepth, maxMLPRatio)
	case c.Stem != "" && c.Stem != StemReducer && c.Stem != StemLinear:
		return fmt.Errorf("vit: stem %q: want %q or %q", c.Stem, StemReducer, StemLinear)
	}
	for i, m := range c.Modalities {
		if m.Bands < 1 {
			return fmt.Errorf("vit: modality %q has %d bands", m.Name, m.Bands)
		}
		for _, other := range c.Modalities[:i] {
			if m.Name == other.Name { // masks and noise are drawn by name
				return fmt.Errorf("vit: two modalities are called %q", m.Name)
			}
		}
	}
	return nil
}

// Tokens returns L, the number of patches of a window.
func (c Config) Tokens() int { n := c.Window / c.Patch; return n * n }

// PatchPixels returns the number of pixels of a patch.
func (c Config) PatchPixels() int { return c.Patch * c.Patch }

// Block returns the configuration of a block of the image side.
func (c Config) Block() nn.BlockConfig {
	return nn.BlockConfig{Dim: c.Dim, Heads: c.Heads, Hidden: c.Dim * c.MLPRatio, Act: autograd.ActGELU, Eps: normEps}
}

// PixelOrder returns the window positions (row·Window + column) of every pixel,
// patch after patch: token i owns entries [i·p², (i+1)·p²).
func (c Config) PixelOrder() []int32 {
	order := make([]int32, 0, c.Window*c.Window)
	side := c.Window / c.Patch
	for token := range c.Tokens() {
		r0, c0 := token/side*c.Patch, token%side*c.Patch
		for p := range c.PatchPixels() {
			order = append(order, int32((r0+p/c.Patch)*c.Window+c0+p%c.Patch))
		}
	}
	return order
}

// Arrange copies windows of row-by-row pixels, src (n, Window², bands), into the
// order that the encoder reads. dst says how many; src may hold more. It panics where
// src holds fewer, or dst a part of a window.
func (c Config) Arrange(dst, src []float32, bands int) {
	if size := c.Window * c.Window * bands; len(dst)%size != 0 || len(src) < len(dst) {
		panic(fmt.Errorf("vit: %d values for windows of %d, to fill %d", len(src), size, len(dst)))
	}
	src = src[:len(dst)]
	if c.Patch == 1 {
		copy(dst, src)
		return
	}
	order := c.PixelOrder()
	for len(dst) > 0 {
		for j, at := range order {
			copy(dst[j*bands:(j+1)*bands], src[int(at)*bands:])
		}
		dst, src = dst[len(order)*bands:], src[len(order)*bands:]
	}
}

// centreWidth is the standard deviation, in pixels, of the weights around a window's centre.
const centreWidth = 1.5

// CentreWeights returns a weight for each patch that falls with its distance from
// the centre of the window, as a Gaussian of standard deviation 1.5 pixels; they add up
// to 1.
func (c Config) CentreWeights() []float32 {
	side := c.Window / c.Patch
	w := make([]float32, 0, side*side)
	total := 0.0
	// Of an even number of patches none is at the centre: weights are taken relative
	// to the four around it, which may be so far off that their own would be 0.
	off := float64((side+1)%2) / 2 * float64(c.Patch)
	for i := range side * side {
		dr := float64(2*(i/side)+1-side) / 2 * float64(c.Patch)
		dc := float64(2*(i%side)+1-side) / 2 * float64(c.Patch)
		v := math.Exp(-(dr*dr + dc*dc - 2*off*off) / (2 * centreWidth * centreWidth))
		w = append(w, float32(v))
		total += v
	}
	for i := range w {
		w[i] /= float32(total)
	}
	return w
}

// Source describes where windows come from, as rsdata.Windows does.
type Source interface {
	Side() int
	Modalities() int
	Bands(m int) int
}

// Fits returns an error unless windows from src have the size, the modalities
// and the bands that an encoder of this configuration reads.
func (c Config) Fits(src Source) error {
	if src.Side() != c.Window || src.Modalities() != len(c.Modalities) {
		return fmt.Errorf("the model reads windows of %d pixels of %d modalities, the data has windows of %d and %d modalities", c.Window, len(c.Modalities), src.Side(), src.Modalities())
	}
	for i, m := range c.Modalities {
		if src.Bands(i) != m.Bands {
			return fmt.Errorf("the model reads %d values per pixel of modality %q, the data has %d", m.Bands, m.Name, src.Bands(i))
		}
	}
	return nil
}
