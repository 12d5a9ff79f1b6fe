package tiff

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"diffclip/internal/georef"
	"diffclip/internal/numeric"
)

// stack makes bands of the images that follow the first in a file, where all are alike: some cameras,
// ImageJ and MATLAB write a band to an image. Where they differ f stays the first alone. What cannot be
// read of the others is an error only where they are alike, and so is what was lost behind them.
func (f *File) stack(further []*directory) error {
	if f.Alpha >= 0 || f.Palette != nil {
		return nil
	}
	if f.Pages == 1 {
		return f.stackRaw()
	}
	pages := []*File{f.page()}
	used := f.layout.least()
	for i, d := range further {
		p := &File{Name: f.Name, r: f.r, size: f.size}
		if err := p.layout.readShape(d); err != nil || p.layout.width != f.Width || p.layout.height != f.Height {
			return nil
		}
		if err := p.describe(d); err != nil {
			return fmt.Errorf("image %d of %d: %w", i+2, f.Pages, err)
		}
		if !f.alike(p) {
			return nil
		}
		if used += p.layout.least(); used > uint64(f.size) {
			return fmt.Errorf("the file lists %d images of %d x %d pixels, more than its %d bytes can hold: it is damaged", f.Pages, f.Width, f.Height, f.size)
		}
		pages = append(pages, p)
	}
	if f.Lost != nil {
		return fmt.Errorf("what follows image %d: %w", f.Pages, f.Lost)
	}
	f.join(pages)
	return nil
}

// page is the file as one of its pages.
func (f *File) page() *File {
	return &File{Name: f.Name, Width: f.Width, Height: f.Height, Bands: f.Bands, Type: f.Type, Metadata: f.Metadata, r: f.r, size: f.size, layout: f.layout}
}

// alike reports whether an image can be further bands of f: of the same values on the same ground.
func (f *File) alike(p *File) bool {
	return p.layout.format == f.layout.format && p.Palette == nil && p.Alpha < 0 &&
		(p.Grid.Transform == f.Grid.Transform || p.Grid.Transform == georef.Affine{}) &&
		p.HasNoData == f.HasNoData && (p.NoData == f.NoData || math.IsNaN(p.NoData) && math.IsNaN(f.NoData))
}

// least is how many bytes of a file an image takes at least.
func (l *layout) least() uint64 {
	n, err := numeric.Count([]int{l.height, l.width, l.bands, l.format.Size()})
	if err != nil {
		return math.MaxInt64
	}
	limit := l.expansion()
	if slices.Contains(l.sizes, 0) {
		limit = max(limit, sparseExpansion)
	}
	return uint64(n) / limit
}

// join takes pages for the bands of f.
func (f *File) join(pages []*File) {
	bands, metadata := 0, []Item(nil)
	for _, p := range pages {
		for _, item := range p.Metadata {
			if item.Band >= 0 {
				item.Band += bands
			} else if bands > 0 {
				continue // what is said of the whole is the first page's
			}
			metadata = append(metadata, item)
		}
		bands += p.Bands
	}
	if bands <= math.MaxUint16 {
		f.pages, f.Bands, f.Metadata, f.Stacked = pages, bands, metadata, true
	}
}

// stackRaw stacks what ImageJ writes beyond 4 GB: a directory of the first image alone, whose
// description tells how many there are, one behind the other.
func (f *File) stackRaw() error {
	n := imagesOf(f.description)
	if n < 2 {
		return nil
	}
	l := &f.layout
	bytes, at := uint64(l.rowBytes())*uint64(l.height), l.offsets[0]
	whole := l.compression == compressionNone && !l.tiled && !l.planar
	for i, offset := range l.offsets {
		whole = whole && offset == at
		at += l.sizes[i]
	}
	if !whole || at-l.offsets[0] != bytes {
		return unsupported("%d images of ImageJ behind one directory, compressed or in pieces", n)
	}
	if uint64(f.size)-l.offsets[0] < bytes*uint64(n) {
		return fmt.Errorf("the file says that it holds %d images of %d bytes behind byte %d, but has only %d bytes: it is truncated; ImageJ saves it anew with File > Save As > Tiff", n, bytes, l.offsets[0], f.size)
	}
	var pages []*File
	for k := range n {
		p := f.page()
		p.layout.offsets = slices.Clone(l.offsets)
		for i := range p.layout.offsets {
			p.layout.offsets[i] += uint64(k) * bytes
		}
		pages = append(pages, p)
	}
	f.Pages = n
	f.join(pages)
	return nil
}

// imagesOf returns how many images a description by ImageJ tells of, 0 where it is another's.
func imagesOf(description string) int {
	if !strings.HasPrefix(description, "ImageJ=") {
		return 0
	}
	for line := range strings.Lines(description) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "images="); ok {
			if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= math.MaxUint16 {
				return n
			}
		}
	}
	return 0
}

// readStacked is readRows of a file whose pages are its bands.
func (f *File) readStacked(row, count int, to numeric.Placement) (*numeric.Array, error) {
	p, err := numeric.NewPlacer(to)
	if err != nil || count == 0 {
		return numeric.New(to.Type, to.Shape), err
	}
	band, buffer := 0, []byte(nil)
	for i, page := range f.pages {
		r := &rowReader{f: page, next: row, end: row + count}
		rows := max(1, pieceBytes/page.layout.rowBytes())
		for at := 0; at < count; at += rows {
			block := []int{min(rows, count-at), f.Width, page.Bands}
			buffer = slices.Grow(buffer[:0], block[0]*page.layout.rowBytes())[:block[0]*page.layout.rowBytes()]
			if _, err := io.ReadFull(r, buffer); err != nil {
				return nil, fmt.Errorf("image %d of %d: %w", i+1, len(f.pages), err)
			}
			if err := p.Place(buffer, []int{at, 0, band}, block, false); err != nil {
				return nil, err
			}
		}
		band += page.Bands
	}
	return p.Array, nil
}
