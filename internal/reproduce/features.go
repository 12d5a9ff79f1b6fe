package reproduce

import (
	"context"
	"fmt"

	"diffclip/clip"
	"diffclip/internal/run"
	"diffclip/internal/study"
	"diffclip/internal/tsne"
	"diffclip/rsdata"
	"diffclip/vit"
)

// neighbour is the image encoder after stage 1 or, with few, after few-shot
// training. It gives a window the class of the training window whose features, of
// all modalities side by side, are the nearest.
type neighbour struct{ few bool }

func (n neighbour) name() string {
	if n.few {
		return "nearest neighbour of pooled features after stage 2"
	}
	return "nearest neighbour of pooled features after stage 1"
}

func (n neighbour) settings(c run.Config) run.Config {
	c = diffclip{}.settings(c)
	if !n.few {
		pool := c.Classifier.Pool
		c.Text, c.Classifier, c.Finetune = run.TextConfig{}, clip.Config{Pool: pool}, clip.TrainConfig{}
	}
	return c
}

func (n neighbour) work(c run.Config, classes int, stage1 bool) float64 {
	w := diffclip{}.work(c, classes, stage1)
	if !n.few {
		w -= diffclip{}.work(c, classes, false)
	}
	return w
}

func (n neighbour) train(ctx context.Context, j *job) (classifier, error) {
	first, err := j.stage1(ctx)
	if err != nil {
		return nil, err
	}
	var encoder *vit.Encoder
	if n.few {
		model, err := j.finetune(ctx, first.Set.State())
		if err != nil {
			return nil, err
		}
		model.Set.Place(j.backend)
		encoder = model.Encoder
	} else {
		first.Set.Place(j.backend)
		encoder = first.Encoder
	}
	looker, err := study.NewEncoder(j.backend, encoder, j.x.Windows)
	if err != nil {
		return nil, err
	}
	t := &trainedNeighbour{looker: looker, pool: j.config.Classifier.Pool, train: j.x.Split.Train}
	t.known, err = t.features(ctx, rsdata.Pixels(nil, t.train))
	return t, err
}

type trainedNeighbour struct {
	looker *study.Encoder
	pool   clip.Pool
	train  []rsdata.Sample
	known  [][][]float64 // features of the training windows, by modality
}

// features returns what the encoder makes of windows, by modality.
func (t *trainedNeighbour) features(ctx context.Context, pixels []rsdata.Pixel) ([][][]float64, error) {
	return t.looker.Features(ctx, pixels, t.pool)
}

func (t *trainedNeighbour) classify(ctx context.Context, pixels []rsdata.Pixel) ([]uint8, error) {
	labels := make([]uint8, 0, len(pixels))
	for lo := 0; lo < len(pixels); lo += classifyChunk {
		part := pixels[lo:min(lo+classifyChunk, len(pixels))]
		x, err := t.features(ctx, part)
		if err != nil {
			return nil, err
		}
		for i := range part {
			labels = append(labels, t.train[t.nearest(x, i)].Label)
		}
	}
	return labels, nil
}

// nearest returns the training window nearest to window i of x.
func (t *trainedNeighbour) nearest(x [][][]float64, i int) int {
	best, least := 0, 0.0
	for k := range t.train {
		d := 0.0
		for m := range x {
			for c, v := range x[m][i] {
				d += (v - t.known[m][k][c]) * (v - t.known[m][k][c])
			}
		}
		if k == 0 || d < least {
			best, least = k, d
		}
	}
	return best
}

// Plane is where t-SNE puts test windows by their features.
type Plane struct {
	Classes []uint8        `json:"classes"` // label of each window
	Places  [][]tsne.Point `json:"places"`  // by modality
}

// check returns an error unless there is nothing to draw, or a place in the plane for
// each window, of a class, and each modality.
func (p *Plane) check(d *rsdata.Dataset) error {
	if p == nil {
		return nil
	}
	if len(p.Places) != len(d.Modalities) || len(p.Classes) == 0 || len(p.Classes) > planeWindows {
		return fmt.Errorf("features in the plane of %d windows and %d modalities, want 1 to %d and %d", len(p.Classes), len(p.Places), planeWindows, len(d.Modalities))
	}
	for _, label := range p.Classes {
		if label == 0 || int(label) > len(d.Classes) {
			return fmt.Errorf("a window in the plane with label %d of %d classes", label, len(d.Classes))
		}
	}
	for _, places := range p.Places {
		if len(places) != len(p.Classes) {
			return fmt.Errorf("%d places in the plane for %d windows", len(places), len(p.Classes))
		}
	}
	return nil
}

// planeWindows is how many test windows a picture of features shows.
const planeWindows = 500

// embed puts test windows in the plane, each modality for itself.
func (j *job) embed(ctx context.Context, t *trainedNeighbour) (*Plane, error) {
	test := j.x.Split.Test
	n := min(planeWindows, len(test))
	shown := make([]rsdata.Sample, n)
	p := &Plane{Classes: make([]uint8, n)}
	for i := range shown {
		shown[i] = test[i*len(test)/n]
		p.Classes[i] = shown[i].Label
	}
	x, err := t.features(ctx, rsdata.Pixels(nil, shown))
	if err != nil {
		return nil, err
	}
	for m := range x {
		cfg := tsne.DefaultFor(n)
		cfg.Seed, cfg.Threads = j.seed, 1
		r, err := tsne.Embed(ctx, x[m], cfg)
		if err != nil {
			return nil, fmt.Errorf("features of %s: %w", j.x.Data.Modalities[m].Name, err)
		}
		p.Places = append(p.Places, r.Points)
	}
	return p, nil
}
