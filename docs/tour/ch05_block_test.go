package tour_test

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/internal/rng"
	"diffclip/nn"
	"diffclip/tensor"
	"diffclip/vit"
)

// One block of the published size.
func Example_block() {
	set := nn.NewSet(1)
	block := nn.NewBlock(set.Root(), nn.BlockConfig{Dim: 128, Heads: 8, Hidden: 256, Act: autograd.ActGELU, Eps: 1e-6})
	for _, p := range set.Params() {
		fmt.Println(p.Name, p.Value.Shape)
	}
	x := tensor.New(2, 37, 128)
	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
	fmt.Println(set.Count(), "trained values;", x.Shape, "becomes", block.Forward(tape, tape.Input(x)).Shape())
	// Output:
	// norm1.weight (128)
	// norm1.bias (128)
	// attn.qkv.weight (384, 128)
	// attn.qkv.bias (384)
	// attn.proj.weight (128, 128)
	// attn.proj.bias (128)
	// norm2.weight (128)
	// norm2.bias (128)
	// mlp.fc1.weight (256, 128)
	// mlp.fc1.bias (256)
	// mlp.fc2.weight (128, 256)
	// mlp.fc2.bias (128)
	// 132480 trained values; (2, 37, 128) becomes (2, 37, 128)
}

// With the last layer of each branch at zero, a block passes its input on.
func Example_residual() {
	set := nn.NewSet(1)
	block := nn.NewBlock(set.Root(), nn.BlockConfig{Dim: 8, Heads: 2, Hidden: 16, Act: autograd.ActGELU, Eps: 1e-6})
	for _, p := range []*nn.Param{block.Attn.Proj.Weight, block.MLP.FC2.Weight} {
		clear(p.Value.Data)
		p.Changed()
	}
	x := tensor.New(1, 3, 8)
	rng.New(1, "x", 0).Normal(x.Data, 0)
	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
	y := block.Forward(tape, tape.Input(x)).Value
	same := true
	for i := range x.Data {
		same = same && x.Data[i] == y.Data[i]
	}
	fmt.Println("unchanged:", same)
	// Output:
	// unchanged: true
}

// From pixels to tokens to features.
func Example_encoder() {
	cfg := vit.Default(vit.Modality{Name: "hsi", Bands: 48}, vit.Modality{Name: "lidar", Bands: 1})
	set := nn.NewSet(1)
	encoder := vit.NewEncoder(set.Root(), cfg)
	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
	for i, m := range cfg.Modalities {
		pixels := tensor.New(2*cfg.Tokens()*cfg.PatchPixels(), m.Bands) // two windows
		sequence := encoder.Stems[i].All(tape, tape.Input(pixels), []int32{0, 0})
		fmt.Println(m.Name, pixels.Shape, "->", sequence.Shape(), "->", encoder.Forward(tape, sequence).Shape())
	}
	// Output:
	// hsi (242, 48) -> (2, 122, 128) -> (2, 122, 128)
	// lidar (242, 1) -> (2, 122, 128) -> (2, 122, 128)
}
