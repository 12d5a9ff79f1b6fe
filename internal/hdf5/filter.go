package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Identifiers of the filters that are read.
const (
	filterDeflate    = 1
	filterShuffle    = 2
	filterFletcher32 = 3
	filterLZF        = 32000 // which h5py brings
)

var filterNames = map[int]string{4: "szip", 5: "nbit", 6: "scale-offset", 305: "LZO", 307: "bzip2", 32001: "Blosc", 32004: "LZ4", 32013: "ZFP", 32015: "Zstandard"}

// filter is one step of the pipeline that a chunk went through when written.
type filter struct {
	id   int
	args []uint32
}

// maxFilters is HDF5's own limit.
const maxFilters = 32

func parseFilters(body []byte) ([]filter, error) {
	c := cursor{b: body}
	version, count := c.u8(), int(c.u8())
	switch {
	case version == 1:
		c.skip(6)
	case version != 2:
		return nil, fmt.Errorf("filter message version %d, want 1 or 2", version)
	}
	if count > maxFilters {
		return nil, fmt.Errorf("%d filters, more than %d", count, maxFilters)
	}
	filters := make([]filter, count)
	for i := range filters {
		f := &filters[i]
		f.id = c.u16()
		nameSize := 0
		if version == 1 || f.id >= 256 {
			nameSize = c.u16()
		}
		c.skip(2)
		args := c.u16()
		if version == 1 {
			nameSize = (nameSize + 7) &^ 7
		}
		c.skip(nameSize)
		for k := 0; k < args && !c.short; k++ {
			f.args = append(f.args, c.u32())
		}
		if version == 1 && args%2 == 1 {
			c.skip(4)
		}
		if c.short {
			return nil, fmt.Errorf("filters: %w", errShort)
		}
		switch f.id {
		case filterDeflate, filterShuffle, filterFletcher32, filterLZF:
		default:
			name := filterNames[f.id]
			if name == "" {
				name = "unknown"
			}
			return nil, fmt.Errorf("compressed with filter %d (%s), which is not read: save it again with gzip, for instance with: h5repack -f GZIP=4 in out", f.id, name)
		}
	}
	return filters, nil
}

// pipeline undoes the filters of one chunk after the other, with scratch memory
// that it keeps.
type pipeline struct {
	inflater io.ReadCloser
	inflated bytes.Buffer
	shuffled []byte
}

// undo takes a stored chunk back through the pipeline. Bit i of mask says that
// filter i was left out for this chunk; the result is size bytes long and valid
// until the next call.
func (p *pipeline) undo(b []byte, filters []filter, mask uint32, size int) (_ []byte, err error) {
	packed, shuffled := false, false
	for i := len(filters) - 1; i >= 0; i-- {
		if mask>>i&1 != 0 {
			continue
		}
		switch filters[i].id {
		case filterDeflate:
			if packed {
				return nil, fmt.Errorf("compressed twice, which is not read")
			}
			packed = true
			b, err = p.inflate(b, size+4*len(filters))
		case filterLZF:
			if packed {
				return nil, fmt.Errorf("compressed twice, which is not read")
			}
			packed = true
			b, err = unpackLZF(b, size+4*len(filters))
		case filterShuffle:
			if shuffled {
				return nil, fmt.Errorf("shuffled twice, which is not read")
			}
			shuffled = true
			b = p.unshuffle(b, filters[i].args)
		case filterFletcher32:
			b, err = checkFletcher(b)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(b) != size {
		return nil, fmt.Errorf("holds %d bytes, want %d", len(b), size)
	}
	return b, nil
}

// inflate undoes deflate into at most limit bytes, growing as they arrive.
func (p *pipeline) inflate(b []byte, limit int) (_ []byte, err error) {
	src := bytes.NewReader(b)
	if p.inflater == nil {
		p.inflater, err = zlib.NewReader(src)
	} else {
		err = p.inflater.(zlib.Resetter).Reset(src, nil)
	}
	if err == nil {
		p.inflated.Reset()
		if _, err = p.inflated.ReadFrom(io.LimitReader(p.inflater, int64(limit))); err == nil {
			return p.inflated.Bytes(), nil
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errShort
	}
	return nil, fmt.Errorf("broken compression: %w", err)
}

// unshuffle undoes the grouping of the elements' first bytes, second bytes, ....
func (p *pipeline) unshuffle(b []byte, args []uint32) []byte {
	if len(args) == 0 || args[0] <= 1 || uint64(args[0]) > uint64(len(b)) {
		return b
	}
	size := int(args[0])
	n := len(b) / size
	if cap(p.shuffled) < len(b) {
		p.shuffled = make([]byte, len(b))
	}
	out := p.shuffled[:len(b)]
	for k := range size {
		for i, v := range b[k*n : (k+1)*n] {
			out[i*size+k] = v
		}
	}
	copy(out[n*size:], b[n*size:])
	return out
}

// checkFletcher verifies and cuts off the checksum at the end.
func checkFletcher(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("no room for its checksum")
	}
	body, want := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if got := fletcher32(body); got != want {
		return nil, fmt.Errorf("checksum %#08x, want %#08x: the file is damaged", got, want)
	}
	return body, nil
}

// fletcher32 is HDF5's variant: big-endian 16-bit words, an odd last byte on the
// high side.
func fletcher32(b []byte) uint32 {
	var lo, hi uint32
	fold := func(s uint32) uint32 { return s&0xffff + s>>16 }
	for words := len(b) / 2; words > 0; {
		run := min(words, 360) // sums that cannot overflow
		words -= run
		for range run {
			lo += uint32(b[0])<<8 | uint32(b[1])
			hi += lo
			b = b[2:]
		}
		lo, hi = fold(lo), fold(hi)
	}
	if len(b) == 1 {
		lo += uint32(b[0]) << 8
		hi += lo
		lo, hi = fold(lo), fold(hi)
	}
	return fold(hi)<<16 | fold(lo)
}
