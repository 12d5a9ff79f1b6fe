package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A reader that soon closes the older file is waited for.
func TestReplacesFileInPassingUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := WriteFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(300*time.Millisecond, func() { reader.Close() })
	if err := WriteFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "new" {
		t.Errorf("the file holds %q", got)
	}
}

// One that does not close it keeps what it reads.
func TestFileInLastingUse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := WriteFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := WriteFile(path, []byte("new")); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "close it there") || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("error %v", err)
	}
	if got := content(t, path); got != "old" {
		t.Errorf("the file holds %q", got)
	}
	if got := names(t, dir); got != "a" {
		t.Errorf("the folder holds %q", got)
	}
}
