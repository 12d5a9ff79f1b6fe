package run

import (
	"context"

	"diffclip/internal/baseline"
	"diffclip/rsdata"
)

// NearestMean classifies the test windows by their centre pixel alone: each goes
// to the class whose training pixels have the nearest mean, all modalities side
// by side. It shows what a scene gives away without its neighbourhoods.
func (x *Experiment) NearestMean(ctx context.Context) (*rsdata.Confusion, error) {
	classes := make([]int, len(x.Split.Train))
	for i, s := range x.Split.Train {
		classes[i] = int(s.Label) - 1
	}
	var means baseline.NearestMean
	if err := means.Fit(ctx, x.centres(x.Split.Train), classes); err != nil {
		return nil, err
	}
	confusion := rsdata.NewConfusion(len(x.Data.Classes))
	for i, class := range means.Predict(x.centres(x.Split.Test)) {
		confusion.Add(int(x.Split.Test[i].Label)-1, class)
	}
	return confusion, nil
}

// centres returns the scaled values of the samples' own pixels, all modalities side
// by side.
func (x *Experiment) centres(samples []rsdata.Sample) [][]float64 {
	values := make([][]float64, len(samples))
	for i, s := range samples {
		for m := range x.Windows.Modalities() {
			pixel := make([]float32, x.Windows.Bands(m))
			_, width := x.Windows.Size(int(s.Scene))
			x.Windows.Read(pixel, m, int(s.Scene), int(s.Row)*width+int(s.Col))
			for _, v := range pixel {
				values[i] = append(values[i], float64(v))
			}
		}
	}
	return values
}
