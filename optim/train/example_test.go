package train_test

import (
	"context"
	"fmt"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/optim/train"
	"diffclip/rsdata"
	"diffclip/tensor"
)

// A model of one's own, here a layer on the spectra of windows, in the loop of both
// stages. With Hooks.Checkpoint set, a run that was stopped goes on to the same bits.
func ExampleLoop() {
	d, err := rsdata.Synthetic(rsdata.SyntheticConfig{H: 64, W: 64, Bands: 6, Noise: 0.01, Seed: 1}).AtLeast(20)
	if err != nil {
		fmt.Println(err)
		return
	}
	const side = 3
	split, err := d.Split(rsdata.SplitConfig{Protocol: rsdata.Random, Shots: 8, PerClassTest: 5, Window: side, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	scaling, err := rsdata.Fit(d, rsdata.ScalingConfig{Method: rsdata.Standardise})
	if err != nil {
		fmt.Println(err)
		return
	}
	windows := rsdata.NewWindows(d, scaling, side)
	be := tensor.NewCPU(1)
	defer be.Close()
	set := nn.NewSet(1)
	values := side * side * windows.Bands(0)
	layer := nn.NewLinear(set.Root().Sub("layer"), values, len(d.Classes))
	loop := &train.Loop{
		Name: "one layer", Backend: be, Set: set, Opt: optim.NewAdam(set, optim.DefaultAdam()),
		Batches: rsdata.NewBatches(windows, split.Train, rsdata.BatchConfig{Size: 16, Seed: 1, Shuffle: true}),
		Epochs:  20, LR: optim.Constant(1e-2),
		Loss: func(t *autograd.Tape, b *rsdata.Batch) *autograd.Var {
			classes := make([]int32, len(b.Samples))
			for i, s := range b.Samples {
				classes[i] = int32(s.Label) - 1
			}
			return t.CrossEntropy(layer.Forward(t, t.Input(tensor.FromSlice(b.Data[0], len(b.Samples), values))), classes)
		},
	}
	history, err := loop.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(history), "epochs; the loss fell to less than half:", history[19].Loss < history[0].Loss/2)
	// Output:
	// 20 epochs; the loss fell to less than half: true
}
