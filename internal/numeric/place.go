package numeric

import (
	"fmt"

	"diffclip/internal/memory"
)

// Placement is how a file's elements become an array's.
type Placement struct {
	Format Format // of the stored elements
	Type   Type   // of the array's elements
	Shape  []int  // of the array

	// Narrow asks for a smaller type than Type where it has four bytes or more:
	// Uint16, or Int16, as long as all values are integers that fit, else Float32.
	// Only narrow where float32 is exact enough. Integers stored in another type
	// than Type are not narrowed.
	Narrow bool
}

// Placer fills an array block by block, such as from the chunks of a tiled file.
// It keeps one block's worth of scratch memory between calls.
type Placer struct {
	Array *Array // complete after the last block; until then Place may change its Type and Data

	format  Format
	words   []uint16 // the elements of an array that is still narrow; nil for others
	large   bool     // words holds values that Int16 does not
	scratch any      // []T of the array's element type
}

// NewPlacer makes a placer with an array of zeros. It panics where New does, and
// returns an error where the machine has not the memory for the array.
func NewPlacer(to Placement) (*Placer, error) {
	p := &Placer{format: to.Format}
	typ := to.Type
	narrow := to.Narrow && to.Type.Size() >= 4 && (to.Type.IsFloat() || to.Type == to.Format.Type)
	if narrow {
		typ = Uint16
	}
	bytes := float64(typ.Size())
	for _, n := range to.Shape {
		bytes *= float64(n)
	}
	if err := memory.Check(bytes); err != nil {
		return nil, fmt.Errorf("an array of shape %v %w: cut out the part that you need", to.Shape, err)
	}
	p.Array = New(typ, to.Shape)
	if narrow {
		p.words = p.Array.Data.([]uint16)
	}
	return p, nil
}

// Place decodes a dense row-major block of stored elements and copies it into the
// array. Block is the block's shape, origin the subscripts of its first element;
// what lies beyond the edges is left out. With reverse set the block's subscripts
// are the array's in the opposite order, as in files that store a column-major
// array with its dimensions reversed. It uses b as scratch.
//
// It panics where the ranks differ or b is not as long as the block: the caller
// has checked both. Errors: a value that the element type cannot hold.
func (p *Placer) Place(b []byte, origin, block []int, reverse bool) error {
	shape, f := p.Array.Shape, p.format
	n, err := Count(block)
	if err != nil || len(b) != n*f.Size() || len(block) != len(shape) || len(origin) != len(block) {
		panic(fmt.Sprintf("numeric.Placer.Place: %d bytes of %v, block %v at %v, array %v", len(b), f, block, origin, shape))
	}
	clip, strides := make([]int, len(block)), make([]int, len(block))
	base, stride := 0, 1
	for i := len(block) - 1; i >= 0; i-- {
		k := i // the block's subscript that is the array's subscript i
		if reverse {
			k = len(block) - 1 - i
		}
		if clip[k] = min(block[k], shape[i]-origin[k]); clip[k] <= 0 || origin[k] < 0 {
			return nil
		}
		base += origin[k] * stride
		strides[k] = stride
		stride *= shape[i]
	}
	if f.BigEndian {
		swapBytes(b, f.Size())
		f.BigEndian = false
	}
	if p.words != nil {
		if src := scratch[uint16](p, n); p.pack(src, b, f) {
			scatter(p.words[base:], strides, src, block, clip)
			return nil
		}
		p.widen()
	}
	switch d := p.Array.Data.(type) {
	case []int8:
		return place(p, d[base:], strides, b, f, block, clip)
	case []uint8:
		return place(p, d[base:], strides, b, f, block, clip)
	case []int16:
		return place(p, d[base:], strides, b, f, block, clip)
	case []uint16:
		return place(p, d[base:], strides, b, f, block, clip)
	case []int32:
		return place(p, d[base:], strides, b, f, block, clip)
	case []uint32:
		return place(p, d[base:], strides, b, f, block, clip)
	case []int64:
		return place(p, d[base:], strides, b, f, block, clip)
	case []uint64:
		return place(p, d[base:], strides, b, f, block, clip)
	case []float32:
		return place(p, d[base:], strides, b, f, block, clip)
	case []float64:
		return place(p, d[base:], strides, b, f, block, clip)
	}
	panic(p.Array.unknown("Place"))
}

func place[T Number](p *Placer, dst []T, strides []int, b []byte, f Format, block, clip []int) error {
	src := scratch[T](p, len(b)/f.Size())
	if err := decode(src, b, f); err != nil {
		return err
	}
	scatter(dst, strides, src, block, clip)
	return nil
}

// scratch returns room for n elements.
func scratch[T Number](p *Placer, n int) []T {
	s, _ := p.scratch.([]T)
	if cap(s) < n {
		s = make([]T, n)
		p.scratch = s
	}
	return s[:n]
}

// tile is the side of the square that a transposing copy moves at once: 32 lines
// of each side stay in the first-level cache.
const tile = 32

// scatter copies the part of src below clip to dst: src is dense, row-major, of
// shape ext; its element (i, j, ...) goes to dst[i*strides[0] + j*strides[1] + ...].
// No dimension of clip may be zero.
func scatter[T Number](dst []T, strides []int, src []T, ext, clip []int) {
	rank := len(ext)
	if rank == 0 {
		dst[0] = src[0]
		return
	}
	from := make([]int, rank) // strides of src
	for i, s := rank-1, 1; i >= 0; i-- {
		from[i] = s
		s *= ext[i]
	}
	last, fast := rank-1, rank-1 // fast: the subscript that runs fastest in dst
	for i := range strides {
		if strides[i] < strides[fast] {
			fast = i
		}
	}
	at := make([]int, rank)
	for {
		d, s := 0, 0
		for i, k := range at {
			d += k * strides[i]
			s += k * from[i]
		}
		switch {
		case fast == last && strides[last] == 1:
			copy(dst[d:d+clip[last]], src[s:])
		case fast == last:
			transpose(dst[d:], 0, strides[last], src[s:], 0, 1, clip[last])
		default:
			transpose(dst[d:], strides[fast], strides[last], src[s:], from[fast], clip[fast], clip[last])
		}
		i := last
		for ; i >= 0; i-- {
			if i == last || i == fast {
				continue
			}
			if at[i]++; at[i] < clip[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// transpose sets dst[i*di+j*dj] = src[i*si+j] for i < ni, j < nj, tile by tile.
func transpose[T Number](dst []T, di, dj int, src []T, si, ni, nj int) {
	for i0 := 0; i0 < ni; i0 += tile {
		i1 := min(ni, i0+tile)
		for j0 := 0; j0 < nj; j0 += tile {
			for j := j0; j < min(nj, j0+tile); j++ {
				for i := i0; i < i1; i++ {
					dst[i*di+j*dj] = src[i*si+j]
				}
			}
		}
	}
}
