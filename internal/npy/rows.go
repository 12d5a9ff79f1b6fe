package npy

import (
	"errors"
	"fmt"
	"io"

	"diffclip/internal/numeric"
)

// ReadRows reads some indices of a member's first dimension alone, from up to but
// not including to, such as a few slices of a volume. Of an NPY file only those
// elements are read from disk, though the file must be as long as its header says.
// The array must be in row-major order.
func (f *File) ReadRows(member string, from, to int) (*numeric.Array, error) {
	r, closer, stored, err := f.open(member)
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	h, err := readHeader(r)
	if err != nil {
		return nil, f.fail(member, err)
	}
	a, err := f.rows(r, h, stored, from, to)
	if err != nil {
		return nil, f.fail(member, err)
	}
	return a, nil
}

// rows reads what ReadRows does from a stream that has passed the header.
func (f *File) rows(r io.Reader, h header, stored extent, from, to int) (*numeric.Array, error) {
	switch {
	case h.order == numeric.ColumnMajor:
		return nil, fmt.Errorf("in column-major order, of which no part can be read: save it again with numpy.ascontiguousarray")
	case len(h.shape) == 0 || from < 0 || from > to || to > h.shape[0]:
		return nil, fmt.Errorf("shape %v has no rows %d to %d", h.shape, from, to-1)
	}
	if _, err := stored.hold(h); err != nil {
		return nil, err
	}
	size := int64(h.format.Size())
	shape := append([]int{to - from}, h.shape[1:]...)
	row := size
	for _, d := range h.shape[1:] {
		row *= int64(d)
	}
	if f.archive == nil {
		r = io.NewSectionReader(f.r, h.length+int64(from)*row, int64(to-from)*row)
	} else if _, err := io.CopyN(io.Discard, r, int64(from)*row); err != nil {
		return nil, fmt.Errorf("ends before row %d of shape %v; is the file complete?", from, h.shape)
	}
	a, err := numeric.Read(r, numeric.Placement{Format: h.format, Type: h.format.Type, Shape: shape}, numeric.RowMajor)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("ends before row %d of shape %v; is the file complete?", to-1, h.shape)
	}
	return a, err
}
