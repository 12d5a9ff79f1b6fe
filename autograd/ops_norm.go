package autograd

import "diffclip/tensor"

var opLayerNorm = register("LayerNorm", func(t *Tape, n *node) {
	x, gamma, beta := n.in[0], n.in[1], n.in[2]
	dgamma, dbeta, scrap := t.affineGrads(gamma, beta)
	dx, acc := t.gradOf(x)
	if dx == nil {
		dx = t.be.Get(x.Shape())
		defer t.be.Put(dx)
	}
	t.be.LayerNormBackward(dx, dgamma, dbeta, n.out.grad, x.Value, n.saved[0], n.saved[1], gamma.Value, acc)
	t.discard(scrap)
})

// affineGrads returns where the gradients of a normalisation's scale and shift
// go: nowhere if neither is wanted, both to memory otherwise, of which the part
// that nobody wants is scrap, to be discarded.
func (t *Tape) affineGrads(gamma, beta *Var) (dgamma, dbeta, scrap *tensor.Tensor) {
	dgamma, dbeta = t.sumGrad(gamma), t.sumGrad(beta)
	switch {
	case dgamma == nil && dbeta != nil:
		scrap = t.be.Get(gamma.Shape())
		dgamma = scrap
	case dgamma != nil && dbeta == nil:
		scrap = t.be.Get(beta.Shape())
		dbeta = scrap
	}
	return dgamma, dbeta, scrap
}

// LayerNorm is (x-mean)/√(var+eps)·gamma + beta over the last dimension.
func (t *Tape) LayerNorm(x, gamma, beta *Var, eps float32) *Var {
	y := t.result(x.Shape())
	rows := tensor.Of(x.Shape().Rows())
	mean, rstd := t.be.Get(rows), t.be.Get(rows)
	t.be.LayerNorm(y.Value, mean, rstd, x.Value, gamma.Value, beta.Value, eps)
	n := t.record(opLayerNorm, y, x, gamma, beta)
	t.save(n, mean, rstd)
	return y
}

// BatchStats are the running statistics of a BatchNorm, one per channel.
type BatchStats struct {
	Mean, Var *tensor.Tensor
	Momentum  float32 // weight of the newest batch; PyTorch's default is 0.1
}

var (
	opBatchNorm = register("BatchNorm", func(t *Tape, n *node) { channelBackward(t, n, t.be.BatchNormBackward) })
	opAffine    = register("BatchNormEval", func(t *Tape, n *node) { channelBackward(t, n, t.be.ChannelAffineBackward) })
)

func channelBackward(t *Tape, n *node, f func(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *tensor.Tensor, relu, acc bool)) {
	x, gamma, beta := n.in[0], n.in[1], n.in[2]
	dgamma, dbeta, scrap := t.affineGrads(gamma, beta)
	dx, acc := t.gradOf(x)
	f(dx, dgamma, dbeta, n.out.grad, x.Value, n.out.Value, n.saved[0], n.saved[1], gamma.Value, n.flag, acc)
	t.discard(scrap)
}

// BatchNorm normalises each channel of x, (N, C) or (N, C, spatial...). With
// useBatch it takes the statistics of this batch, by the biased variance, and
// moves the running ones towards them (with the unbiased variance, as PyTorch
// does); otherwise it uses the running statistics as constants. relu clamps the
// result at zero. Inside Recompute the running statistics move once.
func (t *Tape) BatchNorm(x, gamma, beta *Var, stats *BatchStats, eps float32, useBatch, relu bool) *Var {
	if n := gamma.Value.Len(); x.Shape().Rank() < 2 || x.Dim(1) != n || beta.Value.Len() != n || stats.Mean.Len() != n || stats.Var.Len() != n {
		panic(&tensor.ShapeError{Op: "BatchNorm", Shapes: []tensor.Shape{x.Shape(), gamma.Shape(), beta.Shape(), stats.Mean.Shape, stats.Var.Shape},
			Reason: "want x (N, C) or (N, C, spatial...), and scale, shift, running mean and variance (C)"})
	}
	y := t.result(x.Shape())
	c := tensor.Of(gamma.Value.Len())
	mean, rstd := t.be.Get(c), t.be.Get(c)
	op := opAffine
	if useBatch {
		if t.lane != nil {
			fail("BatchNorm", "a shard sees only part of the batch", x)
		}
		op = opBatchNorm
		t.be.BatchNorm(y.Value, mean, rstd, x.Value, gamma.Value, beta.Value, eps, relu)
		if !t.replay {
			t.be.MoveStats(stats.Mean, stats.Var, mean, rstd, x.Value.Len()/c.Len(), eps, stats.Momentum)
		}
	} else {
		t.be.Copy2D(mean, 0, c.Len(), stats.Mean, 0, c.Len(), 1, c.Len(), false)
		t.be.InvStd(rstd, stats.Var, eps)
		t.be.ChannelAffine(y.Value, x.Value, mean, rstd, gamma.Value, beta.Value, relu)
	}
	n := t.record(op, y, x, gamma, beta)
	if n != nil {
		n.flag = relu
	}
	t.save(n, mean, rstd)
	return y
}

