package tour_test

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/tensor"
)

// Four values, normalised, and the gradient of the first output.
func Example_layerNorm() {
	x := tensor.FromSlice([]float32{1, 2, 3, 6}, 1, 4)
	gamma := autograd.NewParam("gamma", tensor.FromSlice([]float32{1, 1, 1, 1}, 4))
	beta := autograd.NewParam("beta", tensor.New(4))
	first := tensor.FromSlice([]float32{1, 0, 0, 0}, 4)

	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Train)
	in := tape.InputGrad(x)
	y := tape.LayerNorm(in, tape.Param(gamma), tape.Param(beta), 1e-6)
	fmt.Printf("y        %6.3f\n", y.Value.Data)
	tape.Backward(tape.Sum(tape.Mul(y, tape.Input(first))))
	fmt.Printf("dx       %6.3f\n", in.Grad().Data)
	fmt.Printf("dgamma   %6.3f\n", gamma.Grad.Data)
	// Output:
	// y        [-1.069 -0.535  0.000  1.604]
	// dx       [ 0.248 -0.210 -0.134  0.095]
	// dgamma   [-1.069  0.000  0.000  0.000]
}

// The formula of the chapter, line by line.
func Example_layerNormByHand() {
	n := []float64{-1.069045, -0.534522, 0, 1.603567} // (x-mean)/deviation of 1, 2, 3, 6
	rstd := 1 / 1.870829
	dy := []float64{1, 0, 0, 0}

	var meanG, meanGN float64
	for i, g := range dy { // gamma is 1, so g = dy
		meanG += g / 4
		meanGN += g * n[i] / 4
	}
	for i, g := range dy {
		fmt.Printf("%7.3f", rstd*(g-meanG-n[i]*meanGN))
	}
	fmt.Println()
	// Output:
	// 0.248 -0.210 -0.134  0.095
}

// Moving the whole row up, or stretching it, changes nothing.
func Example_invariance() {
	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
	ones, zeros := tape.Const(1, 4), tape.Const(0, 4)
	for _, row := range [][]float32{{1, 2, 3, 6}, {101, 102, 103, 106}, {10, 20, 30, 60}} {
		y := tape.LayerNorm(tape.Input(tensor.FromSlice(row, 1, 4)), ones, zeros, 1e-6)
		fmt.Printf("%6.3f\n", y.Value.Data)
	}
	// Output:
	// [-1.069 -0.535  0.000  1.604]
	// [-1.069 -0.535  0.000  1.604]
	// [-1.069 -0.535  0.000  1.604]
}
