// Package cells keeps the finished parts of long computations in a folder, so that one which was stopped goes on.
//
// A cell is kept under a name made from its identity, which is everything that its result depends on; so commands share
// cells, and no changed setting meets an old result. Programs may work in one folder at a time: a cell is written whole
// or not at all, and is the same whoever computes it.
//
// Read next: data.go, for the part of an identity that stands for the data.
package cells

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"diffclip/internal/atomicfile"
	"diffclip/internal/folderlock"
)

// Format is the version of cells, and a part of every identity. It changes where methods change in a way that their
// settings do not show.
const Format = 1

// Folder is the place of the cells in the folder of a Store.
const Folder = "cells"

// Identity is what the result of a cell depends on.
type Identity struct {
	text []byte // JSON
	key  string
}

// Identify makes an identity of plain data, which name it by their content.
func Identify(v any) (Identity, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return Identity{}, fmt.Errorf("cells: %w", err)
	}
	return Identity{text, fmt.Sprintf("%x", sha256.Sum256(text))[:24]}, nil
}

// Key is the name that the identity gives to files.
func (id Identity) Key() string { return id.key }

// Store keeps the results of cells in a folder.
type Store struct {
	Dir  string
	Anew bool // what is there is computed again, and written over
}

// Place returns the path of the folder with the cells.
func (s Store) Place() string { return filepath.Join(s.Dir, Folder) }

// Path returns the path of a cell's file.
func (s Store) Path(id Identity) string { return filepath.Join(s.Place(), id.key+".json") }

// Has reports whether a cell is there, be it whole or damaged.
func (s Store) Has(id Identity) bool {
	info, err := os.Stat(s.Path(id))
	return err == nil && info.Mode().IsRegular() && !s.Anew
}

// Load reads the result of a cell from a file of at most so many bytes, and reports whether there is one that check
// accepts. A file that is there and cannot be used is told of by problem.
func (s Store) Load(id Identity, most int64, result any, check func() error) (found bool, problem error) {
	if s.Anew {
		return false, nil
	}
	text, err := readFile(s.Path(id), most)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = id.Parse(text, result)
	}
	if err == nil {
		err = check()
	}
	if err != nil {
		return false, fmt.Errorf("%s cannot be used and is computed anew: %w", s.Path(id), err)
	}
	return true, nil
}

// Parse reads the result of a cell from what its file says; an error where that is of another identity.
func (id Identity) Parse(text []byte, result any) error {
	var is struct {
		Identity json.RawMessage `json:"identity"`
	}
	if err := json.Unmarshal(text, &is); err != nil {
		return err
	}
	var own bytes.Buffer
	if err := json.Compact(&own, is.Identity); err != nil || !bytes.Equal(own.Bytes(), id.text) {
		return errors.New("it holds another cell than its name says")
	}
	return json.Unmarshal(text, result)
}

// readFile reads a regular file of at most so many bytes.
func readFile(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it has more than %d bytes", most)
	}
	return text, err
}

// patience is how long a cell waits for others that are being written in the folder.
const patience = time.Minute

// Save writes the result of a cell, a struct with at least one field, whole or not at all, and clears away what a
// program that was killed has left of it.
func (s Store) Save(id Identity, result any) error {
	path := s.Path(id)
	text, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.MkdirAll(s.Place(), 0o777); err != nil {
		return fmt.Errorf("cannot make the folder of the cells: %w", err)
	}
	lock, err := folderlock.Wait(s.Place(), patience)
	if err != nil {
		return err
	}
	defer lock.Release()
	if lock.Exclusive() { // else others may be writing
		if err := atomicfile.Sweep(path); err != nil {
			return err
		}
	}
	return atomicfile.WriteFile(path, fmt.Appendf(nil, "{\"identity\":%s,%s\n", id.text, text[1:]))
}
