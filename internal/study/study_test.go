package study

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"diffclip/autograd"
	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/figure"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// fixture is a small untrained stage 1 with the windows of a synthetic scene.
type fixture struct {
	be      tensor.Backend
	data    *rsdata.Dataset
	scaling *rsdata.Scaling
	windows *rsdata.Windows
	model   *diffusion.Model
	pixels  []rsdata.Pixel
}

func newFixture(t *testing.T, patch int) *fixture {
	t.Helper()
	cfg := rsdata.DefaultSynthetic()
	cfg.H, cfg.W, cfg.Bands = 64, 64, 6
	f := &fixture{data: rsdata.Synthetic(cfg)}
	var err error
	if f.scaling, err = rsdata.Fit(f.data, rsdata.ScalingConfig{Method: rsdata.Standardise}); err != nil {
		t.Fatal(err)
	}
	f.windows = rsdata.NewWindows(f.data, f.scaling, 9)
	e := vit.Config{Modalities: []vit.Modality{{Name: "hsi", Bands: 6}, {Name: "lidar", Bands: 1}}, Window: 9, Patch: patch, Dim: 16, Heads: 2, Depth: 2, MLPRatio: 2, Timesteps: 50}
	c := diffusion.Default(e)
	c.DecoderDepth = 1
	if f.model, err = diffusion.New(c, 3); err != nil {
		t.Fatal(err)
	}
	be := tensor.NewCPU(2)
	t.Cleanup(be.Close)
	f.be = be
	for i := range 70 { // more than a batch
		f.pixels = append(f.pixels, rsdata.Pixel{Row: int32(i * 7 % 64), Col: int32(i * 13 % 64)})
	}
	return f
}

// sequence is one window's tokens by the model's own way.
func (f *fixture) sequence(tape *autograd.Tape, p rsdata.Pixel, modality int) *autograd.Var {
	e := f.model.Config.Encoder
	raw := f.windows.NewBuffers(1)
	f.windows.Gather(raw, []rsdata.Pixel{p})
	x := tensor.New(e.Window*e.Window, e.Modalities[modality].Bands)
	for i, at := range e.PixelOrder() {
		b := e.Modalities[modality].Bands
		copy(x.Data[i*b:(i+1)*b], raw[modality][int(at)*b:])
	}
	return f.model.Encoder.Stems[modality].All(tape, tape.Input(x), []int32{0})
}

func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-5 {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// Windows in batches give what each gives alone.
func TestEncoderBatches(t *testing.T) {
	for _, patch := range []int{1, 3} {
		f := newFixture(t, patch)
		s, err := NewEncoder(f.be, f.model.Encoder, f.windows)
		if err != nil {
			t.Fatal(err)
		}
		maps, err := s.Attention(t.Context(), f.pixels, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		features := map[clip.Pool][][][]float64{}
		for _, pool := range []clip.Pool{clip.PoolClass, clip.PoolMean, clip.PoolCentre} {
			if features[pool], err = s.Features(t.Context(), f.pixels, pool); err != nil {
				t.Fatal(err)
			}
		}
		tape := autograd.NewTape(f.be, autograd.Eval)
		for modality := range maps {
			for _, n := range []int{0, 63, 64, 69} {
				x := f.sequence(tape, f.pixels[n], modality)
				want := f.model.Encoder.Attention(tape, x, 1, []int32{2}).Value
				tokens := 1 + f.model.Config.Encoder.Tokens()
				for head := range 2 {
					near(t, "attention", Shares(maps[modality], n, head), want.Data[head*tokens:(head+1)*tokens])
				}
				for pool, want := range map[clip.Pool]*autograd.Var{
					clip.PoolClass:  f.model.Encoder.ForwardClass(tape, x, []int32{0}),
					clip.PoolMean:   f.model.Encoder.ForwardMean(tape, x),
					clip.PoolCentre: f.model.Encoder.ForwardCentre(tape, x),
				} {
					near(t, "pooled by "+string(pool), narrow(features[pool][modality][n]), want.Value.Data)
				}
				tape.Reset()
			}
		}
		mean := Shares(maps[0], 5, -1)
		if sum := sumOf(mean); math.Abs(sum-1) > 1e-5 {
			t.Errorf("the mean over the heads adds up to %v", sum)
		}
	}
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i := range v {
		out[i] = float32(v[i])
	}
	return out
}

func sumOf(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x)
	}
	return sum
}

func TestEncoderRefuses(t *testing.T) {
	f := newFixture(t, 1)
	s, err := NewEncoder(f.be, f.model.Encoder, f.windows)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]int{{-1, 0}, {2, 0}, {0, -1}, {0, 82}} {
		if _, err := s.Attention(t.Context(), f.pixels, c[0], c[1]); err == nil {
			t.Errorf("block %d, token %d is no error", c[0], c[1])
		}
	}
	if _, err := NewEncoder(f.be, f.model.Encoder, rsdata.NewWindows(f.data, f.scaling, 5)); err == nil {
		t.Error("windows of another size are no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Features(ctx, f.pixels, clip.PoolClass); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after cancelling", err)
	}
}

