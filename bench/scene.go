package bench

import (
	"context"

	"diffclip/clip"
	"diffclip/internal/rng"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// A benchmark maps part of a row of a scene as wide as Houston 2013, of 349 x
// 1905 pixels: what a pixel costs does not depend on how many there are.
const (
	sceneWidth  = 1905
	ScenePixels = 512
)

// Scene is the map of a scene of as many whole rows as pixels fill, or of one
// shorter row: a window around every pixel, each pixel embedded once. Its GFLOP
// counts every window as Infer does.
func Scene(be tensor.Backend, pixels int) *Workload {
	m := classifier()
	m.Set.Flatten()
	d := randomScene(max(1, pixels/sceneWidth), min(pixels, sceneWidth))
	windows := scaled(d, m.Config.Encoder.Window)
	c := clip.NewClassifier(be, m, randomPrompts())
	sum := 0.0
	row := func(_ int, labels []uint8, _, _ []float32) error {
		for _, l := range labels {
			sum += float64(l)
		}
		return nil
	}
	batch := d.NumPixels()
	return &Workload{
		Name: "scene", Batch: batch, GFLOP: inferGFLOP(m.Config, batch), Params: m.Set.Count(), Ahead: 1,
		Step: func() {
			sum = 0
			if err := clip.MapScene(context.Background(), c, d, windows, 0, row); err != nil {
				panic(err) // no file, no cancellation: nothing in it can fail
			}
		},
		Loss:  func() float64 { return sum },
		Close: func() {},
	}
}

func randomScene(h, w int) *rsdata.Dataset {
	d := &rsdata.Dataset{Name: "bench"}
	s := &rsdata.Scene{Name: "bench", H: h, W: w}
	for _, m := range sizes().Modalities {
		values := make([]float32, h*w*m.Bands)
		rng.New(1, "bench/scene/"+m.Name, 0).Uniform(values, 0)
		d.Modalities = append(d.Modalities, rsdata.Modality{Name: m.Name, Bands: m.Bands})
		s.Rasters = append(s.Rasters, rsdata.NewRaster(h, w, m.Bands, values))
	}
	d.Scenes = []*rsdata.Scene{s}
	return d
}
