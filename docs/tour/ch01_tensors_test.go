package tour_test

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/tensor"
)

// Two windows of three pixels with four bands each.
func Example_shape() {
	x := tensor.New(2, 3, 4)
	for i := range x.Data {
		x.Data[i] = float32(i)
	}
	fmt.Println("shape", x.Shape, "rank", x.Rank(), "elements", x.Len())
	fmt.Println("as a matrix:", x.Rows(), "rows of", x.Cols())
	window, pixel, band := 1, 2, 3
	fmt.Println("window 1, pixel 2, band 3:", x.Data[(window*3+pixel)*4+band])
	fmt.Println("the same data as", x.View(6, 4).Shape)
	// Output:
	// shape (2, 3, 4) rank 3 elements 24
	// as a matrix: 6 rows of 4
	// window 1, pixel 2, band 3: 23
	// the same data as (6, 4)
}

// A vector is added to every row.
func Example_broadcast() {
	x := tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	b := tensor.FromSlice([]float32{10, 20, 30}, 3)
	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
	fmt.Println(tape.Add(tape.Input(x), tape.Input(b)).Value.Data)
	// Output:
	// [11 22 33 14 25 36]
}

// A mistake names the operation and the shapes.
func Example_mistake() {
	defer func() { fmt.Println(recover()) }()
	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
	tape.Add(tape.Input(tensor.New(2, 3)), tape.Input(tensor.New(2)))
	// Output:
	// Add: shapes (2, 3), (2, 3), (2) do not fit: the second operand's shape must end the first's
}
