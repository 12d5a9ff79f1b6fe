// Command newnames classifies a scene by words it was not trained with: a model
// learns three classes from their descriptions and is then asked other questions,
// without any further training.
//
//	go run ./examples/newnames
//
// The text encoder starts from nothing, so it can only be asked in words of the
// descriptions it learned from. A word it never saw has a random vector and says
// nothing.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"diffclip/clip"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

func main() {
	if _, err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "newnames:", err)
		os.Exit(1)
	}
}

const window = 5

// descriptions are what the three classes are trained with.
const descriptions = `{
  "Water":      "dark water of a river, wet and without leaves",
  "Woods":      "green trees of a wood, tall and full of leaves",
  "Tiled roof": "red roof of a house, dry and built of tiles"
}`

// question is a new set of texts, and the text each class should go to.
type question struct {
	texts []string
	want  [3]int
}

var questions = []question{
	{[]string{"river", "wood", "house"}, [3]int{0, 1, 2}},
	{[]string{"full of leaves", "built of tiles", "wet"}, [3]int{2, 0, 1}},
	{[]string{"green", "red"}, [3]int{-1, 0, 1}}, // water is neither: not counted
}

// run returns the share of test windows that each question gets right.
func run(ctx context.Context, w io.Writer) ([]float64, error) {
	d, err := scene()
	if err != nil {
		return nil, err
	}
	split, err := d.Split(rsdata.SplitConfig{Protocol: rsdata.Random, Shots: 16, PerClassTest: 60, Window: window, Seed: 1})
	if err != nil {
		return nil, err
	}
	scaling, err := rsdata.Fit(d, rsdata.ScalingConfig{Method: rsdata.Standardise})
	if err != nil {
		return nil, err
	}
	windows := rsdata.NewWindows(d, scaling, window)
	be := tensor.NewCPU(0)
	defer be.Close()
	m, tokenizer, err := finetune(ctx, be, windows, d, split.Train)
	if err != nil {
		return nil, err
	}
	var shares []float64
	for _, q := range questions {
		share, err := ask(ctx, be, m, tokenizer, windows, split.Test, q)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(w, "%-40s %5.1f %% right\n", strings.Join(q.texts, " | "), 100*share)
		shares = append(shares, share)
	}
	return shares, nil
}

// scene is part of the synthetic town: water, woods and tiled roofs.
func scene() (*rsdata.Dataset, error) {
	cfg := rsdata.DefaultSynthetic()
	cfg.H, cfg.W, cfg.Bands = 128, 128, 16
	d := rsdata.Synthetic(cfg)
	var labels []uint8
	for _, name := range []string{"Water", "Woods", "Tiled roof"} {
		for i, c := range d.Classes {
			if c.Name == name {
				labels = append(labels, uint8(i+1))
			}
		}
	}
	return d.Select(labels...)
}

// finetune is stage 2 from scratch; with more classes than three, start from stage 1
// as examples/ownscene does.
func finetune(ctx context.Context, be tensor.Backend, windows *rsdata.Windows, d *rsdata.Dataset, samples []rsdata.Sample) (*clip.Model, clip.Tokenizer, error) {
	own, err := clip.ReadDescriptions(strings.NewReader(descriptions), "descriptions")
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, c := range d.Classes {
		names = append(names, c.Name)
	}
	texts, err := clip.Texts(clip.DescriptionPrompt, d.Name, names, own)
	if err != nil {
		return nil, nil, err
	}
	tokenizer := clip.NewCompact(texts)
	prompts, err := clip.Tokenize(tokenizer, texts)
	if err != nil {
		return nil, nil, err
	}
	var modalities []vit.Modality
	for i, m := range d.Modalities {
		modalities = append(modalities, vit.Modality{Name: m.Name, Bands: windows.Bands(i)})
	}
	encoder := vit.Default(modalities...)
	encoder.Window, encoder.Dim, encoder.Heads, encoder.Depth = window, 32, 4, 2
	cfg := clip.Default(encoder, tokenizer.VocabSize())
	cfg.Text.Dim, cfg.Text.Heads, cfg.Text.Depth = 32, 4, 1
	cfg.Targets, cfg.Temperature, cfg.HeadStd = clip.TargetsClass, 0.07, 0.1
	m, err := clip.New(cfg, 1)
	if err != nil {
		return nil, nil, err
	}
	_, err = m.Train(ctx, be, windows, samples, prompts, clip.TrainConfig{Epochs: 15, Batch: 24, LR: 1e-3, Seed: 1}, train.Hooks{})
	return m, tokenizer, err
}

// ask classifies the windows by new texts. Only the texts are encoded anew: the
// weights stay as they are.
func ask(ctx context.Context, be tensor.Backend, m *clip.Model, tokenizer clip.Tokenizer, windows *rsdata.Windows, samples []rsdata.Sample, q question) (float64, error) {
	prompts, err := clip.Tokenize(tokenizer, q.texts)
	if err != nil {
		return 0, err
	}
	c := clip.NewClassifier(be, m, prompts)
	probs := make([]float32, len(samples)*c.Classes())
	if err := c.Probabilities(ctx, windows, rsdata.Pixels(nil, samples), probs); err != nil {
		return 0, err
	}
	right, counted := 0, 0
	for i, s := range samples {
		want := q.want[s.Label-1]
		if want < 0 {
			continue
		}
		counted++
		if clip.Best(probs[i*c.Classes():(i+1)*c.Classes()]) == want {
			right++
		}
	}
	return float64(right) / float64(counted), nil
}
