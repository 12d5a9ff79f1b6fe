package tensor

import "fmt"

// Tensor is a dense float32 array of Len() elements, row-major. Its elements are
// Data where they lie in memory of Go. Where a device holds them Data is nil, and
// Read, Write and Host, which wait for the device, are the way to them.
type Tensor struct {
	Shape
	Data []float32

	buffer Buffer // nil for memory of Go
	offset int    // of the first element in buffer
}

// Buffer is memory of a device, which Go cannot address. What its methods do is
// ordered with the device's other work: Read sees what was computed before it.
type Buffer interface {
	// Read copies elements from offset on to dst and waits for them.
	Read(dst []float32, offset int)
	// Write copies src to the elements from offset on; src may be changed afterwards.
	Write(offset int, src []float32)
	// Zero clears n elements from offset on.
	Zero(offset, n int)
}

// New returns a zeroed tensor on the Go heap. Steady-state code takes its
// tensors from a Backend instead.
func New(dims ...int) *Tensor {
	s := Of(dims...)
	return &Tensor{Shape: s, Data: make([]float32, s.Len())}
}

// FromSlice returns a tensor over data, without a copy. It panics unless data
// has as many elements as the shape.
func FromSlice(data []float32, dims ...int) *Tensor {
	s := Of(dims...)
	if s.Len() != len(data) {
		panic(&ShapeError{Op: "FromSlice", Shapes: []Shape{s}, Reason: fmt.Sprintf("%d values given", len(data))})
	}
	return &Tensor{Shape: s, Data: data}
}

// OnBuffer returns a tensor over elements of a device's memory from offset on.
// It is for implementations of Backend.
func OnBuffer(b Buffer, offset int, s Shape) Tensor {
	return Tensor{Shape: s, buffer: b, offset: offset}
}

// Buffer returns the device memory that holds the tensor and where in it the
// tensor begins; nil for memory of Go.
func (t *Tensor) Buffer() (b Buffer, offset int) { return t.buffer, t.offset }

// View returns a tensor over the same memory with another shape of equal length.
func (t *Tensor) View(dims ...int) *Tensor {
	v := t.Slice(0, Of(dims...))
	if v.Len() != t.Len() {
		panic(&ShapeError{Op: "View", Shapes: []Shape{t.Shape, v.Shape}})
	}
	return &v
}

// Slice returns the elements from the given one on as a tensor of shape s over
// the same memory. It is a value, so that taking a part allocates nothing.
func (t *Tensor) Slice(from int, s Shape) Tensor {
	n := s.Len()
	if from < 0 || from+n > t.Len() {
		panic(&ShapeError{Op: "Slice", Shapes: []Shape{t.Shape, s}, Reason: fmt.Sprintf("no %d elements from %d on", n, from)})
	}
	if t.buffer != nil {
		return Tensor{Shape: s, buffer: t.buffer, offset: t.offset + from}
	}
	return Tensor{Shape: s, Data: t.Data[from : from+n : from+n]}
}

// RowRange returns the part [from, to) of the first dimension over the same memory.
func (t *Tensor) RowRange(from, to int) Tensor {
	if t.Rank() < 1 || from < 0 || to < from || to > t.Dim(0) {
		panic(&ShapeError{Op: "RowRange", Shapes: []Shape{t.Shape}, Reason: fmt.Sprintf("no rows %d to %d", from, to)})
	}
	n := t.Len() / max(t.Dim(0), 1)
	return t.Slice(from*n, t.Shape.WithDim(0, to-from))
}

// Read copies the elements to dst, which holds Len() of them.
func (t *Tensor) Read(dst []float32) {
	t.sameLength("Read", len(dst))
	if t.buffer == nil {
		copy(dst, t.Data)
	} else if len(dst) > 0 {
		t.buffer.Read(dst, t.offset)
	}
}

// Write sets the elements to those of src, Len() of them.
func (t *Tensor) Write(src []float32) {
	t.sameLength("Write", len(src))
	if t.buffer == nil {
		copy(t.Data, src)
	} else if len(src) > 0 {
		t.buffer.Write(t.offset, src)
	}
}

func (t *Tensor) sameLength(op string, n int) {
	if n != t.Len() {
		panic(&ShapeError{Op: op, Shapes: []Shape{t.Shape}, Reason: fmt.Sprintf("%d values given", n)})
	}
}

// Zero clears the elements.
func (t *Tensor) Zero() {
	if t.buffer == nil {
		clear(t.Data)
	} else if n := t.Len(); n > 0 {
		t.buffer.Zero(t.offset, n)
	}
}

// Host returns the elements for reading: Data, or a copy of what a device holds.
func (t *Tensor) Host() []float32 {
	if t.buffer == nil {
		return t.Data
	}
	out := make([]float32, t.Len())
	t.Read(out)
	return out
}

// Clone returns a copy on the Go heap.
func (t *Tensor) Clone() *Tensor {
	c := &Tensor{Shape: t.Shape, Data: make([]float32, t.Len())}
	t.Read(c.Data)
	return c
}

// Item returns the only element of a one-element tensor.
func (t *Tensor) Item() float32 {
	if t.Len() != 1 {
		panic(&ShapeError{Op: "Item", Shapes: []Shape{t.Shape}, Reason: "want one element"})
	}
	if t.buffer == nil {
		return t.Data[0]
	}
	var v [1]float32
	t.buffer.Read(v[:], t.offset)
	return v[0]
}

// DeviceError is what a Backend panics with when its device fails: no memory is
// left, or the device is lost. The training loop and the command line turn it
// into an ordinary error.
type DeviceError struct {
	Err error
	// NoMemory says that the device is well and has no memory left.
	NoMemory bool
}

// Error says what failed.
func (e *DeviceError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *DeviceError) Unwrap() error { return e.Err }

// CatchDevice is deferred by functions that compute and return an error: it
// sets *err where a device failed.
func CatchDevice(err *error) {
	switch e := recover().(type) {
	case nil:
	case *DeviceError:
		*err = e
	default:
		panic(e)
	}
}
