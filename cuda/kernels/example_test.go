package kernels_test

import (
	"fmt"

	"diffclip/cuda/internal/ptxvm"
	"diffclip/cuda/kernels"
)

// interpreted is all that it takes to run the kernels: a Device that starts one and gives memory for partial sums.
type interpreted struct {
	module *ptxvm.Module
	memory ptxvm.Memory
}

func (d *interpreted) Launch(k *kernels.Kernel, grid, block kernels.Dim, args []uint64) {
	fmt.Printf("%s: %d block of %d threads\n", k.Name, grid.X, block.X)
	if err := d.module.Kernel(k.Name).Run(&d.memory, ptxvm.Launch{Grid: ptxvm.Dim(grid), Block: ptxvm.Dim(block)}, args...); err != nil {
		fmt.Println(err)
	}
}

func (d *interpreted) Scratch(n int) kernels.Ptr { return kernels.Ptr(d.memory.Alloc(n)) }

// Softmax of two rows, by the PTX that a GPU would run.
func Example() {
	module, err := ptxvm.Parse(kernels.PTX)
	if err != nil {
		fmt.Println(err)
		return
	}
	d := &interpreted{module: module}
	x, y := d.memory.Alloc(6), d.memory.Alloc(6)
	if err := d.memory.PutFloats(x, []float32{1, 2, 3, 0, 0, 100}); err != nil {
		fmt.Println(err)
		return
	}
	kernels.NewSet(d).Softmax(kernels.Ptr(y), kernels.Ptr(x), 2, 3)
	rows, err := d.memory.Floats(y, 6)
	fmt.Printf("%.3f %.3f %v\n", rows[:3], rows[3:], err)
	// Output:
	// softmax: 1 block of 256 threads
	// [0.090 0.245 0.665] [0.000 0.000 1.000] <nil>
}
