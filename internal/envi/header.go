package envi

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
	"diffclip/internal/spectral"
)

// Interleave is the order of the samples in the data file.
type Interleave string

// The three orders.
const (
	BSQ Interleave = "bsq" // band sequential: (bands, lines, samples)
	BIL Interleave = "bil" // band interleaved by line: (lines, bands, samples)
	BIP Interleave = "bip" // band interleaved by pixel: (lines, samples, bands)
)

// Class is one class of a classification: its sample value is its index.
type Class struct {
	Name    string
	R, G, B uint8
}

// Header is what an ENVI header says.
type Header struct {
	Width, Height, Bands int
	Offset               int64 // bytes of the data file before the first sample
	Format               numeric.Format
	Interleave           Interleave
	FileType             string // "ENVI Standard", "ENVI Classification", ...
	Compressed           bool

	NoData      float64 // meaningful where HasNoData
	HasNoData   bool
	Wavelengths []float64       // nanometres, one for each band, nil where there are none or they are in units of no length
	Good        []bool          // the bad band list: false for bands not to use; one for each band, else nil
	Scale       []numeric.Scale // what the values of each band measure, nil where they are the measurements
	Classes     []Class         // of a classification, else nil
	Grid        georef.Grid

	Fields map[string]string // every field as written, by its name in lower case
}

// dataTypes maps ENVI's data type codes to element types.
var dataTypes = map[int]numeric.Type{
	1: numeric.Uint8, 2: numeric.Int16, 3: numeric.Int32, 4: numeric.Float32, 5: numeric.Float64,
	12: numeric.Uint16, 13: numeric.Uint32, 14: numeric.Int64, 15: numeric.Uint64,
}

// standard reports whether the data file is flat samples.
func (h *Header) standard() bool {
	return h.FileType == "" || strings.HasPrefix(strings.ToLower(h.FileType), "envi")
}

// ReadHeader reads the named header file.
func ReadHeader(path string) (*Header, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ParseHeader(file, path)
}

// maxHeader bounds the bytes of a header: that of a scene of thousands of bands
// is well below.
const maxHeader = 16 << 20

// ParseHeader reads a header. Name appears in errors.
func ParseHeader(r io.Reader, name string) (*Header, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxHeader+1))
	if err == nil && len(text) > maxHeader {
		err = fmt.Errorf("expected an ENVI header, found a file of more than %d bytes", maxHeader)
	}
	var h *Header
	if err == nil {
		h = &Header{}
		if h.Fields, err = parseFields(plainText(text)); err == nil {
			err = h.interpret()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return h, nil
}

// plainText is a header as UTF-8 with lines that end in a line feed, whichever editor has saved it.
func plainText(b []byte) string {
	if len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) { // UTF-16, by its byte order mark
		order := binary.ByteOrder(binary.LittleEndian)
		if b[0] == 0xfe {
			order = binary.BigEndian
		}
		units := make([]uint16, (len(b)-2)/2)
		for i := range units {
			units[i] = order.Uint16(b[2+2*i:])
		}
		b = []byte(string(utf16.Decode(units)))
	}
	text := strings.TrimPrefix(strings.ToValidUTF8(string(b), "?"), "\ufeff")
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// parseFields splits a header into its fields, names in lower case with single
// spaces. Values in braces may go over several lines, and keep their braces.
func parseFields(text string) (map[string]string, error) {
	lines := strings.Split(text, "\n")
	if !strings.EqualFold(strings.TrimSpace(lines[0]), "ENVI") {
		return nil, fmt.Errorf("expected an ENVI header, whose first line is ENVI, found %.20q: convert a raster of another kind with: gdal_translate in out.tif", lines[0])
	}
	fields := map[string]string{}
	for i := 1; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, ";") {
			continue
		}
		name = strings.ToLower(strings.Join(strings.Fields(name), " "))
		value = strings.TrimSpace(value)
		if strings.HasPrefix(value, "{") {
			start := i
			parts := []string{value}
			for ; !strings.Contains(parts[len(parts)-1], "}"); parts = append(parts, strings.TrimSpace(lines[i])) {
				if i++; i == len(lines) {
					return nil, fmt.Errorf("line %d: the brace of %q is never closed", start+1, name)
				}
				if strings.HasPrefix(strings.TrimSpace(lines[i]), ";") {
					lines[i] = ""
				}
			}
			value, _, _ = strings.Cut(strings.Join(parts, "\n"), "}")
			value += "}"
		}
		fields[name] = value
	}
	return fields, nil
}

