// Package driver is the thin layer over NVIDIA's libraries: it opens them when
// the program runs, holds one device with one stream, and hands it lists of
// commands. It needs no CUDA to build; without cgo, on other systems than Linux
// and under the tag nocuda, Open says that there is none.
//
// Read next: package diffclip/cuda, which computes with it.
package driver

import (
	"errors"
	"fmt"
)

// ErrUnavailable means that no device can be used here; the text says why.
var ErrUnavailable = errors.New("no NVIDIA GPU is used")

// unavailable wraps ErrUnavailable with a reason.
func unavailable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnavailable, fmt.Sprintf(format, args...))
}

// Ptr is a device address. It is a number and not a Go pointer: the garbage
// collector ignores it, and it cannot be dereferenced by accident.
type Ptr uint64

// Function is a kernel of a loaded module.
type Function uint64

// Graph is a list of commands made ready to be replayed with one call.
type Graph uint64

// Marks is how many marks a stream has.
const Marks = 2

// Device is one GPU with one stream. Its methods may be called from any
// goroutine, by one at a time: each makes the device's context current on the
// thread that it runs on.
type Device interface {
	Info() Info
	// Load loads a module of kernels from PTX text that ends with a zero byte.
	Load(ptx []byte) error
	// Function finds a kernel of the module by name.
	Function(name string) (Function, error)

	// Memory returns how many bytes are free and how many there are.
	Memory() (free, total int)
	Alloc(bytes int) (Ptr, error)
	Free(Ptr) error
	// AllocHost returns memory of the host that the device can reach by itself,
	// and its address. It is not Go's: it stays until FreeHost.
	AllocHost(bytes int) ([]byte, Ptr, error)
	FreeHost([]byte) error

	// Run queues commands.
	Run([]Command) error
	// Time runs commands, waits for them, and writes to ms, as long as the list,
	// the milliseconds that each took.
	Time(list []Command, ms []float32) error
	// Sync waits until all that was queued is done.
	Sync() error
	// Mark sets one of Marks marks behind all that was queued. Await waits until the
	// device has reached it; of a mark that was never set it does not wait.
	Mark(number int) error
	Await(number int) error
	// Capture makes a graph of commands without running them. What they refer to
	// must stay where it is until Forget.
	Capture([]Command) (Graph, error)
	// Replay queues a graph.
	Replay(Graph) error
	Forget(Graph) error
	// Plan makes cuDNN ready for a convolution, with factors as they are if exact.
	// The plan stays until Close. The first one starts cuDNN.
	Plan(c Convolution, exact bool) (Plan, error)

	Close()
}

// Info describes a device.
type Info struct {
	Name            string
	Driver          int    // the newest CUDA that the driver knows, as 1000·major + 10·minor
	Blas            int    // the version of cuBLAS
	Dnn             int    // the version of cuDNN, 0 for none
	DnnUnfit        string // why a cuDNN that is there is not used
	Major, Minor    int    // compute capability
	Multiprocessors int
	Libraries       []string // paths, as they were opened
}

// Version prints a CUDA version.
func Version(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }

// Codes of the driver that are told apart.
const (
	codeOutOfMemory = 2
	codeNoDevice    = 100
	codeBadDevice   = 101
	codeOldDriver   = 35
	codeOldForImage = 222 // CUDA_ERROR_UNSUPPORTED_PTX_VERSION
	codeStub        = 34
	blasError       = 100000
	dnnError        = 200000
	dnnNotSupported = 3000 // CUDNN_STATUS_NOT_SUPPORTED and its kinds, below 4000
)

// Error is a failed call.
type Error struct {
	Op   string // what was tried
	Code int    // the driver's, or cuBLAS's, or cuDNN's
	Name string // of the code, as CUDA_ERROR_ILLEGAL_ADDRESS
	Blas bool   // cuBLAS failed
	Dnn  bool   // cuDNN failed
	Log  string // what the compiler of PTX had to say
}

// Error prints the operation and the code.
func (e *Error) Error() string {
	lib := "driver"
	switch {
	case e.Blas:
		lib = "cuBLAS"
	case e.Dnn:
		lib = "cuDNN"
	}
	text := fmt.Sprintf("%s: %s error %d", e.Op, lib, e.Code)
	if e.Name != "" {
		text += " (" + e.Name + ")"
	}
	if e.Log != "" {
		text += ": " + e.Log
	}
	return text
}

// OutOfMemory reports whether memory was missing.
func (e *Error) OutOfMemory() bool {
	return e.Code == codeOutOfMemory && !e.Blas && !e.Dnn || e.Blas && e.Code == 3 // CUBLAS_STATUS_ALLOC_FAILED
}

// NotSupported reports whether cuDNN does not compute a thing of this shape.
func (e *Error) NotSupported() bool {
	return e.Dnn && e.Code >= dnnNotSupported && e.Code < dnnNotSupported+1000
}
