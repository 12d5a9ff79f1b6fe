package hdf5

import (
	"fmt"
	"io"
	"math"

	"diffclip/internal/numeric"
)

// dataset is what a dataset's header says.
type dataset struct {
	typ     Datatype
	space   dataspace
	fill    []byte // one element; nil for zeros
	filters []filter
	layout  layout
}

// Storage classes.
const (
	compact    = 0
	contiguous = 1
	chunked    = 2
)

// layout says where a dataset's elements lie.
type layout struct {
	class   byte
	inline  []byte // compact
	addr    uint64 // contiguous data, or the chunk index
	size    uint64 // contiguous
	chunk   []int  // chunked: the chunk's shape
	index   byte   // chunked: kind of chunk index
	partial bool   // chunked: chunks that overhang the edge are not filtered
	params  []byte // chunked: what follows the index type
}

// Shape returns a dataset's dimensions, slowest first.
func (o *Object) Shape() ([]int, error) {
	s, err := o.space()
	return s.shape, err
}

func (o *Object) space() (dataspace, error) {
	body := o.message(msgDataspace)
	if body == nil {
		return dataspace{}, fmt.Errorf("a dataset without a dataspace")
	}
	return parseDataspace(body)
}

// Datatype returns the type of a dataset's elements, or an error that names a
// type that is not read.
func (o *Object) Datatype() (Datatype, error) {
	body := o.message(msgDatatype)
	if body == nil {
		return Datatype{}, fmt.Errorf("a dataset without a datatype")
	}
	return parseDatatype(&cursor{b: body}, 0)
}

// Read reads a numeric dataset in row-major order, as h5py shows it.
func (o *Object) Read() (*numeric.Array, error) { return o.numbers(false, false) }

// ReadNarrow is Read for numbers that need be no more exact than float32 (see
// numeric.Placement.Narrow).
func (o *Object) ReadNarrow() (*numeric.Array, error) { return o.numbers(false, true) }

// ReadReversed reads a numeric dataset that holds a column-major array with its
// dimensions reversed, as MATLAB writes them: the result has the dimensions in
// MATLAB's order and is row-major. Narrow is numeric.Placement's.
func (o *Object) ReadReversed(narrow bool) (*numeric.Array, error) { return o.numbers(true, narrow) }

func (o *Object) numbers(reverse, narrow bool) (*numeric.Array, error) {
	d, err := o.dataset()
	if err != nil {
		return nil, err
	}
	if d.typ.Class != Numeric {
		return nil, fmt.Errorf("holds text or references, not numbers")
	}
	return o.f.read(d, d.typ.Format, reverse, narrow)
}

// Strings reads a dataset of text, its elements in row-major order.
func (o *Object) Strings() ([]string, error) {
	d, err := o.dataset()
	if err != nil {
		return nil, err
	}
	if d.typ.Class != String && d.typ.Class != VarString {
		return nil, fmt.Errorf("holds no text")
	}
	a, err := o.f.read(d.bytes(), numeric.Format{Type: numeric.Uint8}, false, false)
	if err != nil {
		return nil, err
	}
	return o.f.strings(d.typ, a.Data.([]byte))
}

// References reads a dataset of object references: addresses for File.Object, in
// row-major order.
func (o *Object) References() ([]uint64, error) {
	d, err := o.dataset()
	if err != nil {
		return nil, err
	}
	if d.typ.Class != Reference {
		return nil, fmt.Errorf("holds no references")
	}
	a, err := o.f.read(d, numeric.Format{Type: numeric.Uint64}, false, false)
	if err != nil {
		return nil, err
	}
	return a.Data.([]uint64), nil
}

// bytes returns d with its elements taken for bytes along one more dimension.
func (d dataset) bytes() dataset {
	size := d.typ.Size
	d.space.shape = append(append([]int(nil), d.space.shape...), size)
	d.space.limit = append(append([]uint64(nil), d.space.limit...), uint64(size))
	if d.layout.chunk != nil {
		d.layout.chunk = append(append([]int(nil), d.layout.chunk...), size)
	}
	d.fill = nil
	return d
}

// dataset gathers what the header messages say.
func (o *Object) dataset() (d dataset, err error) {
	if !o.IsDataset() {
		return d, fmt.Errorf("a group, not a dataset")
	}
	if o.message(msgExternal) != nil {
		return d, fmt.Errorf("its data lie in other files, which is not read: save it anew in one, for instance with h5py")
	}
	if d.typ, err = o.Datatype(); err != nil {
		return d, err
	}
	if d.space, err = o.space(); err != nil {
		return d, err
	}
	if body := o.message(msgFilters); body != nil {
		if d.filters, err = parseFilters(body); err != nil {
			return d, err
		}
	}
	if d.fill, err = o.fill(d.typ.Size); err != nil {
		return d, err
	}
	d.layout, err = parseLayout(o.message(msgLayout), len(d.space.shape), d.typ.Size)
	return d, err
}

