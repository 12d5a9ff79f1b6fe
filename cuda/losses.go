package cuda

import "diffclip/tensor"

// CrossEntropy is the mean over rows of -log softmax(logits)[target].
func (b *Backend) CrossEntropy(loss, probs, logits *tensor.Tensor, targets []int32) {
	checks.CrossEntropy(loss, probs, logits, targets)
	b.k.CrossEntropy(b.out(loss), b.out(probs), b.in(logits), b.ints(targets), logits.Rows(), logits.Cols())
	b.done()
}

// CrossEntropyBackward is dlogits (+)= dloss/rows·(probs - onehot).
func (b *Backend) CrossEntropyBackward(dlogits, dloss, probs *tensor.Tensor, targets []int32, acc bool) {
	checks.CrossEntropyBackward(dlogits, dloss, probs, targets)
	b.k.CrossEntropyBackward(b.out(dlogits), b.in(dloss), b.in(probs), b.ints(targets), probs.Rows(), probs.Cols(), acc)
	b.done()
}

// SoftCrossEntropy is the mean over rows of -Σ targets·log softmax(logits).
func (b *Backend) SoftCrossEntropy(loss, probs, logits, targets *tensor.Tensor) {
	checks.SoftCrossEntropy(loss, probs, logits, targets)
	b.k.SoftCrossEntropy(b.out(loss), b.out(probs), b.in(logits), b.in(targets), logits.Rows(), logits.Cols())
	b.done()
}

// SoftCrossEntropyBackward is dlogits (+)= dloss/rows·(probs·Σtargets - targets).
func (b *Backend) SoftCrossEntropyBackward(dlogits, dloss, probs, targets *tensor.Tensor, acc bool) {
	checks.SoftCrossEntropyBackward(dlogits, dloss, probs, targets)
	b.k.SoftCrossEntropyBackward(b.out(dlogits), b.in(dloss), b.in(probs), b.in(targets), probs.Rows(), probs.Cols(), acc)
	b.done()
}

// WeightedMSE is Σ_r w[r]·mean_c (x-target)².
func (b *Backend) WeightedMSE(loss, x, target, w *tensor.Tensor) {
	checks.WeightedMSE(loss, x, target, w)
	b.k.WeightedMSE(b.out(loss), b.in(x), b.in(target), b.in(w), x.Rows(), x.Cols())
	b.done()
}

// WeightedMSEBackward is dx (+)= dloss·2·w[r]/C·(x-target).
func (b *Backend) WeightedMSEBackward(dx, dloss, x, target, w *tensor.Tensor, acc bool) {
	checks.WeightedMSEBackward(dx, dloss, x, target, w)
	b.k.WeightedMSEBackward(b.out(dx), b.in(dloss), b.in(x), b.in(target), b.in(w), x.Rows(), x.Cols(), acc)
	b.done()
}
