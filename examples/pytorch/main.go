// Command pytorch loads weights that PyTorch trained, by the names of their state
// dict, and computes what PyTorch computed. make.py wrote the file.
//
//	go run ./examples/pytorch examples/pytorch/xor.safetensors
package main

import (
	"fmt"
	"io"
	"os"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/tensor"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./examples/pytorch FILE.safetensors, such as examples/pytorch/xor.safetensors")
		os.Exit(2)
	}
	if _, err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pytorch:", err)
		os.Exit(1)
	}
}

// run prints this engine's outputs beside PyTorch's and returns the largest
// difference.
func run(path string, w io.Writer) (float64, error) {
	state, meta, err := nn.ReadState(path)
	if err != nil {
		return 0, err
	}
	x, want := state["test.input"], state["test.output"]
	if x == nil || want == nil {
		return 0, fmt.Errorf("%s: no tensors test.input and test.output to compare with", path)
	}
	delete(state, "test.input")
	delete(state, "test.output")

	set := nn.NewSet(0) // torch.nn.Sequential(Linear(2, 8), GELU(), Linear(8, 1))
	fc1 := nn.NewLinear(set.Root().Index(0), 2, 8)
	fc2 := nn.NewLinear(set.Root().Index(2), 8, 1)
	if err := set.Load(state).Err(); err != nil { // says which names or shapes do not match
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Eval)
	y := fc2.Forward(tape, fc1.ForwardAct(tape, tape.Input(x), autograd.ActGELU)).Value
	if y.Shape != want.Shape {
		return 0, fmt.Errorf("%s: test.output is %v, want %v", path, want.Shape, y.Shape)
	}

	fmt.Fprintf(w, "%s, made with %s\n", path, meta["made with"])
	worst := 0.0
	for i, v := range y.Data {
		fmt.Fprintf(w, "%g xor %g: %.4f here, %.4f in PyTorch\n", x.Data[2*i], x.Data[2*i+1], v, want.Data[i])
		worst = max(worst, float64(v-want.Data[i]), float64(want.Data[i]-v))
	}
	return worst, nil
}