var opGroupNorm = register("GroupNorm", func(t *Tape, n *node) {
	x, gamma, beta := n.in[0], n.in[1], n.in[2]
	dgamma, dbeta, scrap := t.affineGrads(gamma, beta)
	dx, acc := t.gradOf(x)
	t.be.GroupNormBackward(dx, dgamma, dbeta, n.out.grad, x.Value, n.saved[0], n.saved[1], valueOf(gamma), n.ints[0], acc)
	t.discard(scrap)
})

// GroupNorm normalises x (N, C, spatial...) over groups of channels of each
// sample; gamma and beta (C) may both be nil.
func (t *Tape) GroupNorm(x, gamma, beta *Var, groups int, eps float32) *Var {
	ok := x.Shape().Rank() >= 2 && groups >= 1 && (gamma == nil) == (beta == nil)
	if ok && gamma != nil {
		ok = gamma.Value.Len() == x.Dim(1) && beta.Value.Len() == x.Dim(1)
	}
	if !ok {
		fail("GroupNorm", "want x (N, C, spatial...), at least one group, and both or none of gamma (C) and beta (C)", x, gamma, beta)
	}
	y := t.result(x.Shape())
	s := tensor.Of(x.Dim(0), groups)
	mean, rstd := t.be.Get(s), t.be.Get(s)
	t.be.GroupNorm(y.Value, mean, rstd, x.Value, valueOf(gamma), valueOf(beta), groups, eps)
	n := t.record(opGroupNorm, y, x, gamma, beta)
	if n != nil {
		n.ints[0] = groups
	}
	t.save(n, mean, rstd)
	return y
}

// InstanceNorm normalises each channel of each sample of x (N, C, spatial...).
func (t *Tape) InstanceNorm(x, gamma, beta *Var, eps float32) *Var {
	if x.Shape().Rank() < 2 {
		fail("InstanceNorm", "want x (N, C, spatial...)", x, gamma, beta)
	}
	return t.GroupNorm(x, gamma, beta, x.Dim(1), eps)
}

var opSoftmax = register("Softmax", func(t *Tape, n *node) {
	dx, acc := t.gradOf(n.in[0])
	t.be.SoftmaxBackward(dx, n.out.grad, n.out.Value, acc)
})

// Softmax is exp(x)/Σexp(x) over the last dimension.
func (t *Tape) Softmax(x *Var) *Var {
	y := t.result(x.Shape())
	t.be.Softmax(y.Value, x.Value)
	t.record(opSoftmax, y, x)
	return y
}

// l2Eps is the smallest norm that L2Normalize divides by, as F.normalize's.
const l2Eps = 1e-12

var opL2Normalize = register("L2Normalize", func(t *Tape, n *node) {
	dx, acc := t.gradOf(n.in[0])
	t.be.L2NormalizeBackward(dx, n.out.grad, n.out.Value, n.saved[0], l2Eps, acc)
})

// L2Normalize is x/‖x‖ over the last dimension.
func (t *Tape) L2Normalize(x *Var) *Var {
	y := t.result(x.Shape())
	norm := t.be.Get(tensor.Of(x.Shape().Rows()))
	t.be.L2Normalize(y.Value, norm, x.Value, l2Eps)
	n := t.record(opL2Normalize, y, x)
	t.save(n, norm)
	return y
}