// interpret fills h from its fields.
func (h *Header) interpret() error {
	var typeCode, byteOrder, offset, compression int
	for _, f := range []struct {
		name         string
		absent       int // -1: required
		least, limit int
		to           *int
	}{
		{"samples", -1, 1, math.MaxInt32, &h.Width},
		{"lines", -1, 1, math.MaxInt32, &h.Height},
		{"bands", 1, 1, math.MaxUint16, &h.Bands},
		{"data type", -1, 1, 99, &typeCode},
		{"byte order", 0, 0, 1, &byteOrder},
		{"header offset", 0, 0, math.MaxInt32, &offset},
		{"file compression", 0, 0, 9, &compression},
	} {
		text, ok := h.Fields[f.name]
		if !ok && f.absent < 0 {
			return fmt.Errorf("the header has no %q", f.name)
		}
		*f.to = f.absent
		if ok {
			v, err := strconv.Atoi(text)
			if err != nil || v < f.least || v > f.limit {
				return fmt.Errorf("%q is %.30q, expected a whole number from %d to %d", f.name, text, f.least, f.limit)
			}
			*f.to = v
		}
	}
	t, ok := dataTypes[typeCode]
	if !ok {
		return fmt.Errorf("data type %d cannot be read (complex numbers are 6 and 9); 1, 2, 3, 4, 5, 12, 13, 14 and 15 can", typeCode)
	}
	for _, name := range []string{"major frame offsets", "minor frame offsets"} {
		if strings.Trim(h.Fields[name], "{}0., ") != "" {
			return fmt.Errorf("%q is %.30q: rasters with bytes between their lines are not read; save it anew without them", name, h.Fields[name])
		}
	}
	h.Format = numeric.Format{Type: t, BigEndian: byteOrder == 1}
	h.Offset, h.Compressed = int64(offset), compression != 0
	h.Interleave = Interleave(strings.ToLower(h.Fields["interleave"]))
	switch h.Interleave {
	case "":
		h.Interleave = BSQ
	case BSQ, BIL, BIP:
	default:
		return fmt.Errorf("interleave is %q, expected bsq, bil or bip", h.Interleave)
	}
	h.FileType = h.Fields["file type"]
	if err := h.readBands(); err != nil {
		return err
	}
	if err := h.readClasses(); err != nil {
		return err
	}
	return h.readGrid()
}

// list returns the items of a field in braces, nil where it is absent or empty.
func (h *Header) list(name string) []string {
	value := strings.TrimSpace(strings.Trim(h.Fields[name], "{}"))
	if value == "" {
		return nil
	}
	items := strings.Split(value, ",")
	if strings.TrimSpace(items[len(items)-1]) == "" { // a comma behind the last
		items = items[:len(items)-1]
	}
	for i := range items {
		items[i] = strings.Join(strings.Fields(items[i]), " ")
	}
	return items
}

// numbers returns the items of a field as numbers.
func (h *Header) numbers(name string) ([]float64, error) {
	items := h.list(name)
	if items == nil {
		return nil, nil
	}
	out := make([]float64, len(items))
	for i, item := range items {
		var err error
		if out[i], err = strconv.ParseFloat(item, 64); err != nil {
			return nil, fmt.Errorf("item %d of %q is %.30q, expected a number", i+1, name, item)
		}
	}
	return out, nil
}

// readBands reads what is said of each band.
func (h *Header) readBands() error {
	if text, ok := h.Fields["data ignore value"]; ok {
		var err error
		if h.NoData, h.HasNoData, err = numeric.ParseNoData(strings.Trim(text, "{} "), h.Format.Type); err != nil {
			return fmt.Errorf(`"data ignore value": %w`, err)
		}
	}
	var good, gains, offsets []float64
	for _, f := range []struct {
		name string
		to   *[]float64
	}{{"wavelength", &h.Wavelengths}, {"bbl", &good}, {"data gain values", &gains}, {"data offset values", &offsets}} {
		v, err := h.numbers(f.name)
		if err != nil {
			return err
		}
		if v != nil && len(v) != h.Bands {
			return fmt.Errorf("%q lists %d values for %d bands: mend the list in the header, or take it out", f.name, len(v), h.Bands)
		}
		*f.to = v
	}
	if good != nil {
		h.Good = make([]bool, h.Bands)
		for i, v := range good {
			h.Good[i] = v != 0
		}
	}
	if err := h.readScale(gains, offsets); err != nil {
		return err
	}
	if h.Wavelengths == nil {
		return nil
	}
	scale, length := spectral.Nanometres(h.Fields["wavelength units"], h.Wavelengths[0])
	if !length {
		h.Wavelengths = nil
	}
	for i := range h.Wavelengths {
		h.Wavelengths[i] *= scale
	}
	return nil
}

// readScale takes the gains and offsets, or without them the number by which reflectances were multiplied.
func (h *Header) readScale(gains, offsets []float64) error {
	if text, ok := h.Fields["reflectance scale factor"]; ok && gains == nil && offsets == nil {
		factor, err := strconv.ParseFloat(strings.Trim(text, "{} "), 64)
		if err != nil {
			return fmt.Errorf(`"reflectance scale factor" is %.30q, expected a number`, text)
		}
		gains = slices.Repeat([]float64{1 / factor}, h.Bands)
	}
	if gains == nil && offsets == nil {
		return nil
	}
	h.Scale = slices.Repeat([]numeric.Scale{numeric.Stored}, h.Bands)
	for i := range h.Scale {
		if gains != nil {
			h.Scale[i].Gain = gains[i]
		}
		if offsets != nil {
			h.Scale[i].Offset = offsets[i]
		}
	}
	return nil
}

// readClasses reads the names and colours of a classification's classes.
func (h *Header) readClasses() error {
	names := h.list("class names")
	lookup, err := h.numbers("class lookup")
	if err != nil || names == nil {
		return err
	}
	h.Classes = make([]Class, len(names))
	for i, name := range names {
		h.Classes[i].Name = name
		if rgb := lookup[min(3*i, len(lookup)):]; len(rgb) >= 3 {
			for _, v := range rgb[:3] {
				if !(v >= 0 && v <= 255) {
					return fmt.Errorf("the colour of class %d (%s) has the part %v, expected 0 to 255", i, name, v)
				}
			}
			h.Classes[i].R, h.Classes[i].G, h.Classes[i].B = uint8(rgb[0]), uint8(rgb[1]), uint8(rgb[2])
		}
	}
	return nil
}
