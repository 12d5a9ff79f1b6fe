// Command python writes a model's weights for Python to read, and reads weights
// that Python wrote. read.py is the other side; it needs NumPy alone.
//
//	go run ./examples/python write weights.safetensors
//	python3 examples/python/read.py weights.safetensors doubled.safetensors
//	go run ./examples/python read doubled.safetensors
package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"diffclip/nn"
	"diffclip/tensor"
)

func main() {
	if len(os.Args) != 3 || os.Args[1] != "write" && os.Args[1] != "read" {
		fmt.Fprintln(os.Stderr, "usage: go run ./examples/python write|read FILE.safetensors; between the two, examples/python/read.py doubles the weights")
		os.Exit(2)
	}
	do := write
	if os.Args[1] == "read" {
		do = read
	}
	if err := do(os.Args[2], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "python:", err)
		os.Exit(1)
	}
}

// model is a small network with trained values and a batch norm's statistics.
func model() *nn.Set {
	set := nn.NewSet(7)
	nn.NewConv2d(set.Root().Sub("conv"), 1, 4, tensor.ConvShape{KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1})
	nn.NewBatchNorm(set.Root().Sub("norm"), 4)
	nn.NewLinear(set.Root().Sub("fc"), 4, 3)
	return set
}

// write saves a state dict, in PyTorch's names.
func write(path string, w io.Writer) error {
	set := model()
	if err := nn.WriteState(path, set.State(), map[string]string{"model": "example"}); err != nil {
		return err
	}
	show(w, set.State())
	return nil
}

// read loads a state dict; every name and shape must match.
func read(path string, w io.Writer) error {
	state, _, err := nn.ReadState(path)
	if err != nil {
		return err
	}
	set := model()
	if err := set.Load(state).Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	show(w, set.State())
	return nil
}

// show prints every tensor as read.py does.
func show(w io.Writer, state map[string]*tensor.Tensor) {
	for _, name := range slices.Sorted(maps.Keys(state)) {
		sum := 0.0
		for _, v := range state[name].Data {
			sum += float64(v)
		}
		fmt.Fprintf(w, "%s %s sum %.4f\n", name, list(state[name].Dims()), sum)
	}
}

// list prints dimensions as Python prints a list.
func list(dims []int) string {
	s := "["
	for i, d := range dims {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprint(d)
	}
	return s + "]"
}