func TestRestorer(t *testing.T) {
	f := newFixture(t, 1)
	r, err := NewRestorer(f.be, f.model, f.windows, 4)
	if err != nil {
		t.Fatal(err)
	}
	at := func(step int, ratio float64) []Restored {
		out, err := r.At(f.pixels[:5], step, ratio)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	few, many := at(10, 0.3), at(10, 0.8)
	for m := range few {
		bands := f.windows.Bands(m)
		for i, visible := range many[m].Visible {
			if visible && !few[m].Visible[i] {
				t.Fatalf("modality %d: token %d is masked at 30 %% and visible at 80 %%", m, i)
			}
			noised, clean := few[m].Noised[i*bands], few[m].Clean[i*bands]
			if few[m].Visible[i] == (noised == clean) {
				t.Fatalf("modality %d, token %d: visible %v, clean %v, noised %v", m, i, few[m].Visible[i], clean, noised)
			}
		}
		if len(few[m].Restored) != len(few[m].Clean) || !(few[m].MaskedError > 0 && few[m].VisibleError > 0) {
			t.Errorf("modality %d: %d restored values of %d, errors %v and %v", m, len(few[m].Restored), len(few[m].Clean), few[m].MaskedError, few[m].VisibleError)
		}
		one := many[m].Window(2, 5)
		if n := len(many[m].Clean) / 5; !slices.Equal(one.Noised, many[m].Noised[2*n:3*n]) || len(one.Visible) != 81 {
			t.Errorf("modality %d: the third window is not what it was", m)
		}
	}
	part := Restored{Noised: []float32{1, 2, 3, 4, 5, 6}, Visible: []bool{false, true, true}}
	if got := part.Seen(); !slices.Equal(got, []float32{3, 4, 5, 6}) {
		t.Errorf("of the visible tokens %v are seen", got)
	}
	if all := at(10, 0); !math.IsNaN(all[0].MaskedError) {
		t.Errorf("error %v of no masked token", all[0].MaskedError)
	} else if all[0].Error() != all[0].VisibleError || few[0].Error() != few[0].MaskedError {
		t.Errorf("errors %v and %v to show", all[0].Error(), few[0].Error())
	}
	early, late := at(0, 0.3)[0], at(49, 0.3)[0]
	if d0, d1 := distance(early), distance(late); d0 > d1/5 {
		t.Errorf("noised pixels are %v from the clean ones at the first timestep, %v at the last", d0, d1)
	}
	for _, c := range []struct {
		t     int
		ratio float64
	}{{-1, 0.5}, {50, 0.5}, {1, 1}, {1, -0.1}, {1, math.NaN()}, {1, 0.999}} {
		if _, err := r.At(f.pixels[:1], c.t, c.ratio); err == nil {
			t.Errorf("timestep %d and ratio %v are no error", c.t, c.ratio)
		}
	}
}

func distance(r Restored) float64 {
	sum := 0.0
	for i, v := range r.Noised {
		sum += math.Abs(float64(v - r.Clean[i]))
	}
	return sum
}

func TestPictures(t *testing.T) {
	f := newFixture(t, 3)
	e := f.model.Config.Encoder
	values := make([]float32, 81*6) // row by row, band b of pixel i is i
	for i := range values {
		values[i] = float32(i / 6)
	}
	arranged := make([]float32, len(values))
	e.Arrange(arranged, values, 6)
	p := NewPainter(f.data.Modalities[0], &f.scaling.Modalities[0], e, arranged)
	visible := make([]bool, e.Tokens())
	visible[1] = true // the second patch of the first row
	im := p.Window(arranged, visible)
	if im.NRGBAAt(0, 0) != hidden || im.NRGBAAt(3, 0) == hidden || im.NRGBAAt(5, 2) == hidden || im.NRGBAAt(6, 0) != hidden {
		t.Error("the wrong patch is grey")
	}
	if a, b := p.Window(arranged, nil).NRGBAAt(4, 1).R, p.Window(arranged, nil).NRGBAAt(4, 8).R; a >= b {
		t.Errorf("a pixel of value 13 has %d, one of value 76 has %d", a, b)
	}
	shares := make([]float32, e.Tokens())
	shares[8] = 0.4
	a := AttentionImage(e, shares)
	light, dark := figure.Sequential(1), figure.Sequential(0)
	if c := a.NRGBAAt(8, 8); c.R != light.R || c.G != light.G || a.NRGBAAt(0, 0).R != dark.R {
		t.Errorf("the last patch is %v", c)
	}
}
