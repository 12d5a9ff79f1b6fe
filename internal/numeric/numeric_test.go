package numeric

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// stored returns the values 0, 1, 2, ... as stored elements.
func stored(n int, bigEndian bool) []byte {
	b := make([]byte, 0, 4*n)
	for i := range n {
		if bigEndian {
			b = binary.BigEndian.AppendUint32(b, uint32(i))
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(i))
		}
	}
	return b
}

// columnIndex returns where row-major element i of shape lies in column-major order.
func columnIndex(i int, shape []int) int {
	at, k, stride := index(i, shape), 0, 1
	for d, s := range at {
		k += s * stride
		stride *= shape[d]
	}
	return k
}

func TestReadOrders(t *testing.T) {
	shapes := [][]int{{}, {0}, {7}, {1, 5}, {5, 1}, {3, 0, 2}, {4, 5}, {33, 65}, {3, 4, 5}, {70, 1, 40}, {2, 3, 4, 5}, {300, 200, 3}}
	for _, shape := range shapes {
		n, _ := Count(shape)
		for _, big := range []bool{false, true} {
			f := Format{Type: Int32, BigEndian: big}
			row, err := Read(bytes.NewReader(stored(n, big)), Placement{Format: f, Type: Float64, Shape: shape}, RowMajor)
			if err != nil {
				t.Fatal(shape, err)
			}
			col, err := Read(bytes.NewReader(stored(n, big)), Placement{Format: f, Type: Int32, Shape: shape}, ColumnMajor)
			if err != nil {
				t.Fatal(shape, err)
			}
			if row.Len() != n || col.Len() != n {
				t.Fatalf("shape %v: %d and %d elements", shape, row.Len(), col.Len())
			}
			for i := range n {
				if row.At64(i) != float64(i) || col.At64(i) != float64(columnIndex(i, shape)) {
					t.Fatalf("shape %v big-endian %v element %d: row-major %v, column-major %v", shape, big, i, row.At64(i), col.At64(i))
				}
			}
		}
	}
}

// Slabs of every size give the same array, also those that cut planes and rows.
func TestReadColumnsInSlabs(t *testing.T) {
	shape := []int{4, 3, 5, 2}
	n, _ := Count(shape)
	to := Placement{Format: Format{Type: Int32}, Type: Int32, Shape: shape}
	for slab := 1; slab <= n+1; slab++ {
		got, err := read(bytes.NewReader(stored(n, false)), to, ColumnMajor, slab*8)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Data.([]int32) {
			if int(v) != columnIndex(i, shape) {
				t.Fatalf("slab %d element %d is %d, want %d", slab, i, v, columnIndex(i, shape))
			}
		}
	}
}

func TestReadShortSource(t *testing.T) {
	for _, order := range []Order{RowMajor, ColumnMajor} {
		_, err := Read(bytes.NewReader(make([]byte, 100)), Placement{Format: Format{Type: Float64}, Type: Float64, Shape: []int{1 << 31, 1 << 31}}, order)
		if err != io.ErrUnexpectedEOF {
			t.Errorf("order %d: %v", order, err)
		}
	}
}

func TestReadRefusals(t *testing.T) {
	neg := []byte{0xff, 0xff, 0xff, 0xff}
	cases := []struct {
		f     Format
		to    Type
		shape []int
		want  string
	}{
		{Format{Type: Int32}, Uint8, []int{1}, "does not fit"},
		{Format{Type: Int32}, Uint64, []int{1}, "does not fit"},
		{Format{Type: Uint32}, Int32, []int{1}, "does not fit"},
		{Format{Type: Float32}, Int32, []int{1}, "stored as floats"},
		{Format{Type: Int32}, 0, []int{1}, "unknown element type"},
		{Format{Type: Int8}, Int8, []int{-1}, "negative"},
		{Format{Type: Int8}, Int8, []int{math.MaxInt, 3}, "too many"},
	}
	for _, c := range cases {
		if _, err := Read(bytes.NewReader(neg), Placement{Format: c.f, Type: c.to, Shape: c.shape}, RowMajor); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v to %v shape %v: error %v, want %q", c.f, c.to, c.shape, err, c.want)
		}
	}
}

// Every element type survives the way through every byte order.
func TestReadTypes(t *testing.T) {
	for typ := Int8; typ <= Float64; typ++ {
		for _, big := range []bool{false, true} {
			src := New(typ, []int{3})
			var order binary.ByteOrder = binary.LittleEndian
			if big {
				order = binary.BigEndian
			}
			set(src, 1, 100)
			var b bytes.Buffer
			if err := binary.Write(&b, order, src.Data); err != nil {
				t.Fatal(err)
			}
			got, err := Read(&b, Placement{Format: Format{Type: typ, BigEndian: big}, Type: typ, Shape: []int{3}}, RowMajor)
			if err != nil || !reflect.DeepEqual(got, src) {
				t.Errorf("%v big-endian %v: %v, %v", typ, big, got, err)
			}
			if got.Float32s()[1] != 100 {
				t.Errorf("%v: Float32s %v", typ, got.Float32s())
			}
			if k, err := got.Ints(); err != nil || k[1] != 100 {
				t.Errorf("%v: Ints %v, %v", typ, k, err)
			}
		}
	}
}

func set(a *Array, i int, v int64) {
	reflect.ValueOf(a.Data).Index(i).Set(reflect.ValueOf(v).Convert(reflect.TypeOf(a.Data).Elem()))
}

