package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"diffclip/internal/moduleroot"
)

// TestOtherPlatforms type-checks every package and its tests, without cgo, for platforms that
// they cannot run on here. It reads source alone, the standard library's without the bodies of
// functions, and so takes seconds where compiling for each would take minutes.
func TestOtherPlatforms(t *testing.T) {
	root, err := moduleroot.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"windows/amd64", "darwin/arm64", "freebsd/amd64", "linux/riscv64", "linux/386"} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			// Tests have sizes that 32 bits do not hold.
			n, err := typeCheck(root, platform, !strings.HasSuffix(platform, "/386"))
			if err != nil {
				t.Error(err)
			}
			if err == nil && n < 100 {
				t.Errorf("only %d packages were looked at", n)
			}
		})
	}
}

// What does not build there is seen: a name that the platform's library lacks, and a function
// for whose body there is no assembly.
func TestOtherPlatformsCanFail(t *testing.T) {
	for source, want := range map[string]string{
		`import "syscall"; var _ = syscall.Flock`: "undefined: syscall.Flock",
		`func body()`:                  "body of body is missing",
		`const big int32 = 1 << 31`:    "overflows",
		`import "diffclip/nowhere"`:    "nowhere",
		`import "os"`:                  "imported and not used",
		`var _ = 1; func f() { return`: "expected '}'",
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"go.mod": "module diffclip\n\ngo 1.26\n", "a.go": "package a; " + source} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := typeCheck(dir, "windows/amd64", true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
}

// listed is what go list says of a package; packages with tests come in variants.
type listed struct {
	Dir, ImportPath string
	Module          *struct{ Main bool }
	GoFiles, SFiles []string
	ImportMap       map[string]string // path in the source: ImportPath
	Error           *struct{ Err string }
}

// typeCheck checks the packages of the module in dir, with their tests if these are asked for,
// and what they import, and returns how many there are and the first thing that is wrong.
func typeCheck(dir, platform string, tests bool) (n int, err error) {
	system, arch, _ := strings.Cut(platform, "/")
	list := exec.Command("go", "list", "-e", "-deps", fmt.Sprintf("-test=%t", tests), "-json=Dir,ImportPath,Module,GoFiles,SFiles,ImportMap,Error", "./...")
	list.Dir, list.Stderr = dir, os.Stderr
	list.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0")
	text, err := list.Output()
	if err != nil {
		return 0, fmt.Errorf("go list for %s: %w", platform, err)
	}
	files := token.NewFileSet()
	checked := map[string]*types.Package{"unsafe": types.Unsafe}
	for d := json.NewDecoder(strings.NewReader(string(text))); ; n++ {
		var p listed // those that it imports came before it
		if err := d.Decode(&p); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, fmt.Errorf("go list for %s: %w", platform, err)
		}
		if p.Error != nil {
			return n, fmt.Errorf("%s: %s", platform, p.Error.Err)
		}
		if p.ImportPath == "unsafe" {
			continue
		}
		own := p.Module != nil && p.Module.Main
		var parsed []*ast.File
		for _, name := range p.GoFiles {
			if !filepath.IsAbs(name) {
				name = filepath.Join(p.Dir, name)
			}
			f, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
			if err != nil {
				return n, fmt.Errorf("%s: %w", platform, err)
			}
			for _, d := range f.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Body == nil && own && len(p.SFiles) == 0 {
					return n, fmt.Errorf("%s: %s: the body of %s is missing", platform, files.Position(f.Pos()), f.Name)
				}
			}
			parsed = append(parsed, f)
		}
		config := types.Config{Sizes: types.SizesFor("gc", arch), IgnoreFuncBodies: !own, Importer: importer(func(path string) (*types.Package, error) {
			if as, ok := p.ImportMap[path]; ok {
				path = as
			}
			if checked[path] == nil {
				return nil, fmt.Errorf("package %s is not there", path)
			}
			return checked[path], nil
		})}
		if checked[p.ImportPath], err = config.Check(p.ImportPath, files, parsed, nil); err != nil {
			return n, fmt.Errorf("%s: %w", platform, err)
		}
	}
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }
