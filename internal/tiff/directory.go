package tiff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// The tags that are read or written.
const (
	tagNewSubfileType  = 254
	tagSubfileType     = 255
	tagImageWidth      = 256
	tagImageLength     = 257
	tagBitsPerSample   = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagFillOrder       = 266
	tagDescription     = 270
	tagStripOffsets    = 273
	tagSamplesPerPixel = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagPlanarConfig    = 284
	tagPredictor       = 317
	tagColorMap        = 320
	tagTileWidth       = 322
	tagTileLength      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagExtraSamples    = 338
	tagSampleFormat    = 339
	tagJPEGTables      = 347
	tagPixelScale      = 33550
	tagTiepoint        = 33922
	tagTransformation  = 34264
	tagGeoKeys         = 34735
	tagGeoDoubles      = 34736
	tagGeoASCII        = 34737
	tagGDALMetadata    = 42112
	tagGDALNoData      = 42113
)

// The field types of TIFF 6.0 and BigTIFF.
const (
	typeByte   = 1
	typeASCII  = 2
	typeShort  = 3
	typeLong   = 4
	typeDouble = 12
	typeLong8  = 16
)

// fieldSize returns the bytes of one value of a field type, 0 for unknown types.
func fieldSize(t uint16) uint64 {
	if int(t) < len(fieldSizes) {
		return fieldSizes[t]
	}
	return 0
}

var fieldSizes = [...]uint64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8}

// entry is one field of a directory. Its value is read when asked for.
type entry struct {
	kind   uint16
	count  uint64
	inline []byte // the value itself, or the offset of it
}

// directory is an image file directory (IFD).
type directory struct {
	r       io.ReaderAt
	size    uint64
	order   binary.ByteOrder
	big     bool // BigTIFF: offsets of 8 bytes
	entries map[uint16]entry
}

// contents are the directories of a file.
type contents struct {
	images []*directory // those that are neither overviews nor masks, at least one
	mask   *directory   // the first image's, nil where it has none
	lost   error        // why no more is known of what lies behind them, nil where that is all
}

// readDirectories reads the header and the directories. What lies behind the first image may be damaged.
func readDirectories(r io.ReaderAt, size int64) (in contents, err error) {
	file := directory{r: r, size: uint64(max(0, size))}
	next, err := file.readHeader()
	if err != nil {
		return in, err
	}
	seen, fields := map[uint64]bool{}, uint64(0)
	for next != 0 && !seen[next] {
		seen[next] = true
		d := file
		var kind uint64
		if next, err = d.readEntries(next); err == nil {
			kind, err = d.subfileType()
		}
		if fields += uint64(len(d.entries)); err == nil && fields > file.size/12 {
			err = fmt.Errorf("the directories lie one upon the other: the file is damaged")
		}
		if err != nil && in.images != nil {
			in.lost = err
			break
		}
		if err != nil {
			return in, err
		}
		_, sized := d.entries[tagImageWidth]
		switch {
		case sized && kind == 0:
			in.images = append(in.images, &d)
		case sized && kind == maskImage && len(in.images) == 1 && in.mask == nil:
			in.mask = &d
		}
	}
	if in.images == nil {
		return in, fmt.Errorf("the TIFF file holds no full-resolution image")
	}
	return in, nil
}

// subfileType returns the bits of NewSubfileType that tell overviews and masks apart, also
// where the field of TIFF 5.0 says so.
func (d *directory) subfileType() (uint64, error) {
	kind, err := d.number(tagNewSubfileType, 0)
	if err != nil {
		return 0, err
	}
	old, err := d.number(tagSubfileType, 0)
	if old == 2 {
		kind |= reducedImage
	}
	return kind & (reducedImage | maskImage), err
}

// Bits of NewSubfileType.
const (
	reducedImage = 1
	maskImage    = 4
)

// readHeader sets the byte order and flavour and returns the first directory's offset.
func (d *directory) readHeader() (uint64, error) {
	head, err := d.bytes(0, min(16, d.size))
	if err != nil {
		return 0, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("II")):
		d.order = binary.LittleEndian
	case bytes.HasPrefix(head, []byte("MM")):
		d.order = binary.BigEndian
	default:
		return 0, fmt.Errorf("expected a TIFF file, which begins with II or MM, found %q", head[:min(4, len(head))])
	}
	if len(head) < 8 {
		return 0, fmt.Errorf("expected a TIFF header of at least 8 bytes, found a file of %d", len(head))
	}
	switch version := d.order.Uint16(head[2:]); {
	case version == 42:
		return uint64(d.order.Uint32(head[4:])), nil
	case version == 43 && len(head) == 16 && d.order.Uint16(head[4:]) == 8:
		d.big = true
		return d.order.Uint64(head[8:]), nil
	default:
		return 0, fmt.Errorf("expected TIFF version 42 or 43 (BigTIFF), found %d in a damaged header", version)
	}
}

