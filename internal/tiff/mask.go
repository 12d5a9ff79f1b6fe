package tiff

import (
	"fmt"

	"diffclip/internal/numeric"
)

// The values of ExtraSamples that speak of opacity: colours multiplied by it, or not.
const (
	associatedAlpha   = 1
	unassociatedAlpha = 2
)

// readAlpha returns the band that ExtraSamples calls alpha, -1 where it calls none
// so, or several: one opacity is all that a pixel can have.
func readAlpha(d *directory, bands int) (int, error) {
	kinds, err := d.numbers(tagExtraSamples)
	if err != nil {
		return -1, err
	}
	alpha := -1
	for i, kind := range kinds {
		if kind != associatedAlpha && kind != unassociatedAlpha {
			continue
		}
		if alpha >= 0 {
			return -1, nil
		}
		alpha = bands - len(kinds) + i
	}
	if bands == 1 || alpha < 0 {
		return -1, nil
	}
	return alpha, nil
}

// describeMask takes note of the image's mask, which is an image of one band and one
// bit, or more, a sample. One of another size is another image's.
func (f *File) describeMask(d *directory) error {
	m := &File{Name: f.Name, r: f.r, size: f.size}
	bits, err := same(d, tagBitsPerSample, "BitsPerSample", 1)
	if err == nil && bits == 1 {
		m.layout, err = readBits(d)
	} else if err == nil {
		m.layout, err = readLayout(d)
	}
	if err != nil {
		return fmt.Errorf("the image's mask: %w", err)
	}
	l := &m.layout
	m.Width, m.Height, m.Bands, m.Type = l.width, l.height, l.bands, l.format.Type
	width := f.Width
	if l.bits {
		width = (width + 7) / 8
	}
	if m.Height == f.Height && m.Width == width && m.Bands == 1 {
		f.mask = m
	}
	return nil
}

// readBits is readLayout for samples of one bit, which are read as bytes of eight.
// Rows begin at a byte.
func readBits(d *directory) (l layout, err error) {
	if err = l.readShape(d); err != nil {
		return l, err
	}
	l.bits, l.width, l.format = true, (l.width+7)/8, numeric.Format{Type: numeric.Uint8}
	return l, l.readStorage(d)
}

// ReadMask reads the image's mask: for each pixel, row by row, whether it was
// measured. It is nil where the image has none, and all were.
func (f *File) ReadMask() ([]bool, error) {
	if f.mask == nil {
		return nil, nil
	}
	a, err := f.mask.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("the image's mask: %w", err)
	}
	out := make([]bool, f.Height*f.Width)
	for i := range out {
		if !f.mask.layout.bits {
			out[i] = a.At64(i) != 0
			continue
		}
		row, column := i/f.Width, i%f.Width
		out[i] = int(a.At64(row*f.mask.Width+column/8))&(0x80>>(column%8)) != 0
	}
	return out, nil
}
