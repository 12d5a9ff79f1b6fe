package tiff

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"diffclip/internal/numeric"
)

// readNoData reads the value that marks samples without data, which GDAL stores
// as text. It is rounded as the samples are: -3.4e+38 in a float32 file is the
// float32 nearest to it. A value that no sample can have marks nothing.
func readNoData(d *directory, t numeric.Type) (v float64, ok bool, err error) {
	text, err := d.text(tagGDALNoData)
	if err != nil || strings.TrimSpace(text) == "" {
		return 0, false, err
	}
	if v, ok, err = parseNoData(text, t); err != nil {
		err = fmt.Errorf("the nodata tag (42113): %w", err)
	}
	return v, ok, err
}

// parseNoData is readNoData for the text.
func parseNoData(text string, t numeric.Type) (v float64, ok bool, err error) {
	if low := strings.ToLower(text); strings.Contains(low, "nan") || strings.Contains(low, "#ind") { // as C libraries print it
		text = "nan"
	}
	v, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false, fmt.Errorf("expected a number, found %q", text)
	}
	switch {
	case t == numeric.Float32:
		v = float64(float32(v))
	case !t.IsFloat() && (v != math.Trunc(v) || !fits(v, t)):
		return 0, false, nil
	}
	return v, true, nil
}

// fits reports whether the whole number v is in the range of an integer type.
func fits(v float64, t numeric.Type) bool {
	bits := 8 * t.Size()
	switch t {
	case numeric.Uint8, numeric.Uint16, numeric.Uint32, numeric.Uint64:
		return v >= 0 && v < math.Ldexp(1, bits)
	}
	return v >= -math.Ldexp(1, bits-1) && v < math.Ldexp(1, bits-1)
}

// stored returns v as it is stored in a sample, nil for 16-bit floats.
func stored(v float64, f numeric.Format) []byte {
	if f.Half {
		return nil
	}
	var order binary.AppendByteOrder = binary.LittleEndian
	if f.BigEndian {
		order = binary.BigEndian
	}
	var bits uint64
	switch {
	case f.Type == numeric.Float32:
		bits = uint64(math.Float32bits(float32(v)))
	case f.Type == numeric.Float64:
		bits = math.Float64bits(v)
	case v < 0:
		bits = uint64(int64(v))
	default:
		bits = uint64(v)
	}
	switch f.Size() {
	case 1:
		return []byte{byte(bits)}
	case 2:
		return order.AppendUint16(nil, uint16(bits))
	case 4:
		return order.AppendUint32(nil, uint32(bits))
	}
	return order.AppendUint64(nil, bits)
}
