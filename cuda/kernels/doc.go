// Package kernels holds the engine's GPU kernels: CUDA C source (*.cu), the PTX
// that clang made of it, and a Go method for every launch. There is a kernel for
// each method of tensor.Backend, plain ones of matrix product and convolution
// included, which check cuBLAS and cuDNN and stand in for them.
//
// # How a kernel is launched
//
// Set has a method for each operation. It takes device pointers and sizes,
// chooses grid and block, and hands each launch to a Device: the driver layer,
// or, in the tests, the PTX interpreter of package cuda/internal/ptxvm. Nothing
// else needs to know a kernel's name, parameters or geometry; they are in the
// generated table.go (Kernels), parameters as they are in PTX:
//
//	p  a pointer to device memory, 8 bytes; 0 is nil
//	i  an int32, 4 bytes
//	f  a float32, 4 bytes
//
// No kernel takes dynamic shared memory. A block is one- or two-dimensional; its
// number of threads is fixed, and stated to the driver by .maxntid.
//
//   - element-wise kernels (FOR_ALL in the source): 256 threads, any number of
//     blocks (a grid-stride loop)
//   - row-wise kernels: 256 threads, 8 rows a block, a warp for each
//   - column sums: (32, 8) threads, 32 columns a block, any number of parts in y,
//     each of which writes a result of its own
//   - one block of 256 threads for each result (channels, groups, weights)
//   - attention: 64 or 128 threads, see attention.cu
//
// # What holds for all of them
//
// Tensors are float32 and have fewer than 2^31 elements; offsets in memory are 64 bits wide.
//
// Results are deterministic: no atomics, and partial sums are added in an order
// that depends on the sizes alone. Only exactly rounded operations are used, so
// the interpreter's bits, the host build's and a GPU's are the same.
//
// A destination may be one of the sources in element-wise and row-wise methods,
// never in the others. Where a method takes acc, it adds to the destination;
// gradients of parameters always add. Two-stage reductions take their partial
// sums' memory from Device.Scratch.
//
// Learning rate, step counts and stream keys are read from device memory (Hyper,
// Stream), and gradients are shortened by what NoteStep left there, so that a captured graph can be replayed with new ones.
//
// # Reading the source
//
// Start with device.cuh (the dialect) and elementwise.cu, then rownorm.cu (a warp
// a row), reduce.cu (two-stage sums), attention.cu. Each kernel's comment is its
// formula. The same files compile as C++ (-DKERNELS_ON_HOST, host/fiber.h), one
// fiber per thread, for the tests' stand-in of the driver.
//
// go generate needs clang-19. It writes kernels.ptx, table.go and
// host/registry.h; the tests fail if they are stale.
//
// Read next: package cuda/internal/ptxvm, which runs the PTX.
package kernels

//go:generate go run ./generate
