package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"diffclip/internal/numeric"
)

const (
	magic = "\x93NUMPY"
	// maxHeader bounds the header's text; NumPy itself writes a few hundred bytes
	// and refuses to read more than 10 000.
	maxHeader = 64 << 10
	// maxRank is the largest number of dimensions of any NumPy version.
	maxRank = 64
)

// ErrNotNumbers is the kind (errors.Is) of the errors about sound arrays whose
// elements are no numbers: text, dates, Python objects, records, complex numbers.
var ErrNotNumbers = errors.New("not plain numbers")

type notNumbers string

func (e notNumbers) Error() string        { return string(e) }
func (e notNumbers) Is(target error) bool { return target == ErrNotNumbers }

type header struct {
	format numeric.Format
	shape  []int
	order  numeric.Order
	length int64 // bytes before the data
}

// readHeader reads the magic, the version and the header, and leaves r at the data.
func readHeader(r io.Reader) (header, error) {
	var pre [8]byte
	if _, err := io.ReadFull(r, pre[:]); err != nil || string(pre[:6]) != magic {
		return header{}, fmt.Errorf("not an NPY array: begins with %q, want %q", pre[:6], magic)
	}
	var length [4]byte
	width := 4
	switch pre[6] {
	case 1:
		width = 2
	case 2, 3:
	default:
		return header{}, fmt.Errorf("NPY version %d.%d, want 1 to 3", pre[6], pre[7])
	}
	if _, err := io.ReadFull(r, length[:width]); err != nil {
		return header{}, fmt.Errorf("ends inside the header; is the file complete?")
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n > maxHeader {
		return header{}, fmt.Errorf("claims a header of %d bytes, more than the %d that are plausible", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return header{}, fmt.Errorf("ends inside the header; is the file complete?")
	}
	h, err := parseHeader(string(text))
	if err != nil {
		return header{}, fmt.Errorf("header %.200q: %w", strings.TrimSpace(string(text)), err)
	}
	h.length = int64(len(pre)+width) + int64(n)
	return h, nil
}

// parseHeader reads the Python dictionary {'descr': '<f8', 'fortran_order':
// False, 'shape': (3, 4), }, its keys in any order.
func parseHeader(text string) (h header, err error) {
	s := strings.TrimSpace(text)
	if !strings.HasPrefix(s, "{") || !strings.HasSuffix(s, "}") {
		return h, fmt.Errorf("not a dictionary")
	}
	seen := map[string]bool{}
	for s = strings.TrimSpace(s[1 : len(s)-1]); s != ""; {
		key, rest, ok := cutString(s)
		if !ok {
			return h, fmt.Errorf("want a quoted key at %.20q", s)
		}
		rest, ok = strings.CutPrefix(strings.TrimSpace(rest), ":")
		if !ok || seen[key] {
			return h, fmt.Errorf("key %q has no value or comes twice", key)
		}
		seen[key] = true
		rest = strings.TrimSpace(rest)
		switch key {
		case "descr":
			if strings.HasPrefix(rest, "[") {
				return h, notNumbers("a structured type: save each field as an array of its own")
			}
			var descr string
			if descr, rest, ok = cutString(rest); !ok {
				return h, fmt.Errorf("descr is not a quoted type")
			}
			h.format, err = parseType(descr)
		case "fortran_order":
			switch {
			case strings.HasPrefix(rest, "True"):
				h.order, rest = numeric.ColumnMajor, rest[4:]
			case strings.HasPrefix(rest, "False"):
				rest = rest[5:]
			default:
				err = fmt.Errorf("fortran_order is neither True nor False")
			}
		case "shape":
			h.shape, rest, err = cutShape(rest)
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return h, err
		}
		rest = strings.TrimSpace(rest)
		if after, ok := strings.CutPrefix(rest, ","); ok {
			rest = strings.TrimSpace(after)
		} else if rest != "" {
			return h, fmt.Errorf("want a comma at %.20q", rest)
		}
		s = rest
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, fmt.Errorf("no %q", key)
		}
	}
	return h, nil
}

// cutString cuts a quoted Python string without escapes off s.
func cutString(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", "", false
	}
	return strings.Cut(s[1:], s[:1])
}

// cutShape cuts a tuple of whole numbers off s. Python 2 wrote 3L for 3.
func cutShape(s string) (shape []int, rest string, err error) {
	inner, rest, ok := strings.Cut(strings.TrimPrefix(s, "("), ")")
	if !ok || s[0] != '(' {
		return nil, "", fmt.Errorf("shape is not a tuple")
	}
	shape = []int{}
	for part := range strings.SplitSeq(inner, ",") {
		part = strings.TrimSuffix(strings.TrimSpace(part), "L")
		if part == "" {
			continue
		}
		d, err := strconv.Atoi(part)
		if err != nil || d < 0 || len(shape) == maxRank {
			return nil, "", fmt.Errorf("shape (%.100s) is not a tuple of at most %d whole numbers", inner, maxRank)
		}
		shape = append(shape, d)
	}
	return shape, rest, nil
}

// parseType reads a type such as "<f8": byte order, kind, bytes.
func parseType(descr string) (numeric.Format, error) {
	order, code := byte('|'), descr
	if descr != "" && strings.IndexByte("<>|=", descr[0]) >= 0 {
		order, code = descr[0], descr[1:]
	}
	f := numeric.Format{BigEndian: order == '>'}
	switch code {
	case "b1", "?", "u1":
		f.Type = numeric.Uint8
	case "i1":
		f.Type = numeric.Int8
	case "i2":
		f.Type = numeric.Int16
	case "u2":
		f.Type = numeric.Uint16
	case "i4":
		f.Type = numeric.Int32
	case "u4":
		f.Type = numeric.Uint32
	case "i8":
		f.Type = numeric.Int64
	case "u8":
		f.Type = numeric.Uint64
	case "f2":
		f.Type, f.Half = numeric.Float32, true
	case "f4":
		f.Type = numeric.Float32
	case "f8":
		f.Type = numeric.Float64
	default:
		what := map[byte]string{'O': "Python objects (pickle), which are never read", 'c': "complex numbers", 'S': "bytes", 'U': "text", 'V': "raw or structured bytes", 'M': "dates", 'm': "time spans"}
		kind, ok := what[(code + "?")[0]]
		if !ok {
			return f, fmt.Errorf("descr %q holds a type this reader does not know: want bool, int, uint or float16/32/64", descr)
		}
		return f, notNumbers(fmt.Sprintf("descr %q holds %s: want bool, int, uint or float16/32/64", descr, kind))
	}
	return f, nil
}
