// Package atomicfile writes files that are either whole or not there: bytes go
// to a temporary name in the same folder, which Commit renames into place. A
// reader never sees half a file, and a failed run leaves the older file as it was.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
)

// File is a file being written. Exactly one of Commit and Close decides its
// fate; the usual form is
//
//	f, err := atomicfile.Create(path)
//	if err != nil { ... }
//	defer f.Close() // removes the temporary file unless committed
//	...
//	return f.Commit()
type File struct {
	file *os.File
	path string // the final name
	done bool
}

// Create begins a file that Commit will put at path. It fails where the folder
// does not exist or cannot be written, or where path is taken by something that
// is not a regular file. A symbolic link is followed, not replaced, and one that leads
// nowhere is an error.
func Create(path string) (*File, error) {
	final, older, err := target(path)
	if err != nil {
		return nil, err
	}
	mode := fs.FileMode(0o666)
	if older != nil {
		mode = older.Mode().Perm()
	}
	for range 100 {
		temporary := filepath.Join(filepath.Dir(final), fmt.Sprintf(".%s.%08x.tmp", filepath.Base(final), rand.Uint32()))
		f, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil && older != nil {
			// What the umask keeps from new files, the older one may have had. Where the
			// system knows no permissions there is nothing to keep.
			_ = f.Chmod(mode)
		}
		if err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", path, cause(err))
		}
		return &File{file: f, path: final}, nil
	}
	return nil, fmt.Errorf("cannot write %s: every temporary name tried in its folder is taken", path)
}

// Sweep removes what writers of path have left that were killed before they could
// decide the fate of their files. Nobody may be writing path at the time.
func Sweep(path string) error {
	final, _, err := target(path)
	if err != nil {
		return err
	}
	return sweep(filepath.Dir(final), regexp.QuoteMeta(filepath.Base(final)))
}

// SweepFolder is Sweep for every path in a folder, but for links that lead out of it.
func SweepFolder(dir string) error { return sweep(dir, ".+") }

// sweep removes the temporary files of those whose names match a pattern.
func sweep(dir, name string) error {
	folder, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	left := regexp.MustCompile(`^\.` + name + `\.[0-9a-f]{8}\.tmp$`)
	for _, e := range folder {
		if left.MatchString(e.Name()) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// target follows links and returns the name to replace, and what is known of the
// file that has it, nil where there is none.
func target(path string) (final string, older fs.FileInfo, err error) {
	final, err = filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if to, err := os.Readlink(path); err == nil {
			return "", nil, fmt.Errorf("cannot write %s: it is a link to %s, which is not there; make that file, or remove the link", path, to)
		}
		return path, nil, nil
	}
	if err == nil {
		older, err = os.Stat(final)
	}
	if err != nil {
		return "", nil, fmt.Errorf("cannot write %s: %w", path, cause(err))
	}
	if !older.Mode().IsRegular() {
		return "", nil, fmt.Errorf("cannot write %s: it exists and is a %s, not a file; choose another name", path, kind(older.Mode()))
	}
	return final, older, nil
}

func kind(mode fs.FileMode) string {
	if mode.IsDir() {
		return "folder"
	}
	return "device or pipe"
}

// cause drops the temporary name from an error, which means nothing to the reader.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// Write appends b at the current position.
func (f *File) Write(b []byte) (int, error) {
	n, err := f.file.Write(b)
	return n, f.named(err)
}

// WriteAt writes b at off, without moving the current position.
func (f *File) WriteAt(b []byte, off int64) (int, error) {
	n, err := f.file.WriteAt(b, off)
	return n, f.named(err)
}

// named gives an error of writing the file's final name.
func (f *File) named(err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: "write", Path: f.path, Err: cause(err)}
}

// Seek moves the current position, as io.Seeker says.
func (f *File) Seek(offset int64, whence int) (int64, error) { return f.file.Seek(offset, whence) }

// Commit flushes the bytes to the disk and gives the file its name. After an
// error the temporary file is gone and whatever was at the path is untouched.
func (f *File) Commit() error {
	if f.done {
		return fmt.Errorf("cannot write %s: already committed or closed", f.path)
	}
	f.done = true
	err := f.file.Sync()
	if closeErr := f.file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = Rename(f.file.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.file.Name())
		return fmt.Errorf("cannot write %s: %w", f.path, cause(err))
	}
	syncFolder(filepath.Dir(f.path))
	return nil
}

// syncFolder makes the rename itself durable where the system can; the file is
// in place either way.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

// Close removes the temporary file where Commit was not called; afterwards, or
// after Commit, it does nothing.
func (f *File) Close() error {
	if f.done {
		return nil
	}
	f.done = true
	f.file.Close()
	if err := os.Remove(f.file.Name()); err != nil {
		return fmt.Errorf("cannot remove a temporary file: %w", err)
	}
	return nil
}

// WriteFile puts data at path, whole or not at all.
func WriteFile(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, cause(err))
	}
	return f.Commit()
}
