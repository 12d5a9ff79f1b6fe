package hdf5

import "fmt"

// denseLinks reads a group whose links lie in a fractal heap and are indexed, by
// the hash of their name, in a version 2 B-tree.
func (f *File) denseLinks(links []Link, body []byte) ([]Link, error) {
	c := cursor{b: body}
	c.skip(1)
	if flags := c.u8(); flags&1 != 0 {
		c.skip(8) // largest creation index
	}
	heapAddr, tree := c.u64(), c.u64()
	if c.short {
		return nil, fmt.Errorf("link info message: %w", errShort)
	}
	if heapAddr == undefined || tree == undefined { // all links are compact
		return links, nil
	}
	h, err := f.fractalHeap(heapAddr)
	if err != nil {
		return nil, fmt.Errorf("fractal heap: %w", err)
	}
	err = f.walkTree2(tree, func(kind byte, rec *cursor) error {
		if kind != 5 {
			return fmt.Errorf("links indexed by B-tree records of kind %d, want 5", kind)
		}
		rec.skip(4) // hash
		b, err := h.object(rec.b)
		if err != nil {
			return fmt.Errorf("fractal heap: %w", err)
		}
		if links, err = appendLink(links, b); err == nil && len(links) > maxLinks {
			err = fmt.Errorf("a group has more than %d members", maxLinks)
		}
		return err
	})
	return links, err
}

// fractalHeap is a heap of small objects in blocks that double in size: rows of
// width blocks, the first two rows of blocks of start bytes, each later row of
// blocks twice as large, direct up to maxDirect bytes, indirect beyond.
type fractalHeap struct {
	f           *File
	idSize      int
	width       uint64
	start       uint64
	maxDirect   uint64
	offsetBytes int
	root        uint64
	rows        int // of the root's table; 0 where the root is a direct block
}

func (f *File) fractalHeap(addr uint64) (*fractalHeap, error) {
	c, err := f.node(addr, "FRHP", 146)
	if err != nil {
		return nil, err
	}
	h := &fractalHeap{f: f}
	c.skip(1)
	h.idSize = c.u16()
	if filters := c.u16(); filters != 0 {
		return nil, fmt.Errorf("compressed, which is not read")
	}
	c.skip(1 + 4 + 12*8)
	h.width, h.start, h.maxDirect = uint64(c.u16()), c.u64(), c.u64()
	h.offsetBytes = (c.u16() + 7) / 8
	c.skip(2)
	h.root, h.rows = c.u64(), c.u16()
	if h.width == 0 || h.width > 1024 || h.start == 0 || h.maxDirect < h.start || h.maxDirect > 1<<32 ||
		h.offsetBytes > 8 || h.offsetBytes == 0 || h.idSize < 2+h.offsetBytes || h.rows > 64 {
		return nil, fmt.Errorf("odd parameters %+v", *h)
	}
	return h, nil
}

// object returns the object that an identifier names.
func (h *fractalHeap) object(id []byte) ([]byte, error) {
	if len(id) < h.idSize || id[0]>>4 != 0 {
		return nil, fmt.Errorf("an object of a kind (% x) that is not read", id[:min(1, len(id))])
	}
	c := cursor{b: id[1:h.idSize]}
	offset := c.uint(h.offsetBytes)
	n := c.uint(min(8, len(c.b)))
	return h.find(h.root, h.rows, 0, offset, n)
}

// find reads n bytes at an offset in the block at addr, which has the given rows
// of children, or none where it is direct.
func (h *fractalHeap) find(addr uint64, rows, depth int, offset, n uint64) ([]byte, error) {
	if rows == 0 {
		if offset > h.maxDirect || n > h.maxDirect {
			return nil, fmt.Errorf("an object of %d bytes at %d of a direct block", n, offset)
		}
		return h.f.at(addr+offset, int64(n))
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("blocks nested deeper than %d", maxDepth)
	}
	header := int64(13 + h.offsetBytes)
	c, err := h.f.node(addr, "FHIB", header+8*int64(h.width)*int64(rows))
	if err != nil {
		return nil, err
	}
	c.skip(int(header) - 4)
	size := h.start
	for r := range rows {
		if r > 1 {
			size *= 2
		}
		if size > 1<<48 {
			break
		}
		if offset >= h.width*size {
			offset -= h.width * size
			c.skip(int(8 * h.width))
			continue
		}
		c.skip(int(8 * (offset / size)))
		below := 0
		if size > h.maxDirect { // an indirect block covers as much as its rows hold
			for covers := uint64(0); covers < size; below++ {
				covers += h.width * (h.start << max(0, below-1))
			}
		}
		return h.find(c.u64(), below, depth+1, offset%size, n)
	}
	return nil, fmt.Errorf("an object lies outside all blocks")
}
