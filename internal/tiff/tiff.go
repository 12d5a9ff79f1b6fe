// Package tiff reads and writes the TIFF rasters of remote sensing: many bands,
// wide sample types, tiles or strips, georeferenced as GeoTIFF.
//
// The reader takes classic TIFF and BigTIFF in both byte orders; strips and
// tiles; bands interleaved by pixel or in planes; no compression, LZW, deflate,
// PackBits and JPEG; predictors 1 to 3; integer samples of 8 to 64 bits and floats of
// 16 to 64 bits; the mask that GDAL keeps beside an image. Adobe's TIFF 6.0 and its Technical Notes 2 and 3 are the
// sources, and libtiff where they are silent.
package tiff

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
)

// File is the first full-resolution image of a TIFF file, or all of them as its bands,
// open for reading. Its methods may be called from several goroutines.
type File struct {
	Name                 string
	Width, Height, Bands int
	Type                 numeric.Type // of the arrays read; 16-bit floats are widened to Float32
	Grid                 georef.Grid  // the zero Grid where the file has no georeferencing
	ControlPoints        int          // by which the file says where it lies, where it does not say so by Grid
	NoData               float64      // as a sample of Type holds it; meaningful where HasNoData
	HasNoData            bool
	Lost                 error   // why it is not known what lies behind the images, nil where it is
	Palette              []Color // the colour table of a palette image, else nil
	Metadata             []Item  // GDAL's metadata, else nil
	Pages                int     // images of full resolution in the file
	Stacked              bool    // they are the bands, one after another; else this is the first of them
	Alpha                int     // the band whose tag says that it tells how opaque a pixel is; -1 where none does

	r      io.ReaderAt
	size   int64
	layout layout
	mask   *File   // what ReadMask unpacks, nil where the image has no mask
	pages  []*File // where Stacked, each with bands of its own, read under the lock of this one

	description string // what the writer says of the image

	mu       sync.Mutex // guards what follows
	cache    window     // the last row of blocks, where only part of it has been asked for
	unpacker unpacker
}

// Color is one entry of a colour table.
type Color struct{ R, G, B uint8 }

// Open reads the directory of the TIFF file in r, which holds size bytes. Name
// appears in errors. No pixels are read yet, but the place of every block of
// them is checked, so that a truncated file is refused here.
func Open(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{Name: name, r: r, size: size}
	in, err := readDirectories(r, size)
	if f.Pages, f.Lost = len(in.images), in.lost; err == nil {
		err = f.describe(in.images[0])
	}
	if err == nil && in.mask != nil {
		err = f.describeMask(in.mask)
	}
	if err == nil {
		err = f.stack(in.images[1:])
	}
	if err != nil {
		return nil, inFile(name, err)
	}
	return f, nil
}

// OpenFile opens the named file. Close the returned closer after the last read.
func OpenFile(path string) (*File, io.Closer, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: expected a TIFF file, found a folder or device", path)
	}
	var f *File
	if err == nil {
		f, err = Open(file, info.Size(), path)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return f, file, nil
}

// describe fills f from the directory.
func (f *File) describe(d *directory) (err error) {
	if f.layout, err = readLayout(d); err != nil {
		return err
	}
	l := &f.layout
	f.Width, f.Height, f.Bands, f.Type = l.width, l.height, l.bands, l.format.Type
	if f.Grid, f.ControlPoints, err = readGrid(d); err != nil {
		return err
	}
	if f.Metadata, err = readMetadata(d); err != nil {
		return err
	}
	f.description, _ = d.text(tagDescription) // for people, as a rule, and of no harm where it is damaged
	if f.NoData, f.HasNoData, err = readNoData(d, f.Type); err != nil {
		return err
	}
	if f.HasNoData {
		l.fill = stored(f.NoData, l.format)
	}
	if f.Palette, err = readPalette(d); err != nil {
		return err
	}
	f.Alpha, err = readAlpha(d, f.Bands)
	return err
}

// BlockRows returns how many rows are stored together. Windows that begin and
// end at its multiples are read without decoding anything twice.
func (f *File) BlockRows() int { return f.layout.blockH }

// ReadAll reads the whole image.
//
//	shape (Height, Width, Bands)
func (f *File) ReadAll() (*numeric.Array, error) { return f.ReadRows(0, f.Height) }

// ReadNarrow is ReadAll for an image that need be no more exact than float32: it never
// takes more than four bytes a value (see numeric.Placement.Narrow).
func (f *File) ReadNarrow() (*numeric.Array, error) { return f.readRows(0, f.Height, true) }

// ReadRows reads count rows from the given one.
//
//	shape (count, Width, Bands)
//
// It panics where the rows are not all within the image.
func (f *File) ReadRows(row, count int) (*numeric.Array, error) {
	if row < 0 || count < 0 || row > f.Height-count {
		panic(fmt.Sprintf("tiff.ReadRows: rows %d to %d of an image of %d", row, row+count, f.Height))
	}
	return f.readRows(row, count, false)
}

func (f *File) readRows(row, count int, narrow bool) (*numeric.Array, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to := numeric.Placement{Format: f.layout.format, Type: f.Type, Shape: []int{count, f.Width, f.Bands}, Narrow: narrow}
	var a *numeric.Array
	var err error
	if f.Stacked {
		a, err = f.readStacked(row, count, to)
	} else {
		a, err = numeric.Read(&rowReader{f: f, next: row, end: row + count}, to, numeric.RowMajor)
	}
	if err != nil {
		return nil, inFile(f.Name, err)
	}
	return a, nil
}

// unsupportedError is a valid file of a kind that is not read, and what gdal_translate needs to be told to make one that is.
type unsupportedError struct{ what, options string }

func (e *unsupportedError) Error() string {
	return fmt.Sprintf("unsupported kind of TIFF: %s; convert it with: gdal_translate %s IN.tif OUT.tif", e.what, e.options)
}

// unsupported says what is not read of a file that can be stored otherwise.
func unsupported(format string, args ...any) error {
	return convertBy("-co COMPRESS=DEFLATE", format, args...)
}

// convertBy is unsupported for files that other options of gdal_translate make readable.
func convertBy(options, format string, args ...any) error {
	return &unsupportedError{fmt.Sprintf(format, args...), options}
}

// inFile adds to an error the name of the file, also to the command that it ends with.
func inFile(name string, err error) error {
	err = fmt.Errorf("%s: %w", name, err)
	if u := (*unsupportedError)(nil); errors.As(err, &u) {
		command := fmt.Sprintf("%q %q", name, strings.TrimSuffix(name, filepath.Ext(name))+"_plain.tif")
		return errors.New(strings.Replace(err.Error(), "IN.tif OUT.tif", command, 1))
	}
	return err
}
