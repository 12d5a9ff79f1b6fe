// Command ownscene takes a scene of your own from ENVI files to a map: it writes a
// tiny scene to a temporary folder first, so that you see what the files and
// scene.json must hold.
//
//	go run ./examples/ownscene
//
// The command line does the same for real scenes: diffclip inspect, pretrain,
// finetune and map, each with -data FOLDER.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
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
	dir, err := os.MkdirTemp("", "ownscene")
	if err == nil {
		_, err = run(context.Background(), dir, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ownscene:", err)
		os.Exit(1)
	}
}

const (
	rows, cols = 48, 64
	bands      = 6
	window     = 5
)

// sceneJSON names the files, the modality and the classes; label 1 is Water.
const sceneJSON = `{
  "name": "my valley",
  "classes": [{"name": "Water", "color": "#2060c0"}, {"name": "Meadow", "color": "#60c040"}, {"name": "Gravel", "color": "#a0a0a0"}],
  "scenes": [{
    "name": "valley",
    "modalities": [{"name": "hsi", "file": "valley.dat", "wavelengths": [450, 550, 650, 750, 850, 1650]}],
    "labels": {"file": "labels.dat"}
  }]
}
`

// header is an ENVI header: samples are columns, lines are rows; data type 12 is
// uint16, 1 is uint8; bip stores all bands of a pixel together.
const header = `ENVI
samples = %d
lines = %d
bands = %d
header offset = 0
data type = %d
interleave = bip
byte order = 0
`

