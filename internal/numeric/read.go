package numeric

import (
	"fmt"
	"io"
	"slices"
)

// Order says which subscript runs fastest in a file.
type Order uint8

// The two orders of dense arrays.
const (
	RowMajor    Order = iota // C: the last subscript runs fastest
	ColumnMajor              // Fortran and MATLAB: the first subscript runs fastest
)

// DeflateRatio is the most bytes that one byte of a deflate stream can become: 258 bytes
// are coded in 2 bits at best.
const DeflateRatio = 1032

// SlabBytes bounds the extra memory of Read: beside the array itself it holds at
// most this many bytes of stored and decoded elements and, until collected, as
// many again from growing to that size.
const SlabBytes = 32 << 20

// blockBytes is how many stored bytes are asked of a source before any arrived.
const blockBytes = 64 << 10

// Read reads an array that is stored densely in the given order.
//
// The caller has checked that the source may hold that much. The array itself is
// allocated only after the first slab of it (or all) has arrived, so a short
// source costs no more than what it holds. Errors: a shape whose size
// does not fit an int, a source that ends early (io.ErrUnexpectedEOF), a value
// that the element type cannot hold.
func Read(r io.Reader, to Placement, order Order) (*Array, error) {
	return read(r, to, order, SlabBytes)
}

// read takes the array slab by slab: runs of the stream of at most slabBytes,
// stored and decoded, that are blocks of the array.
func read(r io.Reader, to Placement, order Order, slabBytes int) (*Array, error) {
	n, err := Count(to.Shape)
	if err != nil {
		return nil, err
	}
	if !to.Type.Valid() || !to.Format.Type.Valid() {
		return nil, fmt.Errorf("unknown element type: %v stored as %v", to.Type, to.Format.Type)
	}
	if n == 0 {
		return New(to.Type, to.Shape), nil
	}
	ext := slices.Clone(to.Shape) // in the order of the file, slowest first
	if order == ColumnMajor {
		slices.Reverse(ext)
	}
	size := to.Format.Size()
	slab := slabShape(ext, max(1, slabBytes/(size+to.Type.Size())))
	origin, block := make([]int, len(ext)), make([]int, len(ext))
	var p *Placer
	var b []byte
	for done := 0; done < n; {
		count := 1
		for i := range block {
			block[i] = min(slab[i], ext[i]-origin[i])
			count *= block[i]
		}
		if b, err = arrive(r, b, count*size); err != nil {
			return nil, err
		}
		if p == nil {
			if p, err = NewPlacer(to); err != nil {
				return nil, err
			}
		}
		if err := p.Place(b, origin, block, order == ColumnMajor); err != nil {
			return nil, err
		}
		for i := len(ext) - 1; i >= 0; i-- {
			if origin[i] += block[i]; origin[i] < ext[i] {
				break
			}
			origin[i] = 0
		}
		done += count
	}
	return p.Array, nil
}

// slabShape returns the shape of the largest block of at most limit elements of
// a row-major array that lies in one piece: its fast subscripts whole, one in
// part, the slow ones single.
func slabShape(ext []int, limit int) []int {
	slab := make([]int, len(ext))
	for i := len(ext) - 1; i >= 0; i-- {
		slab[i] = min(ext[i], max(1, limit))
		limit /= ext[i]
	}
	return slab
}

// arrive reads n bytes, in b's memory where there is enough of it, else in
// memory that grows only as they arrive.
func arrive(r io.Reader, b []byte, n int) ([]byte, error) {
	b = b[:0]
	for len(b) < n {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, min(n, max(2*len(b), blockBytes))), b...)
		}
		have := len(b)
		b = b[:min(n, cap(b))]
		if _, err := io.ReadFull(r, b[have:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return b, nil
}
