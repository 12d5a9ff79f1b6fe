package tensor

// Checks holds what every Backend holds the operands of its methods to. Each
// method bears the name of a Backend's; it panics with a *ShapeError where shapes
// do not fit. Backends embed nothing of it and call it first.
type Checks struct{}

func (Checks) Copy2D(dst *Tensor, dstOff, dstStride int, src *Tensor, srcOff, srcStride, rows, cols int) {
	check(dstOff+(rows-1)*dstStride+cols <= dst.Len() && srcOff+(rows-1)*srcStride+cols <= src.Len(), "Copy2D", "block outside of a tensor", dst, src)
}

func (Checks) Unary(op UnaryOp, dst, x *Tensor) { check(dst.Shape == x.Shape, op.String(), "", dst, x) }

func (Checks) UnaryBackward(op UnaryOp, dx, dy, x, y *Tensor) {
	if dx.Shape != x.Shape || dy.Shape != x.Shape || y.Shape != x.Shape { // the name is put together only on failure
		check(false, op.String()+" backward", "", dx, dy, x, y)
	}
}

func (Checks) Binary(op BinaryOp, dst, x, y *Tensor) {
	check(dst.Shape == x.Shape && x.HasSuffix(y.Shape), op.String(), "the second operand's shape must end the first's", dst, x, y)
}

func (Checks) Scale(dst, x *Tensor) { check(dst.Shape == x.Shape, "Scale", "", dst, x) }

func (Checks) Axpy(y, x *Tensor) { check(y.Len() == x.Len(), "Axpy", "", y, x) }

func (Checks) AxpyBy(y, s, x *Tensor) {
	check(s.Len() == 1 && y.Len() == x.Len(), "AxpyBy", "want one factor", y, s, x)
}

func (Checks) MulAcc(dst, x, y *Tensor) {
	check(dst.Shape == x.Shape && x.HasSuffix(y.Shape), "MulAcc", "", dst, x, y)
}

func (Checks) ScaleByScalar(dst, x, s *Tensor) {
	check(dst.Shape == x.Shape && s.Len() == 1, "ScaleByScalar", "", dst, x, s)
}

func (Checks) SumLeading(dst, x *Tensor) { check(x.HasSuffix(dst.Shape), "SumLeading", "", dst, x) }

func (Checks) DotLeading(dst, x, y *Tensor) {
	check(x.Shape == y.Shape && (dst.Len() == 1 || x.HasSuffix(dst.Shape)), "DotLeading", "want one element, or a suffix of the operands' shape", dst, x, y)
}

func (Checks) Sum(dst, x *Tensor) { check(dst.Len() == 1, "Sum", "want one element", dst, x) }

func (Checks) SumSquares(dst, x *Tensor) {
	check(dst.Len() == 1, "SumSquares", "want one element", dst, x)
}

func (Checks) AddScalar(v *Tensor) { check(v.Len() == 1, "AddScalar", "want one element", v) }

func (Checks) Linear(dst, pre, x *Tensor, w *Weight, bias *Tensor, act Activation, residual *Tensor) {
	in, out := w.Dim(1), w.Dim(0)
	check(x.Rank() > 0 && x.Cols() == in && dst.Shape == x.WithDim(-1, out), "Linear", "want x (..., in), W (out, in), result (..., out)", dst, x, w.Tensor, bias, residual)
	check(bias == nil || bias.Len() == out, "Linear", "want bias (out)", dst, x, w.Tensor, bias, residual)
	check(residual == nil || residual.Shape == dst.Shape && act == NoAct, "Linear", "residual excludes an activation and has the result's shape", dst, x, w.Tensor, bias, residual)
	check(pre == nil || pre.Shape == dst.Shape && act != NoAct, "Linear", "pre is for an activation and has the result's shape", dst, x, w.Tensor, bias, pre)
}

func (Checks) LinearBackwardInput(dx, dy *Tensor, w *Weight) {
	check(dx.Cols() == w.Dim(1) && dy.Cols() == w.Dim(0) && dx.Rows() == dy.Rows(), "Linear backward", "input gradient", dx, dy, w.Tensor)
}

