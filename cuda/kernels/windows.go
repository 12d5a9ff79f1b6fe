package kernels

// WindowWords is how many int32 a window's record has, as tensor.Window.
const WindowWords = 7

// CutWindows cuts n windows of side x side pixels out of a raster (pixels, bands):
// dst is (n, side², bands), at holds the windows' records, and order, int32
// (side²) or 0, which place of the window each pixel of dst is.
func (s *Set) CutWindows(dst, raster, at, order Ptr, n, side, bands int) {
	requireIndex(n * side * side * bands)
	s.launch(cutWindows, rowGrid(n*side*side), flatBlock, ptr(dst), ptr(raster), ptr(at), ptr(order), i32(n), i32(side), i32(bands))
}

// NoiseRows is dst[i] = a·x[ids[i]] + b·ε: dst is (n, cols), and ids, int32 (n),
// may be 0 for every row in turn. Each sample has so many rows of x, and its a and
// b in levels, (samples, 2). ε are the first normal values of the stream, in the
// order of dst.
func (s *Set) NoiseRows(dst, x, ids, levels, stream Ptr, n, cols, rows int) {
	s.launch(noiseRows, flat((n*cols+3)/4), flatBlock, ptr(dst), ptr(x), ptr(ids), ptr(levels), ptr(stream), i32(n), i32(cols), i32(rows))
}
