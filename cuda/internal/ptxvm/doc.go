// Package ptxvm runs PTX in Go, so that a machine without a GPU executes the
// very file that a driver would compile.
//
// It knows the instructions that clang writes for the kernels of package
// cuda/kernels and computes them as a GPU does, bit for bit: all are exactly
// rounded. What a GPU would not say is an error here, with the kernel, the line
// and the thread:
//
//   - an instruction, register, label or operand size that is not known (Parse)
//   - a register or a word of memory that is read before it was written
//   - an address outside of every allocation, or not a multiple of the access's size
//   - a barrier or shuffle that some threads of the block or warp do not reach
//   - a race: two threads at one word, one of them writing, with no barrier between
//     (the last writer and the last two readers of each word are remembered, so
//     a race among many readers can escape)
//   - a launch with a wrong number of arguments or threads, or that does not end
//
// A thread runs until it meets a barrier or a shuffle, then the next; blocks run
// one after another. Times on a GPU, concurrency between blocks and what a driver's
// compiler rejects are beyond it.
//
// Read in this order: Parse (module.go), decode.go and its table of instructions, launch.go, step.go.
package ptxvm
