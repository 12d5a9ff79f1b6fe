// Package moduleroot finds the folder of the module's go.mod, for generators and
// tests that read the source.
package moduleroot

import (
	"errors"
	"os"
	"path/filepath"
)

// Find returns the folder of go.mod: the current one or the nearest above it.
func Find() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod here or above: run this inside the module")
		}
		dir = up
	}
}
