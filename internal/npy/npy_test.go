package npy

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"diffclip/internal/numeric"
)

func load(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(b []byte, name string) (*File, error) {
	return Open(bytes.NewReader(b), int64(len(b)), name)
}

// The files of testdata hold 0, 1, 2, ... in row-major order; see gen.py.
func TestFiles(t *testing.T) {
	types := map[string]numeric.Type{
		"b1": numeric.Uint8, "i1": numeric.Int8, "u1": numeric.Uint8, "i2": numeric.Int16, "u2": numeric.Uint16, "i4": numeric.Int32, "u4": numeric.Uint32,
		"i8": numeric.Int64, "u8": numeric.Uint64, "f2": numeric.Float32, "f4": numeric.Float32, "f8": numeric.Float64,
	}
	type want struct {
		file, member string
		shape        []int
		typ          numeric.Type
	}
	cases := []want{
		{"fortran.npy", "", []int{3, 4, 5}, numeric.Uint16},
		{"fortran_be_f8.npy", "", []int{7, 5}, numeric.Float64},
		{"empty.npy", "", []int{0, 3}, numeric.Float32},
		{"vector.npy", "", []int{5}, numeric.Int32},
		{"version1.npy", "", []int{2, 3}, numeric.Float32},
		{"version2.npy", "", []int{2, 3}, numeric.Float32},
		{"version3.npy", "", []int{2, 3}, numeric.Float32},
		{"stored.npz", "HSI", []int{2, 3, 4}, numeric.Float64},
		{"stored.npz", "gt", []int{4, 3}, numeric.Uint8},
		{"deflated.npz", "HSI", []int{20, 30, 4}, numeric.Float64},
		{"deflated.npz", "gt", []int{4, 3}, numeric.Uint8},
	}
	for code, typ := range types {
		if strings.HasSuffix(code, "1") {
			cases = append(cases, want{"one_" + code + ".npy", "", []int{2, 3, 4}, typ})
			continue
		}
		cases = append(cases, want{"le_" + code + ".npy", "", []int{2, 3, 4}, typ}, want{"be_" + code + ".npy", "", []int{2, 3, 4}, typ})
	}
	for _, c := range cases {
		f, err := open(load(t, c.file), c.file)
		if err != nil {
			t.Error(err)
			continue
		}
		info, err := f.Info(c.member)
		if err != nil || !reflect.DeepEqual(info, Info{c.member, c.typ, c.shape}) {
			t.Errorf("%s:%s: info %+v, %v", c.file, c.member, info, err)
		}
		a, err := f.Read(c.member)
		if err != nil {
			t.Error(err)
			continue
		}
		if a.Type != c.typ || !reflect.DeepEqual(a.Shape, c.shape) {
			t.Errorf("%s:%s: %v %v, want %v %v", c.file, c.member, a.Type, a.Shape, c.typ, c.shape)
		}
		for i := range a.Len() {
			want := float64(i)
			if c.file == "one_b1.npy" {
				want = float64(i % 2)
			}
			if a.At64(i) != want {
				t.Errorf("%s:%s: element %d is %v, want %v", c.file, c.member, i, a.At64(i), want)
				break
			}
		}
	}
}

func TestScalarAndNames(t *testing.T) {
	f, err := open(load(t, "scalar.npy"), "scalar.npy")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := f.Read(""); err != nil || a.Len() != 1 || a.At64(0) != 42 {
		t.Errorf("scalar: %v, %v", a, err)
	}
	if got := f.Names(); !reflect.DeepEqual(got, []string{""}) {
		t.Errorf("names %q", got)
	}
	if f, err = open(load(t, "stored.npz"), "stored.npz"); err != nil {
		t.Fatal(err)
	}
	if got := f.Names(); !reflect.DeepEqual(got, []string{"HSI", "gt"}) {
		t.Errorf("names %q", got)
	}
}

func TestRefusals(t *testing.T) {
	npy := func(descr, order, shape string, data int) []byte {
		h := "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }"
		return append([]byte(magic+"\x01\x00"+string([]byte{byte(len(h)), byte(len(h) >> 8)})+h), make([]byte, data)...)
	}
	flipped := load(t, "stored.npz")
	flipped[200] ^= 1 // inside the data of HSI: its CRC no longer holds
	cases := []struct {
		name, member string
		data         []byte
		want         string
	}{
		{"struct", "", load(t, "refused_struct.npy"), "structured type"},
		{"object", "", load(t, "refused_object.npy"), "Python objects"},
		{"complex", "", load(t, "refused_complex.npy"), "complex numbers"},
		{"text", "", load(t, "refused_text.npy"), "text"},
		{"date", "", load(t, "refused_date.npy"), "dates"},
		{"f16", "", npy("'<f16'", "False", "(3,)", 48), "want bool"},
		{"empty file", "", nil, "neither NPY nor NPZ"},
		{"version", "", []byte(magic + "\x09\x00\x00\x00"), "version 9.0"},
		{"long header", "", []byte(magic + "\x02\x00\xff\xff\xff\xff"), "plausible"},
		{"lying shape", "", npy("'<f8'", "False", "(1000000, 1000000)", 80), "is the file complete"},
		{"overflow", "", npy("'<f8'", "False", "(9223372036854775807, 9)", 80), "too many elements"},
		{"negative", "", npy("'<f8'", "False", "(-1, 3)", 80), "whole numbers"},
		{"short", "", npy("'<f8'", "True", "(4, 4)", 127), "is the file complete"},
		{"no comma", "", npy("'<f8' 'x'", "True", "(4, 4)", 128), "comma"},
		{"bad order", "", npy("'<f8'", "Maybe", "(4, 4)", 128), "fortran_order"},
		{"no tuple", "", npy("'<f8'", "True", "4", 128), "not a tuple"},
		{"named", "x", npy("'<f8'", "True", "(1,)", 128), "unnamed"},
		{"unknown member", "TR", load(t, "stored.npz"), `["HSI" "gt"]`},
		{"broken member", "HSI", flipped, "checksum"},
		{"cut archive", "HSI", load(t, "stored.npz")[:300], "zip"},
	}
	for _, c := range cases {
		f, err := open(c.data, "file.npy")
		if err == nil {
			_, err = f.Read(c.member)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "file.npy: ") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// readAll reads every member.
func readAll(b []byte) (first error) {
	f, err := open(b, "fuzz")
	if err != nil {
		return err
	}
	for _, name := range f.Names() {
		info, err := f.Info(name)
		if err != nil && first == nil {
			first = err
		}
		if len(info.Shape) > 0 && info.Shape[0] > 0 {
			part, err := f.ReadRows(name, info.Shape[0]/2, info.Shape[0]/2+1)
			if err == nil && part.Shape[0] != 1 {
				return fmt.Errorf("%d rows for one", part.Shape[0])
			}
		}
		if _, err := f.Read(name); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func TestTruncation(t *testing.T) {
	for _, name := range []string{"fortran.npy", "version3.npy", "stored.npz"} {
		b := load(t, name)
		for n := range len(b) {
			if readAll(b[:n]) == nil {
				t.Errorf("%s cut to %d of %d bytes is read without an error", name, n, len(b))
			}
		}
	}
}

// A member holds what its own bytes can become, however long the rest of the archive and whatever it claims.
func TestClaimsOfAMember(t *testing.T) {
	head := load(t, "version1.npy")[:10]
	text := fmt.Sprintf("%-117s\n", "{'descr': '|u1', 'fortran_order': False, 'shape': (8000, 10000), }")
	head[8] = byte(len(text))
	var packed, b bytes.Buffer
	z, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(append(head, text...))
	z.Write(make([]byte, 200_000)) // of 80 million
	z.Close()
	archive := zip.NewWriter(&b)
	w, err := archive.CreateHeader(&zip.FileHeader{Name: "padding", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, 100_000))
	w, err = archive.CreateRaw(&zip.FileHeader{Name: "map.npy", Method: zip.Deflate, CompressedSize64: uint64(packed.Len()), UncompressedSize64: 80_000_128})
	if err != nil {
		t.Fatal(err)
	}
	w.Write(packed.Bytes())
	archive.Close()
	f, err := open(b.Bytes(), "bomb.npz")
	if err != nil {
		t.Fatal(err)
	}
	_, whole := f.Read("map")
	_, part := f.ReadRows("map", 0, 7999)
	for _, err := range []error{whole, part} {
		if want := fmt.Sprintf("80000000 bytes, and its %d stored ones can hold at most", packed.Len()); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `bomb.npz: array "map"`) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.np?")
	for _, name := range files {
		f.Add(load(f, filepath.Base(name)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readAll(b)
		runtime.ReadMemStats(&after)
		// Each member may inflate all of the file; widening float16 doubles it.
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(8<<20+len(b)*(2*numeric.DeflateRatio+(len(b)/80)*2)); got > most {
			t.Errorf("%d bytes made the reader allocate %d bytes, more than %d", len(b), got, most)
		}
	})
}