// readEntries reads the directory at an offset and returns where the next one is.
func (d *directory) readEntries(at uint64) (next uint64, err error) {
	countSize, entrySize, wordSize := uint64(2), uint64(12), uint64(4)
	if d.big {
		countSize, entrySize, wordSize = 8, 20, 8
	}
	b, err := d.bytes(at, countSize)
	if err != nil {
		return 0, fmt.Errorf("directory at byte %d: %w", at, err)
	}
	count := uint64(d.order.Uint16(b))
	if d.big {
		count = d.order.Uint64(b)
	}
	if count > math.MaxUint16 {
		return 0, fmt.Errorf("directory at byte %d says it has %d fields, expected at most 65535", at, count)
	}
	if b, err = d.bytes(at+countSize, count*entrySize+wordSize); err != nil {
		return 0, fmt.Errorf("directory at byte %d of %d fields: %w", at, count, err)
	}
	d.entries = make(map[uint16]entry, count)
	for ; count > 0; count-- {
		e := entry{kind: d.order.Uint16(b[2:]), count: d.word(b[4:]), inline: b[4+wordSize : entrySize]}
		if tag := d.order.Uint16(b); d.entries[tag].inline == nil { // the first of twins counts
			d.entries[tag] = e
		}
		b = b[entrySize:]
	}
	return d.word(b), nil
}

// word reads an offset or a count: 4 bytes, or 8 in BigTIFF.
func (d *directory) word(b []byte) uint64 {
	if d.big {
		return d.order.Uint64(b)
	}
	return uint64(d.order.Uint32(b))
}

// bytes reads n bytes at an offset, and allocates only where the file has them.
func (d *directory) bytes(at, n uint64) ([]byte, error) {
	if at > d.size || n > d.size-at {
		return nil, fmt.Errorf("expected %d bytes at byte %d, but the file has only %d: it is truncated or damaged", n, at, d.size)
	}
	b := make([]byte, n)
	if n == 0 {
		return b, nil
	}
	if _, err := io.ReadFull(io.NewSectionReader(d.r, int64(at), int64(n)), b); err != nil {
		return nil, fmt.Errorf("reading %d bytes at byte %d: %w", n, at, err)
	}
	return b, nil
}

// value returns the stored bytes of a field and the size of each of its values;
// nil where the directory has no such field.
func (d *directory) value(tag uint16) (b []byte, e entry, err error) {
	e, ok := d.entries[tag]
	if !ok {
		return nil, e, nil
	}
	size := fieldSize(e.kind)
	if size == 0 {
		return nil, e, fmt.Errorf("TIFF tag %d has the unknown field type %d", tag, e.kind)
	}
	if e.count > d.size/size {
		return nil, e, fmt.Errorf("TIFF tag %d says it has %d values of %d bytes, more than the file of %d bytes holds", tag, e.count, size, d.size)
	}
	if n := e.count * size; n <= uint64(len(e.inline)) {
		return e.inline[:n], e, nil
	}
	if b, err = d.bytes(d.word(e.inline), e.count*size); err != nil {
		return nil, e, fmt.Errorf("TIFF tag %d: %w", tag, err)
	}
	return b, e, nil
}

// numbers returns the values of an unsigned integer field, nil where absent.
func (d *directory) numbers(tag uint16) ([]uint64, error) {
	b, e, err := d.value(tag)
	if b == nil || err != nil {
		return nil, err
	}
	out := make([]uint64, e.count)
	for i := range out {
		switch e.kind {
		case typeByte:
			out[i] = uint64(b[i])
		case typeShort:
			out[i] = uint64(d.order.Uint16(b[2*i:]))
		case typeLong, 13: // 13 is LONG that holds a directory's offset
			out[i] = uint64(d.order.Uint32(b[4*i:]))
		case typeLong8, 18:
			out[i] = d.order.Uint64(b[8*i:])
		default:
			return nil, fmt.Errorf("TIFF tag %d has field type %d, expected unsigned integers", tag, e.kind)
		}
	}
	return out, nil
}

// number returns the first value of an unsigned integer field, or absent.
func (d *directory) number(tag uint16, absent uint64) (uint64, error) {
	all, err := d.numbers(tag)
	if err != nil || len(all) == 0 {
		return absent, err
	}
	return all[0], nil
}

// doubles returns the values of a floating-point field, nil where absent.
func (d *directory) doubles(tag uint16) ([]float64, error) {
	b, e, err := d.value(tag)
	if b == nil || err != nil {
		return nil, err
	}
	if e.kind != typeDouble {
		return nil, fmt.Errorf("TIFF tag %d has field type %d, expected 12 (double)", tag, e.kind)
	}
	out := make([]float64, e.count)
	for i := range out {
		out[i] = math.Float64frombits(d.order.Uint64(b[8*i:]))
	}
	return out, nil
}

// text returns an ASCII field up to its closing NUL, "" where absent.
func (d *directory) text(tag uint16) (string, error) {
	b, e, err := d.value(tag)
	if b == nil || err != nil {
		return "", err
	}
	if e.kind != typeASCII && e.kind != typeByte {
		return "", fmt.Errorf("TIFF tag %d has field type %d, expected text", tag, e.kind)
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b), nil
}
