package tensor

import "math/bits"

// Arena hands out tensors and takes them back. Freed memory is kept by size and
// given out again last in, first out, so that the next buffer of a size is the
// one still warm in the cache; after a first step nothing is allocated any more.
// An Arena is owned by one goroutine at a time.
type Arena struct {
	free  [128][]*Tensor // by size class
	bytes int
}

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
		t = &Tensor{Data: alignedFloats(capacity)}
		a.bytes += 4 * capacity
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

// alignedFloats returns n zeroed floats that begin on a 64-byte boundary, so
// that no vector load of the kernels straddles a cache line.
func alignedFloats(n int) []float32 {
	const lanes = 16
	buf := make([]float32, n+lanes)
	off := 0
	for addr(buf[off:])%64 != 0 {
		off++
	}
	return buf[off : off+n : off+n]
}
