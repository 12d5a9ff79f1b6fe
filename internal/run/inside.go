package run

import (
	"context"
	"fmt"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/internal/figure"
	"diffclip/internal/study"
	"diffclip/internal/tsne"
	"diffclip/rsdata"
	"diffclip/vit"
)

// attentionFigures shows, for one figure per modality, how the class token shares
// its attention over windows in the encoder's last block: the mean over the
// heads, then each head.
func (x *Experiment) attentionFigures(ctx context.Context, e *vit.Encoder, pixels []rsdata.Pixel) ([]figure.Figure, error) {
	looker, err := study.NewEncoder(x.Backend, e, x.Windows)
	if err != nil {
		return nil, err
	}
	maps, err := looker.Attention(ctx, pixels, e.Config.Depth-1, 0)
	if err != nil {
		return nil, err
	}
	buffers := x.Windows.NewBuffers(len(pixels))
	x.Windows.Gather(buffers, pixels)
	var out []figure.Figure
	for i, m := range e.Config.Modalities {
		clean := make([]float32, len(buffers[i]))
		e.Config.Arrange(clean, buffers[i], m.Bands)
		fig := &figure.Images{Title: "Attention of the class token: " + m.Name, Zoom: windowZoom(e.Config.Window),
			ColorBar: "share of attention, from none to the largest of the picture",
			Note:     fmt.Sprintf("Each column is one window of %s; below it, light where much, the patches to which the class token attends in the last block: the mean over the heads, then each head. Captions give the share that the class token keeps to itself.", m.Name)}
		painter := study.NewPainter(x.Data.Modalities[i], &x.Scaling.Modalities[i], e.Config, clean)
		windows, size := make([]figure.Cell, len(pixels)), len(clean)/len(pixels)
		for n := range windows {
			windows[n].Image = painter.Window(clean[n*size:(n+1)*size], nil)
		}
		fig.Rows, fig.RowNames = [][]figure.Cell{windows}, []string{"window"}
		for head := -1; head < e.Config.Heads; head++ {
			row := make([]figure.Cell, len(pixels))
			for n := range row {
				shares := study.Shares(maps[i], n, head)
				row[n] = figure.Cell{Image: study.AttentionImage(e.Config, shares[1:]), Caption: fmt.Sprintf("%.1f %%", 100*shares[0])}
			}
			name := "mean"
			if head >= 0 {
				name = fmt.Sprintf("head %d", head+1)
			}
			fig.Rows, fig.RowNames = append(fig.Rows, row), append(fig.RowNames, name)
		}
		out = append(out, fig)
	}
	return out, nil
}

// Inside is what a page shows of the models themselves.
type Inside struct {
	Timesteps, Attention []figure.Figure
	Features             []*figure.Scatter
	Kept                 bool   // stage 2 left the encoder as stage 1 made it, so that features are shown once
	Note                 string // why there are no features, "" where there are
}

// LookInside draws a page's pictures of the models, of which one may be nil. The
// attention is that of stage 2, where there is one.
func (x *Experiment) LookInside(ctx context.Context, stage1 *diffusion.Model, stage2 *clip.Model, pixels []rsdata.Pixel) (*Inside, error) {
	in := &Inside{}
	var err error
	if stage2 != nil {
		stage2.Set.Place(x.Backend)
	}
	if stage1 != nil {
		stage1.Set.Place(x.Backend)
	}
	if stage1 != nil && !stage1.Config.NoNoise {
		if in.Timesteps, err = x.Timesteps(stage1, pixels); err != nil {
			return nil, err
		}
	}
	t := x.Config.Finetune
	in.Kept = stage1 != nil && stage2 != nil && t.FixNorms && t.FreezeEncoder >= t.Epochs
	encoders := encodersOf(stage1, stage2)
	if in.Kept {
		encoders = []namedEncoder{{"after both stages", stage2.Encoder}}
	}
	if in.Attention, err = x.attentionFigures(ctx, encoders[len(encoders)-1].encoder, pixels); err != nil {
		return nil, err
	}
	in.Features, err = x.featureFigures(ctx, encoders)
	if err != nil && ctx.Err() == nil { // too few windows, or a model that makes all alike
		in.Note, err = fmt.Sprintf("There is no picture of the features: %v.", err), nil
	}
	return in, err
}

// namedEncoder is the image encoder after a stage.
type namedEncoder struct {
	name    string
	encoder *vit.Encoder
}

func encodersOf(stage1 *diffusion.Model, stage2 *clip.Model) []namedEncoder {
	var out []namedEncoder
	if stage1 != nil {
		out = append(out, namedEncoder{"after stage 1", stage1.Encoder})
	}
	if stage2 != nil {
		out = append(out, namedEncoder{"after stage 2", stage2.Encoder})
	}
	return out
}

// embeddedWindows is how many test windows the picture of features shows.
const embeddedWindows = 300

// featureFigures shows, for each modality and encoder, the features of test
// windows in the plane by t-SNE.
func (x *Experiment) featureFigures(ctx context.Context, encoders []namedEncoder) ([]*figure.Scatter, error) {
	var out []*figure.Scatter
	for k, m := range x.Data.Modalities {
		for _, e := range encoders {
			looker, err := study.NewEncoder(x.Backend, e.encoder, x.Windows)
			if err != nil {
				return nil, err
			}
			samples, places, err := x.EmbedTest(ctx, looker, k)
			if err != nil {
				return nil, err
			}
			out = append(out, x.featureFigure(fmt.Sprintf("Features of %s %s", m.Name, e.name), samples, places))
		}
	}
	return out, nil
}

// EmbedTest places the features that an encoder has of one modality of some test
// windows, spread over all of them and pooled as the classifier pools them, in the
// plane by t-SNE. It is an error where they are too few or too much alike.
func (x *Experiment) EmbedTest(ctx context.Context, looker *study.Encoder, modality int) ([]rsdata.Sample, []tsne.Point, error) {
	if x.NoTest != nil {
		return nil, nil, fmt.Errorf("there are no test windows to show: %w", x.NoTest)
	}
	samples := spreadOver(x.Split.Test, embeddedWindows)
	features, err := looker.Features(ctx, rsdata.Pixels(nil, samples), x.Config.Classifier.Pool)
	if err != nil {
		return nil, nil, err
	}
	cfg := tsne.DefaultFor(len(samples))
	cfg.Seed, cfg.Threads = x.Config.Seed, x.threads()
	r, err := tsne.Embed(ctx, features[modality], cfg)
	if err != nil {
		return nil, nil, err
	}
	return samples, r.Points, nil
}

func (x *Experiment) featureFigure(title string, samples []rsdata.Sample, places []tsne.Point) *figure.Scatter {
	bare := figure.Axis{Ticks: []float64{}}
	f := &figure.Scatter{Title: title, X: bare, Y: bare, Categories: rsdata.Legend(x.Data.Classes),
		Note: "t-SNE of the features of test windows, by their true class. Which points are neighbours means something; axes and distances do not."}
	for i, p := range places {
		f.Points = append(f.Points, figure.ScatterPoint{X: p[0], Y: p[1], Category: int(samples[i].Label) - 1})
	}
	return f
}

// spreadOver takes at most n samples, evenly from all.
func spreadOver(samples []rsdata.Sample, n int) []rsdata.Sample {
	n = min(n, len(samples))
	out := make([]rsdata.Sample, n)
	for i := range out {
		out[i] = samples[i*len(samples)/n]
	}
	return out
}
