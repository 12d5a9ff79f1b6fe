package tiff

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"diffclip/internal/numeric"
)

// readNoData reads the value that marks samples without data, which GDAL stores
// as text.
func readNoData(d *directory, t numeric.Type) (v float64, ok bool, err error) {
	text, err := d.text(tagGDALNoData)
	if err != nil || strings.TrimSpace(text) == "" {
		return 0, false, err
	}
	if v, ok, err = numeric.ParseNoData(text, t); err != nil {
		err = fmt.Errorf("the nodata tag (42113): %w", err)
	}
	return v, ok, err
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
