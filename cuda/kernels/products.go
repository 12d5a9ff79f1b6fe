package kernels

// MatMul is dst = alpha·op(a)·op(b) + beta·dst for a batch of matrices, op(a)
// (m, k), op(b) (k, n), dst (m, n); with beta 0 dst is not read. A plain product,
// for checking a library's.
func (s *Set) MatMul(dst, a, b Ptr, batch, m, n, k int, transA, transB bool, alpha, beta float32) {
	grid := Dim{uint32(ceil(n, 32)), uint32(ceil(m, 32)), 0}
	for i := 0; i < batch; i += maxGridZ {
		grid.Z = uint32(min(maxGridZ, batch-i))
		s.launch(matmul, grid, columnBlock, ptr(dst.At(i*m*n)), ptr(a.At(i*m*k)), ptr(b.At(i*k*n)),
			i32(m), i32(n), i32(k), flag(transA), flag(transB), f32(alpha), f32(beta))
	}
}
