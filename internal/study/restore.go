package study

import (
	"fmt"
	"math"
	"slices"

	"diffclip/autograd"
	"diffclip/diffusion"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// Restorer shows what stage 1 makes of windows at a chosen timestep and mask
// ratio. It is used by one goroutine.
type Restorer struct {
	model   *diffusion.Model
	windows *rsdata.Windows
	tape    *autograd.Tape
	seed    uint64
}

// NewRestorer returns an error where the windows are not what the model reads.
// Masks and noise follow from the seed.
func NewRestorer(be tensor.Backend, m *diffusion.Model, w *rsdata.Windows, seed uint64) (*Restorer, error) {
	if err := m.Config.Encoder.Fits(w); err != nil {
		return nil, err
	}
	return &Restorer{m, w, autograd.NewTape(be, autograd.Eval), seed}, nil
}

// Restored is one modality of restored windows, pixels in the order of
// vit.Config.PixelOrder.
type Restored struct {
	Clean    []float32 // (n, L, P)
	Noised   []float32 // (n, L, P), at masked tokens as Clean
	Restored []float32 // (n, L, P)
	Visible  []bool    // (n, L)

	// Root mean square errors of all that is restored, in the units of the scaled
	// input; NaN where no token is masked.
	MaskedError, VisibleError float64
}

// At masks and noises windows and restores them: a share of the tokens, ratio, is
// masked, the others are noised to timestep index t. A mask of a larger ratio
// holds that of a smaller one, and the noise is the same at every timestep.
func (r *Restorer) At(pixels []rsdata.Pixel, t int, ratio float64) ([]Restored, error) {
	cfg := r.model.Config
	cfg.MaskRatio = ratio
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if t < 0 || t >= cfg.Encoder.Timesteps {
		return nil, fmt.Errorf("timestep index %d: want 0 to %d", t, cfg.Encoder.Timesteps-1)
	}
	corruptor := diffusion.NewCorruptor(cfg, r.seed)
	c := corruptor.NewCorrupted(len(pixels))
	windows := r.windows.NewBuffers(len(pixels))
	r.windows.Gather(windows, pixels)
	corruptor.FillAt(c, windows, 0, t)
	out := make([]Restored, len(c.Inputs))
	for i, v := range r.model.Restore(r.tape, c) {
		out[i] = newRestored(&c.Inputs[i], v.Value.Host())
	}
	r.tape.Reset()
	return out, nil
}

// Error returns the root mean square error of the masked tokens or, where none is
// masked, of all.
func (r *Restored) Error() float64 {
	if math.IsNaN(r.MaskedError) {
		return r.VisibleError
	}
	return r.MaskedError
}

// Window returns the values of window i of n, without its errors.
func (r *Restored) Window(i, n int) Restored {
	part := func(v []float32) []float32 { return v[i*len(v)/n : (i+1)*len(v)/n] }
	shown := r.Visible[i*len(r.Visible)/n : (i+1)*len(r.Visible)/n]
	return Restored{Clean: part(r.Clean), Noised: part(r.Noised), Restored: part(r.Restored), Visible: shown}
}

// Seen returns the noised values of the visible tokens, one token after another.
func (r *Restored) Seen() []float32 {
	size := len(r.Noised) / len(r.Visible)
	var out []float32
	for i, visible := range r.Visible {
		if visible {
			out = append(out, r.Noised[i*size:(i+1)*size]...)
		}
	}
	return out
}

func newRestored(in *diffusion.CorruptedInput, restored []float32) Restored {
	out := Restored{
		Clean:    slices.Clone(in.Target.Data),
		Noised:   Noised(in),
		Restored: slices.Clone(restored),
		Visible:  Visible(in),
	}
	var sum, count [2]float64 // of masked and visible values
	size := in.Target.Cols()
	for i, v := range out.Restored {
		kind := 0
		if out.Visible[i/size] {
			kind = 1
		}
		d := float64(v) - float64(out.Clean[i])
		sum[kind] += d * d
		count[kind]++
	}
	out.MaskedError, out.VisibleError = math.Sqrt(sum[0]/count[0]), math.Sqrt(sum[1]/count[1])
	return out
}

// Visible tells of each token of a corrupted batch, (B, L), whether it is visible.
func Visible(in *diffusion.CorruptedInput) []bool {
	visible := make([]bool, in.Target.Rows())
	k := len(in.Keep) / in.Target.Dim(0)
	for i, at := range in.Keep {
		visible[i/k*in.Target.Dim(1)+int(at)] = true
	}
	return visible
}

// Noised spreads the noised values of the visible tokens over a copy of the clean
// windows, (B, L, P).
func Noised(in *diffusion.CorruptedInput) []float32 {
	out := slices.Clone(in.Target.Data)
	if len(in.Visible.Data) == len(out) {
		copy(out, in.Visible.Data) // the reference order noises every token
		return out
	}
	l, size := in.Target.Dim(1), in.Target.Cols()
	k := len(in.Keep) / in.Target.Dim(0)
	for i, at := range in.Keep {
		token := i/k*l + int(at)
		copy(out[token*size:(token+1)*size], in.Visible.Data[i*size:(i+1)*size])
	}
	return out
}