func (Checks) LinearBackwardWeight(dw, dbias, dy, x *Tensor) {
	check(dw.Len() == x.Cols()*dy.Cols() && dy.Rows() == x.Rows(), "Linear backward", "weight gradient", dw, dy, x)
	check(dbias == nil || dbias.Len() == dy.Cols(), "Linear backward", "bias gradient", dy, dbias)
}

// MatMul also returns the number of products and their sizes: op(x) is (m, k),
// op(y) (k, n).
func (Checks) MatMul(dst, x, y *Tensor, transX, transY bool) (batch, m, n, k int) {
	rank := x.Rank()
	check((rank == 2 || rank == 3) && y.Rank() == rank && dst.Rank() == rank, "MatMul", "want three matrices or three batches of matrices", dst, x, y)
	batch = 1
	if rank == 3 {
		batch = x.Dim(0)
		check(y.Dim(0) == batch && dst.Dim(0) == batch, "MatMul", "batch sizes differ", dst, x, y)
	}
	m, k = x.Dim(-2), x.Dim(-1)
	if transX {
		m, k = k, m
	}
	k2, n := y.Dim(-2), y.Dim(-1)
	if transY {
		k2, n = n, k2
	}
	check(k == k2 && dst.Dim(-2) == m && dst.Dim(-1) == n, "MatMul", "", dst, x, y)
	return batch, m, n, k
}

func (Checks) Transpose(dst, x *Tensor) {
	check(x.Rank() >= 2 && dst.Rank() == x.Rank() && dst.Dim(-1) == x.Dim(-2) && dst.Dim(-2) == x.Dim(-1) && dst.Len() == x.Len(), "Transpose", "", dst, x)
}

func (Checks) SelfAttention(op string, y, lse, qkv *Tensor, heads int) {
	ok := y.Rank() == 3 && heads > 0 && y.Dim(2)%heads == 0 && qkv.Shape == y.WithDim(2, 3*y.Dim(2)) && lse.Shape == Of(y.Dim(0), heads, y.Dim(1))
	check(ok, op, "want y (B, T, D), lse (B, heads, T), qkv (B, T, 3·D), D a multiple of heads", y, lse, qkv)
}

func (c Checks) SelfAttentionBackward(dqkv, dy, y, lse, qkv *Tensor, heads int) {
	c.SelfAttention("SelfAttention backward", y, lse, qkv, heads)
	check(dqkv.Shape == qkv.Shape && dy.Shape == y.Shape, "SelfAttention backward", "", dqkv, dy, y, qkv)
}

func (Checks) QueryAttention(op string, y, probs, q, kv *Tensor, n []int32, heads int) {
	ok := q.Rank() == 2 && y.Shape == q.Shape && kv.Rank() == 3 && kv.Dim(0) == q.Dim(0) && kv.Dim(2) == 2*q.Dim(1) &&
		heads > 0 && q.Dim(1)%heads == 0 && probs.Shape == Of(q.Dim(0), heads, kv.Dim(1)) && (n == nil || len(n) == q.Dim(0))
	check(ok, op, "want y and q (B, D), probs (B, heads, T), kv (B, T, 2·D), one length per sample", y, probs, q, kv)
	for _, v := range n {
		check(v >= 1 && int(v) <= kv.Dim(1), op, "a sample's length is outside 1..T", kv)
	}
}

func (c Checks) QueryAttentionBackward(dq, dkv, dy, probs, q, kv *Tensor, n []int32, heads int) {
	c.QueryAttention("QueryAttention backward", dy, probs, q, kv, n, heads)
	check(dq.Shape == q.Shape && dkv.Shape == kv.Shape, "QueryAttention backward", "", dq, dkv, q, kv)
}

func (Checks) LayerNorm(dst, mean, rstd, x, gamma, beta *Tensor) {
	rows, cols := x.Rows(), x.Cols()
	check(dst.Shape == x.Shape && mean.Len() == rows && rstd.Len() == rows && gamma.Len() == cols && beta.Len() == cols, "LayerNorm", "", dst, mean, rstd, x, gamma, beta)
}

func (Checks) LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *Tensor) {
	rows, cols := x.Rows(), x.Cols()
	check(dx.Shape == x.Shape && dy.Shape == x.Shape && mean.Len() == rows && rstd.Len() == rows && gamma.Len() == cols, "LayerNorm backward", "", dx, dy, x, mean, rstd, gamma)
	checkAffine("LayerNorm backward", dgamma, dbeta, cols)
}

