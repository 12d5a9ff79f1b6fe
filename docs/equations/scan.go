package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// place is a function that names an equation.
type place struct{ file, function string }

// tag matches what names equations: "Eq. (9)", "Eq. (12)-(15)", "Eq. (6) and (9)".
var tag = regexp.MustCompile(`Eqs?\.\s+\((\d+)\)((?:(?:-|,\s+|\s+and\s+)\(\d+\))*)`)

var further = regexp.MustCompile(`(-|,\s+|\s+and\s+)\((\d+)\)`)

// tags returns the numbers of the equations that a comment names, in its order.
func tags(comment string) []int {
	var numbers []int
	for _, m := range tag.FindAllStringSubmatch(comment, -1) {
		last, _ := strconv.Atoi(m[1])
		numbers = append(numbers, last)
		for _, f := range further.FindAllStringSubmatch(m[2], -1) {
			n, _ := strconv.Atoi(f[2])
			if f[1] == "-" {
				for i := last + 1; i < n; i++ {
					numbers = append(numbers, i)
				}
			}
			numbers = append(numbers, n)
			last = n
		}
	}
	return numbers
}

// claims finds the functions that name each equation, in the order of their
// files. A comment outside of functions claims nothing, but one anywhere that
// names an equation the paper does not have is an error.
func claims(root fs.FS) (map[int][]place, error) {
	found := map[int][]place{}
	err := walk(root, func(file string, f *ast.File) error {
		for _, group := range f.Comments {
			in := enclosing(f, group)
			for _, n := range tags(group.Text()) {
				if n < 1 || n > len(equations) {
					return fmt.Errorf("%s: a comment names Eq. (%d): the paper has 1 to %d", file, n, len(equations))
				}
				if p := (place{file, in}); in != "" && !slices.Contains(found[n], p) {
					found[n] = append(found[n], p)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for n := range equations {
		if len(found[n+1]) == 0 {
			return nil, fmt.Errorf("no function names Eq. (%d) in a comment", n+1)
		}
	}
	return found, nil
}

// walk parses the Go files of the module, tests, docs and examples aside.
func walk(root fs.FS, visit func(file string, f *ast.File) error) error {
	return fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (file == "docs" || file == "examples" || d.Name() == "testdata" || file != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		f, err := parse(root, file)
		if err != nil {
			return err
		}
		return visit(file, f)
	})
}

func parse(root fs.FS, file string) (*ast.File, error) {
	src, err := fs.ReadFile(root, file)
	if err != nil {
		return nil, err
	}
	return parser.ParseFile(token.NewFileSet(), file, src, parser.ParseComments|parser.SkipObjectResolution)
}

// enclosing returns the function, as in "Model.Loss", that a comment documents
// or lies in; "" for none.
func enclosing(f *ast.File, c *ast.CommentGroup) string {
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !(fn.Doc == c || fn.Pos() <= c.Pos() && c.End() <= fn.End()) {
			continue
		}
		if fn.Recv == nil {
			return fn.Name.Name
		}
		t := fn.Recv.List[0].Type
		if p, ok := t.(*ast.StarExpr); ok {
			t = p.X
		}
		if name, ok := t.(*ast.Ident); ok {
			return name.Name + "." + fn.Name.Name
		}
	}
	return ""
}

// testFile returns the file that holds a test.
func testFile(root fs.FS, t test) (string, error) {
	files, err := fs.Glob(root, t.dir+"/*_test.go")
	if err != nil {
		return "", err
	}
	for _, file := range files {
		f, err := parse(root, file)
		if err != nil {
			return "", err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == t.name {
				return file, nil
			}
		}
	}
	return "", fmt.Errorf("%s: no test is called %s: name another one in the table of equations", t.dir, t.name)
}
