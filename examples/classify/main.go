// Command classify opens a trained classifier and maps a scene that it has not seen.
//
//	go run ./examples/classify runs/houston/stage2.safetensors Houston2013
//	go run ./examples/classify
//
// The weights are what `diffclip finetune`, or clip.Trained.Save as below, leaves: the
// model with its scaling, classes and texts, so that no setting has to be known again.
// Without arguments it trains on one synthetic town first and maps another.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"diffclip/clip"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

func main() {
	if err := start(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "classify:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string) error {
	switch len(args) {
	case 0:
		dir, err := os.MkdirTemp("", "classify")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		weights := filepath.Join(dir, "stage2.safetensors")
		if err := learn(ctx, town(1), weights); err != nil {
			return err
		}
		_, err = classify(ctx, weights, town(2), os.Stdout)
		return err
	case 2:
		d, err := rsdata.Open(args[1])
		if err != nil {
			return err
		}
		_, err = classify(ctx, args[0], d, os.Stdout)
		return err
	}
	return fmt.Errorf("want no arguments, or a stage2.safetensors and the folder of a scene")
}

// classify maps the first scene of d and returns the share of its labelled pixels that
// were given their class, whatever the label that the scene has for it.
func classify(ctx context.Context, weights string, d *rsdata.Dataset, w io.Writer) (float64, error) {
	trained, err := clip.Open(weights)
	if err != nil {
		return 0, err
	}
	windows, err := trained.Windows(d) // scaled as the model's own scene was
	if err != nil {
		return 0, err
	}
	be := tensor.NewCPU(0)
	defer be.Close()
	scene := d.Scenes[0]
	counts := make([]int, len(trained.Classes))
	right, labelled := 0, 0
	err = clip.MapScene(ctx, trained.Classifier(be), d, windows, 0, func(row int, labels []uint8, confidence, probabilities []float32) error {
		for col, label := range labels {
			class := trained.Classes[label-1].Name
			counts[label-1]++
			if scene.Labels == nil || scene.Labels[row*scene.W+col] == 0 {
				continue
			}
			labelled++
			if d.ClassName(scene.Labels[row*scene.W+col]) == class {
				right++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for i, n := range counts {
		fmt.Fprintf(w, "%-14s %5.1f %% of the scene: %q\n", trained.Classes[i].Name, 100*float64(n)/float64(scene.H*scene.W), trained.Text.Texts[i])
	}
	if labelled == 0 {
		return 0, nil
	}
	share := float64(right) / float64(labelled)
	fmt.Fprintf(w, "%.1f %% of %d labelled pixels have their class\n", 100*share, labelled)
	return share, nil
}

// learn is stage 2 alone on a few windows of each class; examples/ownscene begins with
// stage 1.
func learn(ctx context.Context, d *rsdata.Dataset, weights string) error {
	const window = 5
	split, err := d.Split(rsdata.SplitConfig{Protocol: rsdata.Random, Shots: 16, PerClassTest: 1, Window: window, Seed: 1})
	if err != nil {
		return err
	}
	trained := clip.Trained{Classes: d.Classes}
	if trained.Scaling, err = rsdata.Fit(d, rsdata.ScalingConfig{Method: rsdata.Standardise}); err != nil {
		return err
	}
	var names []string
	for _, c := range d.Classes {
		names = append(names, c.Name)
	}
	texts, err := clip.Texts("p1", d.Name, names, nil) // a patch of a Water.
	if err != nil {
		return err
	}
	if trained.Text, err = clip.NewText(clip.NewCompact(texts), texts); err != nil {
		return err
	}
	windows := rsdata.NewWindows(d, trained.Scaling, window)
	var modalities []vit.Modality
	for i, m := range d.Modalities {
		modalities = append(modalities, vit.Modality{Name: m.Name, Bands: windows.Bands(i)})
	}
	encoder := vit.Default(modalities...)
	encoder.Window, encoder.Dim, encoder.Heads, encoder.Depth = window, 32, 4, 2
	cfg := clip.Default(encoder, trained.Text.Vocabulary())
	cfg.Text.Dim, cfg.Text.Heads, cfg.Text.Depth = 32, 4, 1
	cfg.Targets, cfg.Temperature, cfg.HeadStd = clip.TargetsClass, 0.07, 0.1
	if trained.Model, err = clip.New(cfg, 1); err != nil {
		return err
	}
	be := tensor.NewCPU(0)
	defer be.Close()
	if _, err = trained.Model.Train(ctx, be, windows, split.Train, trained.Text.Prompts, clip.TrainConfig{Epochs: 15, Batch: 24, LR: 1e-3, Seed: 1}, train.Hooks{}); err != nil {
		return err
	}
	return trained.Save(weights)
}

// town is a synthetic scene of which three classes have labels.
func town(seed uint64) *rsdata.Dataset {
	cfg := rsdata.DefaultSynthetic()
	cfg.H, cfg.W, cfg.Bands, cfg.Seed = 128, 128, 16, seed
	d := rsdata.Synthetic(cfg)
	var labels []uint8
	for _, name := range []string{"Water", "Woods", "Tiled roof"} {
		for i, c := range d.Classes {
			if c.Name == name {
				labels = append(labels, uint8(i+1))
			}
		}
	}
	three, err := d.Select(labels...)
	if err != nil {
		panic(err) // every town has them
	}
	return three
}
