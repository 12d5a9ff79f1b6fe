package kernels

import (
	"fmt"
	"math"

	"diffclip/tensor"
)

// blockThreads is BLOCK in device.cuh.
const blockThreads = 256

// maxBlocks bounds an element-wise kernel's grid: enough to fill any card.
const maxBlocks = 1 << 13

// wide is WIDE in device.cuh.
const wide = 128

// wideBlocks bounds the grid of a kernel whose warps take several rows each and
// leave a partial sum a block: a few blocks for each multiprocessor of a large card.
const wideBlocks = 528

// aligned reports whether four elements can be read at once from each address.
func aligned(operands ...Ptr) bool {
	for _, p := range operands {
		if p%16 != 0 {
			return false
		}
	}
	return true
}

var (
	flatBlock   = Dim{blockThreads, 1, 1}
	columnBlock = Dim{32, blockThreads / 32, 1}
)

// flat is the grid of an element-wise kernel over n elements.
func flat(n int) Dim {
	requireIndex(n)
	return Dim{uint32(min(ceil(n, blockThreads), maxBlocks)), 1, 1}
}

// fours is the grid of an element-wise kernel whose threads take four elements at a
// time where they can.
func fours(n int) Dim {
	requireIndex(n)
	return flat(ceil(n, 4))
}

// rowGrid is the grid of a kernel with a warp for each row.
func rowGrid(rows int) Dim { return Dim{uint32(ceil(rows, blockThreads/32)), 1, 1} }

// each is a grid of n blocks.
func each(n int) Dim { return Dim{uint32(n), 1, 1} }

// parts is into how many parts a sum over rows is cut; it depends on the sizes
// alone. A part's thread adds up at least 16 rows.
func parts(rows, cols int) int {
	wanted := max(1, 512/ceil(cols, 32))
	return max(1, min(wanted, rows/(16*8)))
}

// requireIndex panics for a size that the kernels' 32-bit indices do not reach.
func requireIndex(n int) {
	if n > math.MaxInt32 {
		panic(&tensor.ShapeError{Op: "kernel launch", Reason: fmt.Sprintf("%d elements, a tensor on a GPU has fewer than 2^31: use a smaller batch", n)})
	}
}

func ceil(n, d int) int { return (n + d - 1) / d }

// The letters of a kernel's parameters.
func i32(v int) uint64 {
	requireIndex(v)
	return uint64(uint32(int32(v)))
}
func f32(v float32) uint64 { return uint64(math.Float32bits(v)) }
func ptr(p Ptr) uint64     { return uint64(p) }
func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
