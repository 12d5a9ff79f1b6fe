package tiff

import (
	"fmt"
	"math"

	"diffclip/internal/numeric"
)

// layout says where the pixels are and how they are stored.
type layout struct {
	width, height, bands int
	format               numeric.Format

	compression int
	predictor   int
	jpeg        jpegCoding // where compression is JPEG
	planar      bool       // each block holds one band, and blocks are ordered by band
	tiled       bool       // edge tiles are stored whole; the last strip is cut
	bits        bool       // a byte holds eight samples of one bit, and counts as one sample: widths are in bytes

	blockW, blockH int
	across, down   int // blocks per row and column of blocks
	offsets, sizes []uint64

	fill []byte // the stored sample of blocks that are not stored; nil for zeros
}

// Compression schemes.
const (
	compressionNone     = 1
	compressionLZW      = 5
	compressionJPEG     = 7
	compressionDeflate  = 8
	compressionDeflate0 = 32946 // deflate before it was given number 8
	compressionPackBits = 32773
)

var compressionNames = map[int]string{
	2: "CCITT", 3: "CCITT fax 3", 4: "CCITT fax 4", 6: "old JPEG", 34887: "LERC", 34925: "LZMA",
	50000: "ZSTD", 50001: "WebP", 50002: "JPEG XL", 34712: "JPEG 2000",
}

// expansion bounds how many bytes one stored byte can become: LZW at most 4096 bytes in 12 bits, PackBits 128 in 2
// bytes, JPEG 64 values in a bit, and colours at half the rows and columns. A block that promises more is a lie, and is not allocated for.
func (l *layout) expansion() uint64 {
	switch l.compression {
	case compressionNone:
		return 1
	case compressionPackBits:
		return 64
	case compressionLZW:
		return 2731
	case compressionJPEG:
		return 1024
	}
	return numeric.DeflateRatio
}

// sparseExpansion bounds the part of an image that is not stored at all (GDAL's
// sparse files) as a multiple of the file's size.
const sparseExpansion = 4096

func readLayout(d *directory) (l layout, err error) {
	if err = l.readShape(d); err != nil {
		return l, err
	}
	if err = l.readFormat(d); err != nil {
		return l, err
	}
	return l, l.readStorage(d)
}

// readStorage finds out how and where the samples, whose shape and format are known, are stored.
func (l *layout) readStorage(d *directory) error {
	if err := l.readCoding(d); err != nil {
		return err
	}
	if err := l.readBlocks(d); err != nil {
		return err
	}
	return l.check(d.size)
}

func (l *layout) readShape(d *directory) error {
	for _, field := range []struct {
		tag    uint16
		name   string
		absent uint64
		limit  uint64
		to     *int
	}{
		{tagImageWidth, "ImageWidth", 0, math.MaxInt32, &l.width},
		{tagImageLength, "ImageLength", 0, math.MaxInt32, &l.height},
		{tagSamplesPerPixel, "SamplesPerPixel", 1, math.MaxUint16, &l.bands},
	} {
		v, err := d.number(field.tag, field.absent)
		if err != nil {
			return err
		}
		if v == 0 || v > field.limit {
			return fmt.Errorf("%s is %d, expected 1 to %d", field.name, v, field.limit)
		}
		*field.to = int(v)
	}
	return nil
}

// readFormat finds the one sample format that all bands share.
func (l *layout) readFormat(d *directory) error {
	bits, err := same(d, tagBitsPerSample, "BitsPerSample", 1)
	if err != nil {
		return err
	}
	kind, err := same(d, tagSampleFormat, "SampleFormat", 1)
	if err != nil {
		return err
	}
	if kind == 4 { // "undefined": libtiff reads it as unsigned
		kind = 1
	}
	t, ok := sampleTypes[[2]uint64{kind, bits}]
	if !ok {
		options := "-ot Float32" // of complex numbers the real part
		if kind == 1 && bits < 32 {
			options = fmt.Sprintf("-co NBITS=%d", []int{8, 8, 16, 32, 32}[(bits+7)/8])
		}
		return convertBy(options, "samples of %d bits in sample format %d; 8 to 64-bit integers and 16 to 64-bit floats are read", bits, kind)
	}
	l.format = numeric.Format{Type: t, BigEndian: d.order.Uint16([]byte{0, 1}) == 1, Half: kind == 3 && bits == 16}
	return nil
}

// sampleTypes maps SampleFormat and BitsPerSample to an element type.
var sampleTypes = map[[2]uint64]numeric.Type{
	{1, 8}: numeric.Uint8, {1, 16}: numeric.Uint16, {1, 32}: numeric.Uint32, {1, 64}: numeric.Uint64,
	{2, 8}: numeric.Int8, {2, 16}: numeric.Int16, {2, 32}: numeric.Int32, {2, 64}: numeric.Int64,
	{3, 16}: numeric.Float32, {3, 32}: numeric.Float32, {3, 64}: numeric.Float64,
}

// same returns the value that a field gives for every band.
func same(d *directory, tag uint16, name string, absent uint64) (uint64, error) {
	all, err := d.numbers(tag)
	if err != nil || len(all) == 0 {
		return absent, err
	}
	for i, v := range all {
		if v != all[0] {
			return 0, unsupported("%s is %d for band 1 and %d for band %d; all bands must be alike", name, all[0], v, i+1)
		}
	}
	return all[0], nil
}

