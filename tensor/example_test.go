package tensor_test

import (
	"fmt"

	"diffclip/tensor"
)

// A backend computes; its methods write their first argument. Rows of x are
// samples, as everywhere in the engine.
func Example() {
	be := tensor.NewCPU(1)
	defer be.Close()
	x := tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	w := tensor.FromSlice([]float32{1, 0, 0, 1, 1, 1}, 3, 2)
	y := tensor.New(2, 2)
	be.MatMul(y, x, w, false, false, 1, 0)
	fmt.Println(y.Shape, y.Data)
	// Output:
	// (2, 2) [4 5 10 11]
}

// Shapes that do not fit are a mistake of the program: the panic names the
// operation and every shape.
func ExampleShapeError() {
	defer func() { fmt.Println(recover()) }()
	be := tensor.NewCPU(1)
	defer be.Close()
	be.MatMul(tensor.New(2, 2), tensor.New(2, 3), tensor.New(2, 3), false, false, 1, 0)
	// Output:
	// MatMul: shapes (2, 2), (2, 3), (2, 3) do not fit
}
