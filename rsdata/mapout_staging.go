package rsdata

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"diffclip/internal/atomicfile"
	"diffclip/internal/folderlock"
)

// staging is a folder in that of a map, which holds its files until all are whole. While there is one its parent is
// taken, so that what other programs have left there was left by programs that were killed.
type staging struct {
	dir  string
	lock *folderlock.Lock
}

// stagings are the folders that this program is writing maps to, by name. A new one is made and noted in one go: a sweep
// in between would take it for a leftover.
var stagings = struct {
	sync.Mutex
	alive map[string]bool
}{alive: map[string]bool{}}

// newStaging makes a folder for the files of a map in dir, and removes those that killed programs have left there.
func newStaging(dir string) (*staging, error) {
	lock, err := folderlock.Take(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot write a map to %s: %w", dir, err)
	}
	s := &staging{lock: lock}
	stagings.Lock()
	defer stagings.Unlock()
	if lock.Exclusive() {
		sweepStagings(dir)
	}
	if s.dir, err = os.MkdirTemp(dir, ".map-*"); err != nil {
		lock.Release()
		return nil, fmt.Errorf("cannot write a map to %s: %w", dir, err)
	}
	stagings.alive[filepath.Base(s.dir)] = true
	return s, nil
}

// remove removes the folder and gives its parent back; a second call does nothing.
func (s *staging) remove() error {
	if s.dir == "" {
		return nil
	}
	err := os.RemoveAll(s.dir)
	stagings.Lock()
	delete(stagings.alive, filepath.Base(s.dir))
	stagings.Unlock()
	s.dir = ""
	s.lock.Release()
	return err
}

// stagingName matches the names that os.MkdirTemp gives.
var stagingName = regexp.MustCompile(`^\.map-[0-9]+$`)

// sweepStagings removes the folders that killed programs have left in dir; stagings is locked. What cannot be removed
// stays: it is no reason not to write a map.
func sweepStagings(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() && stagingName.MatchString(e.Name()) && !stagings.alive[e.Name()] {
			sweepStaging(filepath.Join(dir, e.Name()))
		}
	}
}

// sweepStaging removes the files of a map, whole or half written, from a folder, and the folder where nothing else is in
// it.
func sweepStaging(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			return // we make none
		}
	}
	for _, name := range mapFiles {
		path := filepath.Join(dir, name)
		if atomicfile.Sweep(path) == nil {
			os.Remove(path)
		}
	}
	os.Remove(dir)
}
