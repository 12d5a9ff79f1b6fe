package tiff

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"diffclip/internal/atomicfile"
	"diffclip/internal/georef"
	"diffclip/internal/numeric"
)

// Spec says what a file to write is.
type Spec struct {
	Width, Height int
	Bands         int          // 1 where 0
	Type          numeric.Type // Uint8, Uint16 or Float32
	Grid          georef.Grid  // its GeoTIFF keys are written back as they were read
	NoData        *float64     // nil: every value counts
	Palette       []Color      // of a classified map: Type Uint8, one band, at most 256 colours
	BandNames     []string     // nil, or one for each band
	Metadata      []Item       // beside the band names
}

// Writer writes a TIFF file row by row, in deflated strips. Integers of 16 bits
// are differenced first, floats go through the floating-point predictor. The
// file is a BigTIFF where its pixels alone might need offsets beyond 32 bits.
type Writer struct {
	spec Spec
	path string
	file *atomicfile.File

	at             uint64 // bytes written
	rows           int    // rows taken so far
	perStrip       int
	pending        []byte // rows of the strip being filled, little-endian
	scratch        []byte
	packed         bytes.Buffer
	zlib           *zlib.Writer
	offsets, sizes []uint64
	big            bool
	err            error // the first error, which all later calls repeat
}

// stripBytes is about how many bytes of pixels are compressed together.
const stripBytes = 256 << 10

// classicLimit is the number of bytes of pixels from which a BigTIFF is written,
// with room for a bad day of deflate and the directory.
const classicLimit = 4_000_000_000

// Create begins the file that Commit will put at path.
func Create(path string, s Spec) (*Writer, error) {
	s.Bands = max(1, s.Bands)
	w := &Writer{spec: s, path: path, zlib: zlib.NewWriter(nil)}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	w.perStrip = min(s.Height, max(1, stripBytes/w.rowBytes()))
	w.scratch = make([]byte, w.rowBytes())
	w.big = uint64(s.Height) > classicLimit/uint64(w.rowBytes())
	var err error
	if w.file, err = atomicfile.Create(path); err != nil {
		return nil, err
	}
	w.write(make([]byte, w.headerSize()))
	return w, w.err
}

func (s *Spec) check() error {
	_, err := numeric.Count([]int{s.Height, s.Width, s.Bands, 4})
	switch {
	case err != nil || s.Width < 1 || s.Height < 1 || s.Bands > math.MaxUint16 || s.Width > math.MaxInt32 || s.Height > math.MaxInt32:
		return fmt.Errorf("cannot write a TIFF of %d x %d pixels and %d bands", s.Width, s.Height, s.Bands)
	case s.Type != numeric.Uint8 && s.Type != numeric.Uint16 && s.Type != numeric.Float32:
		return fmt.Errorf("cannot write a TIFF of %v; uint8, uint16 and float32 are written", s.Type)
	case s.Palette != nil && (s.Type != numeric.Uint8 || s.Bands != 1 || len(s.Palette) > 256):
		return fmt.Errorf("a palette of %d colours needs one uint8 band and at most 256 colours, not %d bands of %v", len(s.Palette), s.Bands, s.Type)
	case s.BandNames != nil && len(s.BandNames) != s.Bands:
		return fmt.Errorf("%d band names for %d bands", len(s.BandNames), s.Bands)
	}
	return nil
}

func (w *Writer) rowBytes() int { return w.spec.Width * w.spec.Bands * w.spec.Type.Size() }

func (w *Writer) headerSize() int {
	if w.big {
		return 16
	}
	return 8
}

// write appends to the file. After an error it does nothing.
func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	if _, err := w.file.Write(b); err != nil {
		w.err = fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	w.at += uint64(len(b))
}

// WriteRows appends whole rows, their samples interleaved by pixel: a []uint8,
// []uint16 or []float32 as the Spec's Type says, shape (rows, Width, Bands). It
// panics on another type, a length that is not whole rows, or too many rows.
func (w *Writer) WriteRows(data any) error {
	switch d := data.(type) {
	case []uint8:
		writeRows(w, numeric.Uint8, d, func(dst []byte, src []uint8) { copy(dst, src) })
	case []uint16:
		writeRows(w, numeric.Uint16, d, func(dst []byte, src []uint16) {
			for i, v := range src {
				binary.LittleEndian.PutUint16(dst[2*i:], v)
			}
		})
	case []float32:
		writeRows(w, numeric.Float32, d, func(dst []byte, src []float32) {
			for i, v := range src {
				binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
			}
		})
	default:
		panic(fmt.Sprintf("tiff.WriteRows: %T", data))
	}
	return w.err
}

func writeRows[T uint8 | uint16 | float32](w *Writer, t numeric.Type, data []T, put func([]byte, []T)) {
	s := &w.spec
	n := s.Width * s.Bands
	if t != s.Type || len(data)%n != 0 || w.rows+len(data)/n > s.Height {
		panic(fmt.Sprintf("tiff.WriteRows: %d values of %v at row %d of an image of %v, shape (%d, %d, %d)",
			len(data), t, w.rows, s.Type, s.Height, s.Width, s.Bands))
	}
	for ; len(data) > 0 && w.err == nil; data = data[n:] {
		from := len(w.pending)
		w.pending = slices.Grow(w.pending, w.rowBytes())[:from+w.rowBytes()]
		row := w.pending[from:]
		put(row, data[:n])
		switch t {
		case numeric.Uint16:
			diffSamples(row, s.Bands)
		case numeric.Float32:
			diffFloats(row, w.scratch, s.Bands)
		}
		if w.rows++; w.rows%w.perStrip == 0 || w.rows == s.Height {
			w.flush()
		}
	}
}

