package hdf5

import (
	"bytes"
	"fmt"

	"diffclip/internal/numeric"
)

// Attribute is a small named value that belongs to an object.
type Attribute struct {
	Type  Datatype
	Shape []int
	f     *File
	raw   []byte
}

// Attr returns the named attribute; nil where the object has none.
func (o *Object) Attr(name string) (*Attribute, error) {
	var found *Attribute
	look := func(body []byte) (err error) {
		if found == nil {
			found, err = o.f.attributeNamed(name, body)
		}
		return err
	}
	for _, m := range o.messages {
		var err error
		switch m.typ {
		case msgAttribute:
			err = look(m.body)
		case msgAttrInfo:
			err = o.f.denseAttributes(m.body, look)
		}
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil
}

// denseAttributes hands on the attributes of an object that has so many that they
// lie in a fractal heap, indexed in a version 2 B-tree.
func (f *File) denseAttributes(body []byte, look func(body []byte) error) error {
	c := cursor{b: body}
	c.skip(1)
	if flags := c.u8(); flags&1 != 0 {
		c.skip(2) // largest creation index
	}
	heapAddr, tree := c.u64(), c.u64()
	if c.short {
		return fmt.Errorf("attribute info message: %w", errShort)
	}
	if heapAddr == undefined || tree == undefined {
		return nil
	}
	h, err := f.fractalHeap(heapAddr)
	if err != nil {
		return fmt.Errorf("fractal heap: %w", err)
	}
	return f.walkTree2(tree, func(kind byte, rec *cursor) error {
		if kind != 8 {
			return fmt.Errorf("attributes indexed by B-tree records of kind %d, want 8", kind)
		}
		b, err := h.object(rec.b)
		if err != nil {
			return fmt.Errorf("fractal heap: %w", err)
		}
		return look(b)
	})
}

// attributeNamed reads an attribute message; nil where it has another name.
func (f *File) attributeNamed(name string, body []byte) (*Attribute, error) {
	c := cursor{b: body}
	version, flags, nameSize, typeSize, spaceSize := c.u8(), c.u8(), c.u16(), c.u16(), c.u16()
	pad := func(n int) int { return n }
	switch version {
	case 1:
		pad = func(n int) int { return (n + 7) &^ 7 }
		flags = 0
	case 2:
	case 3:
		c.skip(1)
	default:
		return nil, fmt.Errorf("attribute message version %d, want 1 to 3", version)
	}
	if text(c.take(pad(nameSize))) != name {
		return nil, nil
	}
	typ, space := c.take(pad(typeSize)), c.take(pad(spaceSize))
	if c.short {
		return nil, fmt.Errorf("attribute %q: %w", name, errShort)
	}
	if flags&1 != 0 {
		var err error
		if typ, err = f.shared(typ, msgDatatype, 0); err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
	}
	return f.attribute(name, typ, space, c.b)
}

func (f *File) attribute(name string, typ, space, raw []byte) (*Attribute, error) {
	t, err := parseDatatype(&cursor{b: typ}, 0)
	if err != nil {
		return nil, fmt.Errorf("attribute %q: %w", name, err)
	}
	s, err := parseDataspace(space)
	if err != nil {
		return nil, fmt.Errorf("attribute %q: %w", name, err)
	}
	n, err := numeric.Count(s.shape)
	if s.null {
		n = 0
	}
	if err != nil || n > len(raw)/t.Size {
		return nil, fmt.Errorf("attribute %q of shape %v does not fit its %d bytes", name, s.shape, len(raw))
	}
	return &Attribute{Type: t, Shape: s.shape, f: f, raw: raw[:n*t.Size]}, nil
}

// Array returns a numeric attribute's values.
func (a *Attribute) Array() (*numeric.Array, error) {
	if a.Type.Class != Numeric {
		return nil, fmt.Errorf("an attribute that is not numeric")
	}
	return numeric.Read(bytes.NewReader(a.raw), numeric.Placement{Format: a.Type.Format, Type: a.Type.Format.Type, Shape: a.Shape}, numeric.RowMajor)
}

// Strings returns a text attribute's values.
func (a *Attribute) Strings() ([]string, error) {
	return a.f.strings(a.Type, a.raw)
}

// strings turns stored elements into strings, their padding cut.
func (f *File) strings(t Datatype, raw []byte) ([]string, error) {
	var out []string
	switch t.Class {
	case String:
		for ; len(raw) >= t.Size; raw = raw[t.Size:] {
			out = append(out, string(bytes.TrimRight([]byte(text(raw[:t.Size])), " ")))
		}
	case VarString:
		heap := map[uint64][]byte{}
		for c := (cursor{b: raw}); len(c.b) >= t.Size; {
			n, addr, index := c.u32(), c.u64(), c.u32()
			if n == 0 || addr == 0 {
				out = append(out, "")
				continue
			}
			s, err := f.heapObject(heap, addr, index)
			if err != nil {
				return nil, err
			}
			if uint64(n) > uint64(len(s)) {
				return nil, fmt.Errorf("a string of %d bytes in a heap object of %d", n, len(s))
			}
			if err := f.spend(int64(n)); err != nil { // many may share one object
				return nil, err
			}
			out = append(out, text(s[:n]))
		}
	default:
		return nil, fmt.Errorf("holds no text")
	}
	return out, nil
}

// heapObject returns an object of the global heap at an address; heaps keeps the
// collections that were read.
func (f *File) heapObject(heaps map[uint64][]byte, addr uint64, index uint32) ([]byte, error) {
	b, ok := heaps[addr]
	if !ok {
		head, err := f.node(addr, "GCOL", 16)
		if err != nil {
			return nil, fmt.Errorf("global heap: %w", err)
		}
		head.skip(4)
		if b, err = f.at(addr, int64(min(head.u64(), 1<<62))); err != nil {
			return nil, fmt.Errorf("global heap: %w", err)
		}
		heaps[addr] = b
	}
	c := cursor{b: b}
	c.skip(16)
	for len(c.b) >= 16 {
		if err := f.spend(16); err != nil {
			return nil, err
		}
		i := c.u16()
		c.skip(6)
		n := c.u64()
		if i == 0 || n > uint64(len(c.b)) { // 0 is the free space at the end
			break
		}
		body := c.take(int(n))
		if uint32(i) == index {
			return body, nil
		}
		c.skip(min(len(c.b), int(-n&7)))
	}
	return nil, fmt.Errorf("global heap at address %d has no object %d", addr, index)
}
