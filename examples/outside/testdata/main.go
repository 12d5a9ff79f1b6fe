// Command outside lies in a module of its own and does with the library what the program
// does: a scene made of slices, both stages, a file of weights, and a map.
package main

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "outside: want the folder to write to")
		os.Exit(1)
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "outside:", err)
		os.Exit(1)
	}
}

const (
	side   = 32 // of the scene
	bands  = 5
	window = 3
)

// scene is three stripes, told apart by spectra in ten-thousandths and by heights. One
// pixel was not measured.
func scene() (*rsdata.Dataset, error) {
	draw := rand.New(rand.NewPCG(1, 2))
	labels := make([]uint8, side*side)
	spectra, heights := make([]uint16, side*side*bands), make([]float32, side*side)
	for i := range labels {
		class := i % side * 3 / side
		labels[i] = uint8(class + 1)
		for b := range bands {
			spectra[i*bands+b] = uint16(1000 + 2000*((class+b)%3) + draw.IntN(400))
		}
		heights[i] = float32(3*class) + draw.Float32()
	}
	clear(spectra[:bands])
	none := 0.0
	hsi := rsdata.NewRaster(side, side, bands, spectra)
	hsi.NoData = &none
	for range bands {
		hsi.Scale = append(hsi.Scale, rsdata.Scale{Gain: 1e-4})
	}
	grid := &rsdata.Grid{Transform: [6]float64{500000, 2, 0, 4600000, 0, -2}}
	grid.CRS.EPSG = 32632
	d := &rsdata.Dataset{
		Name:       "stripes",
		Modalities: []rsdata.Modality{{Name: "hsi", Bands: bands, Wavelengths: []float64{450, 550, 650, 850, 1650}}, {Name: "height", Bands: 1}},
		Classes:    []rsdata.Class{{Name: "grass", Color: color.RGBA{G: 160, A: 255}}, {Name: "shrub", Color: color.RGBA{R: 160, G: 120, A: 255}}, {Name: "tree", Color: color.RGBA{G: 80, A: 255}}},
		Scenes: []*rsdata.Scene{{
			Name: "stripes", H: side, W: side, Labels: labels, Grid: grid,
			Rasters: []rsdata.Raster{hsi, rsdata.NewRaster(side, side, 1, heights)},
		}},
	}
	return d, d.Validate()
}

func run(ctx context.Context, dir string) error {
	d, err := scene()
	if err != nil {
		return err
	}
	if v := d.Scenes[0].Rasters[0].At(0, 1, 0); v < 0.1 || v > 0.15 || d.Scenes[0].Rasters[0].Measured(0) {
		return fmt.Errorf("the second pixel measures %v, want 0.1 to 0.14, and zero to be no measurement", v)
	}
	be := tensor.NewCPU(2)
	defer be.Close()
	weights := filepath.Join(dir, "stage2.safetensors")
	before, test, err := learn(ctx, be, d, weights)
	if err != nil {
		return err
	}

	trained, err := clip.Open(weights)
	if err != nil {
		return err
	}
	windows, err := trained.Windows(d)
	if err != nil {
		return err
	}
	classifier := trained.Classifier(be)
	after, _, err := classifier.Evaluate(ctx, windows, test)
	if err != nil {
		return err
	}
	if after.OA() != before.OA() || after.OA() < 0.9 {
		return fmt.Errorf("%v of the test windows are right, %v before the model was saved: want the same, at least 0.9", after.OA(), before.OA())
	}
	fmt.Printf("opened: %d of %d classes, OA %.2f\n", classifier.Classes(), len(trained.Classes), after.OA())
	out, err := rsdata.CreateMap(dir, rsdata.MapSpec{Name: d.Name, Width: side, Height: side, Classes: trained.Classes, Grid: d.Scenes[0].Grid})
	if err != nil {
		return err
	}
	defer out.Close()
	if err := clip.MapScene(ctx, classifier, d, windows, 0, func(_ int, labels []uint8, confidence, _ []float32) error {
		return out.WriteRows(labels, confidence, nil)
	}); err != nil {
		return err
	}
	return out.Commit()
}

// learn trains both stages, saves the model, and returns how it did on test windows.
func learn(ctx context.Context, be tensor.Backend, d *rsdata.Dataset, weights string) (*rsdata.Confusion, []rsdata.Sample, error) {
	split, err := d.Split(rsdata.SplitConfig{Protocol: rsdata.Random, Shots: 8, PerClassTest: 30, Unlabelled: 64, Window: window, Seed: 1})
	if err != nil {
		return nil, nil, err
	}
	s := clip.Trained{Classes: d.Classes}
	if s.Scaling, err = rsdata.Fit(d, rsdata.ScalingConfig{Method: rsdata.Standardise}); err != nil {
		return nil, nil, err
	}
	windows := rsdata.NewWindows(d, s.Scaling, window)
	encoder := vit.Default(vit.Modality{Name: "hsi", Bands: windows.Bands(0)}, vit.Modality{Name: "height", Bands: windows.Bands(1)})
	encoder.Window, encoder.Dim, encoder.Heads, encoder.Depth = window, 16, 2, 1
	first := diffusion.Default(encoder)
	first.DecoderDepth = 1
	stage1, err := diffusion.New(first, 1)
	if err != nil {
		return nil, nil, err
	}
	steps := 0
	hooks := train.Hooks{Checkpoint: weights + ".stage1", OnStep: func(s train.Step) { steps = s.Done }}
	history, err := stage1.Train(ctx, be, windows, split.Unlabelled, diffusion.TrainConfig{Epochs: 2, Batch: 16, LR: 1e-3, Seed: 1}, hooks)
	if bad := (*train.NonFiniteError)(nil); errors.As(err, &bad) {
		return nil, nil, fmt.Errorf("step %d of epoch %d: %w", bad.Step, bad.Epoch, err)
	}
	if err != nil {
		return nil, nil, err
	}
	var last train.Epoch = history[len(history)-1]
	fmt.Printf("stage 1: %d steps, %d epochs\n", steps, last.Epoch+1)

	texts, err := clip.Texts("p1", d.Name, []string{"grass", "shrub", "tree"}, nil)
	if err != nil {
		return nil, nil, err
	}
	if s.Text, err = clip.NewText(clip.NewCompact(texts), texts); err != nil {
		return nil, nil, err
	}
	second := clip.Default(encoder, s.Text.Vocabulary())
	second.Text.Dim, second.Text.Heads, second.Text.Depth = 16, 2, 1
	second.Targets, second.Temperature, second.HeadStd = clip.TargetsClass, 0.07, 0.1
	if s.Model, err = clip.New(second, 1); err != nil {
		return nil, nil, err
	}
	if err := s.Model.LoadEncoder(stage1.Set.State()); err != nil {
		return nil, nil, err
	}
	if _, err := s.Model.Train(ctx, be, windows, split.Train, s.Text.Prompts, clip.TrainConfig{Epochs: 12, Batch: 12, LR: 3e-3, Seed: 1}, train.Hooks{}); err != nil {
		return nil, nil, err
	}
	confusion, _, err := s.Classifier(be).Evaluate(ctx, windows, split.Test)
	if err != nil {
		return nil, nil, err
	}
	return confusion, split.Test, s.Save(weights)
}
