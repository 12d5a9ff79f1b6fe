package kernels

// partElements is PART in reduce.cu.
const partElements = 4096

// Sum is dst[0] (+)= k·Σx over n elements, partial sums of 4096 added in float64.
func (s *Set) Sum(dst, x Ptr, n int, k float32, acc bool) {
	if n <= partElements {
		s.launch(total, each(1), flatBlock, ptr(dst), ptr(x), i32(n), f32(k), flag(acc))
		return
	}
	count := ceil(n, partElements)
	part := s.dev.Scratch(count)
	s.launch(sumParts, each(count), flatBlock, ptr(part), ptr(x), i32(n))
	s.launch(total, each(1), flatBlock, ptr(dst), ptr(part), i32(count), f32(k), flag(acc))
}

// Dot is dst[0] (+)= Σ a·b over n elements; SumSquares is Dot(dst, x, x, n, false).
func (s *Set) Dot(dst, a, b Ptr, n int, acc bool) {
	count := max(1, ceil(n, partElements)) // of nothing the sum is 0, and must be written
	part := s.dev.Scratch(count)
	s.launch(dotParts, each(count), flatBlock, ptr(part), ptr(a), ptr(b), i32(n))
	s.launch(total, each(1), flatBlock, ptr(dst), ptr(part), i32(count), f32(1), flag(acc))
}

// SumLeading is dst[c] += Σ_r x[r][c].
func (s *Set) SumLeading(dst, x Ptr, rows, cols int) {
	s.columns(dst, rows, cols, func(out Ptr, grid Dim, acc uint64) {
		s.launch(colSum, grid, columnBlock, ptr(out), ptr(x), i32(rows), i32(cols), acc)
	})
}

// DotLeading is dst[c] += Σ_r a[r][c]·b[r][c].
func (s *Set) DotLeading(dst, a, b Ptr, rows, cols int) {
	if cols == 1 {
		s.Dot(dst, a, b, rows, true)
		return
	}
	s.columns(dst, rows, cols, func(out Ptr, grid Dim, acc uint64) {
		s.launch(colDot, grid, columnBlock, ptr(out), ptr(a), ptr(b), i32(rows), i32(cols), acc)
	})
}

// columns reduces rows to dst (cols), which is added to: at once where the rows
// are few, else by parts.
func (s *Set) columns(dst Ptr, rows, cols int, launch func(out Ptr, grid Dim, acc uint64)) {
	if rows == 0 || cols == 0 {
		return
	}
	grid := Dim{uint32(ceil(cols, 32)), uint32(parts(rows, cols)), 1}
	if grid.Y == 1 {
		launch(dst, grid, 1)
		return
	}
	count := int(grid.Y)
	part := s.dev.Scratch(count * cols)
	launch(part, grid, 0)
	s.addParts(dst, part, count, cols)
}

// addPairs is dst[c] += Σ_p part[p][0][c] and other[c] += Σ_p part[p][1][c].
func (s *Set) addPairs(dst, other, part Ptr, count, cols int) {
	s.launch(colSumPairs, Dim{uint32(ceil(2*cols, 32)), 1, 1}, columnBlock, ptr(dst), ptr(other), ptr(part), i32(count), i32(cols))
}

// addParts is dst[c] += Σ_p part[p][c].
func (s *Set) addParts(dst, part Ptr, count, cols int) {
	s.launch(colSum, Dim{uint32(ceil(cols, 32)), 1, 1}, columnBlock, ptr(dst), ptr(part), i32(count), i32(cols), 1)
}
