package conformance

import (
	"math"
	"slices"

	"diffclip/internal/rng"
	"diffclip/tensor"
)

// drawer is the part of tensor.Resident that draws masks.
type drawer interface {
	DrawMasks(m *tensor.Masks, masked, visible float32, s rng.Stream)
}

// checkMasks wants of masks that a device draws the lists that the host makes of
// rng.Stream.Perm, and of rows moved by them the bits of rows moved by the host's.
func checkMasks(b *bench, be drawer) {
	const equal = 154964 // the step at which tokens 33 and 98 of 257 have one word
	for _, c := range []struct {
		samples, tokens, keep int
		step                  uint64
	}{
		{1, 1, 0, 1}, {1, 1, 1, 2}, {5, 9, 0, 3}, {5, 9, 1, 4}, {5, 9, 9, 5}, {4, 25, 7, 6}, {33, 10, 3, 7}, {2, 121, 36, 8}, {3, 257, 230, equal}, {2, 600, 180, 9},
	} {
		m := tensor.NewMasks(c.samples, c.tokens, c.keep)
		m.Lay(b.dirty(m.Elements()))
		s := rng.New(3, "masks", c.step)
		if c.step == equal && s.Uint32At(33) != s.Uint32At(98) {
			b.Error("no two words are equal")
		}
		be.DrawMasks(m, 0.25, 2, s)
		host := hostMasks(c.samples, c.tokens, c.keep, s)
		if !slices.Equal(m.Weight.Host(), host.weight) {
			b.Errorf("%v: other weights than the host's", c)
		}
		for name, list := range map[string]struct {
			drawn *tensor.Drawn
			want  []int32
		}{"rows": {&m.Rows, host.rows}, "from": {&m.From, host.from}, "places": {&m.Places, host.places}, "restore": {&m.Restore, host.restore}} {
			if got := ints(list.drawn.Words.Host()[:list.drawn.Len]); !slices.Equal(got, list.want) {
				b.Errorf("%v: %s %v, want %v", c, name, got, list.want)
				continue
			}
			b.movesRows(name, list.drawn, list.want)
		}
	}
	m := tensor.NewMasks(2, 3, 1)
	b.panics("masks without memory", func() { be.DrawMasks(m, 0, 1, rng.Stream{}) })
	m.Lay(b.dirty(m.Elements()))
	x := b.random("x", 5, 2)
	b.panics("rows of another number", func() { b.be.GatherRows(b.like(x), x, nil, tensor.Index{Drawn: &m.Rows}) })
	b.panics("gradients of another number", func() { b.be.ScatterAddRows(x, nil, b.dirty(2, 2), tensor.Index{Drawn: &m.Rows}) })
	b.panics("a part of a list", func() { tensor.Index{Drawn: &m.Rows}.Part(0, 1) })
}

// movesRows gathers and adds rows by a list on the device, and by the same on the
// host: with an infinite row, which goes where it is named alone, and added to -0,
// which stays where nothing is added.
func (b *bench) movesRows(name string, d *tensor.Drawn, ids []int32) {
	b.Helper()
	for _, cols := range []int{3, 8} {
		x, dy := b.random("x", d.Rows, cols), b.random("dy", d.Len, cols)
		if d.Len > 0 {
			first := dy.RowRange(0, 1)
			b.be.Fill(&first, float32(math.Inf(1)))
		}
		var gathered, added [2][]int32
		for i, index := range []tensor.Index{{Drawn: d}, tensor.IDs(ids)} {
			y, dx := b.like(dy), b.dirty(d.Rows, cols)
			b.be.Fill(dx, float32(math.Copysign(0, -1)))
			b.be.GatherRows(y, x, nil, index)
			b.be.ScatterAddRows(dx, nil, dy, index)
			gathered[i], added[i] = ints(y.Host()), ints(dx.Host())
		}
		if !slices.Equal(gathered[0], gathered[1]) || !slices.Equal(added[0], added[1]) {
			b.Errorf("%s of %d: rows of %d move otherwise than by the host's list", name, d.Len, cols)
		}
	}
}

// masksOnHost are the lists of tensor.Masks.
type masksOnHost struct {
	rows, from, places, restore []int32
	weight                      []float32
}

// hostMasks makes them, one sample after the other.
func hostMasks(samples, tokens, keep int, s rng.Stream) masksOnHost {
	var m masksOnHost
	perm := make([]int32, tokens)
	for b := range samples {
		s.Perm(perm, uint64(b))
		restore, weight := make([]int32, 1+tokens), slices.Repeat([]float32{0.25}, tokens)
		for t := range restore {
			restore[t] = int32(t)
		}
		first := int32(1 + tokens + b*(1+keep))
		restore[0] = first
		m.places = append(m.places, 0)
		for i, at := range perm[:keep] {
			m.rows = append(m.rows, 1+at)
			m.from = append(m.from, int32(b*tokens)+at)
			m.places = append(m.places, 1+at)
			restore[1+at] = first + 1 + int32(i)
			weight[at] = 2
		}
		m.restore, m.weight = append(m.restore, restore...), append(m.weight, weight...)
	}
	return m
}

// ints are the int32 that lie in the place of float32.
func ints(v []float32) []int32 {
	out := make([]int32, len(v))
	for i, x := range v {
		out[i] = int32(math.Float32bits(x))
	}
	return out
}
