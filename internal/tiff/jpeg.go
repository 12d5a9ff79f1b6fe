package tiff

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"diffclip/internal/numeric"
)

// jpegCoding is what a directory says of blocks that are JPEG streams: Adobe's TIFF
// Technical Note 2. Each block is one stream, of all its bands or, in a planar file, of one.
type jpegCoding struct {
	tables []byte // what all streams share, from SOI to before EOI; nil where each is complete
	ycbcr  bool   // of colours, the stream holds luminance and two differences
}

// The markers of JPEG streams that are looked at.
var (
	jpegStart = []byte{0xff, 0xd8}
	jpegEnd   = []byte{0xff, 0xd9}
	// jpegPlain is an APP14 segment which says that four components are what they are.
	jpegPlain = []byte("\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00")
)

// readJPEG reads what a directory says of JPEG streams. Those of one, three and four bands are what
// package image/jpeg reads.
func (l *layout) readJPEG(d *directory) error {
	if l.format.Type != numeric.Uint8 {
		return fmt.Errorf("JPEG holds bytes, but the samples are %v: the file is damaged", l.format)
	}
	if n := l.samples(); n == 2 || n > 4 {
		return unsupported("JPEG of %d bands in one stream; 1, 3 and 4 are read, and any number where each band has its own", n)
	}
	kind, err := d.number(tagPhotometric, photometricBlackIsZero)
	if err != nil {
		return err
	}
	l.jpeg.ycbcr = kind == photometricYCbCr && l.samples() == 3
	tables, _, err := d.value(tagJPEGTables)
	if err != nil || tables == nil {
		return err
	}
	if !bytes.HasPrefix(tables, jpegStart) || !bytes.HasSuffix(tables, jpegEnd) {
		return fmt.Errorf("the JPEG tables (tag %d) are damaged: they do not begin and end as a JPEG stream does", tagJPEGTables)
	}
	l.jpeg.tables = tables[:len(tables)-len(jpegEnd)]
	return nil
}

// unpack decodes a stream to w x h pixels of the given number of samples. The last strip's may
// have more rows, as many as the others'.
func (c *jpegCoding) unpack(packed []byte, w, h, most, samples int) ([]byte, error) {
	if !bytes.HasPrefix(packed, jpegStart) {
		return nil, fmt.Errorf("JPEG: expected a stream, which begins with ff d8, found % x: the file is damaged", packed[:min(2, len(packed))])
	}
	stream := append([]byte{}, jpegStart...)
	if samples == 4 {
		stream = append(stream, jpegPlain...)
	}
	if c.tables != nil {
		stream = append(stream, c.tables[len(jpegStart):]...)
	}
	stream = append(append(stream, packed[len(jpegStart):]...), jpegEnd...)
	about, err := jpeg.DecodeConfig(bytes.NewReader(stream))
	if err != nil {
		return nil, fmt.Errorf("JPEG: %w", err)
	}
	if about.Width != w || about.Height < h || about.Height > most {
		return nil, fmt.Errorf("JPEG: a stream of %d x %d pixels, expected %d x %d: the file is damaged", about.Width, about.Height, w, h)
	}
	picture, err := jpeg.Decode(bytes.NewReader(stream))
	if err != nil {
		return nil, fmt.Errorf("JPEG: %w", err)
	}
	out := make([]byte, w*h*samples)
	if !c.spread(out, picture, w, samples) {
		return nil, fmt.Errorf("JPEG: the stream has another number of bands than the image, which has %d: the file is damaged", samples)
	}
	return out, nil
}

// spread copies the first rows of a picture, all that fit, to pixels of w a row. It returns false where the
// picture's bands are not the given number of samples.
func (c *jpegCoding) spread(out []byte, picture image.Image, w, samples int) bool {
	switch p := picture.(type) {
	case *image.Gray:
		if samples != 1 {
			return false
		}
		for y := range len(out) / w {
			copy(out[y*w:(y+1)*w], p.Pix[y*p.Stride:])
		}
	case *image.YCbCr:
		if samples != 3 {
			return false
		}
		c.spreadPlanes(out, p, w)
	case *image.RGBA: // colours that the stream itself calls red, green and blue, whatever the directory says
		if samples != 3 {
			return false
		}
		for i := range len(out) / 3 {
			copy(out[3*i:3*i+3], p.Pix[p.PixOffset(i%w, i/w):])
		}
	case *image.CMYK: // which image/jpeg takes for inverted
		if samples != 4 {
			return false
		}
		for i := range out {
			out[i] = 255 - p.Pix[p.PixOffset(i/4%w, i/4/w)+i%4]
		}
	default:
		return false
	}
	return true
}

// spreadPlanes interleaves the three planes of a picture, as red, green and blue where they
// are luminance and differences.
func (c *jpegCoding) spreadPlanes(out []byte, p *image.YCbCr, w int) {
	blue, red := make([]byte, w), make([]byte, w)
	for y := range len(out) / (3 * w) {
		widen(blue, p.Cb, p, y)
		widen(red, p.Cr, p, y)
		row, light := out[3*w*y:][:3*w], p.Y[y*p.YStride:][:w]
		for x, l := range light {
			r, g, b := l, blue[x], red[x]
			if c.ycbcr {
				r, g, b = color.YCbCrToRGB(l, blue[x], red[x])
			}
			row[3*x], row[3*x+1], row[3*x+2] = r, g, b
		}
	}
}

// widen brings a row of one of the planes that hold half as many columns, or rows too, to the
// width of the picture: each value is three parts the nearest and one part the next, as libjpeg
// has it, and so GDAL. Of other planes, and of very narrow ones, it takes the nearest.
func widen(out, plane []byte, p *image.YCbCr, y int) {
	w, h := (p.Rect.Dx()+1)/2, p.Rect.Dy()
	near, far, same, other := y, y, 4, 0 // rows, and their weights
	round := [2]int{4, 8}
	switch p.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		near, far, same, other = y/2, y/2-1+y%2*2, 3, 1
		far = min(max(far, 0), (h+1)/2-1)
		round = [2]int{8, 7}
	case image.YCbCrSubsampleRatio422:
	default:
		w = 0
	}
	if w <= 2 {
		for x := range out {
			out[x] = plane[p.COffset(x, y)]
		}
		return
	}
	a, b := plane[near*p.CStride:][:w], plane[far*p.CStride:][:w]
	column := func(i int) int {
		i = min(max(i, 0), w-1)
		return same*int(a[i]) + other*int(b[i])
	}
	for x := range out {
		side := x % 2
		out[x] = byte((3*column(x/2) + column(x/2-1+2*side) + round[side]) >> 4)
	}
}
