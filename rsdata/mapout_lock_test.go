//go:build linux

package rsdata

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"diffclip/internal/folderlock"
)

// What another program may be writing is left alone.
func TestMapOfAnotherProgram(t *testing.T) {
	dir := t.TempDir()
	leaveMap(t, dir, ".map-123")
	other, err := os.OpenFile(filepath.Join(dir, folderlock.Name), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := syscall.Flock(int(other.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	before := filesIn(t, filepath.Join(dir, ".map-123"))
	spec, _, _, _ := smallMap()
	if _, err := CreateMap(dir, spec); err == nil || !strings.Contains(err.Error(), "another diffclip works in "+dir) {
		t.Errorf("error %v", err)
	}
	if after := filesIn(t, filepath.Join(dir, ".map-123")); !slices.Equal(after, before) {
		t.Errorf("the other program's files are %v, were %v", after, before)
	}
}
