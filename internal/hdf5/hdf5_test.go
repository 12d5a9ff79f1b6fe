package hdf5

import (
	"bytes"
	"encoding/binary"
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

func openFile(t testing.TB, name string) *File {
	t.Helper()
	b := load(t, name)
	f, err := Open(bytes.NewReader(b), int64(len(b)), name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func find1(t testing.TB, f *File, path string) *Object {
	t.Helper()
	o, err := f.Find(path)
	if err != nil || o == nil {
		t.Fatalf("%s: %q: %v, %v", f.name, path, o, err)
	}
	return o
}

// checkCount checks that a dataset holds 0, 1, 2, ... modulo 100 in row-major
// order, and the transpose of that when read with its dimensions reversed.
func checkCount(t *testing.T, f *File, path string, typ numeric.Type, shape ...int) {
	t.Helper()
	o := find1(t, f, path)
	a, err := o.Read()
	if err != nil {
		t.Errorf("%s:%s: %v", f.name, path, err)
		return
	}
	if a.Type != typ || !reflect.DeepEqual(a.Shape, shape) {
		t.Errorf("%s:%s: %v %v, want %v %v", f.name, path, a.Type, a.Shape, typ, shape)
		return
	}
	for i := range a.Len() {
		if a.At64(i) != float64(i%100) {
			t.Errorf("%s:%s: element %d is %v", f.name, path, i, a.At64(i))
			return
		}
	}
	for _, narrow := range []bool{false, true} {
		r, err := o.ReadReversed(narrow)
		if err != nil {
			t.Errorf("%s:%s reversed: %v", f.name, path, err)
			return
		}
		if narrow && r.Len() > 0 && r.Type.Size() > 2 {
			t.Errorf("%s:%s: narrow, small integers are %v", f.name, path, r.Type)
		}
		for i := range a.Len() {
			at := subscripts(i, shape)
			k := 0
			for d := len(shape) - 1; d >= 0; d-- { // reversed shape, row-major
				k = k*shape[d] + at[d]
			}
			if r.At64(k) != float64(i%100) {
				t.Errorf("%s:%s reversed, narrow %v: element %d is %v, want %d", f.name, path, narrow, k, r.At64(k), i%100)
				return
			}
		}
	}
}

func subscripts(i int, shape []int) []int {
	at := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		at[d], i = i%shape[d], i/shape[d]
	}
	return at
}

// Beside each of these lies a file "_types.h5" with every element type.
var everyVersion = []string{"earliest.h5", "v108.h5", "latest.h5"}

func typesOf(name string) string { return strings.TrimSuffix(name, ".h5") + "_types.h5" }

func TestCommon(t *testing.T) {
	codes := map[string]numeric.Type{
		"i1": numeric.Int8, "u1": numeric.Uint8, "i2": numeric.Int16, "u2": numeric.Uint16, "i4": numeric.Int32, "u4": numeric.Uint32,
		"i8": numeric.Int64, "u8": numeric.Uint64, "f2": numeric.Float32, "f4": numeric.Float32, "f8": numeric.Float64,
	}
	for _, name := range everyVersion {
		f := openFile(t, name)
		types := openFile(t, typesOf(name))
		links, err := find1(t, types, "types").Links()
		if err != nil || len(links) != 18 {
			t.Fatalf("%s: %d types, %v", name, len(links), err)
		}
		for _, l := range links {
			checkCount(t, types, "types/"+l.Name, codes[l.Name[3:]], 3, 4)
		}
		checkCount(t, f, "compact", numeric.Float64, 2, 5)
		checkCount(t, f, "gzip", numeric.Float64, 5, 7, 3)
		checkCount(t, f, "lzf", numeric.Uint16, 40, 30)
		checkCount(t, f, "lzf_shuffle", numeric.Float64, 40, 30)
		checkCount(t, f, "shuffle", numeric.Int32, 10, 3)
		checkCount(t, f, "fletcher", numeric.Uint8, 5, 3)
		checkCount(t, f, "named", numeric.Uint16, 4)
		checkCount(t, f, "empty", numeric.Float64, 0, 3)
		checkCount(t, f, "null", numeric.Float32, 0)
		for path, want := range map[string]any{
			"scalar": []float64{42}, "bool": []int8{1, 0, 1}, "unwritten": []float32{2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5},
		} {
			if a, err := find1(t, f, path).Read(); err != nil || !reflect.DeepEqual(a.Data, want) {
				t.Errorf("%s:%s: %v, %v", name, path, a, err)
			}
		}
		holes, err := find1(t, f, "holes").Read()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 36 {
			want := -7.0
			if at := subscripts(i, holes.Shape); at[0]/2 == 1 && at[1]/2 == 1 {
				want = 5
			}
			if holes.At64(i) != want {
				t.Errorf("%s:holes: element %d is %v, want %v", name, i, holes.At64(i), want)
			}
		}
	}
}

func TestTextAndReferences(t *testing.T) {
	for _, name := range everyVersion {
		f := openFile(t, name)
		for path, want := range map[string][]string{"fixed": {"grass", "tree", ""}, "text": {"Gräser", "", "Wasser"}, "chunked_text": {"a", "bc", "def"}} {
			if got, err := find1(t, f, path).Strings(); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s:%s: %q, %v", name, path, got, err)
			}
		}
		refs, err := find1(t, f, "refs").References()
		if err != nil || len(refs) != 2 || refs[0] != find1(t, f, "scalar").Addr() || refs[1] != find1(t, f, "compact").Addr() {
			t.Errorf("%s: references %v, %v", name, refs, err)
		}
		o := find1(t, f, "scalar")
		for attr, want := range map[string][]string{"label": {"wörter"}, "fixed": {"class"}} {
			a, err := o.Attr(attr)
			if err != nil || a == nil {
				t.Fatalf("%s: attribute %s: %v", name, attr, err)
			}
			if s, err := a.Strings(); err != nil || !reflect.DeepEqual(s, want) {
				t.Errorf("%s: attribute %s: %q, %v", name, attr, s, err)
			}
		}
		for attr, want := range map[string]any{"number": []int32{-3}, "list": []int16{0, 1, 2, 3}} {
			a, err := o.Attr(attr)
			if err != nil || a == nil {
				t.Fatalf("%s: attribute %s: %v", name, attr, err)
			}
			if v, err := a.Array(); err != nil || !reflect.DeepEqual(v.Data, want) {
				t.Errorf("%s: attribute %s: %v, %v", name, attr, v, err)
			}
		}
		if a, err := o.Attr("nope"); a != nil || err != nil {
			t.Errorf("%s: attribute nope: %v, %v", name, a, err)
		}
	}
}

func TestDenseAttributes(t *testing.T) {
	o := find1(t, openFile(t, "attributes.h5"), "d")
	for i := range 30 {
		a, err := o.Attr(fmt.Sprintf("a%d", i))
		if err != nil || a == nil {
			t.Fatalf("a%d: %v, %v", i, a, err)
		}
		if v, err := a.Array(); err != nil || v.At64(0) != float64(i) {
			t.Errorf("a%d: %v, %v", i, v, err)
		}
	}
	if a, err := o.Attr("nope"); a != nil || err != nil {
		t.Errorf("nope: %v, %v", a, err)
	}
}

func TestIndexes(t *testing.T) {
	f := openFile(t, "indexes.h5")
	for _, path := range []string{"single", "single_gzip", "implicit", "fixed_array", "fixed_array_limit", "fixed_array_gzip",
		"extensible", "extensible_gzip", "tree2", "tree2_gzip"} {
		checkCount(t, f, path, numeric.Float64, 5, 4)
	}
	checkCount(t, f, "extensible_second", numeric.Uint8, 5, 40)
	checkCount(t, openFile(t, "tree1.h5"), "deep", numeric.Uint8, 200)
	checkCount(t, openFile(t, "long_fixed.h5"), "paged", numeric.Uint8, 1100)
	checkCount(t, openFile(t, "long_extensible.h5"), "super", numeric.Uint8, 400)
	checkCount(t, openFile(t, "long_tree2.h5"), "deep", numeric.Uint8, 120, 1)
	checkCount(t, openFile(t, "userblock.h5"), "x", numeric.Float64, 2, 3)
}

func TestLinks(t *testing.T) {
	for name, want := range map[string]int{"links_old.h5": 40, "links_dense.h5": 60, "links_compact.h5": 5, "links_deep.h5": 400} {
		f := openFile(t, name)
		root, err := f.Root()
		if err != nil {
			t.Fatal(err)
		}
		links, err := root.Links()
		if err != nil || len(links) != want+1 {
			t.Fatalf("%s: %d links, %v", name, len(links), err)
		}
		format := "member_%03d"
		if want == 400 {
			format = "m%03d"
		}
		for i := range want {
			checkCount(t, f, fmt.Sprintf(format, i), numeric.Uint8, 3)
			f.Renew()
		}
	}
}

func TestRefusals(t *testing.T) {
	cases := []struct{ file, path, want string }{
		{"_types.h5", "refused/complex", "compound values (such as complex"}, {"_types.h5", "refused/compound", "compound"},
		{"_types.h5", "refused/scaled", "scale-offset"}, {"_types.h5", "refused/external", "other files"}, {"_types.h5", "refused/ragged", "not text"}, {"_types.h5", "types", "a group"},
		{".h5", "text", "not numbers"}, {".h5", "refs", "not numbers"},
	}
	for _, name := range everyVersion {
		for _, c := range cases {
			f := openFile(t, strings.TrimSuffix(name, ".h5")+c.file)
			if _, err := find1(t, f, c.path).Read(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s:%s: error %v, want %q", f.name, c.path, err, c.want)
			}
		}
		if o, err := openFile(t, typesOf(name)).Find("types/nope"); o != nil || err != nil {
			t.Errorf("%s: %v, %v where there is nothing", name, o, err)
		}
	}
	if _, err := Open(bytes.NewReader(make([]byte, 5000)), 5000, "zeros"); err == nil || !strings.Contains(err.Error(), "no signature") {
		t.Errorf("zeros: %v", err)
	}
}

// readAll reads every object that the links lead to, in every way.
func readAll(b []byte) error {
	f, err := Open(bytes.NewReader(b), int64(len(b)), "test")
	if err != nil {
		return err
	}
	root, err := f.Root()
	if err != nil {
		return err
	}
	return readBelow(f, root, map[uint64]bool{})
}

// readBelow reads every object below a group, each once.
func readBelow(f *File, group *Object, seen map[uint64]bool) error {
	links, err := group.Links()
	for _, l := range links {
		if seen[l.Addr] {
			continue
		}
		seen[l.Addr] = true
		o, e := f.Object(l.Addr)
		if e != nil {
			return e
		}
		if !o.IsDataset() {
			if err := readBelow(f, o, seen); err != nil {
				return err
			}
			continue
		}
		_, e1 := o.Read()
		_, e2 := o.ReadReversed(true)
		_, e3 := o.Strings()
		_, e4 := o.References()
		_, e5 := o.Attr("list")
		if e1 != nil && e3 != nil && e4 != nil {
			err = fmt.Errorf("%w, %w, %w, %w, %w", e1, e2, e3, e4, e5)
		}
	}
	return err
}

func TestTruncation(t *testing.T) {
	for _, name := range []string{"userblock.h5", "links_dense.h5", "indexes.h5"} {
		b := load(t, name)
		for n := range len(b) {
			readAll(b[:n])
		}
		if err := readAll(b); err != nil {
			t.Errorf("%s whole: %v", name, err)
		}
	}
}

// A chunk whose bytes changed on the way is noticed.
func TestDamage(t *testing.T) {
	b := load(t, "earliest.h5")
	i := bytes.Index(b, []byte{9, 10, 11, 12, 13, 14, 0, 0, 0}) // the second chunk of "fletcher"
	b[i+3] ^= 0x10
	f, err := Open(bytes.NewReader(b), int64(len(b)), "damaged")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := find1(t, f, "fletcher").Read(); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("error %v", err)
	}
}

