package tour_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"strings"
)

// source is the Go code that chapters refer to, file by file as it is needed.
type source struct {
	files map[string]map[string]declared // by path and name
}

// declared is a declaration as chapters show it: an example by its statements, anything
// else as it stands, without its comment.
type declared struct{ listing, output string }

func newSource() *source { return &source{map[string]map[string]declared{}} }

// declaration finds a function, Type.Method, type, field or value of a file, by
// its name with or without that of the package.
func (s *source) declaration(path, name string) (declared, error) {
	if s.files[path] == nil {
		file, err := parse(path)
		if err != nil {
			return declared{}, err
		}
		s.files[path] = file
	}
	d, ok := s.files[path][strings.TrimSuffix(name, "()")]
	if !ok {
		return declared{}, fmt.Errorf("%s declares no %q", path, name)
	}
	return d, nil
}

func parse(path string) (map[string]declared, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	cut := func(from, to token.Pos) string {
		return string(text[fset.Position(from).Offset:fset.Position(to).Offset]) + "\n"
	}
	out := map[string]declared{}
	pkg := strings.TrimSuffix(file.Name.Name, "_test")
	add := func(name string, d declared) { out[name], out[pkg+"."+name] = d, d }
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			add(receiver(d)+d.Name.Name, declared{listing: cut(d.Pos(), d.End())})
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				addSpec(add, spec, declared{listing: cut(d.Pos(), d.End())})
			}
		}
	}
	for _, e := range doc.Examples(file) {
		name := "Example" + e.Name
		body := e.Code.(*ast.BlockStmt)
		end := body.Rbrace
		for _, c := range file.Comments {
			if c.Pos() > body.Pos() && c.End() < body.End() && strings.HasPrefix(c.Text(), "Output:") {
				end = c.Pos()
			}
		}
		statements := cut(body.Lbrace+1, end)
		add(name, declared{listing: strings.TrimSpace(strings.ReplaceAll(statements, "\n\t", "\n")) + "\n", output: e.Output})
	}
	return out, nil
}

func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	return t.(*ast.Ident).Name + "."
}

func addSpec(add func(string, declared), spec ast.Spec, d declared) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			add(n.Name, d)
		}
	case *ast.TypeSpec:
		add(spec.Name.Name, d)
		var members *ast.FieldList
		switch t := spec.Type.(type) {
		case *ast.StructType:
			members = t.Fields
		case *ast.InterfaceType:
			members = t.Methods
		default:
			return
		}
		for _, f := range members.List {
			for _, n := range f.Names {
				add(spec.Name.Name+"."+n.Name, declared{})
			}
		}
	}
}

// fence is a block between two lines of three backquotes.
type fence struct {
	info, body   string
	open, bodyAt int // offsets of the opening line and of the body
	line         int // of the opening line, from 1
}

func parseFences(text string) []fence {
	var out []fence
	at, inside := 0, false
	for i, line := range strings.SplitAfter(text, "\n") {
		if rest, ok := strings.CutPrefix(line, "```"); ok {
			if inside {
				f := &out[len(out)-1]
				f.body = text[f.bodyAt:at]
			} else {
				out = append(out, fence{info: strings.TrimSpace(rest), open: at, bodyAt: at + len(line), line: i + 1})
			}
			inside = !inside
		}
		at += len(line)
	}
	return out
}

// withoutFences returns the prose of a chapter.
func withoutFences(text string) string {
	var out strings.Builder
	at := 0
	for _, f := range parseFences(text) {
		out.WriteString(text[at:f.open])
		at = f.bodyAt + len(f.body)
	}
	return out.String() + text[at:]
}
