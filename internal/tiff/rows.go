package tiff

import (
	"fmt"
	"io"

	"diffclip/internal/interleave"
)

// rowReader streams the stored samples of rows, interleaved by pixel, decoding
// one row of blocks at a time.
type rowReader struct {
	f         *File
	next, end int    // rows still to fetch
	rest      []byte // of the rows fetched last
}

func (r *rowReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.next >= r.end {
			return 0, io.EOF
		}
		w, err := r.f.fetch(r.next, r.end)
		if err != nil {
			return 0, err
		}
		row := r.f.layout.rowBytes()
		to := min(r.end, w.row+len(w.data)/row)
		r.rest = w.data[(r.next-w.row)*row : (to-w.row)*row]
		r.next = to
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// window is some rows of stored samples, interleaved by pixel.
type window struct {
	row  int
	data []byte
}

// rowBytes returns the stored bytes of one row, all bands.
func (l *layout) rowBytes() int { return l.width * l.bands * l.format.Size() }

// pieceBytes is about how much of an uncompressed image is read at a time.
const pieceBytes = 1 << 20

// fetch returns rows from the given one on, at least one of them. What it
// returns may go on beyond end, and is kept where it does.
func (f *File) fetch(row, end int) (window, error) {
	l := &f.layout
	if have := f.cache; row >= have.row && row < have.row+len(have.data)/l.rowBytes() {
		return have, nil
	}
	f.cache = window{}
	blockRow := row / l.blockH
	first := blockRow * l.blockH
	last := min(first+l.blockH, l.height)
	if l.compression == compressionNone && !l.tiled {
		first, last = row, min(end, last, row+max(1, pieceBytes/l.rowBytes()))
	}
	data, err := f.assemble(blockRow, first-blockRow*l.blockH, last-first)
	if err != nil {
		return window{}, err
	}
	w := window{first, data}
	if last > end {
		f.cache = w
	}
	return w, nil
}

// assemble decodes the part of a row of blocks that begins skip rows below its
// top, and returns count rows interleaved by pixel.
func (f *File) assemble(blockRow, skip, count int) ([]byte, error) {
	l := &f.layout
	var out, block []byte
	for plane := range l.planes() {
		for column := range l.across {
			i := (plane*l.down+blockRow)*l.across + column
			var err error
			if block, err = f.readBlock(i, blockRow, skip, count, block); err != nil {
				return nil, fmt.Errorf("block %d of %d: %w", i+1, len(l.offsets), err)
			}
			if !l.tiled && !l.planar && block != nil {
				return block, nil
			}
			if out == nil { // after the first block, so that a lying file fails first
				out = make([]byte, count*l.rowBytes())
			}
			l.place(out, block, plane, column, count)
		}
	}
	return out, nil
}

// readBlock returns the decoded samples of a block, or nil where the block is
// not stored. Of an uncompressed strip it reads the given rows only. It may use
// the memory of old.
func (f *File) readBlock(i, blockRow, skip, count int, old []byte) ([]byte, error) {
	l := &f.layout
	at, n := l.offsets[i], l.sizes[i]
	if n == 0 {
		return nil, nil
	}
	want := int(l.blockBytes(blockRow))
	if l.compression == compressionNone {
		row := want / l.blockRows(blockRow)
		if !l.tiled {
			at, want = at+uint64(skip*row), count*row
		}
		if cap(old) < want {
			old = make([]byte, want)
		}
		old = old[:want]
		_, err := io.ReadFull(io.NewSectionReader(f.r, int64(at), int64(want)), old)
		return old, err
	}
	u := &f.unpacker
	if uint64(cap(u.packed)) < n {
		u.packed = make([]byte, n)
	}
	u.packed = u.packed[:n]
	if _, err := io.ReadFull(io.NewSectionReader(f.r, int64(at), int64(n)), u.packed); err != nil {
		return nil, err
	}
	if l.compression == compressionJPEG {
		return l.jpeg.unpack(u.packed, l.blockW, l.blockRows(blockRow), l.blockH, l.samples())
	}
	block, err := u.unpack(l.compression, want, old[:0])
	if err != nil {
		return nil, err
	}
	unpredict(block, l.predictor, l.blockW, l.samples(), l.format)
	return block, nil
}

// place copies a block's first count rows to their columns and bands of out. A
// nil block is filled in.
func (l *layout) place(out, block []byte, plane, column, count int) {
	size, samples := l.format.Size(), l.samples()
	x := column * l.blockW
	w := min(l.blockW, l.width-x)
	for y := range count {
		dst := out[y*l.rowBytes()+x*l.bands*size:][:w*l.bands*size]
		switch {
		case block == nil:
			l.fillRow(dst, plane)
		case samples == l.bands:
			copy(dst, block[y*l.blockW*samples*size:])
		default:
			interleave.Band(dst, block[y*l.blockW*size:][:w*size], plane, l.bands, size)
		}
	}
}

// fillRow sets the samples of a row that are not stored: one band of it in a
// planar file, else all.
func (l *layout) fillRow(dst []byte, plane int) {
	if l.fill == nil {
		return
	}
	size, step := len(l.fill), len(l.fill)
	if l.planar {
		dst, step = dst[plane*size:], l.bands*size
	}
	for i := 0; i < len(dst); i += step {
		copy(dst[i:], l.fill)
	}
}
