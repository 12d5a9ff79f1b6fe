package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"diffclip/internal/atomicfile"
	"diffclip/internal/moduleroot"
)

// The written files, below the root of the module.
const (
	pictureFile = "docs/architecture/packages.svg"
	pageFile    = "docs/architecture.md"
)

// The list of packages stands between these lines of the page.
const (
	listBegin = "<!-- packages: written by go generate ./docs/architecture -->\n"
	listEnd   = "<!-- end of packages -->\n"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "architecture:", err)
		os.Exit(1)
	}
}

func generate() error {
	root, err := moduleroot.Find()
	if err != nil {
		return err
	}
	svg, page, err := render(root)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteFile(filepath.Join(root, pictureFile), svg); err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(root, pageFile), page)
}

// render returns the picture and the page with its list renewed.
func render(root string) (svg, page []byte, err error) {
	all, err := packages(root)
	if err != nil {
		return nil, nil, err
	}
	reached := reach(all)
	edges := arrows(reached)
	old, err := os.ReadFile(filepath.Join(root, pageFile))
	if err != nil {
		return nil, nil, err
	}
	before, rest, ok1 := bytes.Cut(old, []byte(listBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(listEnd))
	if !ok1 || !ok2 {
		return nil, nil, fmt.Errorf("%s: expected the lines %q and %q around the list of packages", pageFile, listBegin, listEnd)
	}
	page = slices.Concat(before, []byte(listBegin), list(all), []byte(listEnd), after)
	return picture(layers(reached, edges), edges), page, nil
}

// list describes every package but programs, docs and examples by the first
// sentence of its documentation.
func list(all []pkg) []byte {
	var b bytes.Buffer
	b.WriteString("| package | in a sentence |\n|---|---|\n")
	for _, p := range all {
		if p.Name == "main" && !top(p.ImportPath) || strings.HasPrefix(p.ImportPath, "docs") || strings.HasPrefix(p.ImportPath, "examples") {
			continue
		}
		says := strings.TrimPrefix(p.Doc, "Package "+p.Name+" ")
		fmt.Fprintf(&b, "| [%s](../%s) | %s |\n", p.ImportPath, p.ImportPath, strings.ReplaceAll(says, "|", `\|`))
	}
	return b.Bytes()
}
