package tour_test

import (
	"fmt"
	"slices"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/rng"
	"diffclip/nn"
	"diffclip/tensor"
)

// blockStep returns a training step of one transformer block.
func blockStep(be tensor.Backend, set *nn.Set) func() float32 {
	block := nn.NewBlock(set.Root(), nn.BlockConfig{Dim: 32, Heads: 4, Hidden: 64, Act: autograd.ActGELU, Eps: 1e-6})
	x := tensor.New(16, 10, 32)
	rng.New(1, "x", 0).Normal(x.Data, 0)
	tape := autograd.NewTape(be, autograd.Train)
	return func() float32 {
		set.ZeroGrad()
		loss := tape.Mean(tape.Square(block.Forward(tape, tape.Input(x))))
		tape.Backward(loss)
		value := loss.Value.Item()
		tape.Reset()
		return value
	}
}

// One thread and three give the same bits.
func Example_threads() {
	var gradients [][]float32
	for _, threads := range []int{1, 3} {
		set := nn.NewSet(1)
		blockStep(tensor.NewCPU(threads), set)()
		gradients = append(gradients, set.Param("mlp.fc1.weight").Grad.Data)
	}
	fmt.Println("the same bits:", slices.Equal(gradients[0], gradients[1]))
	// Output:
	// the same bits: true
}

// After the first step the memory is there.
func Example_allocations() {
	step := blockStep(tensor.NewCPU(1), nn.NewSet(1))
	step()
	fmt.Println("allocations in a step:", testing.AllocsPerRun(5, func() { step() }))
	// Output:
	// allocations in a step: 0
}

// Where the multiplications of a block are, for 37 tokens of width 128.
func Example_arithmetic() {
	const tokens, width, hidden = 37, 128, 256
	parts := []struct {
		name string
		flop int
	}{
		{"queries, keys and values", 2 * tokens * width * 3 * width},
		{"scores and weighted sums", 2 * 2 * tokens * tokens * width},
		{"projection", 2 * tokens * width * width},
		{"perceptron", 2 * 2 * tokens * width * hidden},
	}
	total := 0
	for _, p := range parts {
		total += p.flop
	}
	for _, p := range parts {
		fmt.Printf("%-25s %4.1f %%\n", p.name, 100*float64(p.flop)/float64(total))
	}
	fmt.Printf("%-25s %4.1f MFLOP\n", "together", float64(total)/1e6)
	// Output:
	// queries, keys and values  35.0 %
	// scores and weighted sums   6.7 %
	// projection                11.7 %
	// perceptron                46.6 %
	// together                  10.4 MFLOP
}