// flush compresses and writes the pending strip.
func (w *Writer) flush() {
	w.packed.Reset()
	w.zlib.Reset(&w.packed)
	w.zlib.Write(w.pending) // a bytes.Buffer takes everything
	w.zlib.Close()
	w.pending = w.pending[:0]
	w.offsets, w.sizes = append(w.offsets, w.at), append(w.sizes, uint64(w.packed.Len()))
	w.write(w.packed.Bytes())
}

// Close gives the file up, unless Commit has been called.
func (w *Writer) Close() error { return w.file.Close() }

// Commit writes the directory and puts the file in its place. It fails where
// rows are missing.
func (w *Writer) Commit() error {
	if w.err == nil && w.rows != w.spec.Height {
		w.err = fmt.Errorf("cannot write %s: %d rows of %d were given", w.path, w.rows, w.spec.Height)
	}
	fields, err := w.fields()
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	at := w.writeDirectory(fields)
	if w.err != nil {
		w.file.Close()
		return w.err
	}
	if _, err := w.file.WriteAt(w.header(at), 0); err != nil {
		w.file.Close()
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	return w.file.Commit()
}

func (w *Writer) header(directory uint64) []byte {
	le := binary.LittleEndian
	if w.big {
		return le.AppendUint64([]byte{'I', 'I', 43, 0, 8, 0, 0, 0}, directory)
	}
	return le.AppendUint32([]byte{'I', 'I', 42, 0}, uint32(directory))
}

// fields returns the directory's fields.
func (w *Writer) fields() ([]field, error) {
	s := &w.spec
	bits, format := make([]uint16, s.Bands), make([]uint16, s.Bands)
	for i := range bits {
		bits[i], format[i] = uint16(8*s.Type.Size()), 1
		if s.Type.IsFloat() {
			format[i] = 3
		}
	}
	predictor := map[numeric.Type]uint16{numeric.Uint8: 1, numeric.Uint16: 2, numeric.Float32: 3}[s.Type]
	photometric := uint16(photometricBlackIsZero)
	if s.Palette != nil {
		photometric = photometricPalette
	}
	out := []field{
		w.offsetsField(tagImageWidth, []uint64{uint64(s.Width)}),
		w.offsetsField(tagImageLength, []uint64{uint64(s.Height)}),
		shortsField(tagBitsPerSample, bits...),
		shortsField(tagCompression, compressionDeflate),
		shortsField(tagPhotometric, photometric),
		w.offsetsField(tagStripOffsets, w.offsets),
		shortsField(tagSamplesPerPixel, uint16(s.Bands)),
		w.offsetsField(tagRowsPerStrip, []uint64{uint64(w.perStrip)}),
		w.offsetsField(tagStripByteCounts, w.sizes),
		shortsField(tagPlanarConfig, 1),
		shortsField(tagPredictor, predictor),
		shortsField(tagSampleFormat, format...),
	}
	if s.Palette != nil {
		out = append(out, paletteField(s.Palette))
	}
	if s.Bands > 1 { // the bands beyond the first are extra, of no stated meaning
		out = append(out, shortsField(tagExtraSamples, make([]uint16, s.Bands-1)...))
	}
	out = append(out, gridFields(s.Grid)...)
	items := s.Metadata
	for i, name := range s.BandNames {
		items = append(items[:len(items):len(items)], Item{Name: "DESCRIPTION", Value: name, Band: i, Role: "description"})
	}
	if len(items) > 0 {
		text, err := metadataText(items)
		if err != nil {
			return nil, err
		}
		out = append(out, textField(tagGDALMetadata, text))
	}
	if s.NoData != nil {
		out = append(out, textField(tagGDALNoData, strconv.FormatFloat(*s.NoData, 'g', -1, 64)))
	}
	slices.SortFunc(out, func(a, b field) int { return int(a.tag) - int(b.tag) })
	return out, nil
}

// offsetsField returns a field of whole numbers, 8 bytes each in a BigTIFF.
func (w *Writer) offsetsField(tag uint16, v []uint64) field {
	f := field{tag: tag, kind: typeLong, count: uint64(len(v))}
	if w.big {
		f.kind = typeLong8
	}
	for _, x := range v {
		f.data = w.appendWord(f.data, x)
	}
	return f
}

// appendWord appends an offset or a count.
func (w *Writer) appendWord(b []byte, v uint64) []byte {
	if w.big {
		return binary.LittleEndian.AppendUint64(b, v)
	}
	return binary.LittleEndian.AppendUint32(b, uint32(v))
}

func doublesField(tag uint16, v ...float64) field {
	f := field{tag: tag, kind: typeDouble, count: uint64(len(v))}
	for _, x := range v {
		f.data = binary.LittleEndian.AppendUint64(f.data, math.Float64bits(x))
	}
	return f
}

// writeDirectory writes the values that do not fit their entries, then the
// entries, and returns where these begin.
func (w *Writer) writeDirectory(fields []field) (at uint64) {
	le := binary.LittleEndian
	word := len(w.appendWord(nil, 0))
	dir := le.AppendUint16(nil, uint16(len(fields)))
	if w.big {
		dir = le.AppendUint64(nil, uint64(len(fields)))
	}
	for _, f := range fields {
		dir = w.appendWord(le.AppendUint16(le.AppendUint16(dir, f.tag), f.kind), f.count)
		if len(f.data) <= word {
			dir = append(append(dir, f.data...), make([]byte, word-len(f.data))...)
			continue
		}
		w.align()
		dir = w.appendWord(dir, w.at)
		w.write(f.data)
	}
	w.align()
	at = w.at
	w.write(w.appendWord(dir, 0))
	return at
}

// align puts what is written next at an even offset.
func (w *Writer) align() {
	if w.at%2 == 1 {
		w.write([]byte{0})
	}
}
