package reproduce

import "diffclip/internal/cells"

// load returns the result of a cell, nil where there is none. A file that cannot be
// read, is damaged, or is of another identity, is reported by problem and counts as
// none.
func (c *cell) load(s cells.Store) (r *Result, problem error) {
	r = &Result{}
	found, problem := s.Load(c.identity, c.maxResult(), r, func() error { return r.check(c) })
	if !found {
		return nil, problem
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
