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
)

var filterNames = map[int]string{4: "szip", 5: "nbit", 6: "scale-offset", 305: "LZO", 307: "bzip2", 32000: "LZF", 32001: "Blosc", 32004: "LZ4", 32013: "ZFP", 32015: "Zstandard"}

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
		case filterDeflate, filterShuffle, filterFletcher32:
		default:
			name := filterNames[f.id]
			if name == "" {
				name = "unknown"
			}
			return nil, fmt.Errorf("compressed with filter %d (%s), which is not read: save it again with gzip", f.id, name)
		}
	}
	return filters, nil
}

// unfilter takes a stored chunk back through the pipeline. Bit i of mask says
// that filter i was left out for this chunk; the result is size bytes long.
func unfilter(b []byte, filters []filter, mask uint32, size int) (_ []byte, err error) {
	for i := len(filters) - 1; i >= 0; i-- {
		if mask>>i&1 != 0 {
			continue
		}
		switch filters[i].id {
		case filterDeflate:
			b, err = inflate(b, size+4*len(filters))
		case filterShuffle:
			b = unshuffle(b, filters[i].args)
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
func inflate(b []byte, limit int) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err == nil {
		var out bytes.Buffer
		out.Grow(min(limit+bytes.MinRead, 8*len(b)+bytes.MinRead))
		if _, err = out.ReadFrom(io.LimitReader(z, int64(limit))); err == nil {
			return out.Bytes(), nil
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errShort
	}
	return nil, fmt.Errorf("broken compression: %w", err)
}

// unshuffle undoes the grouping of the elements' first bytes, second bytes, ....
func unshuffle(b []byte, args []uint32) []byte {
	if len(args) == 0 || args[0] <= 1 || uint64(args[0]) > uint64(len(b)) {
		return b
	}
	size := int(args[0])
	n := len(b) / size
	out := make([]byte, len(b))
	for k := range size {
		plane := b[k*n : (k+1)*n]
		for i, v := range plane {
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
