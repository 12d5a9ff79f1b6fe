package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

func replace(s string, oldnew ...string) string { return strings.NewReplacer(oldnew...).Replace(s) }

func encoded(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	err := Encode(&b, []Tensor{
		{"weight", []int{2, 3}, []float32{1, -2, 3.5, 0, 1e-40, math.MaxFloat32}},
		{"ids", []int{2}, []int64{math.MinInt64, 5}},
		{"mask", []int{3, 1}, []uint8{0, 1, 255}},
		{"scale", nil, []float64{math.Pi}},
	}, map[string]string{"step": "7", "config": `{"dim": "<128>\n"}`})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	b := encoded(t)
	r, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"step": "7", "config": `{"dim": "<128>\n"}`}; !maps.Equal(r.Metadata(), want) {
		t.Errorf("metadata %v, want %v", r.Metadata(), want)
	}
	weight, err := r.Float32s("weight")
	if want := []float32{1, -2, 3.5, 0, 1e-40, math.MaxFloat32}; err != nil || !slices.Equal(weight, want) {
		t.Errorf("weight %v, %v", weight, err)
	}
	scale, err := r.Float32s("scale")
	if err != nil || !slices.Equal(scale, []float32{math.Pi}) {
		t.Errorf("scale %v, %v", scale, err)
	}
	exact, err := r.Float64s("scale")
	if err != nil || !slices.Equal(exact, []float64{math.Pi}) {
		t.Errorf("scale %v, %v", exact, err)
	}
	if _, err := r.Float64s("weight"); err == nil || !strings.Contains(err.Error(), `tensor "weight" is of dtype F32, want F64`) {
		t.Errorf("an F32 tensor as float64: error %v", err)
	}
	ids, err := r.Int64s("ids")
	if err != nil || !slices.Equal(ids, []int64{math.MinInt64, 5}) {
		t.Errorf("ids %v, %v", ids, err)
	}
	mask, err := r.Int64s("mask")
	if err != nil || !slices.Equal(mask, []int64{0, 1, 255}) {
		t.Errorf("mask %v, %v", mask, err)
	}
	for name, want := range map[string][]int{"weight": {2, 3}, "ids": {2}, "mask": {3, 1}, "scale": {}} {
		if info, err := r.Info(name); err != nil || !slices.Equal(info.Shape, want) {
			t.Errorf("%s: shape %v, %v, want %v", name, info.Shape, err, want)
		}
	}
}

func TestLayout(t *testing.T) {
	b := encoded(t)
	length := int(binary.LittleEndian.Uint64(b))
	if (lengthSize+length)%8 != 0 {
		t.Errorf("the data starts at byte %d", lengthSize+length)
	}
	want := `{"__metadata__":{"config":"{\"dim\": \"\u003c128\u003e\\n\"}","step":"7"},` +
		`"ids":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},` +
		`"mask":{"dtype":"U8","shape":[3,1],"data_offsets":[48,51]},` +
		`"scale":{"dtype":"F64","shape":[],"data_offsets":[16,24]},` +
		`"weight":{"dtype":"F32","shape":[2,3],"data_offsets":[24,48]}}`
	if got := strings.TrimRight(string(b[lengthSize:lengthSize+length]), " "); got != want {
		t.Errorf("header\n%s, want\n%s", got, want)
	}
	var none bytes.Buffer
	if err := Encode(&none, nil, nil); err != nil || none.String() != "\x08\x00\x00\x00\x00\x00\x00\x00{}      " {
		t.Errorf("no tensors: %q, %v", none.String(), err)
	}
}

func TestLargeTensorsPassThroughTheBuffer(t *testing.T) {
	n := 3*bufferSize/4 + 5
	floats, ints := make([]float32, n), make([]int64, n)
	for i := range n {
		floats[i], ints[i] = float32(i)*0.5, int64(-i)
	}
	var b bytes.Buffer
	if err := Encode(&b, []Tensor{{"f", []int{n}, floats}, {"i", []int{1, n}, ints}}, nil); err != nil {
		t.Fatal(err)
	}
	r, err := open(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Float32s("f"); err != nil || !slices.Equal(got, floats) {
		t.Errorf("floats differ: %v", err)
	}
	if got, err := r.Int64s("i"); err != nil || !slices.Equal(got, ints) {
		t.Errorf("integers differ: %v", err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	x := []float32{1, 2}
	for _, c := range []struct {
		tensors  []Tensor
		metadata map[string]string
		want     string
	}{
		{[]Tensor{{"a", []int{2}, x}, {"a", []int{2}, x}}, nil, `two tensors are called "a"`},
		{[]Tensor{{"a", []int{3}, x}}, nil, `tensor "a": 2 elements of data for shape [3]`},
		{[]Tensor{{"a", []int{-1, -2}, x}}, nil, "negative"},
		{[]Tensor{{"a", []int{math.MaxInt, 4}, x}}, nil, "can be addressed"},
		{[]Tensor{{"a", []int{2}, []int32{1, 2}}}, nil, "data of type []int32"},
		{[]Tensor{{"a", []int{2}, nil}}, nil, "data of type <nil>"},
		{[]Tensor{{"__metadata__", []int{2}, x}}, nil, "reserves"},
		{[]Tensor{{"\xff", []int{2}, x}}, nil, "UTF-8"},
		{nil, map[string]string{"k": "\xff"}, "UTF-8"},
	} {
		var b bytes.Buffer
		err := Encode(&b, c.tensors, c.metadata)
		if err == nil || !strings.Contains(err.Error(), c.want) || b.Len() != 0 {
			t.Errorf("want an error with %q and nothing written: %v, %d bytes", c.want, err, b.Len())
		}
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	tensors := []Tensor{{"x", []int{2}, []float32{1, 2}}}
	if err := WriteFile(path, tensors, map[string]string{"step": "1"}); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, append(tensors, tensors...), nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("two tensors of one name: error %v, want one with the path", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("a failed write changed the file: %v", err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v, %v, want the file alone", files, err)
	}
	if err := WriteFile(filepath.Join(path, "below"), tensors, nil); err == nil {
		t.Error("a file was written below a file")
	}
}

func TestHeaderIsLimited(t *testing.T) {
	for _, limit := range []int{31, 32} {
		text, err := encodeHeader(nil, map[string]string{"k": ""}, limit) // 25 bytes, padded to 32
		if fits := limit == 32; (err == nil) != fits || fits && len(text) != 32 {
			t.Errorf("limit %d: %q, %v", limit, text, err)
		}
	}
}

type fullDisk struct{ room int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.room -= n
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

func TestEncodeReportsWriteErrors(t *testing.T) {
	tensors := []Tensor{{"x", []int{bufferSize}, make([]float32, bufferSize)}}
	for _, room := range []int{0, 10, bufferSize + 1, 4 * bufferSize} {
		if err := Encode(&fullDisk{room}, tensors, nil); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}
