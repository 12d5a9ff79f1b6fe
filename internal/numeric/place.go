package numeric

import "fmt"

// Placer fills an array block by block, such as from the chunks of a tiled file.
// It keeps one block's worth of scratch memory between calls.
type Placer struct {
	Array   *Array
	scratch any // []T of the array's element type
}

// Place decodes a dense row-major block of stored elements and copies it into the
// array. Block is the block's shape, origin the subscripts of its first element;
// what lies beyond the edges is left out. With reverse set the block's subscripts
// are the array's in the opposite order, as in files that store a column-major
// array with its dimensions reversed. It uses b as scratch.
//
// It panics where the ranks differ or b is not as long as the block: the caller
// has checked both. Errors: a value that the element type cannot hold.
func (p *Placer) Place(b []byte, f Format, origin, block []int, reverse bool) error {
	a := p.Array
	n, err := Count(block)
	if err != nil || len(b) != n*f.Size() || len(block) != len(a.Shape) || len(origin) != len(block) {
		panic(fmt.Sprintf("numeric.Placer.Place: %d bytes of %v, block %v at %v, array %v", len(b), f, block, origin, a.Shape))
	}
	clip, strides := make([]int, len(block)), make([]int, len(block))
	base, stride := 0, 1
	for i := len(block) - 1; i >= 0; i-- {
		k := i // the block's subscript that is the array's subscript i
		if reverse {
			k = len(block) - 1 - i
		}
		if clip[k] = min(block[k], a.Shape[i]-origin[k]); clip[k] <= 0 || origin[k] < 0 {
			return nil
		}
		base += origin[k] * stride
		strides[k] = stride
		stride *= a.Shape[i]
	}
	switch d := a.Data.(type) {
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
	panic(a.unknown("Place"))
}

func place[T Number](p *Placer, dst []T, strides []int, b []byte, f Format, block, clip []int) error {
	n := len(b) / f.Size()
	src, _ := p.scratch.([]T)
	if cap(src) < n {
		src = make([]T, n)
		p.scratch = src
	}
	src = src[:n]
	if err := decode(src, b, f); err != nil {
		return err
	}
	scatter(dst, strides, src, block, clip)
	return nil
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

// scatterRun copies a run of a row-major stream of shape ext that begins at
// element start and need not end at a row: the way of the rare plane that is
// larger than a slab.
func scatterRun[T Number](dst []T, ext, strides []int, start int, src []T) {
	at := index(start, ext)
	d := 0
	for i, k := range at {
		d += k * strides[i]
	}
	for _, v := range src {
		dst[d] = v
		for i := len(ext) - 1; i >= 0; i-- {
			at[i]++
			d += strides[i]
			if at[i] < ext[i] {
				break
			}
			d -= ext[i] * strides[i]
			at[i] = 0
		}
	}
}
