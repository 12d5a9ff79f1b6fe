package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"diffclip/internal/moduleroot"
)

func TestPageIsCurrent(t *testing.T) {
	root, err := moduleroot.Find()
	if err != nil {
		t.Fatal(err)
	}
	want, err := page(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, output))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run go generate ./docs/equations", output)
	}
}

func TestTags(t *testing.T) {
	for comment, want := range map[string][]int{
		"Eq. (9): L":                            {9},
		"noised, Eq. (1)-(2).":                  {1, 2},
		"Eq. (10), (11): z. Eq. (12)-(15): p":   {10, 11, 12, 13, 14, 15},
		"the loss of\nEq. (6) and (9)":          {6, 9},
		"Eq. (13), Eq. (15) by rows":            {13, 15},
		"Eqs. (1)-(3), (5)":                     {1, 2, 3, 5},
		"(9) of another paper, equation 3, Eq.": nil,
	} {
		if got := tags(comment); !slices.Equal(got, want) {
			t.Errorf("%q names %v, want %v", comment, got, want)
		}
	}
}

// module is a module whose functions F and T.M claim the given equations.
func module(from, to int, more string) fs.FS {
	src := "package a\n"
	for n := from; n <= to; n++ {
		src += fmt.Sprintf("// F%d is Eq. (%d).\nfunc F%d() {}\n", n, n, n)
	}
	return fstest.MapFS{"a/a.go": {Data: []byte(src + more)}}
}

func TestClaims(t *testing.T) {
	n := len(equations)
	for _, c := range []struct {
		name string
		root fs.FS
		err  string
	}{
		{"complete", module(1, n, ""), ""},
		{"an equation without code", module(1, n-1, ""), fmt.Sprintf("no function names Eq. (%d)", n)},
		{"a type is no code", module(1, n-1, fmt.Sprintf("// T is Eq. (%d).\ntype T int\n", n)), fmt.Sprintf("no function names Eq. (%d)", n)},
		{"a number the paper does not have", module(1, n, fmt.Sprintf("// T is Eq. (%d).\ntype T int\n", n+1)), fmt.Sprintf("a/a.go: a comment names Eq. (%d)", n+1)},
		{"zero", module(0, n, ""), "names Eq. (0)"},
		{"a body", module(1, n-1, fmt.Sprintf("func (t *T) M() {\n\t_ = 1 // Eq. (%d)\n}\n", n)), ""},
	} {
		found, err := claims(c.root)
		switch {
		case c.err == "" && err != nil, c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: error %v, want %q", c.name, err, c.err)
		case c.name == "a body" && !slices.Equal(found[n], []place{{"a/a.go", "T.M"}}):
			t.Errorf("%s: Eq. (%d) is claimed by %v", c.name, n, found[n])
		}
	}
}

func TestMissingTestIsAnError(t *testing.T) {
	root := fstest.MapFS{"a/a_test.go": {Data: []byte("package a\nfunc TestOne() {}\n")}}
	if file, err := testFile(root, test{"a", "TestOne"}); err != nil || file != "a/a_test.go" {
		t.Errorf("TestOne is in %q, %v", file, err)
	}
	if _, err := testFile(root, test{"a", "TestTwo"}); err == nil {
		t.Error("a test that does not exist was found")
	}
}
