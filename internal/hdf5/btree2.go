package hdf5

import (
	"fmt"
	"math/bits"
)

// tree2 is a version 2 B-tree during a walk.
type tree2 struct {
	f          *File
	kind       byte
	nodeSize   int
	recordSize int
	countWidth int   // bytes of a child's number of records
	totalWidth []int // bytes of a child's total, by the child's depth
	seen       map[uint64]bool
	visit      func(kind byte, record *cursor) error
}

// walkTree2 calls visit with every record of the tree at an address, in order of
// the leaves.
func (f *File) walkTree2(addr uint64, visit func(kind byte, record *cursor) error) error {
	h, err := f.node(addr, "BTHD", 38)
	if err != nil {
		return fmt.Errorf("in a B-tree: %w", err)
	}
	h.skip(1)
	t := &tree2{f: f, kind: h.u8(), nodeSize: int(h.u32()), recordSize: h.u16(), seen: map[uint64]bool{}, visit: visit}
	depth := h.u16()
	h.skip(2)
	root, count := h.u64(), h.u16()
	if root == undefined || count == 0 {
		return nil
	}
	if t.recordSize == 0 || t.nodeSize > 1<<24 || t.nodeSize < 10+t.recordSize || depth > maxDepth {
		return fmt.Errorf("a B-tree of depth %d with nodes of %d bytes and records of %d", depth, t.nodeSize, t.recordSize)
	}
	// The widths follow from how many records a node, and a subtree, can hold.
	most := uint64(t.nodeSize-10) / uint64(t.recordSize)
	t.countWidth = encodedSize(most)
	t.totalWidth = []int{0}
	for d := 1; d <= depth; d++ {
		pointer := 8 + t.countWidth + t.totalWidth[d-1]
		n := uint64(max(0, t.nodeSize-10-pointer)) / uint64(t.recordSize+pointer)
		hi, lo := bits.Mul64(n+1, most)
		if most = lo + n; hi != 0 || most < lo {
			return fmt.Errorf("a B-tree of depth %d with nodes of %d bytes", depth, t.nodeSize)
		}
		t.totalWidth = append(t.totalWidth, encodedSize(most))
	}
	return t.node(root, depth, count)
}

// encodedSize is how many bytes HDF5 gives a number of at most limit.
func encodedSize(limit uint64) int { return max(0, bits.Len64(limit)-1)/8 + 1 }

func (t *tree2) node(addr uint64, depth, count int) error {
	if t.seen[addr] {
		return fmt.Errorf("in a B-tree: the node at address %d is reached twice", addr)
	}
	t.seen[addr] = true
	sign := "BTLF"
	if depth > 0 {
		sign = "BTIN"
	}
	c, err := t.f.node(addr, sign, int64(t.nodeSize))
	if err != nil {
		return fmt.Errorf("in a B-tree: %w", err)
	}
	c.skip(2)
	for range count {
		rec := c.take(t.recordSize)
		if c.short {
			return fmt.Errorf("in a B-tree: %d records of %d bytes in a node of %d", count, t.recordSize, t.nodeSize)
		}
		if err := t.visit(t.kind, &cursor{b: rec}); err != nil {
			return err
		}
	}
	if depth == 0 {
		return nil
	}
	for range count + 1 {
		child, n := c.u64(), int(c.uint(t.countWidth))
		c.skip(t.totalWidth[depth-1])
		if c.short {
			return fmt.Errorf("in a B-tree: %w", errShort)
		}
		if err := t.node(child, depth-1, n); err != nil {
			return err
		}
	}
	return nil
}
