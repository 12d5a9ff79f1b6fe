package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// file puts a header and data together as they lie on disk.
func file(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func open(b []byte) (*Reader, error) {
	return NewReader("weights.safetensors", bytes.NewReader(b), int64(len(b)))
}

func TestReadsEveryDType(t *testing.T) {
	type floats = []float32
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		dtype  DType
		raw    []byte
		floats []float32
		ints   []int64
	}{
		{F64, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0xbf, 1, 0, 0, 0, 0, 0, 0xf0, 0x3f}, floats{-1.5, 1}, nil},
		{F32, []byte{0, 0, 0xc0, 0xbf, 1, 0, 0, 0}, floats{-1.5, 0x1p-149}, nil},
		{F16, []byte{0, 0x3e, 0, 0xc0, 1, 0, 0xff, 0x83, 0xff, 0x7b, 0, 0x7c, 0, 0x80},
			floats{1.5, -2, 0x1p-24, -1023 * 0x1p-24, 65504, inf, float32(math.Copysign(0, -1))}, nil},
		{BF16, []byte{0xc0, 0x3f, 0x80, 0xff, 0x80, 0x7f}, floats{1.5, -inf, inf}, nil},
		{I64, []byte{0xfe, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 128}, nil, []int64{-2, math.MinInt64}},
		{I32, []byte{0xfe, 255, 255, 255, 1, 2, 0, 0}, nil, []int64{-2, 513}},
		{I16, []byte{0xfe, 255, 1, 2}, nil, []int64{-2, 513}},
		{I8, []byte{0xfe, 127}, nil, []int64{-2, 127}},
		{U8, []byte{0xfe, 127}, nil, []int64{254, 127}},
		{Bool, []byte{1, 0}, nil, []int64{1, 0}},
	} {
		elements := len(c.raw) / c.dtype.Size()
		r, err := open(file(replace(`{"x":{"dtype":"DTYPE","shape":[N],"data_offsets":[0,BYTES]}}`,
			"DTYPE", string(c.dtype), "N", itoa(elements), "BYTES", itoa(len(c.raw))), c.raw...))
		if err != nil {
			t.Errorf("%s: %v", c.dtype, err)
			continue
		}
		gotFloats, floatErr := r.Float32s("x")
		gotInts, intErr := r.Int64s("x")
		if (floatErr == nil) != (c.floats != nil) || (intErr == nil) != (c.ints != nil) {
			t.Errorf("%s: Float32s: %v, Int64s: %v", c.dtype, floatErr, intErr)
		}
		if !slices.EqualFunc(gotFloats, c.floats, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			t.Errorf("%s: %v, want %v", c.dtype, gotFloats, c.floats)
		}
		if !slices.Equal(gotInts, c.ints) {
			t.Errorf("%s: %v, want %v", c.dtype, gotInts, c.ints)
		}
	}
}

func TestFloat16AgainstItsDefinition(t *testing.T) {
	for h := range 1 << 16 {
		sign, exponent, fraction := 1-2*float64(h>>15), h>>10&31, float64(h&1023)
		want := sign * math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = sign * math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(int(sign))
		case exponent == 31:
			want = math.NaN()
		}
		got := float64(fromFloat16(uint16(h)))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%#04x: %v, want %v", h, got, want)
		}
	}
}

