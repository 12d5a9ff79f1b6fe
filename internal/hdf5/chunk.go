package hdf5

import (
	"fmt"

	"diffclip/internal/numeric"
)

// chunk is a stored chunk of a dataset.
type chunk struct {
	addr   uint64
	size   uint64 // stored bytes
	mask   uint32 // filters left out
	origin []int  // subscripts of its first element
}

// chunkReader places the chunks that an index lists.
type chunkReader struct {
	f       *File
	d       dataset
	reverse bool
	place   *numeric.Placer
	pipe    pipeline
	raw     []byte // scratch: a stored chunk
	grid    []int  // chunks along each dimension
	bytes   int    // of a chunk, unfiltered
	placed  []bool // by place in the grid
}

// readChunks makes an array of the dataset's chunks. Those never written hold the
// fill value.
func (f *File) readChunks(d dataset, to numeric.Placement, reverse bool) (*numeric.Array, error) {
	r := &chunkReader{f: f, d: d, reverse: reverse}
	for i, n := range d.space.shape {
		r.grid = append(r.grid, (n-1)/d.layout.chunk[i]+1)
	}
	count, err := numeric.Count(r.grid)
	if err != nil {
		return nil, err
	}
	elements, err := numeric.Count(d.layout.chunk)
	if err != nil {
		return nil, err
	}
	if int64(elements) > f.data {
		return nil, fmt.Errorf("chunks of shape %v are more than the file's %d bytes can hold", d.layout.chunk, f.size)
	}
	r.bytes = elements * to.Format.Size()
	// Every chunk, also what overhangs the edge, is decoded at most once.
	if err := f.charge(d.layout.chunk, int64(count), int64(r.bytes)); err != nil {
		return nil, err
	}
	r.placed = make([]bool, count)
	if r.place, err = numeric.NewPlacer(to); err != nil {
		return nil, err
	}
	if d.layout.addr != undefined {
		if err := r.index(); err != nil {
			return nil, err
		}
	}
	if err := r.fillMissing(); err != nil {
		return nil, err
	}
	return r.place.Array, nil
}

// put reads, unfilters and places one chunk.
func (r *chunkReader) put(c chunk) error {
	if c.addr == undefined {
		return nil
	}
	at := 0
	overhangs := false
	for i, o := range c.origin {
		side := r.d.layout.chunk[i]
		if o < 0 || o%side != 0 {
			return fmt.Errorf("a chunk at %v, not on the grid of %v", c.origin, r.d.layout.chunk)
		}
		if o >= r.d.space.shape[i] {
			return nil // left over from before the dataset shrank
		}
		overhangs = overhangs || o > r.d.space.shape[i]-side
		at = at*r.grid[i] + o/side
	}
	if r.placed[at] {
		return fmt.Errorf("two chunks at %v", c.origin)
	}
	r.placed[at] = true
	filters := r.d.filters
	if r.d.layout.partial && overhangs {
		filters = nil
	}
	b, err := r.f.into(r.raw, c.addr, int64(min(c.size, 1<<62)))
	if err == nil {
		r.raw = b
		b, err = r.pipe.undo(b, filters, c.mask, r.bytes)
	}
	if err == nil {
		err = r.place.Place(b, c.origin, r.d.layout.chunk, r.reverse)
	}
	if err != nil {
		return fmt.Errorf("the chunk at %v: %w", c.origin, err)
	}
	return nil
}

// fillMissing sets the elements of chunks never written to a fill value that is
// not zero.
func (r *chunkReader) fillMissing() error {
	if r.d.fill == nil {
		return nil
	}
	b := make([]byte, r.bytes)
	for at, placed := range r.placed {
		if placed {
			continue
		}
		for i := 0; i < len(b); i += len(r.d.fill) { // again each time: Place uses b as scratch
			copy(b[i:], r.d.fill)
		}
		if err := r.place.Place(b, r.origin(at, r.grid), r.d.layout.chunk, r.reverse); err != nil {
			return err
		}
	}
	return nil
}

// origin returns the first element of the chunk at a row-major place in a grid.
func (r *chunkReader) origin(at int, grid []int) []int {
	o := make([]int, len(grid))
	for i := len(grid) - 1; i >= 0; i-- {
		o[i] = at % grid[i] * r.d.layout.chunk[i]
		at /= grid[i]
	}
	return o
}

// rank is the number of dimensions in the file: without the one that text adds.
func (r *chunkReader) rank() int {
	if r.d.typ.Class == String || r.d.typ.Class == VarString {
		return len(r.grid) - 1
	}
	return len(r.grid)
}

// fileOrigin completes subscripts read from the file with that dimension's zero.
func (r *chunkReader) fileOrigin(o []int) []int {
	return append(o, make([]int, len(r.grid)-len(o))...)
}

// index walks the chunk index and puts every chunk.
func (r *chunkReader) index() error {
	switch l := r.d.layout; l.index {
	case 0:
		return r.tree()
	case 1:
		return r.single()
	case 2:
		return r.implicit()
	case 3:
		return r.fixedArray()
	case 4:
		return r.extensibleArray()
	case 5:
		return r.tree2()
	default:
		return fmt.Errorf("chunk index of kind %d, want 1 to 5", l.index)
	}
}

// tree walks a version 1 B-tree.
func (r *chunkReader) tree() error {
	rank := r.rank()
	return r.f.walkTree(r.d.layout.addr, 1, 0, 8*(rank+2), map[uint64]bool{}, func(key *cursor, child uint64) error {
		c := chunk{addr: child, size: key.uint(4), mask: key.u32()}
		for range rank {
			c.origin = append(c.origin, int(key.u64()))
		}
		c.origin = r.fileOrigin(c.origin)
		return r.put(c)
	})
}

// single is the one chunk that covers the dataset.
func (r *chunkReader) single() error {
	c := chunk{addr: r.d.layout.addr, size: uint64(r.bytes), origin: r.fileOrigin(make([]int, r.rank()))}
	if p := (cursor{b: r.d.layout.params}); len(p.b) >= 12 {
		c.size, c.mask = p.u64(), p.u32()
	}
	return r.put(c)
}

// implicit is every chunk one after the other, none filtered.
func (r *chunkReader) implicit() error {
	for at := range r.placed {
		c := chunk{addr: r.d.layout.addr + uint64(at)*uint64(r.bytes), size: uint64(r.bytes), mask: ^uint32(0), origin: r.origin(at, r.grid)}
		if err := r.put(c); err != nil {
			return err
		}
	}
	return nil
}
