package matfile

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"diffclip/internal/numeric"
)

const (
	headerSize = 128
	// maxVariables, maxRank, maxDepth and maxNodes bound what a variable may hold
	// far above what real files do; maxNodes counts a struct's fields and a cell
	// array's cells.
	maxVariables = 1 << 16
	maxRank      = 32
	maxDepth     = 64
	maxNodes     = 1 << 20
	// maxName bounds the text of a variable's name and of a struct's field names.
	maxName = 1 << 20
)

// Data types of an element's tag.
const (
	miInt8       = 1
	miUint8      = 2
	miInt32      = 5
	miUint32     = 6
	miMatrix     = 14
	miCompressed = 15
	miUTF8       = 16
	miUTF16      = 17
	miUTF32      = 18
)

var errShort = errors.New("ends too early; is the file complete?")

// level5 is a file of MATLAB 5 to 7.
type level5 struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder
	vars  []variable
}

// variable is a top-level element: its description and where it lies.
type variable struct {
	Info
	typ      uint32 // miMatrix or miCompressed
	start, n int64
}

// scan lists the top-level elements, of which it reads the headers only.
func (l *level5) scan() error {
	for pos := int64(headerSize); pos < l.size; {
		var tag [8]byte
		if l.size-pos < 8 {
			return fmt.Errorf("%d stray bytes at the end; is the file complete?", l.size-pos)
		}
		if _, err := l.r.ReadAt(tag[:], pos); err != nil && err != io.EOF {
			return err
		}
		v := variable{typ: l.order.Uint32(tag[:]), start: pos + 8, n: int64(l.order.Uint32(tag[4:]))}
		if v.n > l.size-v.start {
			return fmt.Errorf("the element at byte %d claims %d bytes, the file has %d left; is it complete?", pos, v.n, l.size-v.start)
		}
		pos = v.start + v.n
		switch v.typ {
		case miCompressed:
		case miMatrix:
			pos = min(l.size, (pos+7)&^7)
		default:
			if v.typ>>16 != 0 || v.typ == 0 || v.typ > miUTF32 {
				return fmt.Errorf("unknown data type %d at byte %d", v.typ, v.start-8)
			}
			continue
		}
		d, n, err := l.open(v)
		if err != nil {
			return fmt.Errorf("the variable at byte %d: %w", v.start-8, err)
		}
		h, err := d.matrixHeader(n)
		if err != nil {
			return fmt.Errorf("the variable at byte %d: %w", v.start-8, err)
		}
		if v.Info = (Info{h.name, h.className(), h.shape}); v.Name == "" {
			continue // MATLAB's own subsystem data
		}
		if l.vars = append(l.vars, v); len(l.vars) > maxVariables {
			return fmt.Errorf("more than %d variables", maxVariables)
		}
	}
	return nil
}

// open returns a decoder at the content of a variable's matrix element, and the
// element's length.
func (l *level5) open(v variable) (*decoder, int64, error) {
	section := io.NewSectionReader(l.r, v.start, v.n)
	d := &decoder{order: l.order, left: v.n}
	if v.typ == miMatrix {
		d.r = bufio.NewReaderSize(section, int(min(1<<16, max(v.n, 16))))
		return d, v.n, nil
	}
	z, err := zlib.NewReader(bufio.NewReaderSize(section, int(min(1<<16, max(v.n, 16)))))
	if err != nil {
		return nil, 0, fmt.Errorf("broken compression: %w", err)
	}
	d.r, d.left = bufio.NewReaderSize(z, 4<<10), v.n*numeric.DeflateRatio
	t, err := d.tag()
	if err != nil {
		return nil, 0, err
	}
	if t.typ != miMatrix || t.n > d.left {
		return nil, 0, fmt.Errorf("%d compressed bytes claim to hold data type %d of %d bytes", v.n, t.typ, t.n)
	}
	return d, t.n, nil
}