func TestHalf(t *testing.T) {
	for h, want := range map[uint16]float32{
		0: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 1: 0x1p-24, 0x03ff: 0x1p-14 - 0x1p-24, 0x0400: 0x1p-14, 0x3555: 0.333251953125,
		0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1)),
	} {
		if got := halfToFloat(h); got != want {
			t.Errorf("%#04x is %v, want %v", h, got, want)
		}
	}
	if !math.IsNaN(float64(halfToFloat(0x7e01))) || !math.Signbit(float64(halfToFloat(0x8000))) {
		t.Error("NaN or -0 lost")
	}
}

func TestInts(t *testing.T) {
	cases := []struct {
		data any
		typ  Type
		bad  string // in the error; "" for none
	}{
		{[]float64{1, -3, 1 << 40}, Float64, ""},
		{[]float64{1, 2.5, 3, 4.5}, Float64, "[0 1] of shape [2 2] is 2.5"},
		{[]float32{0, float32(math.NaN())}, Float32, "NaN"},
		{[]float64{0, 1 << 63}, Float64, "9.22"},
		{[]int64{math.MinInt64, math.MaxInt64}, Int64, ""},
		{[]uint64{math.MaxInt64}, Uint64, ""},
		{[]uint64{math.MaxUint64}, Uint64, "18446744073709551615"},
	}
	for _, c := range cases {
		n := reflect.ValueOf(c.data).Len()
		a := &Array{Shape: []int{n}, Type: c.typ, Data: c.data}
		if n == 4 {
			a.Shape = []int{2, 2}
		}
		got, err := a.Ints()
		if c.bad != "" {
			if err == nil || !strings.Contains(err.Error(), c.bad) {
				t.Errorf("%v: error %v, want %q", c.data, err, c.bad)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", c.data, err)
		}
		for i := range got {
			if reflect.ValueOf(got[i]).Convert(reflect.TypeOf(c.data).Elem()).Interface() != reflect.ValueOf(c.data).Index(i).Interface() {
				t.Errorf("%v: element %d became %d", c.data, i, got[i])
			}
		}
	}
}

// Chunks that overhang the edges build the same array as one dense read.
func TestPlace(t *testing.T) {
	shape, chunk := []int{5, 7, 3}, []int{2, 3, 2}
	for _, reverse := range []bool{false, true} {
		p, err := NewPlacer(Placement{Format: Format{Type: Int32}, Type: Int32, Shape: shape})
		if err != nil {
			t.Fatal(err)
		}
		a := p.Array
		grid := append([]int(nil), shape...)
		if reverse { // the file's shape is 3 x 7 x 5
			grid[0], grid[2] = grid[2], grid[0]
		}
		for i := 0; i < grid[0]; i += chunk[0] {
			for j := 0; j < grid[1]; j += chunk[1] {
				for k := 0; k < grid[2]; k += chunk[2] {
					var b []byte
					for x := range 12 {
						at := index(x, chunk)
						v := ((i+at[0])*grid[1]+j+at[1])*grid[2] + k + at[2]
						b = binary.LittleEndian.AppendUint32(b, uint32(v))
					}
					if err := p.Place(b, []int{i, j, k}, chunk, reverse); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		for i := range a.Len() {
			want := i
			if reverse {
				want = columnIndex(i, shape)
			}
			if a.At64(i) != float64(want) {
				t.Fatalf("reverse %v element %d is %v, want %d", reverse, i, a.At64(i), want)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	z := Named{Name: "z", Class: "double", Shape: []int{1, 1}}
	root := Named{Name: "hsi", Class: "struct", Shape: []int{1, 1}, Children: []Named{
		{Name: "Lidar", Class: "struct", Shape: []int{1, 2}, Children: []Named{
			{Name: "(1)", Class: "struct", Shape: []int{1, 1}}, {Name: "(2)", Class: "struct", Shape: []int{1, 1}, Children: []Named{z}}}},
		{Name: "names", Class: "cell", Shape: []int{1, 1}, Children: []Named{{Name: "{1}", Class: "char", Text: "grass"}}},
	}}
	for path, want := range map[string]string{"": "hsi", "Lidar(2).z": "z", "Lidar(2).z(1)": "z", "names{1}": "{1}", "(1).names": "names"} {
		if got, err := root.Lookup(path); err != nil || got.Name != want {
			t.Errorf("%q: %v, %v", path, got, err)
		}
	}
	for path, want := range map[string]string{"Lidar.z": "which has (1), (2)", "nope": "Lidar, names", "Lidar(": "missing", "Lidar(x)": "whole number", "names.": "dot", "names(1)": "{1}"} {
		if _, err := root.Lookup(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", path, err, want)
		}
	}
}

func BenchmarkReadColumns(b *testing.B) {
	shape := []int{349, 1905, 20}
	n, _ := Count(shape)
	src := make([]byte, 8*n)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(src), Placement{Format: Format{Type: Float64}, Type: Float64, Shape: shape}, ColumnMajor); err != nil {
			b.Fatal(err)
		}
	}
}

// What the machine cannot hold is refused, not asked for.
func TestPlaceRefusesWhatCannotFit(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" && runtime.GOOS != "windows" {
		t.Skip("the size of the memory is not known here")
	}
	_, err := NewPlacer(Placement{Format: Format{Type: Float64}, Type: Float64, Shape: []int{1 << 20, 1 << 20, 1 << 10}})
	if err == nil || !strings.Contains(err.Error(), "takes at least 8388608 GiB of memory") {
		t.Errorf("an array of 8 PiB: %v", err)
	}
}
