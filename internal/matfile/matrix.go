package matfile

import (
	"bytes"
	"fmt"
	"io"

	"diffclip/internal/numeric"
)

// Array classes that are not numeric.
const (
	mxCell     = 1
	mxStruct   = 2
	mxObject   = 3
	mxChar     = 4
	mxSparse   = 5
	mxFunction = 16
	mxOpaque   = 17
)

// classes gives MATLAB's name of each array class, and the element type of those
// that are numeric. The class, not the stored type, decides what an array is:
// MATLAB stores a double array of small whole numbers as bytes.
var classes = map[uint32]struct {
	name string
	typ  numeric.Type
}{
	mxCell: {name: "cell"}, mxStruct: {name: "struct"}, mxObject: {name: "object"}, mxChar: {name: "char"}, mxSparse: {name: "sparse"},
	6: {"double", numeric.Float64}, 7: {"single", numeric.Float32},
	8: {"int8", numeric.Int8}, 9: {"uint8", numeric.Uint8}, 10: {"int16", numeric.Int16}, 11: {"uint16", numeric.Uint16},
	12: {"int32", numeric.Int32}, 13: {"uint32", numeric.Uint32}, 14: {"int64", numeric.Int64}, 15: {"uint64", numeric.Uint64},
	mxFunction: {name: "function_handle"}, mxOpaque: {name: "opaque"},
}

// stored gives the element type of each numeric data type.
var stored = map[uint32]numeric.Type{
	miInt8: numeric.Int8, miUint8: numeric.Uint8, 3: numeric.Int16, 4: numeric.Uint16, miInt32: numeric.Int32, miUint32: numeric.Uint32,
	7: numeric.Float32, 9: numeric.Float64, 12: numeric.Int64, 13: numeric.Uint64,
}

// matrixHeader is the front part of a matrix element.
type matrixHeader struct {
	class            uint32
	complex, logical bool
	shape            []int
	count            int // elements
	name             string
}

func (h matrixHeader) className() string {
	if h.logical {
		return "logical"
	}
	return classes[h.class].name
}

// matrixHeader reads the flags, the dimensions and the name of a matrix element
// of n bytes. An element of no bytes is MATLAB's empty double.
func (d *decoder) matrixHeader(n int64) (h matrixHeader, err error) {
	if n == 0 {
		return matrixHeader{class: 6, shape: []int{0, 0}}, nil
	}
	flags, err := d.ints("array flags", 2)
	if err != nil {
		return h, err
	}
	if len(flags) != 2 {
		return h, fmt.Errorf("array flags of %d bytes, want 8", 4*len(flags))
	}
	f := uint32(flags[0])
	h.class, h.complex, h.logical = f&0xff, f&0x800 != 0, f&0x200 != 0
	if _, ok := classes[h.class]; !ok {
		return h, fmt.Errorf("unknown array class %d", h.class)
	}
	if h.class != mxOpaque {
		if h.shape, err = d.ints("dimensions", maxRank); err != nil {
			return h, err
		}
		if h.count, err = numeric.Count(h.shape); err != nil {
			return h, err
		}
	}
	t, name, err := d.bytes(maxName)
	if err != nil {
		return h, fmt.Errorf("name: %w", err)
	}
	if t.typ != miInt8 && t.typ != miUint8 && t.typ != miUTF8 {
		return h, fmt.Errorf("name: data type %d, want text", t.typ)
	}
	h.name = string(name)
	return h, nil
}

