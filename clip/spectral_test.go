package clip

import (
	"math"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/rng"
	"diffclip/tensor"
	"diffclip/vit"
)

// TestSpectralChangesAWindowAlike: every pixel of a window goes through the same gain and offsets, which have the size
// that was asked for, and follow from the step alone.
func TestSpectralChangesAWindowAlike(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	const windows, size = 400, 0.05
	e := vit.Config{Modalities: []vit.Modality{{Name: "a", Bands: 5}, {Name: "b", Bands: 1}}, Window: 3}
	tape := autograd.NewTape(be, autograd.Train)
	change := func(s *spectral, k int, n int, step uint64) []float32 {
		s.draw(e, n, size, 7, step)
		bands := e.Modalities[k].Bands
		x := tensor.New(n*9, bands)
		rng.New(1, "pixels", 0).Normal(x.Data, 0)
		tape.Reset()
		y := s.apply(tape, k, tape.Input(x)).Value
		out := make([]float32, 0, y.Len())
		for i, v := range y.Data { // what was added to pixels that are known
			gain := s.gain[k].Data[i/bands/9*bands+i%bands]
			out = append(out, v-gain*x.Data[i])
		}
		return out
	}
	var s spectral
	for k, mod := range e.Modalities {
		added := change(&s, k, windows, 3)
		square, gains := 0.0, 0.0
		for i, v := range added {
			window, band := i/mod.Bands/9, i%mod.Bands
			if want := s.offset[k].Data[window*mod.Bands+band]; math.Abs(float64(v-want)) > 1e-5 {
				t.Fatalf("modality %s, window %d, band %d: %v was added, want %v at every pixel", mod.Name, window, band, v, want)
			}
			square += float64(v) * float64(v) / float64(len(added))
			gain := float64(s.gain[k].Data[window*mod.Bands+band])
			gains += (gain - 1) * (gain - 1) / float64(len(added))
		}
		slope := 0.0 // mean square of the bands' places, -1 to 1
		if mod.Bands > 1 {
			slope = (1 + 0.25 + 0 + 0.25 + 1) / 5
		}
		if got, want := math.Sqrt(square), size*math.Sqrt(1+slope); math.Abs(got/want-1) > 0.1 {
			t.Errorf("modality %s: offsets of deviation %v, want %v", mod.Name, got, want)
		}
		if got := math.Sqrt(gains); math.Abs(got/size-1) > 0.1 {
			t.Errorf("modality %s: gains of deviation %v, want %v", mod.Name, got, size)
		}
	}
	change(&s, 0, windows, 3)
	product := func(value func(gain, offset []float32) float64) float64 { // mean over windows, in units of size²
		sum := 0.0
		for i := range windows {
			sum += value(s.gain[0].Data[5*i:5*i+5], s.offset[0].Data[5*i:5*i+5]) / (size * size * windows)
		}
		return sum
	}
	for name, c := range map[string]struct{ got, want float64 }{
		"first and last band":      {product(func(_, o []float32) float64 { return float64(o[0]) * float64(o[4]) }), -1}, // the slope
		"first and second band":    {product(func(_, o []float32) float64 { return float64(o[0]) * float64(o[1]) }), 0.5},
		"first and middle band":    {product(func(_, o []float32) float64 { return float64(o[0]) * float64(o[2]) }), 0},
		"gain and slope":           {product(func(g, o []float32) float64 { return float64(g[0]-1) * float64(o[4]-o[0]) }), 0},
		"gain of first, last band": {product(func(g, _ []float32) float64 { return float64(g[0]-1) * float64(g[4]-1) }), 1},
	} {
		if math.Abs(c.got-c.want) > 0.4 { // some 3 deviations
			t.Errorf("covariance of %s is %v, want %v", name, c.got, c.want)
		}
	}
	if s.gain[0].Data[0] == s.gain[1].Data[0] { // a window's draws begin elsewhere by the number of bands, the first's do not
		t.Error("two modalities have one gain")
	}
	first := append([]float32(nil), s.offset[0].Data[:10]...)
	s.draw(e, 2, size, 7, 4)
	other := append([]float32(nil), s.offset[0].Data[:10]...)
	s.draw(e, 2, size, 8, 3)
	seeded := append([]float32(nil), s.offset[0].Data[:10]...)
	s.draw(e, 2, size, 7, 3)
	for i, v := range s.offset[0].Data {
		if v != first[i] || v == other[i] || v == seeded[i] {
			t.Fatalf("offset %d is %v, was %v in the same step, %v in another and %v with another seed", i, v, first[i], other[i], seeded[i])
		}
	}
}
