package hdf5

import (
	"errors"
	"fmt"
	"math"

	"diffclip/internal/numeric"
)

// Class is the kind of a dataset's elements.
type Class uint8

// The classes that are read; anything else is refused by name.
const (
	Numeric   Class = iota // integers, floats, and enums as their integers
	String                 // of fixed length
	VarString              // of variable length: each lies in a global heap
	Reference              // to an object of the same file
)

// ErrUnsupported is the kind (errors.Is) of the errors about element types that
// HDF5 has and this package does not read, as opposed to damage.
var ErrUnsupported = errors.New("unsupported element type")

type unsupported string

func (e unsupported) Error() string        { return string(e) }
func (e unsupported) Is(target error) bool { return target == ErrUnsupported }

// Datatype describes the elements of a dataset or an attribute.
type Datatype struct {
	Class  Class
	Format numeric.Format // class Numeric
	Size   int            // stored bytes of an element
}

var classNames = [...]string{"integers", "floats", "times", "strings", "bit fields", "opaque bytes", "compound values (such as complex numbers)", "references", "enums", "variable-length values", "arrays"}

// parseDatatype reads a datatype message from c.
func parseDatatype(c *cursor, depth int) (t Datatype, err error) {
	head, flags, size := c.u8(), c.uint(3), c.u32()
	if c.short {
		return t, fmt.Errorf("datatype: %w", errShort)
	}
	if size == 0 || size > math.MaxInt32 {
		return t, fmt.Errorf("datatype of %d bytes an element", size)
	}
	t.Size = int(size)
	switch class := head & 15; class {
	case 0:
		offset, precision := c.u16(), c.u16()
		kinds := map[uint32][2]numeric.Type{1: {numeric.Uint8, numeric.Int8}, 2: {numeric.Uint16, numeric.Int16}, 4: {numeric.Uint32, numeric.Int32}, 8: {numeric.Uint64, numeric.Int64}}
		t.Format = numeric.Format{Type: kinds[size][flags>>3&1], BigEndian: flags&1 != 0}
		if c.short || !t.Format.Type.Valid() || offset != 0 || precision != 8*int(size) {
			return t, fmt.Errorf("integers of %d bytes with %d bits at bit %d: want whole integers of 1, 2, 4 or 8 bytes", size, precision, offset)
		}
	case 1:
		offset, precision := c.u16(), c.u16()
		exponent, bits := c.u16(), c.u16() // location and size in one number
		layout := map[uint32][2]int{2: {5<<8 | 10, 10 << 8}, 4: {8<<8 | 23, 23 << 8}, 8: {11<<8 | 52, 52 << 8}}
		if want, ok := layout[size]; c.short || !ok || exponent != want[0] || bits != want[1] || offset != 0 || precision != 8*int(size) || flags&0x40 != 0 {
			return t, fmt.Errorf("floats of %d bytes that are not IEEE 754 half, single or double", size)
		}
		c.skip(4)
		t.Format = numeric.Format{Type: numeric.Float32, BigEndian: flags&1 != 0, Half: size == 2}
		if size == 8 {
			t.Format.Type = numeric.Float64
		}
	case 3:
		t.Class = String
	case 7:
		if t.Class = Reference; flags&15 != 0 || size != 8 {
			return t, fmt.Errorf("references of kind %d and %d bytes: only object references are read", flags&15, size)
		}
	case 8:
		if depth > 0 {
			return t, fmt.Errorf("an enum of enums")
		}
		base, err := parseDatatype(c, depth+1)
		if err != nil || base.Class != Numeric || base.Size != int(size) {
			return t, fmt.Errorf("an enum that is not of integers: %v", err)
		}
		t = base
	case 9:
		if depth > 0 {
			return t, fmt.Errorf("variable-length values of variable length")
		}
		base, err := parseDatatype(c, depth+1)
		isChars := flags&15 == 1 || base.Class == String && base.Size == 1 // h5py; MATLAB
		if err != nil || !isChars || size != 16 {
			return t, unsupported("holds variable-length values that are not text, which are not read")
		}
		t.Class = VarString
	default:
		name := "an unknown class"
		if int(class) < len(classNames) {
			name = classNames[class]
		}
		return t, unsupported("holds " + name + ", which are not read")
	}
	return t, nil
}

// dataspace is the shape of a dataset or an attribute.
type dataspace struct {
	shape []int
	limit []uint64 // the largest shape; undefined for an unlimited dimension
	null  bool     // holds nothing at all
}

// maxRank is HDF5's own limit.
const maxRank = 32

func parseDataspace(body []byte) (s dataspace, err error) {
	c := cursor{b: body}
	version, rank, flags, kind := c.u8(), int(c.u8()), c.u8(), c.u8()
	switch version {
	case 1:
		c.skip(4)
	case 2:
		s.null = kind == 2
	default:
		return s, fmt.Errorf("dataspace version %d, want 1 or 2", version)
	}
	if rank > maxRank {
		return s, fmt.Errorf("%d dimensions, more than %d", rank, maxRank)
	}
	s.shape, s.limit = make([]int, rank), make([]uint64, rank)
	for i := range s.shape {
		n := c.u64()
		if n > math.MaxInt64 {
			return s, fmt.Errorf("dimension %d of %d elements", i, n)
		}
		s.shape[i], s.limit[i] = int(n), n
	}
	if flags&1 != 0 {
		for i := range s.limit {
			s.limit[i] = c.u64()
		}
	}
	if c.short {
		return s, fmt.Errorf("dataspace: %w", errShort)
	}
	_, err = numeric.Count(s.shape)
	return s, err
}
