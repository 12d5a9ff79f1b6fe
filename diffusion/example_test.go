package diffusion_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"diffclip/clip"
	"diffclip/diffusion"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// Stage 1 on unlabelled windows of the synthetic town, small and short. The
// weights in m.Set are what stage 2 begins from.
func Example() {
	be := tensor.NewCPU(0)
	defer be.Close()
	scene := rsdata.Synthetic(rsdata.DefaultSynthetic())
	scaling, err := rsdata.Fit(scene, rsdata.ScalingConfig{Method: rsdata.Standardise})
	if err != nil {
		fmt.Println(err)
		return
	}
	const side = 5
	windows := rsdata.NewWindows(scene, scaling, side)
	var centres []rsdata.Pixel
	for i := range int32(64) {
		centres = append(centres, rsdata.Pixel{Row: 10 + i, Col: 20 + 2*i})
	}

	encoder := vit.Default(vit.Modality{Name: "hsi", Bands: windows.Bands(0)}, vit.Modality{Name: "lidar", Bands: windows.Bands(1)})
	encoder.Window, encoder.Dim, encoder.Heads, encoder.Depth = side, 16, 2, 1
	cfg := diffusion.Default(encoder)
	m, err := diffusion.New(cfg, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cfg.Keep(), "of", encoder.Tokens(), "patches of a window are noised, the others hidden")
	history, err := m.Train(context.Background(), be, windows, centres, diffusion.TrainConfig{Epochs: 10, Batch: 16, LR: 3e-3, Seed: 1}, train.Hooks{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("loss %.1f, then %.1f\n", history[0].Loss, history[9].Loss)
	// Output:
	// 7 of 25 patches of a window are noised, the others hidden
	// loss 3.0, then 1.7
}

// A pre-trained model is kept in a file, with the scaling of its scene, and opened where
// stage 2 begins: its encoder there has the weights of stage 1.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "stage1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "stage1.safetensors")
	scene := rsdata.Synthetic(rsdata.SyntheticConfig{H: 64, W: 64, Bands: 6, Seed: 1})
	if err := pretrained(scene, path); err != nil {
		fmt.Println(err)
		return
	}

	stage1, err := diffusion.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	windows, err := stage1.Windows(scene) // scaled as those of stage 1
	if err != nil {
		fmt.Println(err)
		return
	}
	stage2, err := clip.New(clip.Default(stage1.Model.Config.Encoder, 100), 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := stage2.LoadEncoder(stage1.Model.Set.State()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("stage 2 begins with windows of", windows.Side(), "pixels and", len(scene.Classes), "classes")
	// Output:
	// stage 2 begins with windows of 5 pixels and 10 classes
}

// pretrained saves a model of stage 1; its training is that of the package's example.
func pretrained(scene *rsdata.Dataset, path string) error {
	scaling, err := rsdata.Fit(scene, rsdata.DefaultScaling())
	if err != nil {
		return err
	}
	encoder := vit.Default(vit.Modality{Name: "hsi", Bands: 6}, vit.Modality{Name: "lidar", Bands: 1})
	encoder.Window, encoder.Dim, encoder.Heads, encoder.Depth = 5, 16, 2, 1
	m, err := diffusion.New(diffusion.Default(encoder), 1)
	if err != nil {
		return err
	}
	trained := diffusion.Trained{Model: m, Scaling: scaling}
	return trained.Save(path)
}
