package diffusion_test

import (
	"context"
	"fmt"

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
