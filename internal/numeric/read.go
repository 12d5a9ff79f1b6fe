package numeric

import (
	"fmt"
	"io"
)

// Order says which subscript runs fastest in a file.
type Order uint8

// The two orders of dense arrays.
const (
	RowMajor    Order = iota // C: the last subscript runs fastest
	ColumnMajor              // Fortran and MATLAB: the first subscript runs fastest
)

// SlabBytes bounds the extra memory of Read: beside the array itself it holds at
// most this many bytes of decoded elements (and, until collected, as many again
// from growing to that size) and one block of 64 KiB of stored ones.
const SlabBytes = 32 << 20

// blockBytes is how many stored bytes are decoded at a time.
const blockBytes = 64 << 10

// Read reads an array of the given shape, stored densely in the given order and
// format, and returns it row-major with elements of type t.
//
// The caller has checked that the source may hold that much. The array itself is
// allocated only after the first SlabBytes of it (or all) have arrived, so a
// short source costs no more than what it holds. Errors: a shape whose size
// does not fit an int, a source that ends early (io.ErrUnexpectedEOF), a value
// that t cannot hold.
func Read(r io.Reader, f Format, t Type, shape []int, order Order) (*Array, error) {
	n, err := Count(shape)
	if err != nil {
		return nil, err
	}
	if !t.Valid() || !f.Type.Valid() {
		return nil, fmt.Errorf("unknown element type: %v stored as %v", t, f.Type)
	}
	a := &Array{Shape: append([]int(nil), shape...), Type: t}
	switch t {
	case Int8:
		a.Data, err = read[int8](r, f, shape, n, order)
	case Uint8:
		a.Data, err = read[uint8](r, f, shape, n, order)
	case Int16:
		a.Data, err = read[int16](r, f, shape, n, order)
	case Uint16:
		a.Data, err = read[uint16](r, f, shape, n, order)
	case Int32:
		a.Data, err = read[int32](r, f, shape, n, order)
	case Uint32:
		a.Data, err = read[uint32](r, f, shape, n, order)
	case Int64:
		a.Data, err = read[int64](r, f, shape, n, order)
	case Uint64:
		a.Data, err = read[uint64](r, f, shape, n, order)
	case Float32:
		a.Data, err = read[float32](r, f, shape, n, order)
	case Float64:
		a.Data, err = read[float64](r, f, shape, n, order)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

func read[T Number](r io.Reader, f Format, shape []int, n int, order Order) ([]T, error) {
	d := decoder[T]{r: r, f: f, raw: make([]byte, min(blockBytes/f.Size(), n)*f.Size())}
	slab := max(1, SlabBytes/sizeOf[T]())
	if order == RowMajor || len(shape) < 2 {
		head, err := d.next(nil, min(n, slab))
		if err != nil || len(head) == n {
			return head, err
		}
		out := make([]T, len(head), n)
		copy(out, head)
		return d.next(out, n-len(head))
	}
	return readColumns(&d, shape, n, slab)
}

// readColumns reads a column-major array slab by slab. A slab holds whole planes
// of the slowest (last) subscript, or part of one where a plane is larger.
func readColumns[T Number](d *decoder[T], shape []int, n, slab int) (dst []T, err error) {
	slow := shape[len(shape)-1]
	if n == 0 {
		return []T{}, nil
	}
	plane := n / slow
	ext, strides := reversed(shape)
	var buf []T
	for done := 0; done < n; done += len(buf) {
		count := min(n-done, max(1, slab/plane)*plane)
		if plane > slab {
			count = min(slab, plane-done%plane)
		}
		if buf, err = d.next(buf[:0], count); err != nil {
			return nil, err
		}
		if dst == nil {
			dst = make([]T, n)
		}
		if plane > slab {
			scatterRun(dst, ext, strides, done, buf)
			continue
		}
		ext[0] = count / plane
		scatter(dst[done/plane*strides[0]:], strides, buf, ext, ext)
	}
	return dst, nil
}

// reversed returns shape backwards, which is the row-major shape of a
// column-major stream, and the stride in the row-major array of each of its
// subscripts.
func reversed(shape []int) (ext, strides []int) {
	stride := 1
	for i := len(shape) - 1; i >= 0; i-- {
		ext = append(ext, shape[i])
		strides = append(strides, stride)
		stride *= shape[i]
	}
	return ext, strides
}

// decoder reads stored elements and converts them to T.
type decoder[T Number] struct {
	r   io.Reader
	f   Format
	raw []byte
}

// next appends count elements to dst, growing it only as they arrive.
func (d *decoder[T]) next(dst []T, count int) ([]T, error) {
	size := d.f.Size()
	for count > 0 {
		k := min(count, len(d.raw)/size)
		b := d.raw[:k*size]
		if _, err := io.ReadFull(d.r, b); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		have := len(dst)
		if cap(dst)-have < k {
			dst = append(make([]T, 0, min(have+count, max(2*have, k))), dst...)
		}
		dst = dst[:have+k]
		if err := decode(dst[have:], b, d.f); err != nil {
			return nil, err
		}
		count -= k
	}
	return dst, nil
}