// checkAffine checks the gradients of a scale and a shift of n values.
func checkAffine(op string, dgamma, dbeta *Tensor, n int) {
	ok := (dgamma == nil) == (dbeta == nil) && (dgamma == nil || dgamma.Len() == n && dbeta.Len() == n)
	check(ok, op, "want the gradients of both scale and shift, or of none", dgamma, dbeta)
}

func (Checks) Softmax(dst, x *Tensor) {
	check(dst.Shape == x.Shape && x.Rank() > 0, "Softmax", "", dst, x)
}

func (Checks) SoftmaxBackward(dx, dy, y *Tensor) {
	check(dx.Shape == y.Shape && dy.Shape == y.Shape, "Softmax backward", "", dx, dy, y)
}

func (Checks) L2Normalize(dst, norm, x *Tensor) {
	check(dst.Shape == x.Shape && norm.Len() == x.Rows(), "L2Normalize", "", dst, norm, x)
}

func (Checks) L2NormalizeBackward(dx, dy, y, norm *Tensor) {
	check(dx.Shape == y.Shape && dy.Shape == y.Shape && norm.Len() == y.Rows(), "L2Normalize backward", "", dx, dy, y, norm)
}

// Channels sees x as (n, c, s): samples, channels, spatial size.
func (Checks) Channels(x *Tensor) (n, c, s int) {
	if x.Rank() < 2 {
		check(false, "channel normalisation", "want (N, C) or (N, C, spatial...)", x)
	}
	n, c, s = x.Dim(0), x.Dim(1), 1
	for i := 2; i < x.Rank(); i++ {
		s *= x.Dim(i)
	}
	return n, c, s
}

func (k Checks) BatchNorm(x, mean, rstd *Tensor) {
	n, c, s := k.Channels(x)
	check(mean.Len() == c && rstd.Len() == c && n*s > 0, "BatchNorm", "want a non-empty batch and one statistic per channel", x, mean, rstd)
}

func (k Checks) ChannelAffine(dst, x, mean, rstd, gamma, beta *Tensor) {
	_, c, _ := k.Channels(x)
	check(dst.Shape == x.Shape && mean.Len() == c && rstd.Len() == c && gamma.Len() == c && beta.Len() == c, "BatchNorm", "", dst, x, mean, rstd, gamma, beta)
}

func (k Checks) ChannelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *Tensor) {
	_, c, _ := k.Channels(x)
	check((dx == nil || dx.Shape == x.Shape) && dy.Shape == x.Shape && y.Shape == x.Shape && mean.Len() == c && rstd.Len() == c && gamma.Len() == c,
		"BatchNorm backward", "", dx, dy, x, y, mean, rstd, gamma)
	checkAffine("BatchNorm backward", dgamma, dbeta, c)
}

func (k Checks) GroupNorm(dst, mean, rstd, x, gamma, beta *Tensor, groups int) {
	n, c, _ := k.Channels(x)
	check(dst.Shape == x.Shape && mean.Len() == n*groups && rstd.Len() == n*groups, "GroupNorm", "want a statistic for each sample and group", dst, mean, rstd, x)
	check(groups > 0 && c%groups == 0, "GroupNorm", "groups must divide the channels", dst, mean, rstd, x, gamma, beta)
	ok := (gamma == nil) == (beta == nil) && (gamma == nil || gamma.Len() == c && beta.Len() == c)
	check(ok, "GroupNorm", "want both scale and shift, one value a channel, or none", dst, mean, rstd, x, gamma, beta)
}

func (k Checks) GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *Tensor, groups int) {
	n, c, _ := k.Channels(x)
	ok := (dx == nil || dx.Shape == x.Shape) && dy.Shape == x.Shape && mean.Len() == n*groups && rstd.Len() == n*groups && (gamma == nil || gamma.Len() == c)
	check(ok, "GroupNorm backward", "", dx, dy, x, mean, rstd, gamma)
	check(groups > 0 && c%groups == 0, "GroupNorm backward", "groups must divide the channels", dx, dy, x, mean, rstd, gamma)
	checkAffine("GroupNorm backward", dgamma, dbeta, c)
}

