package matfile

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/numeric"
	"diffclip/internal/testenv"
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

func openFile(t testing.TB, name string) *File {
	t.Helper()
	f, err := open(load(t, name), name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t testing.TB, f *File, path string) *numeric.Named {
	t.Helper()
	v, err := f.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// checkCount checks that a value holds start, start+step, ... in row-major order.
func checkCount(t *testing.T, f *File, path, class string, typ numeric.Type, start, step float64, shape ...int) {
	t.Helper()
	v, err := f.Read(path)
	if err != nil {
		t.Error(err)
		return
	}
	if v.Class != class || v.Array == nil || v.Array.Type != typ || !reflect.DeepEqual(v.Shape, shape) || !reflect.DeepEqual(v.Array.Shape, shape) {
		t.Errorf("%s:%s: %s %v %+v, want %s %v %v", f.name, path, v.Class, v.Shape, v.Array, class, typ, shape)
		return
	}
	n, _ := numeric.Count(shape)
	if v.Array.Len() != n {
		t.Errorf("%s:%s: %d elements, want %d", f.name, path, v.Array.Len(), n)
	}
	for i := range v.Array.Len() {
		if got, want := v.Array.At64(i), start+step*float64(i); got != want {
			t.Errorf("%s:%s: element %d is %v, want %v", f.name, path, i, got, want)
			return
		}
	}
}

func checkText(t *testing.T, f *File, path, want string) {
	t.Helper()
	if v, err := f.Read(path); err != nil || v.Class != "char" || v.Text != want {
		t.Errorf("%s:%s: %+v, %v, want %q", f.name, path, v, err, want)
	}
}

var types = map[string]struct {
	class string
	typ   numeric.Type
}{
	"i1": {"int8", numeric.Int8}, "u1": {"uint8", numeric.Uint8}, "i2": {"int16", numeric.Int16}, "u2": {"uint16", numeric.Uint16}, "i4": {"int32", numeric.Int32},
	"u4": {"uint32", numeric.Uint32}, "i8": {"int64", numeric.Int64}, "u8": {"uint64", numeric.Uint64}, "f4": {"single", numeric.Float32}, "f8": {"double", numeric.Float64},
}

// What scipy wrote, plain and compressed.
func TestLevel5(t *testing.T) {
	for _, name := range []string{"v6.mat", "v7.mat"} {
		f := openFile(t, name)
		for code, want := range types {
			checkCount(t, f, "t_"+code, want.class, want.typ, 0, 1, 2, 3, 4)
		}
		checkCount(t, f, "scalar", "double", numeric.Float64, 42, 0, 1, 1)
		checkCount(t, f, "empty", "double", numeric.Float64, 0, 0, 0, 3)
		checkCount(t, f, "cube4", "uint16", numeric.Uint16, 0, 1, 2, 3, 4, 5)
		checkCount(t, f, "nested.a.b.c", "double", numeric.Float64, 0, 1, 2, 2)
		checkCount(t, f, "nested.e", "double", numeric.Float64, 0, 0, 0, 0)
		checkCount(t, f, "Lidar(2).z", "double", numeric.Float64, 10, 1, 3, 2)
		checkCount(t, f, "Lidar(1).x(1)", "double", numeric.Float64, 1.5, 0, 1, 1)
		checkCount(t, f, "mixed{1}", "uint8", numeric.Uint8, 0, 1, 2, 2)
		checkText(t, f, "label", "Gulfport")
		checkText(t, f, "nested.text", "deep")
		checkText(t, f, "lines", "ab\nc\ndef")
		for i, want := range []string{"grass", "road", "trees", "water"} {
			checkText(t, f, "names{"+string(rune('1'+i))+"}", want)
		}
		if v := read(t, f, "mask"); v.Class != "logical" || !reflect.DeepEqual(v.Array.Data, []uint8{1, 0, 1}) {
			t.Errorf("%s: mask %+v", name, v)
		}
		if v := read(t, f, "z"); !strings.Contains(v.Note, "imaginary") || !reflect.DeepEqual(v.Array.Data, []float64{1, 3}) {
			t.Errorf("%s: complex %+v", name, v)
		}
		if v := read(t, f, "mixed"); len(v.Children) != 3 || v.Children[2].Note == "" {
			t.Errorf("%s: mixed %+v", name, v)
		}
	}
}

// Both byte orders, plain and compressed: classes stored as other types, small
// elements, text in every encoding.
func TestStoredTypes(t *testing.T) {
	for _, name := range []string{"hand_le.mat", "hand_be.mat", "hand_le_z.mat", "hand_be_z.mat"} {
		f := openFile(t, name)
		for code := range types {
			checkCount(t, f, "double_as_"+code, "double", numeric.Float64, 0, 1, 3, 4)
		}
		checkCount(t, f, "single_as_u1", "single", numeric.Float32, 0, 1, 3, 4)
		checkCount(t, f, "int32_as_u2", "int32", numeric.Int32, 0, 1, 3, 4)
		checkCount(t, f, "int16_as_i1", "int16", numeric.Int16, 0, -1, 3, 4)
		checkCount(t, f, "tiny", "double", numeric.Float64, 0, 1, 1, 3)
		checkCount(t, f, "hsi.Data", "double", numeric.Float64, 0, 1, 3, 2)
		checkCount(t, f, "cells{1}", "uint8", numeric.Uint8, 0, 1, 2, 2)
		checkCount(t, f, "cells{2}", "double", numeric.Float64, 0, 0, 0, 0)
		checkText(t, f, "hsi.info", "MUUF")
		checkText(t, f, "utf8", "Grün")
		checkText(t, f, "rows", "ab\ncd")
		if v := read(t, f, "logical"); v.Class != "logical" || !reflect.DeepEqual(v.Array.Data, []uint8{1, 0, 1}) {
			t.Errorf("%s: logical %+v", name, v)
		}
	}
}

func TestHDF5(t *testing.T) {
	for _, name := range []string{"v73.mat", "v73_latest.mat"} {
		f := openFile(t, name)
		checkCount(t, f, "HSI", "double", numeric.Float64, 0, 1, 3, 4, 5)
		checkCount(t, f, "LiDAR", "single", numeric.Float32, 0, 1, 3, 4)
		checkCount(t, f, "gt", "uint8", numeric.Uint8, 0, 1, 3, 4)
		checkCount(t, f, "empty", "double", numeric.Float64, 0, 0, 0, 3)
		checkCount(t, f, "hsi.Data", "double", numeric.Float64, 0, 1, 3, 2)
		checkCount(t, f, "hsi.Lidar(2).z", "double", numeric.Float64, 10, 1, 2, 2)
		checkText(t, f, "label", "Trento")
		checkText(t, f, "nothing", "")
		checkText(t, f, "lines", "ab\ncde")
		checkText(t, f, "hsi.info", "MUUFL")
		for i, want := range []string{"grass", "road", "trees", "water"} {
			checkText(t, f, "names{"+string(rune('1'+i))+"}", want)
		}
		if v := read(t, f, "mask"); v.Class != "logical" || !reflect.DeepEqual(v.Array.Data, []uint8{1, 0, 1}) {
			t.Errorf("%s: mask %+v", name, v)
		}
		var fields []string
		hsi := read(t, f, "hsi")
		for _, c := range hsi.Children {
			fields = append(fields, c.Name)
		}
		if !reflect.DeepEqual(fields, []string{"info", "Data", "Lidar"}) {
			t.Errorf("%s: fields %q", name, fields)
		}
		if v := read(t, f, "hsi.Lidar"); !reflect.DeepEqual(v.Shape, []int{1, 2}) {
			t.Errorf("%s: Lidar of shape %v", name, v.Shape)
		}
	}
}

// What h5py writes has its dimensions as they stand, and lies in groups.
func TestHDF5OfOthers(t *testing.T) {
	f := openFile(t, "groups.h5")
	checkCount(t, f, "site/reflectance/cube.v1", "int16", numeric.Int16, 0, 1, 6, 5, 12)
	checkCount(t, f, "heights", "single", numeric.Float32, 0, 1, 6, 5)
	checkText(t, f, "classes", "grass\ntrees\nroad")
	if v := read(t, f, "site/reflectance/cube.v1").NoData; v == nil || *v != 7 {
		t.Errorf("the value not to use is %v, want 7", v)
	}
	if v := read(t, f, "heights").NoData; v != nil {
		t.Errorf("heights have a value not to use, %v", *v)
	}
	want := []Info{{"classes", "char", []int{3}}, {"heights", "single", []int{6, 5}}, {"site/gt", "uint8", []int{6, 5}}, {"site/reflectance/cube.v1", "int16", []int{6, 5, 12}}}
	if got, err := f.Variables(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, name := range []string{"site/nope", "nope/gt", "site/gt/x", "/", "site/", "#refs#/a"} {
		if _, err := f.Read(name); err == nil || !strings.Contains(err.Error(), "the file has classes (char [3])") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVariables(t *testing.T) {
	for name, want := range map[string][]Info{
		"says_73.mat": {{"x", "double", []int{2, 3}}},
		"says_5.mat":  {{"x", "double", []int{2, 3}}},
		"v73.mat": {{"HSI", "double", []int{3, 4, 5}}, {"LiDAR", "single", []int{3, 4}}, {"circle", "cell", []int{1, 1}}, {"empty", "double", []int{0, 3}},
			{"gt", "uint8", []int{3, 4}}, {"hsi", "struct", []int{1, 1}}, {"label", "char", []int{1, 6}}, {"lines", "char", []int{2, 3}},
			{"mask", "logical", []int{1, 3}}, {"names", "cell", []int{2, 2}}, {"nothing", "char", []int{1, 0}}, {"sparse", "double", []int{1, 1}},
			{"z", "double", []int{1, 2}}},
	} {
		f := openFile(t, name)
		if got, err := f.Variables(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if want[0].Name == "x" { // a header that lies about the version
			checkCount(t, f, "x", "double", numeric.Float64, 0, 1, 2, 3)
		}
	}
	got, err := openFile(t, "hand_be_z.mat").Variables()
	if err != nil || len(got) != 20 || !reflect.DeepEqual(got[14], Info{"hsi", "struct", []int{1, 1}}) {
		t.Errorf("hand_be_z.mat: %+v, %v", got, err)
	}
}

// lying returns a file with one matrix element made of parts whose lengths lie.
func lying(shape []int32, bytes uint32) []byte {
	le := binary.LittleEndian
	var body []byte
	body = le.AppendUint32(le.AppendUint32(body, 6), 8)
	body = le.AppendUint32(le.AppendUint32(body, 6), 0)
	body = le.AppendUint32(le.AppendUint32(body, 5), uint32(4*len(shape)))
	for _, d := range shape {
		body = le.AppendUint32(body, uint32(d))
	}
	body = append(body, make([]byte, -len(body)&7)...)
	body = append(le.AppendUint32(body, 1<<16|1), 'x', 0, 0, 0)
	body = le.AppendUint32(le.AppendUint32(body, 9), bytes)
	body = append(body, make([]byte, 64)...)
	file := append(make([]byte, 124), 0, 1, 'I', 'M')
	file = le.AppendUint32(le.AppendUint32(file, 14), uint32(len(body)))
	return append(file, body...)
}

func TestRefusals(t *testing.T) {
	damaged := load(t, "v7.mat")
	damaged[150] ^= 0xff
	cases := []struct {
		name, path string
		data       []byte
		want       string
	}{
		{"level 4", "x", load(t, "v4.mat"), "level 4"},
		{"nothing", "x", nil, "not a MATLAB file"},
		{"text", "x", bytes.Repeat([]byte("not a matlab file "), 20), "not a MATLAB file"},
		{"sparse", "sparse", load(t, "v7.mat"), "sparse matrix"},
		{"sparse in a cell", "mixed{3}", load(t, "v6.mat"), "sparse matrix"},
		{"function handle", "handle", load(t, "hand_le.mat"), "function_handle"},
		{"unknown", "nope", load(t, "hand_le.mat"), "tiny (double [1 3])"},
		{"unknown field", "hsi.nope", load(t, "hand_le.mat"), "which has Data, info"},
		{"7.3 sparse", "sparse", load(t, "v73.mat"), "sparse matrix"},
		{"7.3 complex", "z", load(t, "v73.mat"), "complex"},
		{"7.3 circle", "circle", load(t, "v73.mat"), "circle"},
		{"7.3 unknown", "nope", load(t, "v73.mat"), "HSI (double [3 4 5])"},
		{"too few elements", "x", lying([]int32{1000, 1000, 1000}, 64), "shape [1000 1000 1000] needs"},
		{"too many bytes", "x", lying([]int32{1000, 1000, 100}, 800000000), "claims 800000000 bytes"},
		{"negative", "x", lying([]int32{-1, 1}, 64), "negative"},
		{"overflow", "x", lying([]int32{math.MaxInt32, math.MaxInt32, math.MaxInt32}, 64), "too many"},
		{"damaged", "t_i1", damaged, "t"},
	}
	for _, c := range cases {
		f, err := open(c.data, "file.mat")
		if err == nil {
			_, err = f.Read(c.path)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "file.mat: ") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// A narrow read differs from a plain one in the types of its arrays alone.
func TestReadNarrow(t *testing.T) {
	files, err := filepath.Glob("testdata/*.mat")
	if err != nil {
		t.Fatal(err)
	}
	narrowed := 0
	var compare func(where string, a, b *numeric.Named)
	compare = func(where string, a, b *numeric.Named) {
		if a.Array != nil {
			if !slices.EqualFunc(a.Array.Float32s(), b.Array.Float32s(), func(x, y float32) bool { return x == y || x != x && y != y }) {
				t.Errorf("%s: %v, want %v", where, b.Array.Data, a.Array.Data)
			}
			if n := a.Array.Len(); n > 0 && a.Array.Type == numeric.Float64 {
				if narrowed++; b.Array.Type.Size() > 4 {
					t.Errorf("%s: %d elements of %v", where, n, b.Array.Type)
				}
			}
		}
		a.Array, b.Array = nil, nil
		for i := range min(len(a.Children), len(b.Children)) {
			compare(where+"."+a.Children[i].Name, &a.Children[i], &b.Children[i])
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %+v, want %+v", where, b, a)
		}
	}
	for _, path := range files {
		f, err := open(load(t, filepath.Base(path)), path)
		if err != nil {
			continue // level 4, which is refused
		}
		infos, err := f.Variables()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range infos {
			plain, err := f.Read(v.Name)
			narrow, err2 := f.ReadNarrow(v.Name)
			if (err == nil) != (err2 == nil) {
				t.Errorf("%s:%s: %v, narrow %v", path, v.Name, err, err2)
			} else if err == nil {
				compare(path+":"+v.Name, plain, narrow)
			}
		}
	}
	if narrowed < 20 {
		t.Errorf("%d arrays of doubles were compared, want 20 or more", narrowed)
	}
}

// readAll reads every variable and reports whether all were read.
func readAll(b []byte) bool {
	f, err := open(b, "fuzz")
	if err != nil {
		return false
	}
	infos, err := f.Variables()
	ok := err == nil
	for _, v := range infos {
		_, err := f.Read(v.Name)
		_, narrow := f.ReadNarrow(v.Name)
		ok = ok && err == nil && narrow == nil
	}
	return ok
}

func TestTruncation(t *testing.T) {
	for _, name := range []string{"hand_le.mat", "hand_be_z.mat", "v6.mat", "v7.mat", "says_73.mat"} {
		b := load(t, name)
		f, err := open(b, name)
		if err != nil {
			t.Fatal(err)
		}
		whole, _ := f.Variables()
		for n := range len(b) {
			g, err := open(b[:n], name)
			if err != nil {
				continue
			}
			// Cut between two variables, the rest is a shorter, valid file.
			if got, err := g.Variables(); err != nil || len(got) >= len(whole) && readAll(b[:n]) {
				t.Errorf("%s cut to %d of %d bytes reads all %d variables, %v", name, n, len(b), len(got), err)
			}
			readAll(b[:n])
		}
	}
	b := load(t, "says_5.mat")
	for n := range len(b) {
		readAll(b[:n])
	}
}

// The published files, against what another reader finds in them.
func TestRealScenes(t *testing.T) {
	cases := []struct {
		scene, file, path, class string
		shape                    []int
		sum                      float64
	}{
		{"indian_pines_crop", "Indian_pines_gt.mat", "indian_pines_gt", "double", []int{145, 145}, 88829},
		{"indian_pines_crop", "Indian_subset.mat", "Indian_subset", "double", []int{70, 70, 200}, 2693309710},
		{"indian_pines_crop", "Indian_subset.mat", "gt", "double", []int{70, 70}, 27692},
		{"muufl_crop", "LiDAR.mat", "LiDAR", "single", []int{325, 220, 2}, 7665576.378287554},
		{"muufl_crop", "an_hsi_img_for_tgt_det_demo.mat", "hsi_sub", "single", []int{36, 36, 72}, 13315.898619298887},
		{"muufl_crop", "an_hsi_img_for_tgt_det_demo.mat", "wavelengths", "double", []int{72, 1}, 50801.799898000005},
		{"muufl_crop", "gt.mat", "gt", "double", []int{325, 220}, 178772},
		{"trento_lidar_gt", "GT_Trento.mat", "gt_trento", "uint8", []int{166, 600}, 119318},
		{"trento_lidar_gt", "Italy_lidar.mat", "data", "single", []int{166, 600, 2}, 7604514.284667969},
		{"trento_lidar_gt", "TRLabel.mat", "TRLabel", "uint8", []int{166, 600}, 2962},
		{"trento_lidar_gt", "TSLabel.mat", "TSLabel", "uint8", []int{166, 600}, 116356},
		{"trento_lidar_gt", "allgrd.mat", "mask_test", "uint8", []int{166, 600}, 119318},
	}
	for _, c := range cases {
		t.Run(c.file+":"+c.path, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(testenv.Dir(t, c.scene), c.file))
			if err != nil {
				t.Fatal(err)
			}
			f, err := open(b, c.file)
			if err != nil {
				t.Fatal(err)
			}
			v := read(t, f, c.path)
			sum := 0.0
			for i := range v.Array.Len() {
				sum += v.Array.At64(i)
			}
			if v.Class != c.class || !reflect.DeepEqual(v.Shape, c.shape) || math.Abs(sum-c.sum) > 1e-12*c.sum {
				t.Errorf("%s %v sum %v, want %s %v %v", v.Class, v.Shape, sum, c.class, c.shape, c.sum)
			}
		})
	}
}

func FuzzOpen(f *testing.F) {
	for _, pattern := range []string{"testdata/*.mat", "testdata/*.h5"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			f.Add(load(f, filepath.Base(name)))
		}
	}
	f.Add(lying([]int32{1000, 1000, 100}, 800000000))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readAll(b)
		runtime.ReadMemStats(&after)
		// Deflated bytes that are widened to doubles, read twice per variable.
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(256<<20+len(b)*32*numeric.DeflateRatio); got > most {
			t.Errorf("%d bytes made the reader allocate %d bytes, more than %d", len(b), got, most)
		}
	})
}
