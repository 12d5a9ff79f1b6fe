// Command gen writes the assembly of package kern. Run it by
//
//	go generate ./internal/kern
//
// The files it writes are committed; a test of this package holds them against
// its output.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// files returns the content of every generated file by name.
func files() map[string][]byte {
	all := map[string][]byte{}
	for _, part := range []map[string][]byte{gemmFiles(), attentionFiles(), vectorFiles()} {
		for name, text := range part {
			all[name] = text
		}
	}
	return all
}

func main() {
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	for name, text := range files() {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}