func (Checks) MoveStats(runningMean, runningVar, mean, rstd *Tensor) {
	c := mean.Len()
	check(rstd.Len() == c && runningMean.Len() == c && runningVar.Len() == c, "MoveStats", "want one value a channel", runningMean, runningVar, mean, rstd)
}

func (Checks) InvStd(rstd, variance *Tensor) {
	check(rstd.Len() == variance.Len(), "InvStd", "", rstd, variance)
}

func (Checks) CrossEntropy(loss, probs, logits *Tensor, targets []int32) {
	checkTargets("CrossEntropy", loss, probs, logits, targets)
}

func (Checks) CrossEntropyBackward(dlogits, dloss, probs *Tensor, targets []int32) {
	checkTargets("CrossEntropy backward", dloss, dlogits, probs, targets)
}

func checkTargets(op string, loss, probs, logits *Tensor, targets []int32) {
	check(loss.Len() == 1, op, "want a loss of one element", loss)
	check(logits.Rank() == 2 && logits.Rows() > 0 && probs.Shape == logits.Shape && len(targets) == logits.Rows(), op, "want logits (rows, classes) and one target per row", probs, logits)
	for _, t := range targets {
		check(t >= 0 && int(t) < logits.Cols(), op, "a target is outside of the classes", logits)
	}
}

func (Checks) SoftCrossEntropy(loss, probs, logits, targets *Tensor) {
	ok := loss.Len() == 1 && logits.Rank() == 2 && logits.Rows() > 0 && probs.Shape == logits.Shape && targets.Shape == logits.Shape
	check(ok, "SoftCrossEntropy", "want a loss of one element, logits and targets (rows, classes)", loss, probs, logits, targets)
}

func (Checks) SoftCrossEntropyBackward(dlogits, dloss, probs, targets *Tensor) {
	check(dloss.Len() == 1 && dlogits.Shape == probs.Shape && targets.Shape == probs.Shape, "SoftCrossEntropy backward", "", dlogits, dloss, probs, targets)
}

func (Checks) WeightedMSE(loss, x, target, w *Tensor) {
	ok := loss.Len() == 1 && x.Rank() > 0 && x.Cols() > 0 && target.Shape == x.Shape && w.Len() == x.Rows()
	check(ok, "WeightedMSE", "want a loss of one element, x and target of one shape and a weight per row", loss, x, target, w)
}

func (Checks) WeightedMSEBackward(dx, dloss, x, target, w *Tensor) {
	ok := dloss.Len() == 1 && x.Rank() > 0 && x.Cols() > 0 && dx.Shape == x.Shape && target.Shape == x.Shape && w.Len() == x.Rows()
	check(ok, "WeightedMSE backward", "want x and target of one shape and a weight per row", dx, dloss, x, target, w)
}

func (Checks) GatherRows(dst, x, fill *Tensor, ids Index) {
	check(dst.Rank() > 0 && dst.Rows() == ids.Len() && x.Rank() > 0 && dst.Cols() == x.Cols() && (fill == nil || fill.Len() == x.Cols()),
		"GatherRows", "want one id per row of the result, and rows of one length", dst, x, fill)
	rows := x.Rows()
	check(ids.Drawn == nil || ids.Drawn.Rows == rows, "GatherRows", "the list is of other rows", dst, x)
	for _, id := range ids.IDs {
		check(int(id) < rows && (id >= 0 || fill != nil), "GatherRows", "an id is outside of the rows", dst, x)
	}
}

func (Checks) ScatterAddRows(dx, dfill, dy *Tensor, ids Index) {
	ok := dy.Rank() > 0 && dy.Rows() == ids.Len() && (dx == nil || dx.Rank() > 0 && dx.Cols() == dy.Cols()) && (dfill == nil || dfill.Len() == dy.Cols())
	check(ok, "ScatterAddRows", "want one id per row of the gradient, and rows of one length", dx, dfill, dy)
	if dx == nil {
		return
	}
	rows := dx.Rows()
	check(ids.Drawn == nil || ids.Drawn.Rows == rows, "ScatterAddRows", "the list is of other rows", dx, dy)
	for _, id := range ids.IDs {
		check(int(id) < rows, "ScatterAddRows", "an id is outside of the rows", dx, dy)
	}
}

func (Checks) Conv2D(dst, x, w, bias *Tensor, c ConvShape) {
	checkConvolution("Conv2D", dst, x, w, bias, c)
}

