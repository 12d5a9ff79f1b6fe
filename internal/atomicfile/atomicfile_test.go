package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCommitReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "map.tif")
	if err := WriteFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("hello world"))
	f.WriteAt([]byte("J"), 0)
	f.Seek(-1, 2)
	f.Write([]byte("D"))
	if got := content(t, path); got != "old" {
		t.Fatalf("before Commit the file holds %q", got)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "Jello worlD" {
		t.Fatalf("after Commit the file holds %q", got)
	}
	if err := f.Close(); err != nil {
		t.Fatalf("Close after Commit: %v", err)
	}
	if err := f.Commit(); err == nil {
		t.Fatal("a second Commit succeeded")
	}
	if got := names(t, dir); got != "map.tif" {
		t.Fatalf("the folder holds %q", got)
	}
}

func TestCloseRemoves(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("x"))
	if got := names(t, dir); !strings.HasPrefix(got, ".a.") {
		t.Fatalf("the folder holds %q, want a temporary file", got)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "" {
		t.Fatalf("the folder holds %q", got)
	}
	if err := f.Commit(); err == nil {
		t.Fatal("Commit after Close succeeded")
	}
}

func TestFailedCommitLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err == nil || !strings.Contains(err.Error(), path) {
		t.Fatalf("Commit over a folder: %v", err)
	}
	if got := names(t, dir); got != "a" {
		t.Fatalf("the folder holds %q", got)
	}
}

func TestCreateErrors(t *testing.T) {
	dir := t.TempDir()
	none := filepath.Join(dir, "none", "a")
	if _, err := Create(none); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), none) || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("in a folder that is not there: %v", err)
	}
	if _, err := Create(dir); err == nil || !strings.Contains(err.Error(), "is a folder") || !strings.Contains(err.Error(), dir) {
		t.Errorf("over a folder: %v", err)
	}
}

func TestKeepsLinkAndPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links and permission bits are Unix matters")
	}
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := os.WriteFile(real, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(real)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 || content(t, real) != "new" {
		t.Fatalf("mode %v, content %q", info.Mode(), content(t, real))
	}
	if info, _ := os.Lstat(link); info.Mode()&os.ModeSymlink == 0 {
		t.Fatal("the link was replaced")
	}

	// A mask of the process, such as 022, is for new files alone.
	if err := os.Chmod(real, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, []byte("newer")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode() != 0o666 {
		t.Errorf("the file that all may write has the mode %v (%v)", info.Mode(), err)
	}

	if err := os.Remove(real); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, []byte("lost")); err == nil || !strings.Contains(err.Error(), "is a link to "+real) {
		t.Errorf("through a link to nowhere: %v", err)
	}
	if got := names(t, dir); got != "link" {
		t.Errorf("the folder holds %q", got)
	}
}

func TestSweepRemovesOnlyWhatWritersLeft(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.bin", ".a.bin.0123abcd.tmp", ".a.bin.note.tmp", ".b.bin.0123abcd.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(filepath.Join(dir, "a.bin")); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) != 2 || filepath.Base(left[0]) != ".a.bin.note.tmp" {
		t.Errorf("left %q (%v)", left, err)
	}
	if err := Sweep(filepath.Join(dir, "none", "a.bin")); err == nil {
		t.Error("a folder that is not there was swept")
	}
}

// What cannot be written is told by the name that the file was to have.
func TestWriteErrorsNameTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.file.Close() // as good as a full disk
	_, err = f.Write([]byte("x"))
	_, err2 := f.WriteAt([]byte("x"), 0)
	for _, err := range []error{err, err2} {
		if !errors.Is(err, fs.ErrClosed) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("error %v", err)
		}
	}
}
