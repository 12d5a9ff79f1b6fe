// Package npy reads NumPy's array files: NPY, versions 1 to 3, and NPZ, a zip
// archive of them, stored or deflated. C and Fortran order, both byte orders,
// and the element types bool, int and uint of 8 to 64 bits, and float of 16 to
// 64 bits. Structured, object, complex, text and date types are refused.
//
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
package npy

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"diffclip/internal/numeric"
)

// File is an open NPY or NPZ file. An NPY file has one member with an empty name.
type File struct {
	name    string
	r       io.ReaderAt
	size    int64
	archive *zip.Reader // nil for NPY
}

// Info describes a member without its data.
type Info struct {
	Name  string
	Type  numeric.Type // bool is Uint8, float16 is Float32
	Shape []int
}

// Open recognises an NPY or NPZ file by its content. The name is used in errors
// only; r must stay readable while the File is used.
func Open(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{name: name, r: r, size: size}
	var head [6]byte
	if _, err := r.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case string(head[:]) == magic:
		return f, nil
	case bytes.HasPrefix(head[:], []byte("PK")):
		z, err := zip.NewReader(r, size)
		if err != nil {
			return nil, fmt.Errorf("%s: a broken NPZ (zip) archive: %w; is the file complete?", name, err)
		}
		f.archive = z
		return f, nil
	}
	return nil, fmt.Errorf("%s: neither NPY nor NPZ: begins with %q, want %q or \"PK\"", name, head[:], magic)
}

// Names lists the members in the file's order: without their ".npy", and only
// those that have one. An NPY file has the one name "".
func (f *File) Names() []string {
	if f.archive == nil {
		return []string{""}
	}
	var names []string
	for _, m := range f.archive.File {
		if name, ok := strings.CutSuffix(m.Name, ".npy"); ok {
			names = append(names, name)
		}
	}
	return names
}

// Info reads the header of one member. The error is an ErrNotNumbers where a
// sound member holds something else than numbers.
func (f *File) Info(member string) (Info, error) {
	r, closer, _, err := f.open(member)
	if err != nil {
		return Info{}, err
	}
	defer closer.Close()
	h, err := readHeader(r)
	if err != nil {
		return Info{}, f.fail(member, err)
	}
	return Info{member, h.format.Type, h.shape}, nil
}

// Read reads one member, converted to row-major order. It allocates the array
// and at most about numeric.SlabBytes more.
func (f *File) Read(member string) (*numeric.Array, error) { return f.read(member, false) }

// ReadNarrow is Read for an array that need be no more exact than float32: it
// never takes more than four bytes an element (see numeric.Placement.Narrow).
func (f *File) ReadNarrow(member string) (*numeric.Array, error) { return f.read(member, true) }

func (f *File) read(member string, narrow bool) (*numeric.Array, error) {
	r, closer, stored, err := f.open(member)
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	h, err := readHeader(r)
	if err != nil {
		return nil, f.fail(member, err)
	}
	n, err := stored.hold(h)
	if err != nil {
		return nil, f.fail(member, err)
	}
	a, err := numeric.Read(r, numeric.Placement{Format: h.format, Type: h.format.Type, Shape: h.shape, Narrow: narrow}, h.order)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("ends before the last of %d elements of shape %v; is the file complete?", n, h.shape)
	}
	if err == nil && f.archive != nil {
		_, err = io.Copy(io.Discard, r) // reaching the end checks the member's CRC
	}
	if err != nil {
		return nil, f.fail(member, err)
	}
	return a, nil
}

// extent is how much of the file a member takes, and the most bytes that it can become.
type extent struct{ stored, most int64 }

// hold returns the number of elements, or an error where a member of that extent cannot
// hold them.
func (e extent) hold(h header) (n int, err error) {
	if n, err = numeric.Count(h.shape); err != nil {
		return 0, err
	}
	if size := int64(h.format.Size()); int64(n) > (e.most-h.length)/size {
		return 0, fmt.Errorf("shape %v of %v needs %.0f bytes, and its %d stored ones can hold at most %d after a header of %d; is the file complete?",
			h.shape, h.format, float64(n)*float64(size), e.stored, max(0, e.most-h.length), h.length)
	}
	return n, nil
}

// open returns a member's stream and its extent.
func (f *File) open(member string) (io.Reader, io.Closer, extent, error) {
	if f.archive == nil {
		if member != "" {
			return nil, nil, extent{}, fmt.Errorf("%s: an NPY file holds one unnamed array, asked for %q", f.name, member)
		}
		return bufio.NewReaderSize(io.NewSectionReader(f.r, 0, f.size), 1<<16), io.NopCloser(nil), extent{f.size, f.size}, nil
	}
	for _, m := range f.archive.File {
		if strings.TrimSuffix(m.Name, ".npy") != member || !strings.HasSuffix(m.Name, ".npy") {
			continue
		}
		rc, err := m.Open()
		if err != nil {
			return nil, nil, extent{}, f.fail(member, err)
		}
		stored := min(m.CompressedSize64, uint64(f.size))
		return bufio.NewReaderSize(rc, 1<<16), rc, extent{int64(stored), int64(min(m.UncompressedSize64, stored*numeric.DeflateRatio))}, nil
	}
	return nil, nil, extent{}, fmt.Errorf("%s: no array %q; the archive has %s", f.name, member, list(f.Names()))
}

func (f *File) fail(member string, err error) error {
	if member == "" {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return fmt.Errorf("%s: array %q: %w", f.name, member, err)
}

// list joins names for a message, the first few where there are many.
func list(names []string) string {
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > 12:
		return fmt.Sprintf("%q and %d more", names[:12], len(names)-12)
	}
	return fmt.Sprintf("%q", names)
}
