package rsdata

import (
	"fmt"
	"sort"

	"diffclip/internal/rng"
)

// unlabelled draws windows for unsupervised training from all pixels of all scenes, or from the centres of whole ones.
// No label is read; an inductive split leaves out the surroundings of the test windows.
func (d *Dataset) unlabelled(s *Split) ([]Pixel, error) {
	cfg := s.Config
	if cfg.Unlabelled == 0 {
		return nil, nil
	}
	var apart *nearby
	if cfg.Inductive {
		apart = d.near(Pixels(nil, s.Test), cfg.Window-1)
	}
	all := d.centres(apart)
	if all.n == 0 {
		return nil, fmt.Errorf("no pixel is clear of every test window: choose protocol %s, a smaller window or fewer test samples (-max-test), or leave -inductive out", Disjoint)
	}
	return all.draw(cfg.Unlabelled, rng.New(cfg.Seed, "split/unlabelled", 0)), nil
}

// centres numbers the pixels that windows may lie around, in scene and row order, without a list of them: that would
// take more memory than most scenes.
type centres struct {
	rows  []centreRow
	n     int     // how many there are
	apart *nearby // pixels that are left out, nil for none
}

// centreRow is what a row of a scene holds of them.
type centreRow struct {
	number int   // of the first one
	start  Pixel // of the row
	width  int   // in pixels
}

func (d *Dataset) centres(apart *nearby) *centres {
	c := &centres{apart: apart}
	for i, sc := range d.Scenes {
		if d.Whole {
			c.add(Pixel{int32(i), int32(sc.H / 2), int32(sc.W / 2)}, 1)
			continue
		}
		for r := range sc.H {
			c.add(Pixel{int32(i), int32(r), 0}, sc.W)
		}
	}
	return c
}

func (c *centres) add(start Pixel, width int) {
	row := centreRow{c.n, start, width}
	before := c.n
	if c.apart == nil {
		c.n += width
	} else {
		row.each(c.apart, func(Pixel) bool { c.n++; return true })
	}
	if c.n > before {
		c.rows = append(c.rows, row)
	}
}

// each calls visit with the pixels of the row that are not left out, until it returns false.
func (r *centreRow) each(apart *nearby, visit func(Pixel) bool) {
	p := r.start
	for range r.width {
		if (apart == nil || !apart.at(p)) && !visit(p) {
			return
		}
		p.Col++
	}
}

// at returns the pixel of a number.
func (c *centres) at(number int) Pixel {
	row := c.rows[sort.Search(len(c.rows), func(i int) bool { return c.rows[i].number > number })-1]
	p, skip := row.start, number-row.number
	if c.apart == nil {
		p.Col += int32(skip)
		return p
	}
	row.each(c.apart, func(q Pixel) bool {
		p = q
		skip--
		return skip >= 0
	})
	return p
}

// draw returns k of the pixels in random order, all of them where k is negative or more than there are.
func (c *centres) draw(k int, s rng.Stream) []Pixel {
	if k < 0 || k > c.n {
		k = c.n
	}
	out := make([]Pixel, 0, k)
	if k < c.n/4 { // where a list would be larger than what firstOf keeps
		for _, number := range firstOf(k, c.n, s) {
			out = append(out, c.at(number))
		}
		return out
	}
	all := make([]Pixel, 0, c.n)
	for i := range c.rows {
		c.rows[i].each(c.apart, func(p Pixel) bool { all = append(all, p); return true })
	}
	permuteBy(all, s)
	return append(out, all[:k]...)
}

// firstOf returns the first k of the numbers 0 to n-1 as permuteBy shuffles them, in memory for k of them: it follows
// the first k places back through the swaps, the last of which is made first.
func firstOf(k, n int, s rng.Stream) []int {
	ends := make(map[int]int, k) // from a place before the swaps not yet undone to the place where its number ends
	for p := range k {
		ends[p] = p
	}
	for i := 1; i < n; i++ {
		j := s.Intn(uint64(i), i+1)
		p, atJ := ends[j]
		q, atI := 0, false
		if i < k { // later places hold none of the k before their own swap
			q, atI = ends[i]
		}
		if i == j || !atI && !atJ {
			continue
		}
		delete(ends, i)
		delete(ends, j)
		if atJ {
			ends[i] = p
		}
		if atI {
			ends[j] = q
		}
	}
	out := make([]int, k)
	for number, p := range ends {
		out[p] = number
	}
	return out
}