func (Checks) Conv2DBackward(dx, dw, dbias, dy, x, w *Tensor, c ConvShape) {
	checkConvolution("Conv2D backward", dy, x, w, dbias, c)
	check((dx == nil || dx.Shape == x.Shape) && dw.Shape == w.Shape, "Conv2D backward", "", dx, dw, x, w)
}

func checkConvolution(op string, y, x, w, bias *Tensor, c ConvShape) {
	ok := x.Rank() == 4 && w.Rank() == 4 && y.Rank() == 4 && c.Groups > 0 && x.Dim(1)%c.Groups == 0 && w.Dim(0)%c.Groups == 0 &&
		w.Dim(1) == x.Dim(1)/c.Groups && w.Dim(2) == c.KernelH && w.Dim(3) == c.KernelW && y.Dim(0) == x.Dim(0) && y.Dim(1) == w.Dim(0) &&
		(bias == nil || bias.Len() == w.Dim(0))
	check(ok, op, "want x (N, C, H, W), w (out, C/groups, kh, kw), bias (out)", y, x, w, bias)
	checkWindow(op, c, y, x)
	oh, ow := c.Out(x.Dim(2), x.Dim(3))
	check(oh > 0 && ow > 0 && y.Dim(2) == oh && y.Dim(3) == ow, op, "the window does not fit", y, x, w)
}

func (Checks) MaxPool2D(dst, index, x *Tensor, c ConvShape) {
	checkPool("MaxPool2D", dst, x, c)
	check(index.Shape == dst.Shape, "MaxPool2D", "", dst, index)
}

func (Checks) MaxPool2DBackward(dx, dy, index *Tensor) {
	ok := dx.Rank() == 4 && dy.Rank() == 4 && dx.Dim(0) == dy.Dim(0) && dx.Dim(1) == dy.Dim(1) && index.Shape == dy.Shape
	check(ok, "MaxPool2D backward", "want (N, C, H, W)", dx, dy, index)
}

func (Checks) AvgPool2D(dst, x *Tensor, c ConvShape) { checkPool("AvgPool2D", dst, x, c) }

func (Checks) AvgPool2DBackward(dx, dy *Tensor, c ConvShape) {
	checkPool("AvgPool2D backward", dy, dx, c)
}

func checkWindow(op string, c ConvShape, y, x *Tensor) {
	ok := min(c.KernelH, c.KernelW, c.StrideH, c.StrideW, c.DilationH, c.DilationW) > 0 && min(c.PadH, c.PadW) >= 0
	check(ok, op, "want a window, a stride and a dilation of at least 1 and no negative padding", y, x)
}

func checkPool(op string, y, x *Tensor, c ConvShape) {
	check(x.Rank() == 4 && y.Rank() == 4 && c.DilationH == 1 && c.DilationW == 1, op, "want (N, C, H, W) and a window without dilation", y, x)
	checkWindow(op, c, y, x)
	check(c.PadH <= c.KernelH/2 && c.PadW <= c.KernelW/2, op, "padding of more than half the window", y, x)
	oh, ow := c.Out(x.Dim(2), x.Dim(3))
	check(oh > 0 && ow > 0 && y.Shape == x.WithDim(2, oh).WithDim(3, ow), op, "the window does not fit", y, x)
}

func (Checks) Adam(p, g, m, v, scale *Tensor, c AdamConfig) {
	check(scale == nil || scale.Len() == 1, "Adam", "want one scale", p, scale)
	check(g.Len() == p.Len() && m.Len() == p.Len() && v.Len() == p.Len() && c.Step >= 1, "Adam", "want four buffers of one length, and steps counted from 1", p, g, m, v)
}

func (Checks) SGD(p, g, m, scale *Tensor) {
	check(scale == nil || scale.Len() == 1, "SGD", "want one scale", p, scale)
	check(g.Len() == p.Len() && (m == nil || m.Len() == p.Len()), "SGD", "", p, g, m)
}

func (Checks) NoteStep(log, scale, loss, squares *Tensor) {
	check(log.Len() >= 3 && log.Len()%2 == 1, "NoteStep", "want a log of a number and pairs", log)
	check(scale.Len() == 1 && loss.Len() == 1 && squares.Len() > 0, "NoteStep", "want one scale, one loss and sums of squares", scale, loss, squares)
}
