package hdf5

import "fmt"

// Link is a member of a group. Only hard links are listed, not soft or external ones.
type Link struct {
	Name string
	Addr uint64 // of the member's object header
}

// Links lists a group's members in the file's order; none for a dataset.
func (o *Object) Links() ([]Link, error) {
	var links []Link
	var err error
	for _, m := range o.messages {
		switch m.typ {
		case msgSymbolTable:
			links, err = o.f.symbolTable(links, m.body)
		case msgLink:
			links, err = appendLink(links, m.body)
		case msgLinkInfo:
			links, err = o.f.denseLinks(links, m.body)
		}
		if err != nil {
			return nil, err
		}
		if len(links) > maxLinks {
			return nil, fmt.Errorf("a group has more than %d members", maxLinks)
		}
	}
	return links, nil
}

// appendLink reads a link message.
func appendLink(links []Link, body []byte) ([]Link, error) {
	c := cursor{b: body}
	version, flags := c.u8(), c.u8()
	if version != 1 {
		return nil, fmt.Errorf("link message version %d, want 1", version)
	}
	kind := byte(0)
	if flags&8 != 0 {
		kind = c.u8()
	}
	if flags&4 != 0 {
		c.skip(8) // creation order
	}
	if flags&16 != 0 {
		c.skip(1) // character set
	}
	n := c.uint(1 << (flags & 3))
	if n > uint64(len(c.b)) {
		return nil, fmt.Errorf("a link's name of %d bytes runs over its message", n)
	}
	name := string(c.take(int(n)))
	if kind != 0 { // soft or external
		return links, nil
	}
	addr := c.u64()
	if c.short {
		return nil, fmt.Errorf("link message: %w", errShort)
	}
	return append(links, Link{name, addr}), nil
}

// symbolTable reads an old-style group: a B-tree of symbol table nodes, whose
// names lie in a local heap.
func (f *File) symbolTable(links []Link, body []byte) ([]Link, error) {
	c := cursor{b: body}
	tree, heapAddr := c.u64(), c.u64()
	if c.short {
		return nil, fmt.Errorf("symbol table message: %w", errShort)
	}
	h, err := f.node(heapAddr, "HEAP", 32)
	if err != nil {
		return nil, fmt.Errorf("local heap: %w", err)
	}
	h.skip(4)
	size := h.u64()
	h.skip(8)
	heap, err := f.at(h.u64(), int64(min(size, 1<<62)))
	if err != nil {
		return nil, fmt.Errorf("local heap: %w", err)
	}
	err = f.walkTree(tree, 0, 0, 8, map[uint64]bool{}, func(_ *cursor, child uint64) error {
		n, err := f.node(child, "SNOD", 8)
		if err != nil {
			return err
		}
		n.skip(2)
		count := n.u16()
		b, err := f.at(child+8, int64(count)*40)
		if err != nil {
			return err
		}
		for c := (cursor{b: b}); len(c.b) > 0; {
			name, addr, cache := c.u64(), c.u64(), c.u32()
			c.skip(20)
			if name >= uint64(len(heap)) {
				return fmt.Errorf("a member's name lies outside its heap")
			}
			if cache == 2 { // a soft link
				continue
			}
			s := text(heap[name:])
			if err := f.spend(int64(len(s))); err != nil { // names may overlap
				return err
			}
			links = append(links, Link{s, addr})
		}
		if len(links) > maxLinks {
			return fmt.Errorf("a group has more than %d members", maxLinks)
		}
		return nil
	})
	return links, err
}

// walkTree walks a version 1 B-tree of the given kind (0 groups, 1 chunks), each
// node once, and calls visit for every leaf entry with its key of keySize bytes.
func (f *File) walkTree(addr uint64, kind byte, depth, keySize int, seen map[uint64]bool, visit func(key *cursor, child uint64) error) error {
	if seen[addr] || depth > maxDepth {
		return fmt.Errorf("in a B-tree: the node at address %d is reached twice or deeper than %d", addr, maxDepth)
	}
	seen[addr] = true
	n, err := f.node(addr, "TREE", 24)
	if err != nil {
		return fmt.Errorf("in a B-tree: %w", err)
	}
	typ, level, count := n.u8(), n.u8(), n.u16()
	if typ != kind {
		return fmt.Errorf("a B-tree of kind %d at address %d, want %d", typ, addr, kind)
	}
	b, err := f.at(addr+24, int64(count)*int64(keySize+8))
	if err != nil {
		return fmt.Errorf("in a B-tree: %w", err)
	}
	for c := (cursor{b: b}); len(c.b) > 0; {
		key := &cursor{b: c.take(keySize)}
		child := c.u64()
		if level == 0 {
			err = visit(key, child)
		} else {
			err = f.walkTree(child, kind, depth+1, keySize, seen, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
