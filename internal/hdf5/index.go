package hdf5

import (
	"fmt"
	"math/bits"
)

// entry reads one element of a chunk array of size bytes: an address, and for
// filtered chunks the stored size and the filter mask.
func (r *chunkReader) entry(c *cursor, size int) chunk {
	e := chunk{addr: c.u64(), size: uint64(r.bytes)}
	if size > 8 {
		e.size = c.uint(size - 12)
		e.mask = c.u32()
	}
	return e
}

// checkEntry checks the size of a chunk array's elements.
func checkEntry(size int) error {
	if size != 8 && (size < 13 || size > 20) {
		return fmt.Errorf("chunk array with elements of %d bytes, want 8 or 13 to 20", size)
	}
	return nil
}

// arrayOrigin turns a place in a chunk array into the chunk's first element.
// Chunks are counted in row-major order over the largest shape the dataset may
// take, with the unlimited dimension, of which there is at most one, slowest.
func (r *chunkReader) arrayOrigin(at uint64) []int {
	order := make([]int, 0, r.rank())
	for i := range r.rank() {
		if r.d.space.limit[i] == undefined {
			order = append([]int{i}, order...)
		} else {
			order = append(order, i)
		}
	}
	o := make([]int, len(r.grid))
	for k := len(order) - 1; k >= 0; k-- {
		i := order[k]
		side := uint64(r.d.layout.chunk[i])
		count := max(1, (r.d.space.limit[i]+side-1)/side)
		if k == 0 {
			o[i] = int(at * side)
			break
		}
		o[i] = int(at % count * side)
		at /= count
	}
	return o
}

// run reads count consecutive elements of a chunk array, the first at place first.
func (r *chunkReader) run(c *cursor, size int, first, count uint64) error {
	for i := range count {
		e := r.entry(c, size)
		if c.short {
			return fmt.Errorf("chunk array: %w", errShort)
		}
		if e.addr == undefined {
			continue
		}
		e.origin = r.arrayOrigin(first + i)
		if err := r.put(e); err != nil {
			return err
		}
	}
	return nil
}

// fixedArray reads the index of a dataset that cannot grow: one array, in pages
// where it is long.
func (r *chunkReader) fixedArray() error {
	h, err := r.f.node(r.d.layout.addr, "FAHD", 28)
	if err != nil {
		return fmt.Errorf("fixed array: %w", err)
	}
	h.skip(2)
	size, pageBits, count, addr := int(h.u8()), h.u8(), h.u64(), h.u64()
	if err := checkEntry(size); err != nil {
		return err
	}
	if addr == undefined {
		return nil
	}
	if count > uint64(r.f.size)/8 || pageBits > 32 {
		return fmt.Errorf("fixed array of %d elements in pages of 2^%d", count, pageBits)
	}
	page := uint64(1) << pageBits
	if count <= page {
		b, err := r.f.node(addr, "FADB", int64(14+count*uint64(size)))
		if err != nil {
			return fmt.Errorf("fixed array: %w", err)
		}
		b.skip(10)
		return r.run(b, size, 0, count)
	}
	pages := (count + page - 1) / page
	bitmap := (pages + 7) / 8
	b, err := r.f.node(addr, "FADB", int64(14+bitmap))
	if err != nil {
		return fmt.Errorf("fixed array: %w", err)
	}
	b.skip(10)
	at := addr + 14 + bitmap + 4
	for p := range pages {
		n := min(page, count-p*page)
		if b.b[p/8]&(0x80>>(p%8)) != 0 { // the page was written
			body, err := r.f.at(at, int64(n*uint64(size)))
			if err != nil {
				return fmt.Errorf("fixed array: %w", err)
			}
			if err := r.run(&cursor{b: body}, size, p*page, n); err != nil {
				return err
			}
		}
		at += n*uint64(size) + 4
	}
	return nil
}

// extensible is the header of an extensible array: its first elements lie in the
// index block, the next in data blocks that it points to, the rest in data blocks
// behind super blocks. Super block u has 2^(u/2) data blocks of 2^((u+1)/2) *
// smallest elements, rounded down.
type extensible struct {
	size       int // bytes of an element
	maxBits    int // of a place in the array
	direct     int // elements in the index block
	smallest   uint64
	pointers   int // data block pointers in the smallest super block
	pageBits   int
	indexBlock uint64
}