// read reads the named variable; nil where there is none.
func (l *level5) read(name string, narrow bool) (*numeric.Named, error) {
	for _, v := range l.vars {
		if v.Name != name {
			continue
		}
		d, n, err := l.open(v)
		if err != nil {
			return nil, err
		}
		d.narrow = narrow
		got, err := d.matrix(n, 0)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(io.Discard, d.r); err != nil { // reaching the end checks the checksum
			return nil, fmt.Errorf("broken compression: %w", err)
		}
		return &got, nil
	}
	return nil, nil
}

// decoder reads data elements from a stream, front to back.
type decoder struct {
	r      io.Reader
	order  binary.ByteOrder
	left   int64 // most bytes the stream can still hold, inside the current element
	nodes  int   // values made so far
	narrow bool  // see numeric.Placement
}

// tag is the head of a data element: its type, its bytes, and the bytes
// themselves where they are packed into the tag (a small element).
type tag struct {
	typ   uint32
	n     int64
	small []byte
}

func (d *decoder) full(b []byte) error {
	if int64(len(b)) > d.left {
		return errShort
	}
	if _, err := io.ReadFull(d.r, b); err != nil {
		return readError(err)
	}
	d.left -= int64(len(b))
	return nil
}

// readError words an error of the stream below.
func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShort
	}
	return err
}

func (d *decoder) tag() (tag, error) {
	b := make([]byte, 8)
	if err := d.full(b); err != nil {
		return tag{}, err
	}
	t := tag{typ: d.order.Uint32(b), n: int64(d.order.Uint32(b[4:]))}
	if packed := t.typ >> 16; packed != 0 {
		if packed > 4 {
			return tag{}, fmt.Errorf("a small element claims %d bytes, more than 4", packed)
		}
		t = tag{typ: t.typ & 0xffff, n: int64(packed), small: b[4 : 4+packed]}
	}
	if t.n > d.left && t.small == nil {
		return tag{}, fmt.Errorf("an element claims %d bytes, %d can be left; is the file complete?", t.n, d.left)
	}
	return t, nil
}

// skip passes over n bytes.
func (d *decoder) skip(n int64) error {
	got, err := io.CopyN(io.Discard, d.r, min(n, d.left))
	d.left -= got
	if err != nil {
		return readError(err)
	}
	return nil
}

// pad passes over the bytes that fill an element of n bytes to a multiple of 8.
// The last element of a stream may lack them.
func (d *decoder) pad(t tag) error {
	if t.small != nil || t.n%8 == 0 {
		return nil
	}
	return d.skip(8 - t.n%8)
}

// bytes reads an element of at most limit bytes, growing as they arrive.
func (d *decoder) bytes(limit int64) (tag, []byte, error) {
	t, err := d.tag()
	if err != nil {
		return t, nil, err
	}
	b, err := d.content(t, limit)
	return t, b, err
}

// content reads what follows a tag.
func (d *decoder) content(t tag, limit int64) ([]byte, error) {
	if t.small != nil {
		return t.small, nil
	}
	if t.n > limit {
		return nil, fmt.Errorf("an element of data type %d claims %d bytes, more than the %d that are plausible", t.typ, t.n, limit)
	}
	b := make([]byte, 0, min(t.n, 512))
	for int64(len(b)) < t.n {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, min(t.n, 2*int64(len(b)))), b...)
		}
		have := len(b)
		b = b[:cap(b)]
		if err := d.full(b[have:]); err != nil {
			return nil, err
		}
	}
	return b, d.pad(t)
}

// ints reads an element of 32-bit integers.
func (d *decoder) ints(what string, limit int) ([]int, error) {
	t, b, err := d.bytes(int64(4 * limit))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if t.typ != miInt32 && t.typ != miUint32 || len(b)%4 != 0 {
		return nil, fmt.Errorf("%s: data type %d of %d bytes, want 32-bit integers", what, t.typ, len(b))
	}
	v := make([]int, len(b)/4)
	for i := range v {
		v[i] = int(int32(d.order.Uint32(b[4*i:])))
	}
	return v, nil
}
