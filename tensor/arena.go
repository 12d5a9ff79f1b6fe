package tensor

import "math/bits"

// Arena hands out tensors and takes them back. Freed memory is kept by size and
// given out again last in, first out, so that the next buffer of a size is the
// one still warm in the cache; after a first step nothing is allocated any more.
// An Arena is owned by one goroutine at a time.
//
// Memory comes in slabs, on huge pages where the system has them: a step walks
// over more pages of 4 KiB than a processor remembers.
type Arena struct {
	free  [128][]*Tensor // by size class
	slab  []float32      // what no tensor has had yet
	last  int            // floats of the last slab
	bytes int
}

// Floats of an arena's first slab and of its largest; each is twice the last.
const (
	firstSlab = 64 << 10
	mostSlab  = 2 << 20
)

// class returns the size class of n elements and that class's capacity: powers
// of two split into four steps, so that at most a fifth of a buffer is unused.
func class(n int) (c, capacity int) {
	const least = 64 // a cache line of 16 lanes, times four
	if n <= least {
		return 0, least
	}
	e := bits.Len(uint(n-1)) - 1 // 2^e < n <= 2^(e+1)
	quarter := 1 << (e - 2)
	step := (n - 1<<e + quarter - 1) / quarter // 1..4
	c = (e-6)*4 + step
	if c >= len((*Arena)(nil).free) {
		panic("tensor: a tensor of more than 2^37 elements")
	}
	return c, 1<<e + step*quarter
}

// Get returns a tensor of the given shape whose content is undefined.
func (a *Arena) Get(s Shape) *Tensor {
	n := s.Len()
	c, capacity := class(n)
	var t *Tensor
	if list := a.free[c]; len(list) > 0 {
		t = list[len(list)-1]
		a.free[c] = list[:len(list)-1]
	} else {
		t = &Tensor{Data: a.take(capacity)}
	}
	t.Shape, t.Data = s, t.Data[:n]
	return t
}

// Put takes back a tensor from Get. The caller must not use it, or a view of
// it, afterwards.
func (a *Arena) Put(t *Tensor) {
	c, _ := class(cap(t.Data))
	a.free[c] = append(a.free[c], t)
}

// Bytes returns how much memory the arena holds.
func (a *Arena) Bytes() int { return a.bytes }

// take returns n floats that were never given out, where n fills whole cache lines.
func (a *Arena) take(n int) []float32 {
	a.bytes += 4 * n
	if n > mostSlab/4 {
		return alignedFloats(n)
	}
	// A line more, so that tensors of a size do not all begin in one set of the cache.
	if n+line > len(a.slab) {
		a.last = min(max(2*a.last, firstSlab, n+line), mostSlab)
		a.slab = alignedFloats(a.last)
	}
	x := a.slab[:n:n]
	a.slab = a.slab[n+line:]
	return x
}

// line is a cache line's floats.
const line = 16

// alignedFloats returns n zeroed floats that begin on a cache line, so that no
// vector load of the kernels straddles one, or where there are many on a huge page.
func alignedFloats(n int) []float32 {
	align := line
	if n >= hugePage {
		align = hugePage
	}
	buf := make([]float32, n+align)
	off := (align - int(addr(buf)/4)%align) % align
	buf = buf[off : off+n : off+n]
	if n >= hugePage {
		adviseHuge(buf)
	}
	return buf
}

// hugePage is the floats of a huge page, 2 MiB on the processors of interest.
const hugePage = 2 << 20 / 4
