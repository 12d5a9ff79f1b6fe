package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// header is what the JSON at the start of a file says.
type header struct {
	tensors  map[string]Info
	metadata map[string]string
}

// parseHeader reads the JSON of a file with dataSize bytes of data and checks all of it.
func parseHeader(text []byte, dataSize int64) (*header, error) {
	if len(text) == 0 || text[0] != '{' {
		return nil, fmt.Errorf("header starts with %q, want '{'", text[:min(len(text), 8)])
	}
	if !utf8.Valid(text) {
		return nil, errors.New("header is not valid UTF-8")
	}
	h := &header{tensors: map[string]Info{}}
	p := parser{json.NewDecoder(bytes.NewReader(text))}
	p.UseNumber()
	err := p.object(func(key string) error {
		if key == metadataKey {
			return h.addMetadata(p)
		}
		return h.addTensor(p, key)
	})
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if _, err := p.Token(); err != io.EOF {
		return nil, fmt.Errorf("header: after byte %d: want nothing but spaces after the closing brace", p.InputOffset())
	}
	return h, checkCoverage(h.tensors, dataSize)
}

func (h *header) addMetadata(p parser) error {
	if h.metadata != nil {
		return fmt.Errorf("%s appears twice", metadataKey)
	}
	h.metadata = map[string]string{}
	err := p.object(func(key string) error {
		if _, ok := h.metadata[key]; ok {
			return fmt.Errorf("key %q appears twice", key)
		}
		value, err := p.string()
		h.metadata[key] = value
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", metadataKey, err)
	}
	return nil
}

func (h *header) addTensor(p parser, name string) error {
	if _, ok := h.tensors[name]; ok {
		return fmt.Errorf("tensor %q appears twice", name)
	}
	info, err := p.tensor(name)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", name, err)
	}
	h.tensors[name] = info
	return nil
}

// checkCoverage wants the tensors' ranges to cover [0, dataSize) without gap or overlap.
func checkCoverage(tensors map[string]Info, dataSize int64) error {
	sorted := make([]Info, 0, len(tensors))
	for _, t := range tensors {
		sorted = append(sorted, t)
	}
	slices.SortFunc(sorted, byPlace)
	at, before := int64(0), "the start of the data"
	for _, t := range sorted {
		switch {
		case t.begin < at:
			return fmt.Errorf("tensor %q: data_offsets [%d, %d] overlap those of %s, which end at %d", t.Name, t.begin, t.end, before, at)
		case t.begin > at:
			return fmt.Errorf("tensor %q: data_offsets [%d, %d] leave a gap: %s ends at %d", t.Name, t.begin, t.end, before, at)
		case t.end > dataSize:
			return fmt.Errorf("tensor %q: data_offsets [%d, %d] reach beyond the file, which has %d bytes of data (is it truncated?)", t.Name, t.begin, t.end, dataSize)
		}
		at, before = t.end, strconv.Quote(t.Name)
	}
	if at != dataSize {
		return fmt.Errorf("the file has %d bytes of data, the header's tensors end at %d", dataSize, at)
	}
	return nil
}

// parser reads JSON token by token, so that repeated keys are noticed.
type parser struct{ *json.Decoder }

// token returns the next token; an end of the text is an error.
func (p parser) token() (json.Token, error) {
	t, err := p.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return t, err
}

func (p parser) expect(want json.Delim) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("found %s, want '%v'", describe(t), want)
	}
	return nil
}

// object calls member for every key; member consumes the value.
func (p parser) object(member func(key string) error) error {
	if err := p.expect('{'); err != nil {
		return err
	}
	for p.More() {
		key, err := p.string()
		if err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
	}
	return p.expect('}')
}

func (p parser) string() (string, error) {
	t, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("found %s, want a string", describe(t))
	}
	return s, nil
}

// integers reads an array of integers that are not negative.
func (p parser) integers() ([]int, error) {
	if err := p.expect('['); err != nil {
		return nil, err
	}
	list := []int{}
	for p.More() {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		number, ok := t.(json.Number)
		if !ok {
			return nil, fmt.Errorf("found %s, want an integer", describe(t))
		}
		n, err := strconv.Atoi(number.String())
		if err != nil || n < 0 {
			return nil, fmt.Errorf("found %s, want an integer in [0, %d]", describe(t), int64(^uint(0)>>1))
		}
		list = append(list, n)
	}
	return list, p.expect(']')
}

// tensor reads {"dtype": ..., "shape": ..., "data_offsets": ...} in any order.
func (p parser) tensor(name string) (Info, error) {
	info := Info{Name: name}
	var offsets []int
	err := p.object(func(key string) error {
		var err error
		var repeated bool
		switch key {
		case "dtype":
			var dtype string
			repeated = info.DType != ""
			dtype, err = p.string()
			info.DType = DType(dtype)
		case "shape":
			repeated = info.Shape != nil
			info.Shape, err = p.integers()
		case "data_offsets":
			repeated = offsets != nil
			offsets, err = p.integers()
		default:
			return fmt.Errorf("unknown key %q, want dtype, shape or data_offsets", key)
		}
		if repeated {
			return fmt.Errorf("%s appears twice", key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return Info{}, err
	}
	return info.place(offsets)
}

// place completes a description with its range, after checking that all three parts agree.
func (i Info) place(offsets []int) (Info, error) {
	switch {
	case i.DType.Size() == 0:
		return Info{}, fmt.Errorf("dtype is %q, want one of %s", i.DType, knownDTypes())
	case i.Shape == nil:
		return Info{}, errors.New("shape is missing")
	case len(offsets) != 2:
		return Info{}, fmt.Errorf("data_offsets are %v, want two integers", offsets)
	case offsets[0] > offsets[1]:
		return Info{}, fmt.Errorf("data_offsets %v end before they begin", offsets)
	}
	want, err := byteSize(i.DType, i.Shape)
	if err != nil {
		return Info{}, err
	}
	i.begin, i.end = int64(offsets[0]), int64(offsets[1])
	if found := i.end - i.begin; found != want {
		return Info{}, fmt.Errorf("data_offsets %v span %d bytes, want %d for shape %v of %s", offsets, found, want, i.Shape, i.DType)
	}
	return i, nil
}

// describe names a token in an error message.
func describe(t json.Token) string {
	switch t := t.(type) {
	case json.Delim:
		return fmt.Sprintf("'%v'", t)
	case json.Number:
		return t.String()
	case string:
		return strconv.Quote(t)
	case nil:
		return "null"
	}
	return fmt.Sprint(t)
}
