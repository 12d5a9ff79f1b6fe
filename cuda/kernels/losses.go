package kernels

// CrossEntropy is loss[0] = the mean over rows of -log softmax(logits)[target]; probs keeps the softmax, targets are int32 (rows).
func (s *Set) CrossEntropy(loss, probs, logits, targets Ptr, rows, cols int) {
	row := s.dev.Scratch(rows)
	s.launch(crossEntropy, rowGrid(rows), flatBlock, ptr(row), ptr(probs), ptr(logits), ptr(targets), i32(rows), i32(cols))
	s.addRows(loss, row, rows, 1/float32(rows))
}

// addRows is loss[0] = k·Σ row, in float64.
func (s *Set) addRows(loss, row Ptr, rows int, k float32) {
	s.launch(total, each(1), flatBlock, ptr(loss), ptr(row), i32(rows), f32(k), 0)
}

// CrossEntropyBackward is dlogits (+)= dloss[0]/rows·(probs - onehot).
func (s *Set) CrossEntropyBackward(dlogits, dloss, probs, targets Ptr, rows, cols int, acc bool) {
	s.launch(crossEntropyBackward, flat(rows*cols), flatBlock, ptr(dlogits), ptr(dloss), ptr(probs), ptr(targets), i32(rows), i32(cols), flag(acc))
}

// SoftCrossEntropy has a distribution per row as its target.
func (s *Set) SoftCrossEntropy(loss, probs, logits, targets Ptr, rows, cols int) {
	row := s.dev.Scratch(rows)
	s.launch(softCrossEntropy, rowGrid(rows), flatBlock, ptr(row), ptr(probs), ptr(logits), ptr(targets), i32(rows), i32(cols))
	s.addRows(loss, row, rows, 1/float32(rows))
}

// SoftCrossEntropyBackward is dlogits (+)= dloss[0]/rows·(probs·Σtargets - targets).
func (s *Set) SoftCrossEntropyBackward(dlogits, dloss, probs, targets Ptr, rows, cols int, acc bool) {
	s.launch(softCrossEntropyBackward, rowGrid(rows), flatBlock, ptr(dlogits), ptr(dloss), ptr(probs), ptr(targets), i32(rows), i32(cols), flag(acc))
}

// WeightedMSE is loss[0] = Σ_r w[r]·mean_c (x-target)².
func (s *Set) WeightedMSE(loss, x, target, w Ptr, rows, cols int) {
	row := s.dev.Scratch(rows)
	s.launch(weightedMSE, rowGrid(rows), flatBlock, ptr(row), ptr(x), ptr(target), ptr(w), i32(rows), i32(cols))
	s.addRows(loss, row, rows, 1/float32(cols))
}

// WeightedMSEBackward is dx (+)= dloss[0]·2·w[r]/cols·(x-target).
func (s *Set) WeightedMSEBackward(dx, dloss, x, target, w Ptr, rows, cols int, acc bool) {
	s.launch(weightedMSEBackward, fours(rows*cols), flatBlock, ptr(dx), ptr(dloss), ptr(x), ptr(target), ptr(w), i32(rows), i32(cols), flag(acc))
}
