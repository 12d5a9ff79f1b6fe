package rsdata

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// matVar is a variable for writeMat: values in MATLAB's column-major order, or fields of a struct.
type matVar struct {
	name   string
	shape  []int
	values any // []float64, []float32, []uint8, []int16, string
	fields []matVar
}

// writeMat writes a level 5 file without compression.
func writeMat(t testing.TB, path string, vars ...matVar) {
	t.Helper()
	var b bytes.Buffer
	head := make([]byte, 128)
	copy(head, "MATLAB 5.0 MAT-file, written by a test")
	for i := 38; i < 116; i++ {
		head[i] = ' '
	}
	head[124], head[125] = 0, 1
	copy(head[126:], "IM")
	b.Write(head)
	for _, v := range vars {
		b.Write(v.matrix())
	}
	writeFile(t, path, b.Bytes())
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// element is a tagged, padded data element.
func element(kind uint32, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, kind)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
	out = append(out, data...)
	for len(out)%8 != 0 {
		out = append(out, 0)
	}
	return out
}

func (v matVar) matrix() []byte {
	class, kind := uint32(2), uint32(0)
	switch values := v.values.(type) {
	case string:
		class, kind = 4, 16
		v.shape, v.values = []int{1, len(values)}, []byte(values)
	case []float64:
		class, kind = 6, 9
	case []float32:
		class, kind = 7, 7
	case []uint8:
		class, kind = 9, 2
	case []int16:
		class, kind = 10, 3
	case nil:
	default:
		panic(fmt.Sprintf("matVar: %T", v.values))
	}
	le := binary.LittleEndian
	body := element(6, le.AppendUint32(le.AppendUint32(nil, class), 0))
	var dims []byte
	for _, d := range v.shape {
		dims = le.AppendUint32(dims, uint32(d))
	}
	body = append(body, element(5, dims)...)
	body = append(body, element(1, []byte(v.name))...)
	if v.values != nil {
		var data bytes.Buffer
		if err := binary.Write(&data, le, v.values); err != nil {
			panic(err)
		}
		return element(14, append(body, element(kind, data.Bytes())...))
	}
	body = append(body, 5, 0, 4, 0, 32, 0, 0, 0) // length of a field name, as a small element
	var names []byte
	for _, f := range v.fields {
		names = append(names, append([]byte(f.name), make([]byte, 32-len(f.name))...)...)
	}
	body = append(body, element(1, names)...)
	for _, f := range v.fields {
		f.name = ""
		body = append(body, f.matrix()...)
	}
	return element(14, body)
}

// raster returns a variable of h x w x bands whose value is a small function of its place, class uint8.
func matRaster(name string, h, w, bands int) matVar {
	values := make([]uint8, h*w*bands)
	for b := range bands {
		for c := range w {
			for r := range h {
				values[(b*w+c)*h+r] = uint8(r*7 + c*3 + b*31)
			}
		}
	}
	return matVar{name: name, shape: []int{h, w, bands}, values: values}
}

// matLabels returns a label map of class double in which the first classes*each pixels of the map, in row order, are
// labelled in turn.
func matLabels(name string, h, w, classes, each int) matVar {
	values := make([]float64, h*w)
	for i := range min(classes*each, h*w) {
		values[i%w*h+i/w] = float64(i%classes + 1)
	}
	return matVar{name: name, shape: []int{h, w}, values: values}
}