// matrix reads the content of a matrix element of n bytes.
func (d *decoder) matrix(n int64, depth int) (v numeric.Named, err error) {
	if d.nodes++; d.nodes > maxNodes {
		return v, fmt.Errorf("holds more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return v, errDeep
	}
	if n > d.left {
		return v, errShort
	}
	after := d.left - n
	d.left = n
	h, err := d.matrixHeader(n)
	if err != nil {
		return v, err
	}
	v = numeric.Named{Name: h.name, Class: h.className(), Shape: h.shape}
	switch h.class {
	case mxCell:
		err = d.cells(&v, h.count, depth)
	case mxStruct, mxObject:
		err = d.fields(&v, h, depth)
	case mxChar:
		v.Text, err = d.text(h)
	case mxSparse:
		v.Note = "a sparse matrix, which is not read: save full(x) instead"
	case mxFunction, mxOpaque:
		v.Note = "an object of class " + v.Class + ", which is not read: save its values as plain arrays"
	default:
		v.Array, err = d.numbers(h, n)
		if h.complex {
			v.Note = "the real part of a complex array; the imaginary part was left out"
		}
	}
	if err != nil {
		return v, err
	}
	err = d.skip(d.left)
	d.left = after
	return v, err
}

// child reads a matrix element inside another.
func (d *decoder) child(depth int) (numeric.Named, error) {
	t, err := d.tag()
	if err != nil {
		return numeric.Named{}, err
	}
	if t.typ != miMatrix || t.small != nil {
		return numeric.Named{}, fmt.Errorf("data type %d where an array belongs", t.typ)
	}
	return d.matrix(t.n, depth+1)
}

func (d *decoder) cells(v *numeric.Named, count, depth int) error {
	for i := range count {
		c, err := d.child(depth)
		if err != nil {
			return step(err, "cell %d of %d", i+1, count)
		}
		c.Name = fmt.Sprintf("{%d}", i+1)
		v.Children = append(v.Children, c)
	}
	return nil
}

// fields reads a struct's field names, then its elements one after the other,
// each with all its fields.
func (d *decoder) fields(v *numeric.Named, h matrixHeader, depth int) error {
	if h.class == mxObject {
		t, class, err := d.bytes(maxName)
		if err != nil || t.typ != miInt8 && t.typ != miUint8 {
			return fmt.Errorf("object class name of data type %d: %v", t.typ, err)
		}
		v.Class = string(class)
	}
	width, err := d.ints("field name length", 1)
	if err != nil {
		return err
	}
	_, text, err := d.bytes(maxName)
	if err != nil {
		return fmt.Errorf("field names: %w", err)
	}
	var names []string
	if len(text) > 0 {
		if len(width) != 1 || width[0] <= 0 || len(text)%width[0] != 0 {
			return fmt.Errorf("field names of %d bytes in steps of %v", len(text), width)
		}
		for ; len(text) > 0; text = text[width[0]:] {
			name, _, _ := bytes.Cut(text[:width[0]], []byte{0})
			names = append(names, string(name))
		}
	}
	if len(names) == 0 {
		return nil // however many elements it has, they hold nothing
	}
	one := h.count == 1
	for i := range h.count {
		var element []numeric.Named
		for _, name := range names {
			f, err := d.child(depth)
			if err != nil {
				return step(err, "element %d, field %q", i+1, name)
			}
			f.Name = name
			element = append(element, f)
		}
		if one {
			v.Children = element
			break
		}
		if d.nodes++; d.nodes > maxNodes {
			return fmt.Errorf("holds more than %d values", maxNodes)
		}
		v.Children = append(v.Children, numeric.Named{Name: fmt.Sprintf("(%d)", i+1), Class: "struct", Shape: []int{1, 1}, Children: element})
	}
	return nil
}

// numbers reads a numeric array and converts it from the stored type to that of
// its class.
func (d *decoder) numbers(h matrixHeader, n int64) (*numeric.Array, error) {
	typ := classes[h.class].typ
	if n == 0 {
		return numeric.New(typ, h.shape), nil
	}
	t, err := d.tag()
	if err != nil {
		return nil, err
	}
	f := numeric.Format{Type: stored[t.typ], BigEndian: d.big()}
	if !f.Type.Valid() {
		return nil, fmt.Errorf("numbers stored as data type %d", t.typ)
	}
	size := int64(f.Size())
	if t.n%size != 0 || t.n/size != int64(h.count) {
		return nil, fmt.Errorf("shape %v needs %d elements, %d bytes of %v are stored", h.shape, h.count, t.n, f.Type)
	}
	src := d.r
	if t.small != nil {
		src = bytes.NewReader(t.small)
	}
	to := numeric.Placement{Format: f, Type: typ, Shape: h.shape, Narrow: d.narrow}
	a, err := numeric.Read(io.LimitReader(src, t.n), to, numeric.ColumnMajor)
	if err != nil {
		return nil, readError(err)
	}
	if t.small == nil {
		d.left -= t.n
	}
	return a, d.pad(t)
}