// fill returns the value of elements that were never written; nil for zero.
func (o *Object) fill(size int) ([]byte, error) {
	var value []byte
	if body := o.message(msgFill); body != nil {
		c := cursor{b: body}
		version, flags := c.u8(), c.u8()
		defined := flags&0x20 != 0 // version 3
		switch version {
		case 1, 2:
			c.skip(1)
			defined = c.u8() != 0
		case 3:
		default:
			return nil, fmt.Errorf("fill value version %d, want 1 to 3", version)
		}
		if !defined {
			return nil, nil
		}
		value = c.take(int(min(c.u32(), math.MaxInt32)))
	} else if body := o.message(msgOldFill); body != nil {
		c := cursor{b: body}
		value = c.take(int(min(c.u32(), math.MaxInt32)))
	}
	for _, b := range value {
		if b != 0 && len(value) == size {
			return value, nil
		}
	}
	return nil, nil
}

// parseLayout reads a data layout message of version 3 or 4.
func parseLayout(body []byte, rank, size int) (l layout, err error) {
	c := cursor{b: body}
	version := c.u8()
	if version != 3 && version != 4 {
		return l, fmt.Errorf("data layout version %d, want 3 or 4", version)
	}
	switch l.class = c.u8(); l.class {
	case compact:
		l.inline = c.take(c.u16())
	case contiguous:
		l.addr, l.size = c.u64(), c.u64()
	case chunked:
		width, dims := 4, 0
		if version == 3 {
			dims = int(c.u8())
			l.addr = c.u64()
		} else {
			l.partial = c.u8()&1 != 0
			dims, width = int(c.u8()), int(c.u8())
		}
		if dims != rank+1 || width < 1 || width > 8 {
			return l, fmt.Errorf("chunks of %d dimensions for a dataset of %d", dims-1, rank)
		}
		for range rank {
			n := c.uint(width)
			if n == 0 || n > math.MaxUint32 {
				return l, fmt.Errorf("a chunk %d elements wide", n)
			}
			l.chunk = append(l.chunk, int(n))
		}
		if n := c.uint(width); n != uint64(size) {
			return l, fmt.Errorf("chunks of elements of %d bytes, the datatype has %d", n, size)
		}
		if version == 4 {
			l.index = c.u8()
			if len(c.b) < 8 {
				return l, errShort
			}
			l.params = c.take(len(c.b) - 8)
			l.addr = c.u64()
		}
	default:
		return l, fmt.Errorf("storage class %d (3 is virtual, of data in other files), which is not read: save it anew in one, for instance with h5py", l.class)
	}
	if c.short {
		return l, fmt.Errorf("data layout: %w", errShort)
	}
	return l, nil
}

// read reads a whole dataset as elements of the format.
func (f *File) read(d dataset, format numeric.Format, reverse, narrow bool) (*numeric.Array, error) {
	shape := append([]int{}, d.space.shape...)
	if d.space.null {
		shape = []int{0}
	}
	if reverse {
		for i, k := 0, len(shape)-1; i < k; i, k = i+1, k-1 {
			shape[i], shape[k] = shape[k], shape[i]
		}
	}
	n, err := numeric.Count(shape)
	if err != nil {
		return nil, err
	}
	size := int64(format.Size())
	if err := f.charge(shape, int64(n), size); err != nil {
		return nil, err
	}
	if n == 0 {
		return numeric.New(format.Type, shape), nil
	}
	to := numeric.Placement{Format: format, Type: format.Type, Shape: shape, Narrow: narrow}
	if d.layout.class == chunked {
		return f.readChunks(d, to, reverse)
	}
	order := numeric.RowMajor
	if reverse {
		order = numeric.ColumnMajor
	}
	total := int64(n) * size
	var src io.Reader
	switch l := d.layout; {
	case l.class == compact:
		src = &repeat{value: l.inline}
		if int64(len(l.inline)) != total {
			return nil, fmt.Errorf("shape %v of %v needs %d bytes, %d are stored", shape, format, total, len(l.inline))
		}
	case l.addr == undefined: // never written
		src = &repeat{value: append(d.fill, make([]byte, max(0, int(size)-len(d.fill)))...)}
	case l.addr > uint64(f.size) || total > f.size-int64(l.addr) || uint64(total) > l.size:
		return nil, fmt.Errorf("shape %v of %v needs %d bytes at address %d, the file has %d bytes and %d are stored; is the file complete?",
			shape, format, total, l.addr, f.size, l.size)
	default:
		src = io.NewSectionReader(f.r, f.base+int64(l.addr), total)
	}
	return numeric.Read(src, to, order)
}

// charge takes an array's bytes from the budget of data.
func (f *File) charge(shape []int, n, size int64) error {
	if n > f.data/size {
		return fmt.Errorf("%d elements of %d bytes for shape %v are more than the file's %d bytes can hold", n, size, shape, f.size)
	}
	f.data -= n * size
	return nil
}

// repeat is a source that repeats a value for ever.
type repeat struct {
	value []byte
	at    int
}

func (r *repeat) Read(b []byte) (n int, err error) {
	for n < len(b) {
		k := copy(b[n:], r.value[r.at:])
		r.at = (r.at + k) % len(r.value)
		n += k
	}
	return n, nil
}
