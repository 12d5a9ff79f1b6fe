package hdf5

import (
	"bytes"
	"encoding/binary"
)

// cursor takes little-endian fields off a buffer. Reading past the end gives
// zeros and sets short, so that a parser checks once, at its end.
type cursor struct {
	b     []byte
	short bool
}

var zeros [8]byte

// take returns the next n bytes; nil where fewer are left.
func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.b, c.short = nil, true
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) skip(n int) { c.take(n) }

// uint reads an unsigned number of n <= 8 bytes.
func (c *cursor) uint(n int) uint64 {
	word := zeros
	copy(word[:], c.take(n))
	return binary.LittleEndian.Uint64(word[:])
}

func (c *cursor) u8() byte    { return byte(c.uint(1)) }
func (c *cursor) u16() int    { return int(c.uint(2)) }
func (c *cursor) u32() uint32 { return uint32(c.uint(4)) }
func (c *cursor) u64() uint64 { return c.uint(8) }

// text returns b up to its first NUL.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
