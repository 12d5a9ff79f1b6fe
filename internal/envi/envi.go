// Package envi reads and writes ENVI rasters: a flat file of samples and a text
// header beside it that says how they lie, where on the ground, and what the
// bands and classes are. L3Harris documents the header under "ENVI Header Files".
package envi

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"diffclip/internal/interleave"
	"diffclip/internal/numeric"
)

// File is an ENVI raster open for reading.
type File struct {
	*Header
	Name string // of the data file

	r io.ReaderAt
}

// Open joins a header with its data, of which r holds size bytes. Name appears
// in errors.
func Open(h *Header, r io.ReaderAt, size int64, name string) (*File, error) {
	if !h.standard() {
		return nil, fmt.Errorf("%s: its header says file type %q, which is not a flat ENVI raster; open the data as what they are", name, h.FileType)
	}
	if h.Compressed {
		return nil, fmt.Errorf("%s: its header says it is compressed; save it uncompressed, for instance with: gdal_translate -of ENVI in out", name)
	}
	n, err := numeric.Count([]int{h.Height, h.Width, h.Bands, h.Format.Size()})
	if err != nil {
		return nil, fmt.Errorf("%s: the header asks for too much: %w", name, err)
	}
	if size < h.Offset || size-h.Offset < int64(n) {
		return nil, fmt.Errorf("%s: expected %d bytes (%d lines x %d samples x %d bands of %v after %d of header), found %d: the file is truncated or the header is another's",
			name, h.Offset+int64(n), h.Height, h.Width, h.Bands, h.Format, h.Offset, size)
	}
	return &File{Header: h, Name: name, r: r}, nil
}

// OpenFile opens a raster by the path of its header or of its data, and finds
// the other beside it. Close the returned closer after the last read.
func OpenFile(path string) (*File, io.Closer, error) {
	header, data, err := Pair(path)
	if err != nil {
		return nil, nil, err
	}
	h, err := ReadHeader(header)
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(data)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	var f *File
	if err == nil {
		f, err = Open(h, file, info.Size(), data)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return f, file, nil
}

// dataExtensions are the endings of data files, the likeliest first.
var dataExtensions = []string{"", ".dat", ".img", ".bsq", ".bil", ".bip", ".raw", ".bin", ".envi", ".cube", ".hsi"}

// Pair returns the header and the data file that belong to a path, which is one
// of the two. The header of scene.dat is scene.hdr or scene.dat.hdr. A header whose
// data end in nothing usual goes with the largest other file of its name.
func Pair(path string) (header, data string, err error) {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	var tried []string
	find := func(names ...string) string {
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && name != path {
				return name
			}
			tried = append(tried, filepath.Base(name))
		}
		return ""
	}
	if !strings.EqualFold(filepath.Ext(path), ".hdr") {
		if header = find(path+".hdr", stem+".hdr", path+".HDR", stem+".HDR"); header == "" {
			return "", "", fmt.Errorf("%s: expected an ENVI header beside it, found none of %s", path, strings.Join(tried, ", "))
		}
		return header, path, nil
	}
	for _, ext := range dataExtensions {
		if data = find(stem+ext, stem+strings.ToUpper(ext)); data != "" {
			return path, data, nil
		}
	}
	if data = largest(stem); data != "" {
		return path, data, nil
	}
	return "", "", fmt.Errorf("%s: expected its data file beside it, such as %s.dat, found none", path, filepath.Base(stem))
}

// largest returns the largest file with a stem, in either case, that is no header;
// "" where there is none.
func largest(stem string) (found string) {
	entries, err := os.ReadDir(filepath.Dir(stem))
	if err != nil {
		return ""
	}
	size := int64(-1)
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if !strings.EqualFold(strings.TrimSuffix(e.Name(), ext), filepath.Base(stem)) || strings.EqualFold(ext, ".hdr") {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Size() > size {
			size, found = info.Size(), filepath.Join(filepath.Dir(stem), e.Name())
		}
	}
	return found
}

// ReadAll reads the whole raster.
//
//	shape (Height, Width, Bands)
func (f *File) ReadAll() (*numeric.Array, error) { return f.ReadRows(0, f.Height) }

// ReadNarrow is ReadAll for a raster that need be no more exact than float32: it never
// takes more than four bytes a value (see numeric.Placement.Narrow).
func (f *File) ReadNarrow() (*numeric.Array, error) { return f.readRows(0, f.Height, true) }

// ReadRows reads count rows from the given one.
//
//	shape (count, Width, Bands)
//
// It panics where the rows are not all within the raster.
func (f *File) ReadRows(row, count int) (*numeric.Array, error) {
	if row < 0 || count < 0 || row > f.Height-count {
		panic(fmt.Sprintf("envi.ReadRows: rows %d to %d of a raster of %d", row, row+count, f.Height))
	}
	return f.readRows(row, count, false)
}

func (f *File) readRows(row, count int, narrow bool) (*numeric.Array, error) {
	r := &rowReader{f: f, next: row, end: row + count}
	to := numeric.Placement{Format: f.Format, Type: f.Format.Type, Shape: []int{count, f.Width, f.Bands}, Narrow: narrow}
	a, err := numeric.Read(r, to, numeric.RowMajor)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return a, nil
}

// rowReader streams the stored samples of rows, interleaved by pixel.
type rowReader struct {
	f          *File
	next, end  int    // rows still to fetch
	rest       []byte // of the rows fetched last
	rows, band []byte // the memory behind rest, and of one band on its way there
}

// pieceBytes is about how much is fetched at a time.
const pieceBytes = 4 << 20

func (r *rowReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.next >= r.end {
			return 0, io.EOF
		}
		if err := r.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// fetch reads the next few rows.
func (r *rowReader) fetch() error {
	h := r.f.Header
	size := h.Format.Size()
	line := h.Width * size // one row of one band
	rowBytes := line * h.Bands
	count := min(r.end-r.next, max(1, pieceBytes/rowBytes))
	r.rows = sized(r.rows, count*rowBytes)
	switch h.Interleave {
	case BIP:
		if err := r.f.readAt(r.rows, r.next*rowBytes); err != nil {
			return err
		}
	case BIL:
		r.band = sized(r.band, count*rowBytes)
		if err := r.f.readAt(r.band, r.next*rowBytes); err != nil {
			return err
		}
		for i := range count * h.Bands {
			row, band := i/h.Bands, i%h.Bands
			interleave.Band(r.rows[row*rowBytes:], r.band[i*line:(i+1)*line], band, h.Bands, size)
		}
	case BSQ:
		r.band = sized(r.band, count*line)
		for band := range h.Bands {
			if err := r.f.readAt(r.band, (band*h.Height+r.next)*line); err != nil {
				return err
			}
			interleave.Band(r.rows, r.band, band, h.Bands, size)
		}
	}
	r.next += count
	r.rest = r.rows
	return nil
}

// sized returns b, or new memory where b is too small, with n bytes.
func sized(b []byte, n int) []byte {
	if cap(b) < n {
		b = make([]byte, n)
	}
	return b[:n]
}

// readAt fills b from a position in the samples.
func (f *File) readAt(b []byte, at int) error {
	_, err := io.ReadFull(io.NewSectionReader(f.r, f.Offset+int64(at), int64(len(b))), b)
	return err
}
