// Package folderlock keeps two programs from writing to one folder at a time.
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
	"time"
)

// Name is the lock's file in the folder, which is there while the folder is taken.
// After a kill it stays, and says nothing.
const Name = ".lock"

// errTaken means that another program holds the lock.
var errTaken = errors.New("taken")

// takenError names the program that holds the lock of a folder.
type takenError struct{ dir, process string }

func (e takenError) Error() string {
	return fmt.Sprintf("another diffclip works in %s (process %s): wait for it, or choose another folder", e.dir, e.process)
}

func (e takenError) Unwrap() error { return errTaken }

// Lock is a folder taken by this process.
type Lock struct {
	place     string
	exclusive bool
	release   sync.Once
}

// holding is a folder that this process has, as often as it took it.
type holding struct {
	file      *os.File
	exclusive bool // the system keeps other programs out
	times     int
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
		h, err := open(dir)
		if err != nil {
			return nil, err
		}
		held[place] = h
	}
	h := held[place]
	h.times++
	return &Lock{place: place, exclusive: h.exclusive}, nil
}

// Wait is Take for a lock that others hold for a moment: it tries again for at most so long.
func Wait(dir string, most time.Duration) (*Lock, error) {
	for began := time.Now(); ; time.Sleep(pause) {
		l, err := Take(dir)
		if !errors.Is(err, errTaken) || time.Since(began) >= most {
			return l, err
		}
	}
}

// Exclusive reports whether no other program can have the folder. Where the system
// or the disk has no locks, nobody knows.
func (l *Lock) Exclusive() bool { return l.exclusive }

// tries is how often a lock's file may be removed while it is being taken. On a disk
// where files seem to be others every time, the lock is not exclusive.
const tries = 100

// pause is how long a file that is being removed is left alone before the next try.
const pause = 5 * time.Millisecond

// open opens a folder's file and locks it.
func open(dir string) (*holding, error) {
	path := filepath.Join(dir, Name)
	for n := 1; ; n++ {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if beingRemoved(err) && n < tries {
			time.Sleep(pause)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot lock the folder: %w", err)
		}
		exclusive, err := lock(f)
		if exclusive && !current(f, path) { // removed by the program that gave it back meanwhile
			if n < tries {
				f.Close()
				continue
			}
			exclusive = false
		}
		switch {
		case errors.Is(err, errTaken):
			pid, _ := io.ReadAll(io.LimitReader(f, 20))
			f.Close()
			return nil, takenError{dir, strings.TrimSpace(string(pid))}
		case err != nil:
			f.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", path, err)
		}
		// The number is for the reader of the message above, so that a disk too full
		// for it is no reason to stop.
		if f.Truncate(0) == nil {
			fmt.Fprintf(f, "%d\n", os.Getpid())
		}
		return &holding{file: f, exclusive: exclusive}, nil
	}
}

// current reports whether an open file is the one that a path leads to.
func current(f *os.File, path string) bool {
	opened, err1 := f.Stat()
	there, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && os.SameFile(opened, there)
}

// Release gives the folder back; a second call does nothing.
func (l *Lock) Release() {
	l.release.Do(func() {
		mutex.Lock()
		defer mutex.Unlock()
		h := held[l.place]
		if h.times--; h.times == 0 {
			if path := filepath.Join(l.place, Name); h.exclusive {
				giveBack(h.file, path)
			} else { // another program may use the file, and nobody would notice
				h.file.Close()
			}
			delete(held, l.place)
		}
	})
}
