package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// pkg is what go list says of a package.
type pkg struct {
	ImportPath, Name, Doc string
	Imports               []string
}

const module = "diffclip"

// packages lists the module's packages.
func packages(root string) ([]pkg, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Imports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module+"/")
		for i, in := range p.Imports {
			p.Imports[i] = strings.TrimPrefix(in, module+"/")
		}
		all = append(all, p)
	}
}

// top reports whether a package has a box in the picture: those in a folder of
// their own at the root, documentation aside, and the command.
func top(path string) bool {
	return path == "cmd/diffclip" || !strings.Contains(path, "/") && path != "docs" && path != "examples"
}

// reach returns, for each package with a box, the boxes it imports, directly or
// by way of other packages.
func reach(all []pkg) map[string]map[string]bool {
	imports := map[string][]string{}
	for _, p := range all {
		imports[p.ImportPath] = p.Imports
	}
	reached := map[string]map[string]bool{}
	for _, p := range all {
		if !top(p.ImportPath) {
			continue
		}
		seen := map[string]bool{}
		var visit func(path string)
		visit = func(path string) {
			for _, in := range imports[path] {
				if _, ours := imports[in]; ours && !seen[in] {
					seen[in] = true
					visit(in)
				}
			}
		}
		visit(p.ImportPath)
		boxes := map[string]bool{}
		for path := range seen {
			if top(path) {
				boxes[path] = true
			}
		}
		reached[p.ImportPath] = boxes
	}
	return reached
}

// arrow is an import between two boxes.
type arrow struct{ from, to string }

// arrows returns the imports that no chain of others implies, sorted.
func arrows(reached map[string]map[string]bool) []arrow {
	var out []arrow
	for from, all := range reached {
		for to := range all {
			implied := false
			for by := range all {
				implied = implied || by != to && reached[by][to]
			}
			if !implied {
				out = append(out, arrow{from, to})
			}
		}
	}
	slices.SortFunc(out, func(a, b arrow) int {
		return strings.Compare(a.from+" "+a.to, b.from+" "+b.to)
	})
	return out
}

// layers puts each box as high as its importers allow, the command on top.
// Within a layer the boxes are sorted by name.
func layers(reached map[string]map[string]bool, edges []arrow) [][]string {
	depth := map[string]int{}
	for range reached {
		for _, e := range edges {
			depth[e.to] = max(depth[e.to], depth[e.from]+1)
		}
	}
	var out [][]string
	for box := range reached {
		for len(out) <= depth[box] {
			out = append(out, nil)
		}
		out[depth[box]] = append(out[depth[box]], box)
	}
	for _, layer := range out {
		slices.Sort(layer)
	}
	return out
}
