// Package cuda computes on an NVIDIA GPU: it implements tensor.Backend. The
// libraries are opened when the program runs, so it builds and starts without
// them; see Open.
//
// # How it computes
//
// A method gathers commands: launches of the kernels of package kernels, matrix
// products of cuBLAS and convolutions of cuDNN (or of kernels, where these are
// missing), and copies. They are handed to the device's one stream in lists, and
// lists that repeat are replayed as graphs. The host waits for the device only
// when a tensor is read, and at the end of a step for the step before (NextStep).
//
// Tensors from Get, and those moved by Place, lie in device memory. A tensor in
// memory of Go may be given to any method as well: it is copied first, by way of
// pinned memory, and a destination is copied back. Batches come that way.
//
// Every result depends on its operands alone and not on timing: two runs give the
// same bits on one kind of device.
//
// docs/gpu.md says what was verified, and how, and what was not.
//
// Read next: package diffclip/cuda/kernels.
package cuda

import (
	"fmt"
	"time"

	"diffclip/cuda/internal/driver"
	"diffclip/cuda/kernels"
	"diffclip/tensor"
)

// Precision is the arithmetic of matrix products and of convolutions by cuDNN, which
// round no further than TF32. All else is float32.
type Precision string

// The precisions. Sums are float32 in each.
const (
	F32  Precision = "f32"  // float32, as on a processor
	TF32 Precision = "tf32" // factors rounded to 10 bits, on tensor cores
	BF16 Precision = "bf16" // factors rounded to 7 bits, on tensor cores
)

// Precisions lists all, the most exact first.
var Precisions = []Precision{F32, TF32, BF16}

// Options of a backend.
type Options struct {
	Device    int       // number of the device, from 0
	Precision Precision // "" for TF32
	NoGraphs  bool      // hand over every list as it is
	NoCuDNN   bool      // compute convolutions by plain kernels, even where cuDNN is there
	// Strict gives every tensor memory of its own and of its exact size, filled
	// with NaN, and takes it from the device at the next wait after Put: slow, and
	// what a tool that looks for stray accesses needs.
	Strict bool
	// Note, if set, is told what a user may want to know, as that a scene does not
	// fit the device.
	Note func(text string)
}

// Backend computes on one device. It is used by one goroutine at a time.
type Backend struct {
	dev          driver.Device
	info         driver.Info
	precision    Precision
	compute      driver.Compute
	functions    []driver.Function // by Kernel.ID
	k            *kernels.Set
	pool         pool
	rooms        [driver.Marks]hostRoom
	turn         int // which of rooms is in use: stage and args are its
	stage        *staging
	args         *arguments
	scratch      *block
	scratchSize  int              // elements
	list         []driver.Command // the first one is the arguments' copy
	listEnd      int              // length at which it is handed over
	graphs       graphs
	noGraphs     bool
	convolutions convolutions
	waited       time.Duration // for the device
	profile      *profile      // while commands are timed
	scenes       scenes
	onNote       func(string)

	rows  []float32 // room for gathered rows
	lists kernels.RowLists

	temporary []*block    // copies of host operands of the operation in progress
	returned  []writeBack // host destinations to copy back when it ends
}

var (
	_      tensor.Backend = (*Backend)(nil)
	_      kernels.Device = (*Backend)(nil)
	checks tensor.Checks
)

// Open returns a backend on a device. An error that is ErrUnavailable means that
// this machine has none to use.
func Open(o Options) (*Backend, error) {
	if o.Precision == "" {
		o.Precision = TF32
	}
	compute, ok := map[Precision]driver.Compute{F32: driver.Float32, TF32: driver.TF32, BF16: driver.BFloat16}[o.Precision]
	if !ok {
		return nil, fmt.Errorf("cuda: precision %q: want one of %v", o.Precision, Precisions)
	}
	dev, err := driver.Open(o.Device)
	if err != nil {
		return nil, err
	}
	b := newBackend(dev, o, compute)
	if err := b.load(); err != nil {
		dev.Close()
		return nil, err
	}
	return b, nil
}

// newBackend returns a backend whose kernels are not loaded yet.
func newBackend(dev driver.Device, o Options, compute driver.Compute) *Backend {
	b := &Backend{dev: dev, info: dev.Info(), precision: o.Precision, compute: compute, noGraphs: o.NoGraphs, onNote: o.Note}
	b.pool.strict = o.Strict
	for i := range b.rooms {
		b.rooms[i].stage.most = mostStaging
	}
	b.stage, b.args = &b.rooms[0].stage, &b.rooms[0].args
	b.graphs.seen = map[uint64]*seenList{}
	b.convolutions = convolutions{plans: map[convolutionKey]*driver.Plan{}, own: o.NoCuDNN}
	b.k = kernels.NewSet(b)
	return b
}

// load makes the kernels ready.
func (b *Backend) load() error {
	if err := b.dev.Load(append([]byte(kernels.PTX), 0)); err != nil {
		return err
	}
	b.functions = make([]driver.Function, len(kernels.Kernels))
	for i, k := range kernels.Kernels {
		var err error
		if b.functions[i], err = b.dev.Function(k.Name); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the device back. Tensors that lie on it cannot be used any more.
func (b *Backend) Close() { b.dev.Close() }

// Name returns "cuda/" and the precision.
func (b *Backend) Name() string { return "cuda/" + string(b.precision) }

// Describe says in a line what computes.
func (b *Backend) Describe() string {
	blas := "without cuBLAS, by a plain kernel"
	if v := b.info.Blas; v > 0 {
		blas = fmt.Sprintf("by cuBLAS %d.%d", v/10000, v/100%100)
	}
	_, total := b.dev.Memory()
	return fmt.Sprintf("%s, compute capability %d.%d, %d multiprocessors, %s; driver for CUDA %s; products in %s %s, %s",
		b.info.Name, b.info.Major, b.info.Minor, b.info.Multiprocessors, size(total), driver.Version(b.info.Driver), b.precision, blas, b.describeConvolutions())
}

// Libraries returns the paths of the libraries in use.
func (b *Backend) Libraries() []string { return b.info.Libraries }

// Lanes is one: the device's threads share all work.
func (b *Backend) Lanes() int { return 1 }

// Lane returns the backend itself.
func (b *Backend) Lane(int) tensor.Backend { return b }

// Grain is the whole batch: a device is fast on large operations.
func (b *Backend) Grain(_, batch int) int { return max(batch, 1) }

// Ahead is how many steps of training the device makes between two waits. A step
// that takes no longer than ten milliseconds is then seen within a sixth of a second.
func (b *Backend) Ahead() int { return 16 }

// ForLanes runs the lanes one after another.
func (b *Backend) ForLanes(n int, run func(lane int, scratch tensor.Backend)) {
	for lane := range n {
		run(lane, b)
	}
}

// MemoryInUse returns the bytes taken from the device.
func (b *Backend) MemoryInUse() int { return b.pool.bytes }

// Replayed returns how many lists of commands were replayed as graphs.
func (b *Backend) Replayed() int { return b.graphs.replayed }

// Scratch returns memory for partial sums; it is for package kernels. The stream
// runs everything in order, so the same memory serves every operation.
func (b *Backend) Scratch(n int) kernels.Ptr {
	if b.scratch == nil || b.scratchSize < n {
		if b.scratch != nil {
			b.pool.give(b.scratch)
		}
		b.scratch, b.scratchSize = b.take(n), n
	}
	return b.scratch.at
}
