package cuda

import (
	"errors"
	"fmt"

	"diffclip/cuda/internal/driver"
	"diffclip/tensor"
)

// ErrUnavailable is what Open's error wraps where this machine has no device to
// use, or this program was built without; its text says why.
var ErrUnavailable = driver.ErrUnavailable

// MemoryError means that the device has no memory left.
type MemoryError struct {
	Device                   string
	Asked, Free, Total, Used int // bytes; Used are this program's
	// Err is the failure of a call that asked for memory by itself, as for a graph;
	// Asked is not known then.
	Err error
}

// Error says what was asked, what there is, and what helps.
func (e *MemoryError) Error() string {
	what := size(e.Asked) + " were asked for"
	if e.Err != nil {
		what = e.Err.Error()
	}
	return fmt.Sprintf("%s is out of memory: %s, %s of %s are free, and %s are used already; a smaller batch needs less, and -device cpu computes in the computer's memory",
		e.Device, what, size(e.Free), size(e.Total), size(e.Used))
}

// Unwrap returns the driver's error, if a call failed by itself.
func (e *MemoryError) Unwrap() error { return e.Err }

// size prints bytes.
func size(n int) string {
	switch {
	case n>>30 >= 10:
		return fmt.Sprintf("%d GiB", n>>30)
	case n>>20 >= 10:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

// SizeError means that a tensor is larger than the kernels can index.
type SizeError struct{ Elements int }

// Error says so.
func (e *SizeError) Error() string {
	return fmt.Sprintf("a tensor of %d elements: a device takes fewer than %d; use a smaller batch", e.Elements, int64(1)<<31)
}

// LostError means that the device failed in the middle of its work. Nothing it
// held can be read any more.
type LostError struct {
	Device string
	Err    error
}

// Error says what failed.
func (e *LostError) Error() string { return fmt.Sprintf("%s failed: %v", e.Device, e.Err) }

// Unwrap returns the driver's error.
func (e *LostError) Unwrap() error { return e.Err }

// fail ends the computation; see tensor.DeviceError.
func fail(err error) {
	_, full := err.(*MemoryError)
	panic(&tensor.DeviceError{Err: err, NoMemory: full})
}

// try fails for an error of the driver.
func (b *Backend) try(err error) {
	if err == nil {
		return
	}
	if isOutOfMemory(err) {
		free, total := b.dev.Memory()
		fail(&MemoryError{Device: b.info.Name, Free: free, Total: total, Used: b.pool.bytes, Err: err})
	}
	fail(&LostError{b.info.Name, err})
}

func isOutOfMemory(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.OutOfMemory()
}
