package folderlock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock locks a file, or fails at once. A file system without locks is used without one,
// and then the lock is not exclusive.
//
// What is locked on Windows nobody else can read, so that the lock is on one byte far
// behind the number of the process, which others are told.
func lock(f *os.File) (exclusive bool, err error) {
	place := windows.Overlapped{OffsetHigh: 1 << 30}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place)
	switch {
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return false, errTaken
	case errors.Is(err, windows.ERROR_NOT_SUPPORTED), errors.Is(err, windows.ERROR_INVALID_FUNCTION), errors.Is(err, windows.ERROR_CALL_NOT_IMPLEMENTED):
		return false, nil
	}
	return err == nil, err
}

// beingRemoved reports whether a file could not be opened because its removal is under
// way: until then Windows denies access to it, as to one that is nobody's to open.
func beingRemoved(err error) bool { return errors.Is(err, windows.ERROR_ACCESS_DENIED) }

// giveBack closes the file and removes it. Windows removes no file that a program has
// open: one that has come in between keeps it.
func giveBack(f *os.File, path string) {
	f.Close()
	os.Remove(path)
}
