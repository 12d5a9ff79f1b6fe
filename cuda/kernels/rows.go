package kernels

// GatherRows is dst[i] = x[ids[i]], or fill where ids[i] is negative; dst is (n, cols), ids int32 (n).
func (s *Set) GatherRows(dst, x, fill, ids Ptr, n, cols int) {
	s.launch(gatherRows, fours(n*cols), flatBlock, ptr(dst), ptr(x), ptr(fill), ptr(ids), i32(n), i32(cols))
}

// RowLists says for every row which summands it gets: int32, first where the list
// of each row starts and where the last ends, then the lists.
type RowLists []uint32

// Sort makes the lists for ids, of which each is less than rows or negative, and
// returns them. The list of row r has every i with ids[i] == r, in order. There is
// room for all ids, so that the same number of ids makes lists of the same length.
func (l RowLists) Sort(ids []int32, rows int) RowLists {
	if n := rows + 1 + len(ids); cap(l) < n {
		l = make(RowLists, n)
	} else {
		l = l[:n]
	}
	starts, places := l[:rows+1], l[rows+1:]
	clear(starts)
	for _, id := range ids {
		if id >= 0 {
			starts[id]++
		}
	}
	end := uint32(0)
	for r, n := range starts { // starts[r] becomes the end of list r, to which it counts down
		end += n
		starts[r] = end
	}
	clear(places[end:])
	for i := len(ids) - 1; i >= 0; i-- {
		if id := ids[i]; id >= 0 {
			starts[id]--
			places[starts[id]] = uint32(i)
		}
	}
	return l
}

// ScatterAddRows is dx[r] += dy[i] for each i of row r's list, in its order; dx is
// (rows, cols), lists RowLists.
func (s *Set) ScatterAddRows(dx, dy, lists Ptr, rows, cols int) {
	s.addListed(dx, dy, lists, lists.At(rows+1), rows, cols, 0, 0)
}

// ScatterAddDrawn is dx[r] += dy[p] for each p of row r's places that is not
// negative: places has one for each of the samples for each of the shared rows, and
// one for each other.
func (s *Set) ScatterAddDrawn(dx, dy, places Ptr, rows, cols, shared, samples int) {
	s.addListed(dx, dy, 0, places, rows, cols, shared, samples)
}

func (s *Set) addListed(dx, dy, starts, places Ptr, rows, cols, shared, samples int) {
	s.launch(addRows, rowGrid(rows*ceil(cols, wide)), flatBlock, ptr(dx), ptr(dy), ptr(starts), ptr(places), i32(rows), i32(cols), i32(shared), i32(samples))
}

// SumUnset is dst[c] += Σ dy[i][c] over the rows whose id is negative; dy is (n, cols).
func (s *Set) SumUnset(dst, dy, ids Ptr, n, cols int) {
	s.columns(dst, n, cols, func(out Ptr, grid Dim, acc uint64) {
		s.launch(colSumUnset, grid, columnBlock, ptr(out), ptr(dy), ptr(ids), i32(n), i32(cols), acc)
	})
}