// extensibleArray reads the index of a dataset that can grow along one dimension.
func (r *chunkReader) extensibleArray() error {
	h, err := r.f.node(r.d.layout.addr, "EAHD", 72)
	if err != nil {
		return fmt.Errorf("extensible array: %w", err)
	}
	h.skip(2)
	e := extensible{size: int(h.u8()), maxBits: int(h.u8()), direct: int(h.u8()), smallest: uint64(h.u8()), pointers: int(h.u8()), pageBits: int(h.u8())}
	h.skip(6 * 8)
	e.indexBlock = h.u64()
	if err := checkEntry(e.size); err != nil {
		return err
	}
	if bits.OnesCount64(e.smallest) != 1 || bits.OnesCount(uint(e.pointers)) != 1 || e.maxBits > 64 || e.pageBits > 32 {
		return fmt.Errorf("extensible array with odd parameters %+v", e)
	}
	if e.indexBlock == undefined {
		return nil
	}
	supers := 1 + e.maxBits - bits.TrailingZeros64(e.smallest)
	inIndex := 2 * bits.TrailingZeros(uint(e.pointers))
	if supers < inIndex {
		return fmt.Errorf("extensible array with odd parameters %+v", e)
	}
	dataPointers := 2 * (e.pointers - 1)
	b, err := r.f.node(e.indexBlock, "EAIB", int64(14+e.direct*e.size+8*(dataPointers+supers-inIndex)))
	if err != nil {
		return fmt.Errorf("extensible array: %w", err)
	}
	b.skip(10)
	if err := r.run(b, e.size, 0, uint64(e.direct)); err != nil {
		return err
	}
	next := uint64(e.direct)
	for u := range supers {
		blocks, elements := uint64(1)<<(u/2), e.smallest<<((u+1)/2)
		c := b
		if u >= inIndex {
			addr := b.u64()
			if addr == undefined {
				next += blocks * elements
				continue
			}
			if c, err = e.superBlock(r.f, addr, blocks, elements); err != nil {
				return fmt.Errorf("extensible array: %w", err)
			}
		}
		for range blocks {
			if addr := c.u64(); addr != undefined {
				if err := r.dataBlock(e, addr, next, elements); err != nil {
					return fmt.Errorf("extensible array: %w", err)
				}
			}
			next += elements
		}
	}
	return nil
}

// superBlock returns a cursor at a super block's pointers to data blocks.
func (e extensible) superBlock(f *File, addr, blocks, elements uint64) (*cursor, error) {
	if elements > 1<<e.pageBits {
		return nil, fmt.Errorf("data blocks of %d elements in pages, which are not read: save the dataset again with larger chunks", elements)
	}
	offset := (e.maxBits + 7) / 8
	c, err := f.node(addr, "EASB", int64(14+offset)+8*int64(blocks))
	if err != nil {
		return nil, err
	}
	c.skip(10 + offset)
	return c, nil
}

func (r *chunkReader) dataBlock(e extensible, addr, first, count uint64) error {
	if count > 1<<e.pageBits {
		return fmt.Errorf("data blocks of %d elements in pages, which are not read: save the dataset again with larger chunks", count)
	}
	offset := (e.maxBits + 7) / 8
	c, err := r.f.node(addr, "EADB", int64(14+offset)+int64(count)*int64(e.size))
	if err != nil {
		return err
	}
	c.skip(10 + offset)
	return r.run(c, e.size, first, count)
}

// tree2 walks a version 2 B-tree: the index of a dataset that can grow along more
// than one dimension.
func (r *chunkReader) tree2() error {
	rank := r.rank()
	return r.f.walkTree2(r.d.layout.addr, func(kind byte, rec *cursor) error {
		c := chunk{addr: rec.u64(), size: uint64(r.bytes)}
		switch width := len(rec.b) - 4 - 8*rank; {
		case kind == 10 && width == -4:
		case kind == 11 && width >= 1 && width <= 8:
			c.size, c.mask = rec.uint(width), rec.u32()
		default:
			return fmt.Errorf("a B-tree with records of kind %d and %d bytes for %d dimensions", kind, len(rec.b)+8, rank)
		}
		for i := range rank {
			c.origin = append(c.origin, int(rec.u64()*uint64(r.d.layout.chunk[i])))
		}
		c.origin = r.fileOrigin(c.origin)
		return r.put(c)
	})
}
