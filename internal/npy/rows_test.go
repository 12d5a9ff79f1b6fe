package npy

import (
	"reflect"
	"strings"
	"testing"
)

// TestReadRows: rows are those of the whole array, from NPY and NPZ, in any type.
func TestReadRows(t *testing.T) {
	for _, c := range []struct{ file, member string }{{"le_u2.npy", ""}, {"be_f8.npy", ""}, {"le_f2.npy", ""}, {"one_u1.npy", ""}, {"vector.npy", ""}, {"empty.npy", ""}, {"stored.npz", "HSI"}, {"deflated.npz", "HSI"}} {
		f, err := open(load(t, c.file), c.file)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := f.Read(c.member)
		if err != nil {
			t.Fatal(err)
		}
		for from := range whole.Shape[0] + 1 {
			for to := from; to <= whole.Shape[0]; to++ {
				got, err := f.ReadRows(c.member, from, to)
				if err != nil {
					t.Fatalf("%s: rows %d to %d: %v", c.file, from, to, err)
				}
				if want := append([]int{to - from}, whole.Shape[1:]...); !reflect.DeepEqual(got.Shape, want) || got.Type != whole.Type {
					t.Fatalf("%s: rows %d to %d: %v of shape %v, want %v of %v", c.file, from, to, got.Type, got.Shape, whole.Type, want)
				}
				first := from * whole.Len() / max(whole.Shape[0], 1)
				for i := range got.Len() {
					if got.At64(i) != whole.At64(first+i) {
						t.Fatalf("%s: rows %d to %d: element %d is %v, want %v", c.file, from, to, i, got.At64(i), whole.At64(first+i))
					}
				}
			}
		}
		for _, bad := range [][2]int{{-1, 0}, {1, 0}, {0, whole.Shape[0] + 1}} {
			if _, err := f.ReadRows(c.member, bad[0], bad[1]); err == nil || !strings.Contains(err.Error(), c.file) {
				t.Errorf("%s: rows %v: %v", c.file, bad, err)
			}
		}
	}
}

func TestReadRowsRefuses(t *testing.T) {
	whole := load(t, "le_u2.npy")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"a byte short": {whole[:len(whole)-1], "complete?"},
		"by columns":   {load(t, "fortran.npy"), "ascontiguousarray"},
		"a number":     {load(t, "scalar.npy"), "no rows"},
	} {
		f, err := open(c.data, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadRows("", 0, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.want)
		}
	}
}
