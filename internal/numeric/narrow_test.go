package numeric

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"testing"
)

// A narrow read gives the float32 values of a plain one, in the smallest type
// that holds them, whichever slab the value that decides lies in.
func TestReadNarrow(t *testing.T) {
	ramp := func(first, step float64, last ...float64) []float64 {
		v := make([]float64, 60-len(last))
		for i := range v {
			v[i] = first + step*float64(i)
		}
		return append(v, last...)
	}
	cases := []struct {
		name   string
		values []float64
		want   Type
	}{
		{"small integers", ramp(0, 1), Uint16},
		{"all of uint16", ramp(0, 1, 65535), Uint16},
		{"one too large", ramp(0, 1, 65536), Float32},
		{"negative at the end", ramp(0, 1, -1), Int16},
		{"all of int16", ramp(0, 1, 32767, -32768), Int16},
		{"one too negative", ramp(0, -1, -32769), Float32},
		{"large, then negative", ramp(40000, 1, -1), Float32},
		{"negative, then large", ramp(-3, 0, 32768), Float32},
		{"large and negative in one block", ramp(0, 0, 1, 1, -1, 65535), Float32},
		{"fraction at the end", ramp(-7, 1, 0.5), Float32},
		{"rounds to an integer as float32", ramp(0, 1, 1+0x1p-40), Float32},
		{"fractions", ramp(0, 0.1), Float32},
		{"NaN", ramp(0, 1, math.NaN()), Float32},
		{"infinite", ramp(0, 1, math.Inf(-1)), Float32},
		{"beyond float32", ramp(0, 1, 1e300), Float32},
	}
	shape := []int{3, 4, 5}
	for _, c := range cases {
		for _, big := range []bool{false, true} {
			for _, order := range []Order{RowMajor, ColumnMajor} {
				for _, slab := range []int{1, 7, 20, 60} {
					src := encoded(t, c.values, big)
					to := Placement{Format: Format{Type: Float64, BigEndian: big}, Type: Float64, Shape: shape}
					plain, err := read(bytes.NewReader(src), to, order, SlabBytes)
					if err != nil {
						t.Fatal(err)
					}
					to.Narrow = true
					got, err := read(bytes.NewReader(src), to, order, slab*16)
					if err != nil {
						t.Fatal(err)
					}
					if got.Type != c.want || reflect.TypeOf(got.Data) != reflect.TypeOf(New(c.want, nil).Data) {
						t.Errorf("%s: type %v with %T, want %v", c.name, got.Type, got.Data, c.want)
					}
					if !slices.EqualFunc(got.Float32s(), plain.Float32s(), same) {
						t.Errorf("%s, big-endian %v, order %d, slab %d: %v, want %v", c.name, big, order, slab, got.Data, plain.Data)
					}
				}
			}
		}
	}
}

func encoded(t *testing.T, values any, big bool) []byte {
	t.Helper()
	var order binary.ByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	var b bytes.Buffer
	if err := binary.Write(&b, order, values); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func same(a, b float32) bool { return a == b || a != a && b != b }

// Which types are narrowed, by how they are stored.
func TestReadNarrowTypes(t *testing.T) {
	cases := []struct {
		values any
		f      Format
		to     Type
		want   Type
	}{
		{[]uint8{1, 200}, Format{Type: Uint8}, Float64, Uint16},
		{[]int8{1, -2}, Format{Type: Int8}, Float32, Int16},
		{[]uint8{1, 200}, Format{Type: Uint8}, Uint8, Uint8},
		{[]int16{1, 2}, Format{Type: Int16}, Int16, Int16},
		{[]int64{1, 2}, Format{Type: Int64}, Int64, Uint16},
		{[]int64{1, 1<<62 + 1<<38 + 1}, Format{Type: Int64}, Int64, Float32}, // rounded once, not by way of float64
		{[]uint32{1, 1 << 31}, Format{Type: Uint32}, Uint32, Float32},
		{[]int16{1, 2}, Format{Type: Int16}, Int32, Int32},
		{[]uint16{0x3c00, 0xc000}, Format{Type: Float32, Half: true}, Float32, Int16},
		{[]float32{1, 1.5}, Format{Type: Float32}, Float32, Float32},
	}
	for _, c := range cases {
		src := encoded(t, c.values, false)
		to := Placement{Format: c.f, Type: c.to, Shape: []int{2}}
		plain, err := Read(bytes.NewReader(src), to, RowMajor)
		if err != nil {
			t.Fatal(err)
		}
		to.Narrow = true
		got, err := Read(bytes.NewReader(src), to, RowMajor)
		if err != nil || got.Type != c.want || !slices.EqualFunc(got.Float32s(), plain.Float32s(), same) {
			t.Errorf("%T %v stored as %v, read as %v: %v %v, want %v; %v", c.values, c.values, c.f, c.to, got.Type, got.Data, c.want, err)
		}
	}
	if _, err := Read(bytes.NewReader(make([]byte, 4)), Placement{Format: Format{Type: Float32}, Type: Int32, Shape: []int{1}, Narrow: true}, RowMajor); err == nil {
		t.Error("integers stored as floats were read")
	}
}
