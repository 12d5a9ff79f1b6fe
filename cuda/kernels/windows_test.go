package kernels_test

import (
	"fmt"
	"slices"
	"testing"

	"diffclip/autograd/gradcheck"
	"diffclip/internal/rng"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// CutWindows is tensor.Resident's.
func (b *vm) CutWindows(dst, raster *tensor.Tensor, at []tensor.Window, side int, order []int32) {
	checks.CutWindows(dst, raster, at, side, order)
	var words []uint32
	for _, w := range at {
		for _, v := range []int32{w.First, w.Height, w.Width, w.Row, w.Col, w.Symmetry, w.Crop} {
			words = append(words, uint32(v))
		}
	}
	b.k.CutWindows(b.out(dst), b.in(raster), b.words(words), b.ints(order), len(at), side, raster.Cols())
	b.done()
}

// NoiseRows is tensor.Resident's.
func (b *vm) NoiseRows(dst, x *tensor.Tensor, ids tensor.Index, levels []float32, s rng.Stream) {
	rows := checks.NoiseRows(dst, x, ids, levels)
	level := tensor.FromSlice(levels, len(levels))
	b.k.NoiseRows(b.out(dst), b.in(x), b.index(ids), b.in(level), b.stream(s), dst.Rows(), dst.Cols(), rows)
	b.done()
}

// twoScenes are a data set of two scenes with one modality, and its pixels one
// after the other.
func twoScenes(bands int) (*rsdata.Dataset, *tensor.Tensor) {
	d := &rsdata.Dataset{Name: "two", Modalities: []rsdata.Modality{{Name: "m", Bands: bands}}}
	var all []float32
	for i, size := range [][2]int{{9, 7}, {4, 13}} {
		h, w := size[0], size[1]
		values := gradcheck.Values(fmt.Sprintf("windows/%d/%d", i, bands), h*w*bands)
		all = append(all, values...)
		d.Scenes = append(d.Scenes, &rsdata.Scene{Name: fmt.Sprint(i), H: h, W: w, Rasters: []rsdata.Raster{
			rsdata.NewRaster(h, w, bands, values),
		}})
	}
	return d, tensor.FromSlice(all, len(all)/bands, bands)
}

// unscaled leaves the values of a data set as they are.
func unscaled(bands int) *rsdata.Scaling {
	m := rsdata.ModalityScaling{Name: "m", InBands: bands}
	for i := range bands {
		m.Bands, m.Offset, m.Gain, m.Fill = append(m.Bands, int32(i)), append(m.Offset, 0), append(m.Gain, 1), append(m.Fill, 0)
	}
	return &rsdata.Scaling{Modalities: []rsdata.ModalityScaling{m}}
}

// TestWindowsAreTheHosts cuts windows with every symmetry and crop, at corners and
// in the middle of two scenes, and wants the bits of rsdata.
func TestWindowsAreTheHosts(t *testing.T) {
	for _, bands := range []int{1, 35} {
		d, raster := twoScenes(bands)
		for _, side := range []int{5, 11} {
			var pixels []rsdata.Pixel
			var augments []rsdata.Augment
			var at []tensor.Window
			for i, p := range []rsdata.Pixel{{}, {Row: 8, Col: 6}, {Row: 4, Col: 3}, {Scene: 1, Row: 3, Col: 12}, {Scene: 1, Row: 1, Col: 5}} {
				for symmetry := range uint8(8) {
					a := rsdata.Augment{Symmetry: symmetry, Crop: uint8((i + int(symmetry)) % (side + 1))}
					w := tensor.Window{First: int32(63 * p.Scene), Height: 9, Width: 7, Row: p.Row, Col: p.Col, Symmetry: int32(a.Symmetry), Crop: int32(a.Crop)}
					if p.Scene == 1 {
						w.Height, w.Width = 4, 13
					}
					pixels, augments, at = append(pixels, p), append(augments, a), append(at, w)
				}
			}
			windows := rsdata.NewWindows(d, unscaled(bands), side)
			want := windows.NewBuffers(len(pixels))
			windows.GatherAugmented(want, pixels, augments)
			b := newVM(t)
			got := tensor.New(len(at)*side*side, bands)
			b.CutWindows(got, raster, at, side, nil)
			if !slices.Equal(got.Data, want[0]) {
				t.Errorf("%d bands, side %d: other bits than the host's", bands, side)
			}
			order := make([]int32, side*side)
			for i := range order {
				order[i] = int32((i*7 + 3) % len(order))
			}
			b.CutWindows(got, raster, at, side, order)
			for i := range len(at) * side * side {
				k := i / len(order) * len(order) // the window's first pixel
				from := k + int(order[i%len(order)])
				if !slices.Equal(got.Data[i*bands:(i+1)*bands], want[0][from*bands:(from+1)*bands]) {
					t.Fatalf("%d bands, side %d: pixel %d in another order is not pixel %d", bands, side, i, from)
				}
			}
		}
	}
}

// TestNoisedRowsAreTheHosts noises rows of two samples, of which some are taken
// twice and some not at all, and wants the bits of Eq. (2) on the host.
func TestNoisedRowsAreTheHosts(t *testing.T) {
	const rows, cols = 6, 7
	x := random("noised", 2*rows, cols)
	levels := []float32{0.8, 0.6, 0.28, 0.96}
	s := rng.New(5, "noise", 11)
	for _, ids := range [][]int32{nil, {7, 0, 11, 5, 5, 6, 1}} {
		n := 2 * rows
		if ids != nil {
			n = len(ids)
		}
		want := make([]float32, n*cols)
		s.Normal(want, 0)
		for i := range want {
			from := i / cols
			if ids != nil {
				from = int(ids[from])
			}
			sample := from / rows
			want[i] = float32(levels[2*sample]*x.Data[from*cols+i%cols]) + float32(levels[2*sample+1]*want[i])
		}
		got := tensor.New(n, cols)
		newVM(t).NoiseRows(got, x, tensor.IDs(ids), levels, s)
		if !slices.Equal(got.Data, want) {
			t.Errorf("ids %v: other bits than the host's", ids)
		}
	}
}

// DrawMasks is tensor.Resident's.
func (b *vm) DrawMasks(m *tensor.Masks, masked, visible float32, s rng.Stream) {
	checks.DrawMasks(m)
	b.k.DrawMasks(b.out(&m.Weight), b.out(&m.Rows.Words), b.out(&m.From.Words), b.out(&m.Places.Words), b.out(&m.Restore.Words), b.stream(s), m.Samples, m.Tokens, m.Keep, masked, visible)
	b.done()
}
