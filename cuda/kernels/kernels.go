package kernels

import _ "embed"

// PTX is the module to load; it holds every kernel of Kernels.
//
//go:embed kernels.ptx
var PTX string

// Kernel describes one entry of the module.
type Kernel struct {
	ID     int    // its place in Kernels
	Name   string // its entry in the PTX
	Params string // a letter for each parameter: p pointer, i int32, f float32
	Max    int    // the number of threads of a block
}

// Dim is a size in blocks or threads.
type Dim struct{ X, Y, Z uint32 }

// Ptr is an address in device memory; 0 is nil.
type Ptr uint64

// At returns the address of float32 or int32 element i.
func (p Ptr) At(i int) Ptr { return p + Ptr(4*i) }

// Device runs kernels in the order they are launched.
type Device interface {
	// Launch starts k on a grid of blocks. args has a word for each parameter, in
	// its lower bytes; it may be reused when Launch returns. Errors are the
	// device's to keep: the methods of Set return none.
	Launch(k *Kernel, grid, block Dim, args []uint64)
	// Scratch returns the address of memory for n float32, which lasts until the next
	// method of Set: in the order of launches, the same memory may serve every time.
	Scratch(n int) Ptr
}

// Set launches kernels on a device. It is used by one goroutine at a time and
// allocates nothing. A method with nothing to do launches nothing.
type Set struct {
	dev  Device
	args [32]uint64
}

// NewSet returns the kernels of a device.
func NewSet(dev Device) *Set { return &Set{dev: dev} }

// launch copies the arguments, so that the variadic slice stays on the stack.
func (s *Set) launch(k *Kernel, grid, block Dim, args ...uint64) {
	if grid.X == 0 || grid.Y == 0 || grid.Z == 0 {
		return
	}
	s.dev.Launch(k, grid, block, s.args[:copy(s.args[:], args)])
}