// A shape that lies costs an error, not memory.
func TestLyingShape(t *testing.T) {
	le := binary.LittleEndian
	dims := func(a, b uint64) []byte { return le.AppendUint64(le.AppendUint64(nil, a), b) }
	for _, c := range []struct {
		file, path string
		old        []byte
		to         [2]uint64
		want       string
	}{
		{"userblock.h5", "x", dims(2, 3), [2]uint64{1 << 20, 1 << 20}, "can hold"},
		{"userblock.h5", "x", dims(2, 3), [2]uint64{1000, 1000}, "is the file complete"},
		{"userblock.h5", "x", dims(2, 3), [2]uint64{1 << 62, 1 << 62}, "too many elements"},
		{"userblock.h5", "x", dims(2, 3), [2]uint64{1 << 63, 1}, "dimension 0"},
		{"long_tree2.h5", "deep", dims(120, 1), [2]uint64{1 << 30, 1}, "can hold"},
	} {
		b := load(t, c.file)
		if !bytes.Contains(b, c.old) {
			t.Fatalf("%s: no shape to change", c.file)
		}
		b = bytes.ReplaceAll(b, c.old, dims(c.to[0], c.to[1]))
		f, err := Open(bytes.NewReader(b), int64(len(b)), c.file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := find1(t, f, c.path).Read(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:%s of shape %v: error %v, want %q", c.file, c.path, c.to, err, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.h5")
	for _, name := range files {
		f.Add(load(f, filepath.Base(name)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readAll(b)
		runtime.ReadMemStats(&after)
		// The budget is shared by all that is read; several copies of it are made.
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(256<<20+len(b)*8*numeric.DeflateRatio); got > most {
			t.Errorf("%d bytes made the reader allocate %d bytes, more than %d", len(b), got, most)
		}
	})
}
