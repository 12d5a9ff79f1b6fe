package reproduce

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// store keeps the results of cells in a folder.
type store struct{ dir string }

func (s store) path(c *cell) string { return filepath.Join(s.dir, "cells", c.key+".json") }

// load returns the result of a cell, nil where there is none. A file that cannot be
// read, is damaged, or is of another identity, is reported by problem and counts as
// none.
func (s store) load(c *cell) (r *Result, problem error) {
	text, err := readFile(s.path(c), c.maxResult())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		r, err = c.parse(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used and is computed anew: %w", s.path(c), err)
	}
	return r, nil
}

// maxResult bounds the size of a cell's file in bytes: the maps, of which Base64
// makes 4 bytes of 3, and room for all else.
func (c *cell) maxResult() int64 {
	most := int64(4 << 20)
	for _, s := range c.scene.Data.Scenes {
		most += 2 * int64(s.H*s.W)
	}
	return most
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

// parse reads the result of a cell; an error unless it can be that of this one.
func (c *cell) parse(text []byte) (*Result, error) {
	r := &Result{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, err
	}
	var own bytes.Buffer
	if err := json.Compact(&own, r.Identity); err != nil || !bytes.Equal(own.Bytes(), c.identity) {
		return nil, errors.New("it holds another cell than its name says")
	}
	return r, r.check(c)
}

// save writes the result of a cell, whole or not at all.
func (s store) save(c *cell, r *Result) error {
	r.Identity = c.identity
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path(c), err)
	}
	return writeFile(s.path(c), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
