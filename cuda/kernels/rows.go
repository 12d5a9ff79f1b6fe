package kernels

// GatherRows is dst[i] = x[ids[i]], or fill where ids[i] is negative; dst is (n, cols), ids int32 (n).
func (s *Set) GatherRows(dst, x, fill, ids Ptr, n, cols int) {
	s.launch(gatherRows, flat(n*cols), flatBlock, ptr(dst), ptr(x), ptr(fill), ptr(ids), i32(n), i32(cols))
}

// ScatterAddRows is dx[ids[i]] += dy[i] in the order of i, and dfill += dy[i]
// where ids[i] is negative; dx is (rows, cols), dy (n, cols), and dx or dfill may
// be 0. It looks at every id for every row of dx; ScatterAddRowsOnce does not.
func (s *Set) ScatterAddRows(dx, dfill, dy, ids Ptr, n, rows, cols int) {
	if dfill != 0 {
		s.sumUnset(dfill, dy, ids, n, cols)
	}
	if dx != 0 {
		s.launch(addRows, rowGrid(rows), flatBlock, ptr(dx), ptr(dy), ptr(ids), i32(n), i32(rows), i32(cols))
	}
}

// ScatterAddRowsOnce is ScatterAddRows for ids of which none but the negative
// occurs twice, as in an un-shuffle: each row of dx is gathered by the inverse.
func (s *Set) ScatterAddRowsOnce(dx, dfill, dy, ids Ptr, n, rows, cols int) {
	if dfill != 0 {
		s.sumUnset(dfill, dy, ids, n, cols)
	}
	if dx != 0 {
		inverse := s.dev.Scratch(rows)
		s.FillIDs(inverse, rows, -1)
		s.launch(invertIDs, flat(n), flatBlock, ptr(inverse), ptr(ids), i32(n))
		s.launch(addRowsOnce, flat(rows*cols), flatBlock, ptr(dx), ptr(dy), ptr(inverse), i32(rows), i32(cols))
	}
}
