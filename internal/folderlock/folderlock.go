// Package folderlock keeps two programs from training into one folder at a time.
// A lock belongs to the process: the system takes it back however the process ends.
package folderlock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Name is the lock's file in the folder. It stays there: another program may be
// about to lock it when this one is done.
const Name = ".lock"

// errTaken means that another program holds the lock.
var errTaken = errors.New("taken")

// Lock is a folder taken by this process.
type Lock struct {
	place   string
	release sync.Once
}

// holding is a folder that this process has, as often as it took it.
type holding struct {
	file  *os.File
	times int
}

var (
	mutex sync.Mutex
	held  = map[string]*holding{} // by the place of the folder, links followed
)

// Take locks a folder, which must exist, until the lock is released as often as the
// process took it. Where another program holds the lock the error names its process.
func Take(dir string) (*Lock, error) {
	place, err := filepath.Abs(dir)
	if err == nil {
		place, err = filepath.EvalSymlinks(place)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot lock the folder: %w", err)
	}
	mutex.Lock()
	defer mutex.Unlock()
	if held[place] == nil {
		f, err := open(dir)
		if err != nil {
			return nil, err
		}
		held[place] = &holding{file: f}
	}
	held[place].times++
	return &Lock{place: place}, nil
}

// open opens a folder's file and locks it.
func open(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, Name), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the folder: %w", err)
	}
	switch err := lock(f); {
	case errors.Is(err, errTaken):
		pid, _ := io.ReadAll(io.LimitReader(f, 20))
		f.Close()
		return nil, fmt.Errorf("another diffclip works in %s (process %s): wait for it, or choose another folder", dir, strings.TrimSpace(string(pid)))
	case err != nil:
		f.Close()
		return nil, fmt.Errorf("cannot lock %s: %w", f.Name(), err)
	}
	// The number is for the reader of the message above, so that a disk too full
	// for it is no reason to stop.
	if f.Truncate(0) == nil {
		fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return f, nil
}

// Release gives the folder back; a second call does nothing.
func (l *Lock) Release() {
	l.release.Do(func() {
		mutex.Lock()
		defer mutex.Unlock()
		h := held[l.place]
		if h.times--; h.times == 0 {
			h.file.Close()
			delete(held, l.place)
		}
	})
}
