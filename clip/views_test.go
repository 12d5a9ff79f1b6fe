package clip

import (
	"testing"

	"diffclip/internal/golden"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// turned is a dataset whose scene is that of d under a symmetry, pixel (r, c) from a.Source(r, c); it has to be
// square.
func turned(d *rsdata.Dataset, a rsdata.Augment) *rsdata.Dataset {
	out := *d
	scene := *d.Scenes[0]
	scene.Rasters = nil
	for _, old := range d.Scenes[0].Rasters {
		bands, src := old.Bands(), old.Array.Data.([]float32)
		x := make([]float32, 0, len(src))
		for i := range scene.H * scene.W {
			r, c := a.Source(i/scene.W, i%scene.W, scene.W)
			at := (r*scene.W + c) * bands
			x = append(x, src[at:at+bands]...)
		}
		scene.Rasters = append(scene.Rasters, rsdata.NewRaster(scene.H, scene.W, bands, x))
	}
	out.Scenes = []*rsdata.Scene{&scene}
	return &out
}

// TestEightViewsDoNotSeeTheSide: the features of the window in the middle of a scene are those of that scene mirrored
// and turned, with eight views and not with one.
func TestEightViewsDoNotSeeTheSide(t *testing.T) {
	d := noise(5, 5)
	middle := []rsdata.Pixel{{Row: 2, Col: 2}}
	for _, views := range []int{1, 8} {
		c, w := mappedAs(t, d, 5, 1, func(c *Config) { c.Views = views })
		want := make([]float32, c.Dim())
		if err := c.Features(t.Context(), w, middle, want); err != nil {
			t.Fatal(err)
		}
		for symmetry := uint8(1); symmetry < 8; symmetry++ {
			e := turned(d, rsdata.Augment{Symmetry: symmetry})
			other, v := mappedAs(t, e, 5, 1, func(c *Config) { c.Views = views })
			got := make([]float32, other.Dim())
			if err := other.Features(t.Context(), v, middle, got); err != nil {
				t.Fatal(err)
			}
			far := 0.0
			for i := range got {
				far = max(far, float64(got[i]-want[i]), float64(want[i]-got[i]))
			}
			if (far < 1e-5) != (views == 8) {
				t.Errorf("%d views, symmetry %d: features differ by %v", views, symmetry, far)
			}
		}
	}
}

// TestViewsAreTheMean: the head's output is the mean of those of the eight views.
func TestViewsAreTheMean(t *testing.T) {
	d := noise(9, 9)
	c, w := mappedAs(t, d, 5, 1, func(c *Config) { c.Head, c.Classes, c.Views = HeadLinear, 3, 8 })
	pixels := []rsdata.Pixel{{Row: 2, Col: 3}, {Row: 0, Col: 8}}
	got, alone := make([]float32, 2*3), make([]float32, 3)
	for range 2 { // nothing stays of the first time
		if err := c.Features(t.Context(), w, pixels, got); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Features(t.Context(), w, pixels[1:], alone); err != nil {
		t.Fatal(err)
	}
	want := make([]float32, 2*3)
	for view := range uint8(8) {
		b := Batch{Steps: make([]int32, 2)}
		data := w.NewBuffers(2)
		w.GatherAugmented(data, pixels, []rsdata.Augment{{Symmetry: view}, {Symmetry: view}})
		for k, x := range data {
			b.Windows = append(b.Windows, tensor.FromSlice(x, 2*25, w.Bands(k)))
		}
		for i, v := range c.model.Images(c.tape, &b).Value.Data {
			want[i] += v / 8
		}
		c.tape.Reset()
	}
	golden.Near(t, "mean of the views", got, want, 1e-5)
	golden.Near(t, "mean of the views of one window", alone, want[3:], 1e-5)
}
