package vit_test

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/tensor"
	"diffclip/vit"
)

// Both modalities of three windows become features by the same blocks: pixels
// row by row, a stem of their own, and the class token of each window.
func Example() {
	be := tensor.NewCPU(0)
	defer be.Close()
	cfg := vit.Default(vit.Modality{Name: "hsi", Bands: 48}, vit.Modality{Name: "lidar", Bands: 1})
	set := nn.NewSet(1)
	encoder := vit.NewEncoder(set.Root(), cfg)

	tape := autograd.NewTape(be, autograd.Eval)
	steps := []int32{0, 0, 0} // no noise: the first timestep for each window
	for i, m := range cfg.Modalities {
		pixels := tape.Input(tensor.New(len(steps)*cfg.Window*cfg.Window, m.Bands))
		tokens := encoder.Stems[i].All(tape, pixels, steps)
		first := int32(tokens.Dim(1)) // the class token stands before the patches
		feature := encoder.ForwardClass(tape, tokens, []int32{0, first, 2 * first})
		fmt.Println(m.Name, pixels.Shape(), "->", tokens.Shape(), "->", feature.Shape())
	}
	// Output:
	// hsi (363, 48) -> (3, 122, 128) -> (3, 128)
	// lidar (363, 1) -> (3, 122, 128) -> (3, 128)
}
