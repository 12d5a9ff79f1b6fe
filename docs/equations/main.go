package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"diffclip/internal/atomicfile"
	"diffclip/internal/moduleroot"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "equations:", err)
		os.Exit(1)
	}
}

// output is the written file, below the root of the module.
const output = "docs/equations.md"

func generate() error {
	root, err := moduleroot.Find()
	if err != nil {
		return err
	}
	page, err := page(os.DirFS(root))
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(root, output), page)
}

// page returns the contents of docs/equations.md for the module at root.
func page(root fs.FS) ([]byte, error) {
	code, err := claims(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`<!-- Written by go generate ./docs/equations. Do not edit. -->

# The equations of the paper and their code

Every numbered equation of the paper, as printed, with the functions that name it in a comment and the tests that hold
it. Generated from the source: an equation without code, a comment that names an equation the paper does not have, and
a test that is gone are errors.

Step t of the paper, 1 to T, has index t - 1 in the code. The superscripts v and m mark visible and masked patches.
What differs between the paper, the code published with it and this project is in [paper-vs-code.md](paper-vs-code.md).
`)
	for i, e := range equations {
		fmt.Fprintf(&b, "\n## Eq. (%d)\n\n$$%s \\quad (%d)$$\n\n%s\n\n", i+1, e.latex, i+1, e.says)
		for _, p := range code[i+1] {
			fmt.Fprintf(&b, "- code: [%s](../%s) `%s`\n", p.file, p.file, p.function)
		}
		for _, t := range e.tests {
			file, err := testFile(root, t)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&b, "- test: [%s](../%s) `%s`\n", file, file, t.name)
		}
	}
	return b.Bytes(), nil
}
