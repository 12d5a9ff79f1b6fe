package kernels

// DrawMasks draws the masks of tensor.Masks from a stream: rows, from, places and
// restore hold the Words of its lists, weight is (samples, tokens).
func (s *Set) DrawMasks(weight, rows, from, places, restore, stream Ptr, samples, tokens, keep int, masked, visible float32) {
	requireIndex(2*samples*(1+tokens) + samples*(1+keep))
	s.launch(drawMasks, each(samples), flatBlock, ptr(weight), ptr(rows), ptr(from), ptr(places), ptr(restore), ptr(stream), i32(samples), i32(tokens), i32(keep), f32(masked), f32(visible))
}
