package safetensors

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"diffclip/internal/atomicfile"
)

// Tensor is a tensor to write.
type Tensor struct {
	Name  string
	Shape []int // empty for a scalar
	Data  any   // []float32, []float64, []int64 or []uint8, row-major
}

// Encode writes tensors and metadata to w. The same content gives the same bytes whatever the order of the
// arguments: names and keys are sorted. Data lies in order of decreasing element size, then by name, and starts
// at a multiple of eight bytes, so that every tensor is aligned to its elements. Nothing is written if a name is
// used twice or reserved, or if a shape does not fit its data.
func Encode(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	entries, err := layOut(tensors)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	header, err := encodeHeader(entries, metadata, maxHeader)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	buf := bufio.NewWriterSize(w, bufferSize)
	buf.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
	buf.Write(header)
	for _, e := range entries {
		writeData(buf, e.data)
	}
	if err := buf.Flush(); err != nil { // bufio keeps the first error
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}

// WriteFile writes tensors and metadata, as Encode does, to a file that appears at path only when it is whole.
func WriteFile(path string, tensors []Tensor, metadata map[string]string) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	defer f.Close()
	if err := Encode(f, tensors, metadata); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := f.Commit(); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}

// entry is a tensor and its place in the file.
type entry struct {
	Info
	data any
}

// layOut checks the tensors and gives each its place, in the order of the data.
func layOut(tensors []Tensor) ([]entry, error) {
	entries := make([]entry, 0, len(tensors))
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		dtype, elements := describeData(t.Data)
		if dtype == "" {
			return nil, fmt.Errorf("tensor %q: data of type %T, want []float32, []float64, []int64 or []uint8", t.Name, t.Data)
		}
		size, err := byteSize(dtype, t.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		switch {
		case size != int64(elements*dtype.Size()):
			return nil, fmt.Errorf("tensor %q: %d elements of data for shape %v", t.Name, elements, t.Shape)
		case seen[t.Name]:
			return nil, fmt.Errorf("two tensors are called %q", t.Name)
		case t.Name == metadataKey:
			return nil, fmt.Errorf("a tensor is called %q, which the format reserves", t.Name)
		case !utf8.ValidString(t.Name):
			return nil, fmt.Errorf("a tensor is called %q, which is not valid UTF-8", t.Name)
		}
		seen[t.Name] = true
		entries = append(entries, entry{Info{t.Name, dtype, t.Shape, 0, size}, t.Data})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.DType.Size(), a.DType.Size()), cmp.Compare(a.Name, b.Name))
	})
	at := int64(0)
	for i := range entries {
		e := &entries[i]
		e.begin, e.end = at, at+e.end
		at = e.end
	}
	return entries, nil
}

func describeData(data any) (d DType, elements int) {
	switch data := data.(type) {
	case []float32:
		return F32, len(data)
	case []float64:
		return F64, len(data)
	case []int64:
		return I64, len(data)
	case []uint8:
		return U8, len(data)
	}
	return "", 0
}

// encodeHeader writes at most limit bytes of JSON, by name, padded with spaces so that the data starts at a
// multiple of eight.
func encodeHeader(entries []entry, metadata map[string]string, limit int) ([]byte, error) {
	for key, value := range metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("metadata %q: %q is not valid UTF-8", key, value)
		}
	}
	var text bytes.Buffer
	text.WriteByte('{')
	if len(metadata) > 0 {
		text.WriteString(`"` + metadataKey + `":{`)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			if i > 0 {
				text.WriteByte(',')
			}
			text.Write(quote(key))
			text.WriteByte(':')
			text.Write(quote(metadata[key]))
		}
		text.WriteByte('}')
	}
	byName := slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return cmp.Compare(a.Name, b.Name) })
	for i, e := range byName {
		if i > 0 || len(metadata) > 0 {
			text.WriteByte(',')
		}
		shape := bytes.ReplaceAll(fmt.Append(nil, e.Shape), []byte(" "), []byte(","))
		fmt.Fprintf(&text, `%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, quote(e.Name), e.DType, shape, e.begin, e.end)
	}
	text.WriteByte('}')
	for (lengthSize+text.Len())%8 != 0 {
		text.WriteByte(' ')
	}
	if text.Len() > limit {
		return nil, fmt.Errorf("a header of %d bytes, the format allows %d", text.Len(), limit)
	}
	return text.Bytes(), nil
}

// quote returns s as a JSON string.
func quote(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return text
}

// writeData writes little-endian elements. Errors stay in the writer until it is flushed.
func writeData(w *bufio.Writer, data any) {
	var b [8]byte
	switch data := data.(type) {
	case []float32:
		for _, v := range data {
			binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
			w.Write(b[:4])
		}
	case []float64:
		for _, v := range data {
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
			w.Write(b[:])
		}
	case []int64:
		for _, v := range data {
			binary.LittleEndian.PutUint64(b[:], uint64(v))
			w.Write(b[:])
		}
	case []uint8:
		w.Write(data)
	}
}
