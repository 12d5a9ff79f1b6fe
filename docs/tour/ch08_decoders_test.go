package tour_test

import (
	"context"
	"fmt"

	"diffclip/diffusion"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
	"diffclip/vit"
)

// What a masked and a visible patch weigh in the loss of one window.
func Example_lossWeights() {
	published := smallStage1()
	paper := published
	paper.PaperLoss = true
	for _, c := range []struct {
		name string
		cfg  diffusion.Config
	}{{"published code", published}, {"paper's Eq. (9)", paper}} {
		corruptor := diffusion.NewCorruptor(c.cfg, 1)
		batch := corruptor.NewCorrupted(1)
		corruptor.Fill(batch, [][]float32{make([]float32, 121)}, 0)
		in := batch.Inputs[0]
		var visible, all float32
		for _, w := range in.Weight.Data {
			all += w
		}
		for _, at := range in.Keep {
			visible += in.Weight.Data[at]
		}
		fmt.Printf("%s: visible %.2f, masked %.2f\n", c.name, visible, all-visible)
	}
	// Output:
	// published code: visible 1.00, masked 0.10
	// paper's Eq. (9): visible 0.30, masked 0.70
}

// A few epochs of stage 1 on a small synthetic scene.
func Example_pretrain() {
	scene := rsdata.Synthetic(rsdata.SyntheticConfig{H: 64, W: 64, Bands: 8, Noise: 0.008, Seed: 1})
	scaling, err := rsdata.Fit(scene, rsdata.DefaultScaling())
	if err != nil {
		fmt.Println(err)
		return
	}
	windows := rsdata.NewWindows(scene, scaling, 5)
	encoder := vit.Config{
		Modalities: []vit.Modality{{Name: "hsi", Bands: windows.Bands(0)}, {Name: "lidar", Bands: windows.Bands(1)}},
		Window:     5, Patch: 1, Dim: 16, Heads: 2, Depth: 2, MLPRatio: 2, Timesteps: 1000,
	}
	cfg := diffusion.Default(encoder)
	cfg.DecoderDepth = 1
	model, err := diffusion.New(cfg, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	var pixels []rsdata.Pixel
	for i := range int32(128) {
		pixels = append(pixels, rsdata.Pixel{Row: 2 + i/12*3, Col: 2 + i%12*3})
	}
	history, err := model.Train(context.Background(), tensor.NewCPU(1), windows, pixels,
		diffusion.TrainConfig{Epochs: 12, Batch: 32, LR: 3e-3, Seed: 1}, train.Hooks{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d trained values\n", model.Set.Count())
	for _, e := range []int{0, 3, 11} {
		fmt.Printf("epoch %2d: loss %.1f\n", e+1, history[e].Loss)
	}
	// Output:
	// 22665 trained values
	// epoch  1: loss 2.1
	// epoch  4: loss 0.3
	// epoch 12: loss 0.2
}
