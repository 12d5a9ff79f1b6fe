//go:build !windows

package folderlock

import "os"

// beingRemoved reports whether a file could not be opened because its removal is under
// way, which is never so but on Windows.
func beingRemoved(error) bool { return false }

// giveBack removes the file and closes it, so that nobody can lock it before it is gone.
func giveBack(f *os.File, path string) {
	os.Remove(path)
	f.Close()
}
