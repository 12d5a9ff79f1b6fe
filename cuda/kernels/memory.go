package kernels

import "diffclip/internal/rng"

// Fill is dst[i] = v for n elements.
func (s *Set) Fill(dst Ptr, n int, v float32) {
	s.launch(fill, flat(n), flatBlock, ptr(dst), i32(n), f32(v))
}

// Copy2D is dst[r*dstStride+c] (+)= src[r*srcStride+c].
func (s *Set) Copy2D(dst Ptr, dstStride int, src Ptr, srcStride, rows, cols int, acc bool) {
	s.launch(copy2D, fours(rows*cols), flatBlock, ptr(dst), i32(dstStride), ptr(src), i32(srcStride), i32(rows), i32(cols), flag(acc))
}

// Transpose is dst[b][c][r] = x[b][r][c] for a batch of matrices.
func (s *Set) Transpose(dst, x Ptr, batch, rows, cols int) {
	grid := Dim{uint32(ceil(cols, 32)), uint32(ceil(rows, 32)), 1}
	for first := 0; first < batch; first += maxGridZ {
		grid.Z = uint32(min(maxGridZ, batch-first))
		at := first * rows * cols
		s.launch(transpose, grid, columnBlock, ptr(dst.At(at)), ptr(x.At(at)), i32(rows), i32(cols))
	}
}

// maxGridZ is the driver's bound for a grid's second and third dimension.
const maxGridZ = 65535

// Stream is what Uniform, Normal, NoiseRows and DrawMasks read from device memory: four words. Overwriting it gives a replayed graph new values.
type Stream [4]uint32

// StreamOf returns the words of a stream.
func StreamOf(s rng.Stream) Stream {
	key, step := s.Words()
	return Stream{key[0], key[1], step[0], step[1]}
}

// Uniform fills dst with the stream's first n uniform values, the bits of rng.Stream.Uniform.
func (s *Set) Uniform(dst Ptr, n int, stream Ptr) {
	s.launch(uniform, flat(ceil(n, 4)), flatBlock, ptr(dst), i32(n), ptr(stream))
}

// Normal fills dst with the stream's first n normal values, the bits of rng.Stream.Normal.
func (s *Set) Normal(dst Ptr, n int, stream Ptr) {
	s.launch(normal, flat(ceil(n, 4)), flatBlock, ptr(dst), i32(n), ptr(stream))
}
