package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// Reader gives access to the tensors of a file. Its methods may be called from several goroutines if the
// io.ReaderAt below allows it, as files do.
type Reader struct {
	name   string
	r      io.ReaderAt
	closer io.Closer
	data   int64 // where the data starts
	header *header
}

// Open opens the file at path and checks its header.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	stat, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("safetensors: %w", err), f.Close())
	}
	r, err := NewReader(path, f, stat.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.closer = f
	return r, nil
}

// NewReader reads and checks the header of a file of the given size in bytes. The name is used in errors.
func NewReader(name string, r io.ReaderAt, size int64) (*Reader, error) {
	h, data, err := readHeader(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	return &Reader{name: name, r: r, data: data, header: h}, nil
}

func readHeader(r io.ReaderAt, size int64) (h *header, data int64, err error) {
	if size < lengthSize {
		return nil, 0, fmt.Errorf("%d bytes, want at least the %d of the header's length (is it truncated?)", size, lengthSize)
	}
	var prefix [lengthSize]byte
	if err := readFull(r, prefix[:], 0); err != nil {
		return nil, 0, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	switch {
	case length > maxHeader:
		return nil, 0, fmt.Errorf("header of %d bytes, want at most %d (is this a safetensors file?)", length, maxHeader)
	case int64(length) > size-lengthSize:
		return nil, 0, fmt.Errorf("header of %d bytes in a file of %d (is it truncated?)", length, size)
	}
	text := make([]byte, length)
	if err := readFull(r, text, lengthSize); err != nil {
		return nil, 0, err
	}
	data = lengthSize + int64(length)
	h, err = parseHeader(text, size-data)
	return h, data, err
}

// readFull fills buf from the given offset, and reports an early end as a truncated file.
func readFull(r io.ReaderAt, buf []byte, at int64) error {
	n, err := r.ReadAt(buf, at)
	switch {
	case n == len(buf):
		return nil
	case err == io.EOF:
		return fmt.Errorf("the file ends at byte %d, want %d: %w", at+int64(n), at+int64(len(buf)), io.ErrUnexpectedEOF)
	}
	return err
}

// Close closes the file that Open opened. It does nothing for a Reader made by NewReader.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// Names returns the tensors' names in increasing order.
func (r *Reader) Names() []string { return slices.Sorted(maps.Keys(r.header.tensors)) }

// Info describes a tensor. Its Shape is the caller's to keep.
func (r *Reader) Info(name string) (Info, error) {
	info, ok := r.header.tensors[name]
	if !ok {
		return Info{}, fmt.Errorf("safetensors: %s: no tensor %q among the %d of the file", r.name, name, len(r.header.tensors))
	}
	info.Shape = slices.Clone(info.Shape)
	return info, nil
}

// Metadata returns a copy of the file's metadata, empty if it has none.
func (r *Reader) Metadata() map[string]string {
	m := maps.Clone(r.header.metadata)
	if m == nil {
		m = map[string]string{}
	}
	return m
}

// Float32s returns the elements of an F64, F32, F16 or BF16 tensor in row-major order, F64 rounded to nearest.
func (r *Reader) Float32s(name string) ([]float32, error) {
	return read(r, name, "F64, F32, F16 or BF16", func(d DType) func([]float32, []byte) error { return floatDecoders[d] })
}

// Float64s returns the elements of an F64 tensor in row-major order.
func (r *Reader) Float64s(name string) ([]float64, error) {
	return read(r, name, "F64", func(d DType) func([]float64, []byte) error { return doubleDecoders[d] })
}

// Int64s returns the elements of an I64, I32, I16, I8, U8 or BOOL tensor in row-major order, true as 1.
func (r *Reader) Int64s(name string) ([]int64, error) {
	return read(r, name, "I64, I32, I16, I8, U8 or BOOL", func(d DType) func([]int64, []byte) error { return intDecoders[d] })
}

// read decodes a tensor through a buffer of a few pages.
func read[T float32 | float64 | int64](r *Reader, name, want string, decoder func(DType) func([]T, []byte) error) ([]T, error) {
	info, err := r.Info(name)
	if err != nil {
		return nil, err
	}
	decode := decoder(info.DType)
	if decode == nil {
		return nil, fmt.Errorf("safetensors: %s: tensor %q is of dtype %s, want %s", r.name, name, info.DType, want)
	}
	dst := make([]T, info.Elements())
	buf := make([]byte, min(bufferSize, info.end-info.begin))
	step := len(buf) / info.DType.Size()
	for done := 0; done < len(dst); done += step {
		part := dst[done:min(done+step, len(dst))]
		raw := buf[:len(part)*info.DType.Size()]
		if err = readFull(r.r, raw, r.data+info.begin+int64(done*info.DType.Size())); err == nil {
			err = decode(part, raw)
		}
		if err != nil {
			return nil, fmt.Errorf("safetensors: %s: tensor %q: %w", r.name, name, err)
		}
	}
	return dst, nil
}

// bufferSize is a multiple of every element's size.
const bufferSize = 64 << 10

// byPlace orders tensors by their range in the data; empty ones come before the one that starts there.
func byPlace(a, b Info) int {
	return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.Name, b.Name))
}
