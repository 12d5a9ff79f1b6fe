package envi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"diffclip/internal/atomicfile"
	"diffclip/internal/georef"
	"diffclip/internal/numeric"
)

// Spec says what a raster to write is.
type Spec struct {
	Width, Height int
	Bands         int          // 1 where 0
	Type          numeric.Type // Uint8, Uint16 or Float32
	Grid          georef.Grid
	Description   string
	NoData        *float64  // nil: every value counts
	BandNames     []string  // nil, or one for each band
	Wavelengths   []float64 // nanometres; nil, or one for each band
	Classes       []Class   // makes the raster a classification; then Type is Uint8 and Bands is 1
}

// Writer writes an ENVI raster row by row, band interleaved by pixel.
type Writer struct {
	spec   Spec
	path   string
	file   *atomicfile.File
	rows   int // rows taken so far
	buffer []byte
}

// Create begins the raster whose data Commit will put at path, and its header at
// HeaderPath(path).
func Create(path string, s Spec) (*Writer, error) {
	s.Bands = max(1, s.Bands)
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if HeaderPath(path) == path {
		return nil, fmt.Errorf("%s: expected the name of the data file, such as map.dat, found a header's", path)
	}
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &Writer{spec: s, path: path, file: file}, nil
}

// HeaderPath returns the path of the header that belongs to a data file: its
// extension becomes .hdr.
func HeaderPath(data string) string {
	return strings.TrimSuffix(data, filepath.Ext(data)) + ".hdr"
}

func (s *Spec) check() error {
	_, err := numeric.Count([]int{s.Height, s.Width, s.Bands, 4})
	switch {
	case err != nil || s.Width < 1 || s.Height < 1 || s.Bands > math.MaxUint16 || s.Width > math.MaxInt32 || s.Height > math.MaxInt32:
		return fmt.Errorf("cannot write an ENVI raster of %d x %d pixels and %d bands", s.Width, s.Height, s.Bands)
	case s.Type != numeric.Uint8 && s.Type != numeric.Uint16 && s.Type != numeric.Float32:
		return fmt.Errorf("cannot write an ENVI raster of %v; uint8, uint16 and float32 are written", s.Type)
	case s.Classes != nil && (s.Type != numeric.Uint8 || s.Bands != 1 || len(s.Classes) > 256):
		return fmt.Errorf("a classification of %d classes needs one uint8 band and at most 256 classes, not %d bands of %v", len(s.Classes), s.Bands, s.Type)
	case s.BandNames != nil && len(s.BandNames) != s.Bands:
		return fmt.Errorf("%d band names for %d bands", len(s.BandNames), s.Bands)
	case s.Wavelengths != nil && len(s.Wavelengths) != s.Bands:
		return fmt.Errorf("%d wavelengths for %d bands", len(s.Wavelengths), s.Bands)
	}
	return nil
}

// WriteRows appends whole rows, their samples interleaved by pixel: a []uint8,
// []uint16 or []float32 as the Spec's Type says, shape (rows, Width, Bands). It
// panics on another type, a length that is not whole rows, or too many rows.
func (w *Writer) WriteRows(data any) error {
	s := &w.spec
	var t numeric.Type
	var n int
	w.buffer = w.buffer[:0]
	switch d := data.(type) {
	case []uint8:
		t, n, w.buffer = numeric.Uint8, len(d), append(w.buffer, d...)
	case []uint16:
		t, n = numeric.Uint16, len(d)
		for _, v := range d {
			w.buffer = binary.LittleEndian.AppendUint16(w.buffer, v)
		}
	case []float32:
		t, n = numeric.Float32, len(d)
		for _, v := range d {
			w.buffer = binary.LittleEndian.AppendUint32(w.buffer, math.Float32bits(v))
		}
	}
	row := s.Width * s.Bands
	if t != s.Type || n%row != 0 || w.rows+n/row > s.Height {
		panic(fmt.Sprintf("envi.WriteRows: %d values of %T at row %d of a raster of %v, shape (%d, %d, %d)", n, data, w.rows, s.Type, s.Height, s.Width, s.Bands))
	}
	w.rows += n / row
	if _, err := w.file.Write(w.buffer); err != nil {
		return fmt.Errorf("cannot write %s: %w", w.path, err)
	}
	return nil
}

// Close gives the raster up, unless Commit has been called.
func (w *Writer) Close() error { return w.file.Close() }

// Commit puts the data and the header in their places. It fails where rows are
// missing.
func (w *Writer) Commit() error {
	if w.rows != w.spec.Height {
		w.file.Close()
		return fmt.Errorf("cannot write %s: %d rows of %d were given", w.path, w.rows, w.spec.Height)
	}
	if err := w.file.Commit(); err != nil {
		return err
	}
	return atomicfile.WriteFile(HeaderPath(w.path), w.spec.header())
}

// header returns the header's text.
func (s *Spec) header() []byte {
	var b bytes.Buffer
	line := func(name string, value any) { fmt.Fprintf(&b, "%s = %v\n", name, value) }
	b.WriteString("ENVI\n")
	if s.Description != "" {
		line("description", "{"+clean(s.Description)+"}")
	}
	line("samples", s.Width)
	line("lines", s.Height)
	line("bands", s.Bands)
	line("header offset", 0)
	if s.Classes != nil {
		line("file type", "ENVI Classification")
	} else {
		line("file type", "ENVI Standard")
	}
	for code, t := range dataTypes {
		if t == s.Type {
			line("data type", code)
		}
	}
	line("interleave", BIP)
	line("byte order", 0)
	if info := mapInfo(s.Grid); info != "" {
		line("map info", info)
	}
	if wkt := s.Grid.CRS.ESRI(); wkt != "" {
		line("coordinate system string", "{"+clean(wkt)+"}")
	}
	if s.NoData != nil {
		line("data ignore value", strconv.FormatFloat(*s.NoData, 'g', -1, 64))
	}
	if s.Classes != nil {
		var names, colors []string
		for _, c := range s.Classes {
			names = append(names, item(c.Name))
			colors = append(colors, fmt.Sprintf("%d, %d, %d", c.R, c.G, c.B))
		}
		line("classes", len(s.Classes))
		line("class names", list(names))
		line("class lookup", list(colors))
	}
	if s.BandNames != nil {
		names := make([]string, len(s.BandNames))
		for i, name := range s.BandNames {
			names[i] = item(name)
		}
		line("band names", list(names))
	}
	if s.Wavelengths != nil {
		nm := make([]string, len(s.Wavelengths))
		for i, v := range s.Wavelengths {
			nm[i] = strconv.FormatFloat(v, 'f', -1, 64)
		}
		line("wavelength units", "Nanometers")
		line("wavelength", list(nm))
	}
	return b.Bytes()
}

// list returns a braced list, an item a line.
func list(items []string) string { return "{\n" + strings.Join(items, ",\n") + "}" }

// clean makes text fit for braces, of which there is no escape.
func clean(s string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("{", "(", "}", ")").Replace(s)), " ")
}

// item makes text fit for a list, where a comma cannot be escaped either.
func item(s string) string { return strings.ReplaceAll(clean(s), ",", ";") }
