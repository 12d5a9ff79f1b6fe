package hdf5

import (
	"encoding/binary"
	"fmt"
)

// Types of the header messages that are read.
const (
	msgDataspace    = 0x01
	msgLinkInfo     = 0x02
	msgDatatype     = 0x03
	msgOldFill      = 0x04
	msgFill         = 0x05
	msgLink         = 0x06
	msgExternal     = 0x07
	msgLayout       = 0x08
	msgFilters      = 0x0b
	msgAttribute    = 0x0c
	msgContinuation = 0x10
	msgSymbolTable  = 0x11
	msgAttrInfo     = 0x15
)

// maxHeader bounds an object header with its continuations.
const maxHeader = 4 << 20

// Object is a group, a dataset or a named datatype: its header messages.
type Object struct {
	f        *File
	addr     uint64
	messages []message
}

type message struct {
	typ  uint16
	body []byte
}

// Object reads the object header at an address, as a Link or a reference gives it.
func (f *File) Object(addr uint64) (*Object, error) {
	o, err := f.object(addr, 0)
	if err != nil {
		return nil, fmt.Errorf("object header at address %d: %w", addr, err)
	}
	return o, nil
}

func (f *File) object(addr uint64, depth int) (*Object, error) {
	o := &Object{f: f, addr: addr}
	head := f.upTo(addr, 40)
	if len(head) < 16 {
		return nil, errShort
	}
	if string(head[:4]) == "OHDR" {
		return o, o.readV2(head, depth)
	}
	if head[0] != 1 {
		return nil, fmt.Errorf("begins with % x, neither version 1 nor OHDR", head[:4])
	}
	return o, o.readV1(head, depth)
}

// block is a piece of an object header.
type block struct {
	addr uint64
	n    uint64
}

// blocks reads the first block and those that continuation messages add, each
// once, and hands their bytes to parse, which returns what they add.
func (o *Object) blocks(first block, parse func(b []byte, continued bool) ([]block, error)) error {
	todo, seen, total := []block{first}, map[uint64]bool{}, uint64(0)
	for i := 0; i < len(todo); i++ {
		blk := todo[i]
		if total += min(blk.n, maxHeader+1); seen[blk.addr] || total > maxHeader {
			return fmt.Errorf("continues in a circle or beyond %d bytes", maxHeader)
		}
		seen[blk.addr] = true
		b, err := o.f.at(blk.addr, int64(blk.n))
		if err != nil {
			return err
		}
		more, err := parse(b, i > 0)
		if err != nil {
			return err
		}
		todo = append(todo, more...)
	}
	return nil
}

func (o *Object) readV1(head []byte, depth int) error {
	left := int(binary.LittleEndian.Uint16(head[2:]))
	first := block{o.addr + 16, uint64(binary.LittleEndian.Uint32(head[8:]))}
	return o.blocks(first, func(b []byte, _ bool) (more []block, err error) {
		for c := (cursor{b: b}); len(c.b) >= 8 && left > 0; left-- {
			typ, n, flags := uint16(c.u16()), c.u16(), c.u8()
			c.skip(3)
			body := c.take(n)
			if c.short {
				return nil, fmt.Errorf("message %#x of %d bytes runs over its block", typ, n)
			}
			if more, err = o.add(typ, flags, body, more, depth); err != nil {
				return nil, err
			}
		}
		return more, nil
	})
}

func (o *Object) readV2(head []byte, depth int) error {
	c := cursor{b: head[4:]}
	version, flags := c.u8(), c.u8()
	if version != 2 {
		return fmt.Errorf("OHDR version %d, want 2", version)
	}
	if flags&0x20 != 0 {
		c.skip(16) // times
	}
	if flags&0x10 != 0 {
		c.skip(4) // limits of attribute storage
	}
	size := c.uint(1 << (flags & 3))
	if c.short {
		return errShort
	}
	first := block{o.addr + uint64(len(head)-len(c.b)), size}
	return o.blocks(first, func(b []byte, continued bool) (more []block, err error) {
		if continued { // "OCHK", messages, checksum
			if len(b) < 8 || string(b[:4]) != "OCHK" {
				return nil, fmt.Errorf("a continuation does not begin with OCHK")
			}
			b = b[4 : len(b)-4]
		}
		for c := (cursor{b: b}); len(c.b) >= 4; {
			typ, n, mflags := uint16(c.u8()), c.u16(), c.u8()
			if flags&4 != 0 {
				c.skip(2) // creation order
			}
			body := c.take(n)
			if c.short {
				break // the rest is a gap
			}
			if more, err = o.add(typ, mflags, body, more, depth); err != nil {
				return nil, err
			}
		}
		return more, nil
	})
}

// add keeps a message, follows one that is shared, or notes a continuation.
func (o *Object) add(typ uint16, flags byte, body []byte, more []block, depth int) ([]block, error) {
	if typ == msgContinuation {
		c := cursor{b: body}
		blk := block{c.u64(), c.u64()}
		if c.short {
			return nil, errShort
		}
		return append(more, blk), nil
	}
	if flags&2 != 0 && typ == msgDatatype {
		var err error
		if body, err = o.f.shared(body, typ, depth); err != nil {
			return nil, err
		}
	}
	o.messages = append(o.messages, message{typ, body})
	return more, nil
}

// shared follows a shared message to the object that holds it (a named datatype).
func (f *File) shared(body []byte, typ uint16, depth int) ([]byte, error) {
	c := cursor{b: body}
	version, kind := c.u8(), c.u8()
	if version == 1 {
		c.skip(6)
	}
	addr := c.u64()
	if c.short || version < 1 || version > 3 || version == 3 && kind != 2 {
		return nil, fmt.Errorf("message %#x is shared in a way (version %d, kind %d) that is not read", typ, version, kind)
	}
	if depth > 2 {
		return nil, fmt.Errorf("message %#x is shared in a circle", typ)
	}
	o, err := f.object(addr, depth+1)
	if err != nil {
		return nil, err
	}
	if body := o.message(typ); body != nil {
		return body, nil
	}
	return nil, fmt.Errorf("shared message %#x is not at address %d", typ, addr)
}

// message returns the first message of a type; nil where there is none.
func (o *Object) message(typ uint16) []byte {
	for _, m := range o.messages {
		if m.typ == typ {
			return m.body
		}
	}
	return nil
}

// IsDataset reports whether the object holds data, and so is not a group.
func (o *Object) IsDataset() bool { return o.message(msgLayout) != nil }

// Addr returns the object's address, which identifies it in its file.
func (o *Object) Addr() uint64 { return o.addr }
