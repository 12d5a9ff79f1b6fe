package matfile

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func (d *decoder) big() bool { return d.order == binary.BigEndian }

// text reads a char array. The file stores code units of 8, 16 or 32 bits, or
// UTF-8, column by column.
func (d *decoder) text(h matrixHeader) (string, error) {
	if h.count == 0 {
		return "", nil
	}
	t, b, err := d.bytes(d.left)
	if err != nil {
		return "", err
	}
	var units []rune
	switch t.typ {
	case miUTF8:
		units = []rune(string(b))
		if len(units) != h.count { // the shape counts 16-bit units
			units = widen(utf16.Encode(units))
		}
	case miInt8, miUint8:
		units = widen(b)
	case 3, 4, miUTF16:
		units = make([]rune, len(b)/2)
		for i := range units {
			units[i] = rune(d.order.Uint16(b[2*i:]))
		}
	case miInt32, miUint32, miUTF32:
		units = make([]rune, len(b)/4)
		for i := range units {
			units[i] = rune(d.order.Uint32(b[4*i:]))
		}
	default:
		return "", fmt.Errorf("characters stored as data type %d", t.typ)
	}
	if len(units) != h.count {
		return "", fmt.Errorf("shape %v needs %d characters, %d are stored", h.shape, h.count, len(units))
	}
	return rows(units, h.shape), nil
}

func widen[T uint8 | uint16](src []T) []rune {
	dst := make([]rune, len(src))
	for i, c := range src {
		dst[i] = rune(c)
	}
	return dst
}

// rows turns column-major code units of the given shape into text: one line per
// row. Of a matrix, whose rows MATLAB pads to one length, trailing blanks are cut.
func rows(units []rune, shape []int) string {
	n := 1
	if len(shape) > 0 {
		n = shape[0]
	}
	if n <= 1 {
		return join(units)
	}
	lines := make([]string, 0, n)
	line := make([]rune, 0, len(units)/n)
	for r := range n {
		line = line[:0]
		for i := r; i < len(units); i += n {
			line = append(line, units[i])
		}
		lines = append(lines, strings.TrimRight(join(line), " \x00"))
	}
	return strings.Join(lines, "\n")
}

// join makes text of code units, pairing UTF-16 surrogates.
func join(units []rune) string {
	var b strings.Builder
	for i := 0; i < len(units); i++ {
		c := units[i]
		if utf16.IsSurrogate(c) && i+1 < len(units) {
			if pair := utf16.DecodeRune(c, units[i+1]); pair != utf8.RuneError {
				c = pair
				i++
			}
		}
		b.WriteRune(c)
	}
	return b.String()
}