// writeScene writes a river between meadows with a bank of gravel. Some pixels
// stay unlabelled, 0.
func writeScene(dir string) error {
	spectra := [3][bands]float64{{900, 800, 500, 300, 200, 100}, {400, 800, 500, 2600, 3800, 1900}, {1500, 1800, 2000, 2200, 2300, 2600}}
	r := rand.New(rand.NewPCG(1, 1))
	values := make([]uint16, 0, rows*cols*bands)
	labels := make([]uint8, 0, rows*cols)
	for row := range rows {
		for col := range cols {
			class := 1
			switch from := col - row/2; {
			case from >= 10 && from < 24:
				class = 0
			case from >= 24 && from < 32:
				class = 2
			}
			for _, v := range spectra[class] {
				values = append(values, uint16(v*(1+0.1*r.NormFloat64())+50))
			}
			label := uint8(class + 1)
			if r.IntN(3) == 0 {
				label = 0
			}
			labels = append(labels, label)
		}
	}
	data, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"valley.dat": data, "valley.hdr": fmt.Appendf(nil, header, cols, rows, bands, 12),
		"labels.dat": labels, "labels.hdr": fmt.Appendf(nil, header, cols, rows, 1, 1),
		"scene.json": []byte(sceneJSON),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// run trains on the scene in dir, writes its map there, and returns the overall
// accuracy.
func run(ctx context.Context, dir string, w io.Writer) (float64, error) {
	if err := writeScene(dir); err != nil {
		return 0, err
	}
	d, err := rsdata.Open(dir)
	if err != nil {
		return 0, err
	}
	split, err := d.Split(rsdata.SplitConfig{Protocol: rsdata.Random, Shots: 8, PerClassTest: 50, Unlabelled: 256, Window: window, Seed: 1})
	if err != nil {
		return 0, err
	}
	scaling, err := rsdata.Fit(d, rsdata.ScalingConfig{Method: rsdata.Standardise})
	if err != nil {
		return 0, err
	}
	windows := rsdata.NewWindows(d, scaling, window)
	be := tensor.NewCPU(0)
	defer be.Close()
	fmt.Fprintf(w, "%s: %d x %d pixels, %d bands, %d classes\n", d.Name, rows, cols, windows.Bands(0), len(d.Classes))
	fmt.Fprintf(w, "%d of %d test windows overlap a training window\n", split.OverlapTrainTest, len(split.Test))

	stage1, err := pretrain(ctx, be, windows, split.Unlabelled, w)
	if err != nil {
		return 0, err
	}
	stage2, prompts, err := finetune(ctx, be, windows, d, split.Train, stage1)
	if err != nil {
		return 0, err
	}
	classifier := clip.NewClassifier(be, stage2, prompts)
	confusion, _, err := classifier.Evaluate(ctx, windows, split.Test)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(w, "stage 2: %.1f %% of %d test windows right\n", 100*confusion.OA(), confusion.Total())
	return confusion.OA(), writeMap(ctx, classifier, d, windows, dir, w)
}

// pretrain is stage 1: it learns from windows without labels.
func pretrain(ctx context.Context, be tensor.Backend, windows *rsdata.Windows, unlabelled []rsdata.Pixel, w io.Writer) (*diffusion.Model, error) {
	encoder := vit.Default(vit.Modality{Name: "hsi", Bands: windows.Bands(0)})
	encoder.Window, encoder.Dim, encoder.Heads, encoder.Depth = window, 32, 4, 2
	cfg := diffusion.Default(encoder)
	cfg.DecoderDepth = 1
	m, err := diffusion.New(cfg, 1)
	if err != nil {
		return nil, err
	}
	history, err := m.Train(ctx, be, windows, unlabelled, diffusion.TrainConfig{Epochs: 4, Batch: 32, LR: 1e-3, Seed: 1}, train.Hooks{})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(w, "stage 1: loss %.3f, then %.3f\n", history[0].Loss, history[len(history)-1].Loss)
	return m, nil
}

// finetune is stage 2: it ties labelled windows to the texts of their classes.
func finetune(ctx context.Context, be tensor.Backend, windows *rsdata.Windows, d *rsdata.Dataset, labelled []rsdata.Sample, stage1 *diffusion.Model) (*clip.Model, clip.Prompts, error) {
	texts, err := clip.Texts("p1", d.Name, names(d), nil) // a patch of a Water.
	if err != nil {
		return nil, nil, err
	}
	tokenizer := clip.NewCompact(texts)
	prompts, err := clip.Tokenize(tokenizer, texts)
	if err != nil {
		return nil, nil, err
	}
	cfg := clip.Default(stage1.Config.Encoder, tokenizer.VocabSize())
	cfg.Text.Dim, cfg.Text.Heads, cfg.Text.Depth = 32, 4, 1
	cfg.Targets, cfg.Temperature, cfg.HeadStd = clip.TargetsClass, 0.07, 0.1
	m, err := clip.New(cfg, 1)
	if err != nil {
		return nil, nil, err
	}
	if err := m.LoadEncoder(stage1.Set.State()); err != nil {
		return nil, nil, err
	}
	_, err = m.Train(ctx, be, windows, labelled, prompts, clip.TrainConfig{Epochs: 20, Batch: 24, LR: 1e-3, Seed: 1}, train.Hooks{})
	return m, prompts, err
}

func names(d *rsdata.Dataset) []string {
	var all []string
	for _, c := range d.Classes {
		all = append(all, c.Name)
	}
	return all
}

// writeMap classifies every pixel of the scene.
func writeMap(ctx context.Context, c *clip.Classifier, d *rsdata.Dataset, windows *rsdata.Windows, dir string, w io.Writer) error {
	s := d.Scenes[0]
	out, err := rsdata.CreateMap(dir, rsdata.MapSpec{Name: s.Name, Width: s.W, Height: s.H, Classes: d.Classes, Grid: s.Grid})
	if err != nil {
		return err
	}
	defer out.Close()
	err = clip.MapScene(ctx, c, d, windows, 0, func(_ int, labels []uint8, confidence, _ []float32) error {
		return out.WriteRows(labels, confidence, nil)
	})
	if err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	fmt.Fprintf(w, "map: %s, and map.tif and map.img for a GIS\n", filepath.Join(dir, "map.png"))
	return nil
}
