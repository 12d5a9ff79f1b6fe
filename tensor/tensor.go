// Package tensor holds dense float32 tensors, the memory they live in, and the
// Backend interface: the list of everything the engine can compute, written
// destination first with each backward kernel beside its forward one.
//
// The CPU backend (NewCPU) is the reference. Tensors are contiguous and
// row-major; there are no strides, so a shape is all there is to know. A tensor
// lies in memory of Go or of a device; see Buffer.
//
// Read next: package autograd, which records calls of a Backend on a tape.
package tensor

import (
	"fmt"
	"strings"
)

// MaxRank is the largest number of dimensions: (N, C, H, W) for convolutions.
const MaxRank = 4

// Shape is the size of each dimension, outermost first. It is a value: copy it
// freely and compare it with ==.
type Shape struct {
	rank int
	dim  [MaxRank]int
}

// Of returns the shape with the given dimensions. It panics for more than
// MaxRank of them or a negative one.
func Of(dims ...int) Shape {
	var s Shape
	if len(dims) > MaxRank {
		panic(fmt.Sprintf("tensor: %d dimensions, at most %d are supported", len(dims), MaxRank))
	}
	for i, d := range dims {
		if d < 0 {
			panic(fmt.Sprintf("tensor: dimension %d is negative: %d", i, d))
		}
		s.dim[i] = d
	}
	s.rank = len(dims)
	return s
}

// Rank returns the number of dimensions; 0 for a scalar.
func (s Shape) Rank() int { return s.rank }

// Dim returns dimension i; negative i counts from the last (-1).
func (s Shape) Dim(i int) int {
	if i < 0 {
		i += s.rank
	}
	if i < 0 || i >= s.rank {
		panic(fmt.Sprintf("tensor: dimension %d of shape %v", i, s))
	}
	return s.dim[i]
}

// Len returns the number of elements: 1 for a scalar.
func (s Shape) Len() int {
	n := 1
	for _, d := range s.dim[:s.rank] {
		n *= d
	}
	return n
}

// Cols returns the last dimension, 1 for a scalar: the row length when a
// tensor is seen as a matrix.
func (s Shape) Cols() int {
	if s.rank == 0 {
		return 1
	}
	return s.dim[s.rank-1]
}

// Rows returns the product of all dimensions but the last.
func (s Shape) Rows() int {
	n := 1
	for i := 0; i < s.rank-1; i++ {
		n *= s.dim[i]
	}
	return n
}

// WithDim returns s with dimension i (negative counts from the last) set to n.
func (s Shape) WithDim(i, n int) Shape {
	if i < 0 {
		i += s.rank
	}
	s.Dim(i)
	s.dim[i] = n
	return s
}

// HasSuffix reports whether the last dimensions of s are those of t, so that a
// tensor of shape t broadcasts over one of shape s.
func (s Shape) HasSuffix(t Shape) bool {
	if t.rank > s.rank {
		return false
	}
	for i := 0; i < t.rank; i++ {
		if s.dim[s.rank-t.rank+i] != t.dim[i] {
			return false
		}
	}
	return true
}

// Dims returns the dimensions as a new slice.
func (s Shape) Dims() []int { return append([]int(nil), s.dim[:s.rank]...) }

// String prints the shape as in (256, 37, 128).
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for i, d := range s.dim[:s.rank] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, d)
	}
	b.WriteByte(')')
	return b.String()
}

// ShapeError is what the engine panics with when shapes do not fit: a mistake
// in the program, never in its input.
type ShapeError struct {
	Op     string  // the operation, as in "Linear"
	Shapes []Shape // every operand's shape, in the order of the call
	Reason string  // what was expected, where the shapes alone do not say it
}

// Error prints the operation, every shape and the reason.
func (e *ShapeError) Error() string {
	parts := make([]string, len(e.Shapes))
	for i, s := range e.Shapes {
		parts[i] = s.String()
	}
	msg := fmt.Sprintf("%s: shapes %s do not fit", e.Op, strings.Join(parts, ", "))
	if e.Reason != "" {
		msg += ": " + e.Reason
	}
	return msg
}

// check panics with a ShapeError unless ok.
func check(ok bool, op, reason string, ts ...*Tensor) {
	if ok {
		return
	}
	e := &ShapeError{Op: op, Reason: reason}
	for _, t := range ts {
		if t != nil {
			e.Shapes = append(e.Shapes, t.Shape)
		}
	}
	panic(e)
}