// TestHostileHeaders wants each malformed file refused with an error that names the file and the trouble.
func TestHostileHeaders(t *testing.T) {
	const a = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	for _, c := range []struct {
		name, header string
		data         int
		want         string
	}{
		{"empty header", "", 0, "want '{'"},
		{"not an object", "[]", 0, "want '{'"},
		{"leading space", " {}", 0, "want '{'"},
		{"cut JSON", `{"a":{"dtype":"F32"`, 0, "unexpected EOF"},
		{"broken JSON", `{"a" 1}`, 0, "header: "},
		{"text after", `{} {}`, 0, "after byte"},
		{"no JSON after", `{} x`, 0, "after byte"},
		{"invalid UTF-8", "{\"\xff\":0}", 0, "UTF-8"},
		{"tensor twice", "{" + a + "," + a + "}", 8, `tensor "a" appears twice`},
		{"escaped duplicate", `{` + a + `,"\u0061":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}`, 8, `tensor "a" appears twice`},
		{"key twice", `{"a":{"dtype":"F32","dtype":"F32"}}`, 0, "dtype appears twice"},
		{"shape twice", `{"a":{"shape":[],"shape":[]}}`, 0, "shape appears twice"},
		{"unknown key", `{"a":{"stride":[1]}}`, 0, `unknown key "stride"`},
		{"unknown dtype", `{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}`, 8, `dtype is "F8_E4M3", want one of F64, F32`},
		{"no dtype", `{"a":{"shape":[8],"data_offsets":[0,8]}}`, 8, `dtype is ""`},
		{"no shape", `{"a":{"dtype":"U8","data_offsets":[0,8]}}`, 8, "shape is missing"},
		{"no offsets", `{"a":{"dtype":"U8","shape":[8]}}`, 8, "want two integers"},
		{"three offsets", `{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8,8]}}`, 8, "want two integers"},
		{"tensor is a list", `{"a":[1]}`, 0, `tensor "a": found '[', want '{'`},
		{"shape is a number", `{"a":{"shape":1}}`, 0, "shape: found 1, want '['"},
		{"negative size", `{"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}}`, 8, "found -8, want an integer"},
		{"fraction", `{"a":{"dtype":"U8","shape":[8.0],"data_offsets":[0,8]}}`, 8, "found 8.0, want an integer"},
		{"huge number", `{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,8]}}`, 8, "want an integer"},
		{"string size", `{"a":{"dtype":"U8","shape":["8"],"data_offsets":[0,8]}}`, 8, `found "8"`},
		{"null size", `{"a":{"dtype":"U8","shape":[null],"data_offsets":[0,8]}}`, 8, "found null"},
		{"product overflows", `{"a":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16]}}`, 16, "can be addressed"},
		{"zero hides overflow", `{"a":{"dtype":"U8","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}`, 0, "can be addressed"},
		{"shape and range differ", `{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8, `tensor "a": data_offsets [0 8] span 8 bytes, want 12`},
		{"backwards", `{"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}}`, 8, "end before they begin"},
		{"out of range", "{" + a + "}", 7, "reach beyond the file"},
		{"far out of range", `{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}`, 8, "reach beyond"},
		{"gap before", `{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}`, 8, "leave a gap"},
		{"gap between", "{" + a + `,"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}`, 10, `leave a gap: "a" ends at 8`},
		{"overlap", "{" + a + `,"b":{"dtype":"U8","shape":[4],"data_offsets":[7,11]}}`, 11, `overlap those of "a"`},
		{"same range", "{" + a + `,"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8, "overlap"},
		{"empty tensor inside another", "{" + a + `,"b":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}`, 8, "overlap"},
		{"trailing data", "{" + a + "}", 9, "tensors end at 8"},
		{"metadata twice", `{"__metadata__":{},"__metadata__":{}}`, 0, "appears twice"},
		{"metadata key twice", `{"__metadata__":{"k":"1","k":"2"}}`, 0, `key "k" appears twice`},
		{"metadata of numbers", `{"__metadata__":{"k":1}}`, 0, "__metadata__: found 1, want a string"},
		{"metadata is a string", `{"__metadata__":"k"}`, 0, "want '{'"},
	} {
		_, err := open(file(c.header, make([]byte, c.data)...))
		if err == nil {
			t.Errorf("%s: accepted", c.name)
		} else if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "weights.safetensors") {
			t.Errorf("%s: error %q, want it to name the file and contain %q", c.name, err, c.want)
		}
	}
}

func TestHeaderLengthIsBounded(t *testing.T) {
	for _, length := range []uint64{1, 9, maxHeader, maxHeader + 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} {
		b := append(binary.LittleEndian.AppendUint64(nil, length), "{}"...)
		if _, err := open(b); err == nil {
			t.Errorf("a header of %d bytes in a file of %d: accepted", length, len(b))
		}
	}
}

func TestAcceptsWhatTheFormatAllows(t *testing.T) {
	for _, c := range []struct {
		name, header string
		data         int
	}{
		{"nothing", `{}`, 0},
		{"padding", `{}      `, 0},
		{"only metadata", `{"__metadata__":{"format":"pt"}}`, 0},
		{"scalar", `{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 4},
		{"empty tensors", `{"a":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0},
		{"empty at the end", `{"a":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}`, 4},
		{"empty at the start", `{"a":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 4},
		{"data out of order", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[3,4]},"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}`, 4},
		{"keys out of order", `{"":{"data_offsets":[0,4],"shape":[1,1],"dtype":"F32"}}`, 4},
	} {
		r, err := open(file(c.header, make([]byte, c.data)...))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, n := range r.Names() {
			if info, err := r.Info(n); err != nil || info.Shape == nil {
				t.Errorf("%s: tensor %q: %+v, %v", c.name, n, info, err)
			}
		}
	}
}

func TestEveryTruncationIsNoticed(t *testing.T) {
	whole := encoded(t)
	for n := range whole {
		if _, err := open(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were accepted", n, len(whole))
		}
	}
	// The file shrinks after it was opened.
	for n := range whole {
		r, err := NewReader("shrinking", bytes.NewReader(whole[:n]), int64(len(whole)))
		if err == nil {
			_, err = r.Float32s("weight")
			_, intErr := r.Int64s("ids")
			if err == nil && intErr == nil {
				_, err = r.Int64s("mask")
			} else if err == nil {
				err = intErr
			}
		}
		if err == nil {
			t.Errorf("reading all tensors from the first %d of %d bytes succeeded", n, len(whole))
		}
	}
}

func TestErrorsOfTheAccessors(t *testing.T) {
	r, err := open(file(`{"b":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}`, 2))
	if err != nil {
		t.Fatal(err)
	}
	_, missing := r.Float32s("weight")
	_, float := r.Float32s("b")
	_, boolean := r.Int64s("b")
	for _, c := range []struct {
		err  error
		want string
	}{
		{missing, `no tensor "weight" among the 1 of the file`},
		{float, `tensor "b" is of dtype BOOL, want F64, F32, F16 or BF16`},
		{boolean, "a BOOL is stored as 2"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", c.err, c.want)
		}
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a missing file: error %v", err)
	}
	if _, err := Open(filepath.Dir(path)); err == nil {
		t.Error("a folder was opened")
	}
	if err := os.WriteFile(path, encoded(t), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Names(); !slices.Equal(got, []string{"ids", "mask", "scale", "weight"}) {
		t.Errorf("names %v", got)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Float32s("weight"); err == nil {
		t.Error("a closed file was read")
	}
}

func FuzzReader(f *testing.F) {
	f.Add(file(`{}`))
	f.Add(file(`{"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]}}`, 0, 0x3c, 0, 0x7c))
	f.Add(file(`{"a":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]}}`, 1))
	f.Add(encoded(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := open(b)
		if err != nil {
			return
		}
		total := int64(0)
		for _, name := range r.Names() {
			info, err := r.Info(name)
			if err != nil {
				t.Fatal(err)
			}
			floats, floatErr := r.Float32s(name)
			ints, intErr := r.Int64s(name)
			if floatErr != nil && intErr != nil && info.DType != Bool {
				t.Errorf("tensor %q of an accepted file: %v, %v", name, floatErr, intErr)
			}
			if read := len(floats) + len(ints); read != info.Elements() && info.DType != Bool {
				t.Errorf("tensor %q: %d elements, want %d", name, read, info.Elements())
			}
			total += int64(info.Elements() * info.DType.Size())
		}
		if total != int64(len(b))-r.data {
			t.Errorf("tensors take %d bytes of %d", total, int64(len(b))-r.data)
		}
	})
}
