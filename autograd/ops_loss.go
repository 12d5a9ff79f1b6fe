package autograd

import "diffclip/tensor"

var opCrossEntropy = register("CrossEntropy", func(t *Tape, n *node) {
	dx, acc := t.gradOf(n.in[0])
	t.be.CrossEntropyBackward(dx, n.out.grad, n.saved[0], n.ids, acc)
})

// CrossEntropy is the mean over rows of -log softmax(logits)[target], a scalar:
// logits (N, classes), one target class per row. targets must stay unchanged
// until Backward.
func (t *Tape) CrossEntropy(logits *Var, targets []int32) *Var {
	loss := t.result(tensor.Of())
	probs := t.be.Get(logits.Shape())
	t.be.CrossEntropy(loss.Value, probs, logits.Value, targets)
	n := t.record(opCrossEntropy, loss, logits)
	if n != nil {
		n.ids = targets
	}
	t.save(n, probs)
	return loss
}

var opSoftCrossEntropy = register("SoftCrossEntropy", func(t *Tape, n *node) {
	dx, acc := t.gradOf(n.in[0])
	t.be.SoftCrossEntropyBackward(dx, n.out.grad, n.saved[0], n.ref[0], acc)
})

// SoftCrossEntropy is the mean over rows of -Σ targets·log softmax(logits), a
// scalar; targets (N, classes) is a constant.
func (t *Tape) SoftCrossEntropy(logits *Var, targets *tensor.Tensor) *Var {
	loss := t.result(tensor.Of())
	probs := t.be.Get(logits.Shape())
	t.be.SoftCrossEntropy(loss.Value, probs, logits.Value, targets)
	n := t.record(opSoftCrossEntropy, loss, logits)
	if n != nil {
		n.ref[0] = targets
	}
	t.save(n, probs)
	return loss
}

var opWeightedMSE = register("WeightedMSE", func(t *Tape, n *node) {
	dx, acc := t.gradOf(n.in[0])
	t.be.WeightedMSEBackward(dx, n.out.grad, n.in[0].Value, n.ref[0], n.ref[1], acc)
})

// WeightedMSE is Σ_r w[r]·mean_c (x[r,c]-target[r,c])², a scalar: target has the
// shape of x, w one weight per row; both are constants.
func (t *Tape) WeightedMSE(x *Var, target, w *tensor.Tensor) *Var {
	loss := t.result(tensor.Of())
	t.be.WeightedMSE(loss.Value, x.Value, target, w)
	if n := t.record(opWeightedMSE, loss, x); n != nil {
		n.ref = [2]*tensor.Tensor{target, w}
	}
	return loss
}

var opScaleByScalar = register("ScaleByScalar", func(t *Tape, n *node) {
	x, s, dy := n.in[0], n.in[1], n.out.grad
	if ds := t.sumGrad(s); ds != nil {
		t.be.DotLeading(ds, dy, x.Value)
	}
	t.accumulateScaled(x, dy, s.Value)
})

// accumulateScaled adds dy·s to x's gradient.
func (t *Tape) accumulateScaled(x *Var, dy, s *tensor.Tensor) {
	dx, acc := t.gradOf(x)
	t.accumulate(dx, acc, func(g *tensor.Tensor) { t.be.ScaleByScalar(g, dy, s) })
}

// ScaleByScalar is x·s for a variable s of one element: logits times the
// inverse temperature.
func (t *Tape) ScaleByScalar(x, s *Var) *Var {
	if s.Value.Len() != 1 {
		fail("ScaleByScalar", "want one element", x, s)
	}
	y := t.result(x.Shape())
	t.be.ScaleByScalar(y.Value, x.Value, s.Value)
	t.record(opScaleByScalar, y, x, s)
	return y
}
