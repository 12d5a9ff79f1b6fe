package driver

import (
	"math"
	"slices"
)

// MaxArgs is how many parameters a kernel may have.
const MaxArgs = 24

// Command is one piece of work for the stream. It has the layout of command in
// api.h: plain words, so that lists of them can be handed to C, and compared.
type Command struct {
	kind, nargs uint32
	grid, block [3]uint32
	function    Function
	arg         [MaxArgs]uint64
}

// Kinds of commands, as in api.h.
const (
	kindLaunch = 1 + iota
	kindProduct
	kindUpload
	kindDownload
	kindSet
	kindConvolve
)

// Dim is the size of a grid or of a block; zero stands for one.
type Dim struct{ X, Y, Z uint32 }

func (d Dim) words() [3]uint32 {
	return [3]uint32{max(d.X, 1), max(d.Y, 1), max(d.Z, 1)}
}

// Launch is the launch of a kernel. Each argument is the bits of a parameter.
func Launch(f Function, grid, block Dim, args ...uint64) Command {
	c := Command{kind: kindLaunch, nargs: uint32(len(args)), grid: grid.words(), block: block.words(), function: f}
	if copy(c.arg[:], args) < len(args) {
		panic("driver: a kernel with too many parameters")
	}
	return c
}

// Compute is the arithmetic of a product, by cuBLAS's numbers.
type Compute int

// The arithmetic of products: all read and write float32.
const (
	Float32  Compute = 68 // CUBLAS_COMPUTE_32F
	TF32     Compute = 77 // CUBLAS_COMPUTE_32F_FAST_TF32: factors rounded to 10 bits
	BFloat16 Compute = 75 // CUBLAS_COMPUTE_32F_FAST_16BF: factors rounded to 7 bits
)

// Matrix is a batch of row-major matrices in device memory.
type Matrix struct {
	At     Ptr
	Stride int // elements from row to row
	Next   int // elements from one matrix of the batch to the next
}

// Product is c = alpha·op(a)·op(b) + beta·c, row-major, for op(a) (m, k), op(b)
// (k, n) and every matrix of a batch. cuBLAS counts columns first: it sees each
// matrix transposed, so it is asked for cᵀ = op(b)ᵀ·op(a)ᵀ, and nothing is moved.
func Product(c, a, b Matrix, transA, transB bool, m, n, k, batch int, alpha, beta float32, how Compute) Command {
	flags := uint64(0)
	if transB {
		flags |= 1
	}
	if transA {
		flags |= 2
	}
	p := Command{kind: kindProduct}
	copy(p.arg[:], []uint64{
		flags, uint64(n), uint64(m), uint64(k),
		uint64(b.At), uint64(b.Stride), uint64(b.Next),
		uint64(a.At), uint64(a.Stride), uint64(a.Next),
		uint64(c.At), uint64(c.Stride), uint64(c.Next),
		uint64(math.Float32bits(alpha)), uint64(math.Float32bits(beta)), uint64(batch), uint64(how),
	})
	return p
}

// Upload copies bytes from memory that AllocHost gave to the device.
func Upload(dst, src Ptr, bytes int) Command {
	return Command{kind: kindUpload, arg: [MaxArgs]uint64{uint64(dst), uint64(src), uint64(bytes)}}
}

// Download copies bytes from the device to memory that AllocHost gave.
func Download(dst, src Ptr, bytes int) Command {
	return Command{kind: kindDownload, arg: [MaxArgs]uint64{uint64(dst), uint64(src), uint64(bytes)}}
}

// Set sets n words of 32 bits.
func Set(dst Ptr, word uint32, n int) Command {
	return Command{kind: kindSet, arg: [MaxArgs]uint64{uint64(dst), uint64(word), uint64(n)}}
}

// Hash mixes a list of commands into one number.
func Hash(list []Command) uint64 {
	const prime = 0x9E3779B97F4A7C15
	h := uint64(len(list))
	mix := func(w uint64) { h = (h ^ w) * prime; h ^= h >> 29 }
	for i := range list {
		c := &list[i]
		mix(uint64(c.kind) | uint64(c.nargs)<<32)
		mix(uint64(c.grid[0]) | uint64(c.grid[1])<<32)
		mix(uint64(c.grid[2]) | uint64(c.block[0])<<32)
		mix(uint64(c.block[1]) | uint64(c.block[2])<<32)
		mix(uint64(c.function))
		for _, w := range c.arg {
			mix(w)
		}
	}
	return h
}

// String says what a command does, for messages.
func (c *Command) String() string {
	return [...]string{"?", "launching a kernel", "a matrix product", "an upload", "a download", "setting memory", "a convolution"}[min(c.kind, kindConvolve)]
}

// Work is what a command does, apart from where in memory.
type Work struct {
	Function       Function // of a launch, and its size
	Blocks         int
	M, N, K, Batch int // of a product, or of a convolution seen as one
	TransA, TransB bool
	Pass           Pass // of a convolution
	Copied         Direction
	Bytes          int // of a copy or a setting
}

// Direction is where a copy goes.
type Direction int

// Directions.
const (
	Nowhere Direction = iota
	ToDevice
	ToHost
)

// Work returns what c does.
func (c *Command) Work() Work {
	switch c.kind {
	case kindLaunch:
		return Work{Function: c.function, Blocks: int(c.grid[0]) * int(c.grid[1]) * int(c.grid[2])}
	case kindProduct:
		flags := c.arg[0]
		return Work{M: int(c.arg[2]), N: int(c.arg[1]), K: int(c.arg[3]), Batch: int(c.arg[15]), TransA: flags&2 != 0, TransB: flags&1 != 0}
	case kindConvolve:
		return convolutionWork(c)
	case kindUpload:
		return Work{Copied: ToDevice, Bytes: int(c.arg[2])}
	case kindDownload:
		return Work{Copied: ToHost, Bytes: int(c.arg[2])}
	}
	return Work{Bytes: 4 * int(c.arg[2])}
}

// Equal reports whether two lists are the same, word for word.
func Equal(a, b []Command) bool { return slices.Equal(a, b) }