func (l *layout) readCoding(d *directory) error {
	var v [4]uint64
	for i, tag := range []uint16{tagCompression, tagPredictor, tagPlanarConfig, tagFillOrder} {
		var err error
		if v[i], err = d.number(tag, 1); err != nil {
			return err
		}
	}
	l.compression, l.predictor = int(v[0]), int(v[1])
	switch l.compression {
	case compressionLZW, compressionDeflate, compressionDeflate0:
	case compressionNone, compressionPackBits, compressionJPEG: // predictors do not apply, a tag notwithstanding
		l.predictor = 1
	default:
		name := compressionNames[l.compression]
		if name == "" {
			name = "not known"
		}
		return unsupported("compression %d (%s); none, LZW, deflate, PackBits and JPEG are read", l.compression, name)
	}
	switch float := l.format.Type.IsFloat(); {
	case l.predictor < 1 || l.predictor > 3:
		return unsupported("predictor %d; 1, 2 and 3 are read", l.predictor)
	case l.predictor == 3 && !float:
		return fmt.Errorf("predictor 3 is for floating-point samples, but the samples are %v: the file is damaged", l.format)
	}
	if v[2] != 1 && v[2] != 2 {
		return fmt.Errorf("PlanarConfiguration is %d, expected 1 or 2", v[2])
	}
	l.planar = v[2] == 2 && l.bands > 1
	if v[3] == 2 {
		return unsupported("bits stored in reverse order (FillOrder 2)")
	}
	if l.compression == compressionJPEG {
		return l.readJPEG(d)
	}
	kind, err := d.number(tagPhotometric, photometricBlackIsZero)
	if err == nil && kind == photometricYCbCr {
		err = unsupported("colours as luminance and differences (YCbCr) that are not JPEG")
	}
	return err
}

// readBlocks finds the strips or tiles.
func (l *layout) readBlocks(d *directory) error {
	offsets, sizes := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	w, err := d.number(tagTileWidth, 0)
	if err != nil {
		return err
	}
	h, err := d.number(tagRowsPerStrip, math.MaxUint32)
	if l.tiled = w != 0; l.tiled {
		offsets, sizes = tagTileOffsets, tagTileByteCounts
		h, err = d.number(tagTileLength, 0)
	} else {
		w, h = uint64(l.width), min(h, uint64(l.height))
	}
	if err != nil {
		return err
	}
	if l.tiled && l.bits {
		if w%8 != 0 {
			return fmt.Errorf("tiles are %d pixels wide, expected a multiple of 16", w)
		}
		w /= 8
	}
	if w == 0 || h == 0 || w > math.MaxInt32 || h > math.MaxInt32 {
		return fmt.Errorf("strips or tiles are %d x %d pixels, expected at least 1 x 1", w, h)
	}
	l.blockW, l.blockH = int(w), int(h)
	l.across, l.down = (l.width-1)/l.blockW+1, (l.height-1)/l.blockH+1
	if l.offsets, err = d.numbers(offsets); err != nil {
		return err
	}
	if l.sizes, err = d.numbers(sizes); err != nil {
		return err
	}
	n, err := numeric.Count([]int{l.planes(), l.down, l.across})
	if err != nil || len(l.offsets) < n {
		return fmt.Errorf("an image of %d x %d pixels and %d bands in blocks of %d x %d needs %d blocks, but the file lists %d",
			l.width, l.height, l.bands, l.blockW, l.blockH, n, len(l.offsets))
	}
	if l.sizes == nil && l.compression == compressionNone { // an old omission that does no harm
		l.sizes = make([]uint64, n)
		for i := range l.sizes {
			l.sizes[i] = l.blockBytes(i / l.across % l.down)
		}
	}
	if len(l.sizes) < n {
		return fmt.Errorf("the file lists %d blocks but the sizes of only %d", n, len(l.sizes))
	}
	l.offsets, l.sizes = l.offsets[:n], l.sizes[:n]
	return nil
}

// planes returns how many sets of blocks there are.
func (l *layout) planes() int {
	if l.planar {
		return l.bands
	}
	return 1
}

// samples returns the samples per pixel of a block.
func (l *layout) samples() int {
	if l.planar {
		return 1
	}
	return l.bands
}

// blockRows returns how many rows the blocks of the given row of blocks hold.
func (l *layout) blockRows(blockRow int) int {
	if l.tiled {
		return l.blockH
	}
	return min(l.blockH, l.height-blockRow*l.blockH)
}

// blockBytes returns the bytes of a decoded block, MaxInt64 where they are more.
func (l *layout) blockBytes(blockRow int) uint64 {
	n, err := numeric.Count([]int{l.blockRows(blockRow), l.blockW, l.samples(), l.format.Size()})
	if err != nil {
		return math.MaxInt64
	}
	return uint64(n)
}

// check refuses blocks that are outside the file, or that promise more pixels
// than their bytes, or all blocks together more than the file, can hold.
func (l *layout) check(size uint64) error {
	total, err := numeric.Count([]int{l.height, l.width, l.bands, l.format.Size()})
	if err != nil {
		return fmt.Errorf("the image is too large: %w", err)
	}
	sparse, limit := false, l.expansion()
	for i, at := range l.offsets {
		n := l.sizes[i]
		if n == 0 {
			sparse = true
			continue
		}
		if at > size || n > size-at {
			return fmt.Errorf("block %d of %d is said to be %d bytes at byte %d, but the file has only %d: it is truncated", i+1, len(l.offsets), n, at, size)
		}
		if want := l.blockBytes(i / l.across % l.down); want/limit > n {
			return fmt.Errorf("block %d of %d has %d bytes, too few for its %d bytes of pixels: the file is damaged", i+1, len(l.offsets), n, want)
		}
	}
	if sparse {
		limit = max(limit, sparseExpansion)
	}
	if uint64(total)/limit > size {
		return fmt.Errorf("an image of %d x %d pixels and %d bands cannot be in a file of %d bytes: the file is damaged", l.width, l.height, l.bands, size)
	}
	return nil
}
