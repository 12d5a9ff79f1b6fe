package bench

import (
	"time"

	"diffclip/internal/rng"
	"diffclip/tensor"
)

// The operations, each passed on and timed. Get and Put are not: they are part of
// what the table calls outside, or tape.

// Copy2D passes it on.
func (p *Profile) Copy2D(dst *tensor.Tensor, dstOff, dstStride int, src *tensor.Tensor, srcOff, srcStride, rows, cols int, acc bool) {
	start := time.Now()
	p.Backend.Copy2D(dst, dstOff, dstStride, src, srcOff, srcStride, rows, cols, acc)
	p.done(start, "Copy2D", 0, 0, 0)
}

// Fill passes it on.
func (p *Profile) Fill(dst *tensor.Tensor, v float32) {
	start := time.Now()
	p.Backend.Fill(dst, v)
	p.done(start, "Fill", 0, 0, 0)
}

// Normal passes it on.
func (p *Profile) Normal(dst *tensor.Tensor, s rng.Stream) {
	start := time.Now()
	p.Backend.Normal(dst, s)
	p.done(start, "Normal", 0, 0, 0)
}

// Uniform passes it on.
func (p *Profile) Uniform(dst *tensor.Tensor, s rng.Stream) {
	start := time.Now()
	p.Backend.Uniform(dst, s)
	p.done(start, "Uniform", 0, 0, 0)
}

// Unary passes it on.
func (p *Profile) Unary(op tensor.UnaryOp, dst, x *tensor.Tensor) {
	start := time.Now()
	p.Backend.Unary(op, dst, x)
	p.done(start, op.String(), 0, 0, 0)
}

// UnaryBackward passes it on.
func (p *Profile) UnaryBackward(op tensor.UnaryOp, dx, dy, x, y *tensor.Tensor, acc bool) {
	start := time.Now()
	p.Backend.UnaryBackward(op, dx, dy, x, y, acc)
	p.done(start, unaryBackward[op], 0, 0, 0)
}

// Binary passes it on.
func (p *Profile) Binary(op tensor.BinaryOp, dst, a, b *tensor.Tensor) {
	start := time.Now()
	p.Backend.Binary(op, dst, a, b)
	p.done(start, op.String(), 0, 0, 0)
}

// Scale passes it on.
func (p *Profile) Scale(dst, x *tensor.Tensor, s float32) {
	start := time.Now()
	p.Backend.Scale(dst, x, s)
	p.done(start, "Scale", 0, 0, 0)
}

// Axpy passes it on.
func (p *Profile) Axpy(y *tensor.Tensor, s float32, x *tensor.Tensor) {
	start := time.Now()
	p.Backend.Axpy(y, s, x)
	p.done(start, "Axpy", 0, 0, 0)
}

// AxpyBy passes it on.
func (p *Profile) AxpyBy(y, s, x *tensor.Tensor) {
	start := time.Now()
	p.Backend.AxpyBy(y, s, x)
	p.done(start, "AxpyBy", 0, 0, 0)
}

// MulAcc passes it on.
func (p *Profile) MulAcc(dst, a, b *tensor.Tensor) {
	start := time.Now()
	p.Backend.MulAcc(dst, a, b)
	p.done(start, "MulAcc", 0, 0, 0)
}

// ScaleByScalar passes it on.
func (p *Profile) ScaleByScalar(dst, x, s *tensor.Tensor) {
	start := time.Now()
	p.Backend.ScaleByScalar(dst, x, s)
	p.done(start, "ScaleByScalar", 0, 0, 0)
}

// SumLeading passes it on.
func (p *Profile) SumLeading(dst, x *tensor.Tensor) {
	start := time.Now()
	p.Backend.SumLeading(dst, x)
	p.done(start, "SumLeading", 0, 0, 0)
}

// DotLeading passes it on.
func (p *Profile) DotLeading(dst, a, b *tensor.Tensor) {
	start := time.Now()
	p.Backend.DotLeading(dst, a, b)
	p.done(start, "DotLeading", 0, 0, 0)
}

// Sum passes it on.
func (p *Profile) Sum(dst, x *tensor.Tensor, s float32) {
	start := time.Now()
	p.Backend.Sum(dst, x, s)
	p.done(start, "Sum", 0, 0, 0)
}

// AddScalar passes it on.
func (p *Profile) AddScalar(dst *tensor.Tensor, v *tensor.Tensor, s float32, acc bool) {
	start := time.Now()
	p.Backend.AddScalar(dst, v, s, acc)
	p.done(start, "AddScalar", 0, 0, 0)
}

// Linear passes it on.
func (p *Profile) Linear(dst, pre, x *tensor.Tensor, w *tensor.Weight, bias *tensor.Tensor, act tensor.Activation, residual *tensor.Tensor) {
	start := time.Now()
	p.Backend.Linear(dst, pre, x, w, bias, act, residual)
	p.done(start, "Linear", w.Dim(1), w.Dim(0), linearFLOP(x, w.Len()))
}

// ActBackward passes it on.
func (p *Profile) ActBackward(act tensor.Activation, dy, pre *tensor.Tensor) {
	start := time.Now()
	p.Backend.ActBackward(act, dy, pre)
	p.done(start, "Act backward", 0, 0, 0)
}

// LinearBackwardInput passes it on.
func (p *Profile) LinearBackwardInput(dx, dy *tensor.Tensor, w *tensor.Weight, acc bool) {
	start := time.Now()
	p.Backend.LinearBackwardInput(dx, dy, w, acc)
	p.done(start, "Linear dx", w.Dim(1), w.Dim(0), linearFLOP(dy, w.Len()))
}

// LinearBackwardWeight passes it on.
func (p *Profile) LinearBackwardWeight(dw, dbias, dy, x *tensor.Tensor, acc bool) {
	start := time.Now()
	p.Backend.LinearBackwardWeight(dw, dbias, dy, x, acc)
	p.done(start, "Linear dw", x.Cols(), dy.Cols(), linearFLOP(x, dw.Len()))
}

// MatMul passes it on.
func (p *Profile) MatMul(dst, a, b *tensor.Tensor, transA, transB bool, alpha, beta float32) {
	start := time.Now()
	p.Backend.MatMul(dst, a, b, transA, transB, alpha, beta)
	p.done(start, "MatMul", 0, 0, matmulFLOP(dst, a, transA))
}

// Transpose passes it on.
func (p *Profile) Transpose(dst, x *tensor.Tensor) {
	start := time.Now()
	p.Backend.Transpose(dst, x)
	p.done(start, "Transpose", 0, 0, 0)
}

// SelfAttention passes it on.
func (p *Profile) SelfAttention(dst, lse, qkv *tensor.Tensor, heads int, causal bool) {
	start := time.Now()
	p.Backend.SelfAttention(dst, lse, qkv, heads, causal)
	p.done(start, "SelfAttention", dst.Dim(1), 0, attentionFLOP(dst, 2))
}

// SelfAttentionBackward passes it on.
func (p *Profile) SelfAttentionBackward(dqkv, dy, y, lse, qkv *tensor.Tensor, heads int, causal bool) {
	start := time.Now()
	p.Backend.SelfAttentionBackward(dqkv, dy, y, lse, qkv, heads, causal)
	p.done(start, "SelfAttention backward", dy.Dim(1), 0, attentionFLOP(dy, 5))
}

// QueryAttention passes it on.
func (p *Profile) QueryAttention(dst, probs, q, kv *tensor.Tensor, n []int32, heads int) {
	start := time.Now()
	p.Backend.QueryAttention(dst, probs, q, kv, n, heads)
	p.done(start, "QueryAttention", kv.Dim(1), 0, queryFLOP(kv, 1))
}

// QueryAttentionBackward passes it on.
func (p *Profile) QueryAttentionBackward(dq, dkv, dy, probs, q, kv *tensor.Tensor, n []int32, heads int) {
	start := time.Now()
	p.Backend.QueryAttentionBackward(dq, dkv, dy, probs, q, kv, n, heads)
	p.done(start, "QueryAttention backward", kv.Dim(1), 0, queryFLOP(kv, 2))
}

// LayerNorm passes it on.
func (p *Profile) LayerNorm(dst, mean, rstd, x, gamma, beta *tensor.Tensor, eps float32) {
	start := time.Now()
	p.Backend.LayerNorm(dst, mean, rstd, x, gamma, beta, eps)
	p.done(start, "LayerNorm", x.Cols(), 0, 0)
}

// LayerNormBackward passes it on.
func (p *Profile) LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *tensor.Tensor, acc bool) {
	start := time.Now()
	p.Backend.LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, acc)
	p.done(start, "LayerNorm backward", x.Cols(), 0, 0)
}

// BatchNorm passes it on.
func (p *Profile) BatchNorm(dst, mean, rstd, x, gamma, beta *tensor.Tensor, eps float32, relu bool) {
	start := time.Now()
	p.Backend.BatchNorm(dst, mean, rstd, x, gamma, beta, eps, relu)
	p.done(start, "BatchNorm", 0, 0, 0)
}

// BatchNormBackward passes it on.
func (p *Profile) BatchNormBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *tensor.Tensor, relu, acc bool) {
	start := time.Now()
	p.Backend.BatchNormBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma, relu, acc)
	p.done(start, "BatchNorm backward", 0, 0, 0)
}

// ChannelAffine passes it on.
func (p *Profile) ChannelAffine(dst, x, mean, rstd, gamma, beta *tensor.Tensor, relu bool) {
	start := time.Now()
	p.Backend.ChannelAffine(dst, x, mean, rstd, gamma, beta, relu)
	p.done(start, "ChannelAffine", 0, 0, 0)
}

// ChannelAffineBackward passes it on.
func (p *Profile) ChannelAffineBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *tensor.Tensor, relu, acc bool) {
	start := time.Now()
	p.Backend.ChannelAffineBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma, relu, acc)
	p.done(start, "ChannelAffine backward", 0, 0, 0)
}

// MoveStats passes it on.
func (p *Profile) MoveStats(runningMean, runningVar, mean, rstd *tensor.Tensor, n int, eps, momentum float32) {
	start := time.Now()
	p.Backend.MoveStats(runningMean, runningVar, mean, rstd, n, eps, momentum)
	p.done(start, "MoveStats", 0, 0, 0)
}

// InvStd passes it on.
func (p *Profile) InvStd(rstd, variance *tensor.Tensor, eps float32) {
	start := time.Now()
	p.Backend.InvStd(rstd, variance, eps)
	p.done(start, "InvStd", 0, 0, 0)
}

// GroupNorm passes it on.
func (p *Profile) GroupNorm(dst, mean, rstd, x, gamma, beta *tensor.Tensor, groups int, eps float32) {
	start := time.Now()
	p.Backend.GroupNorm(dst, mean, rstd, x, gamma, beta, groups, eps)
	p.done(start, "GroupNorm", 0, 0, 0)
}

// GroupNormBackward passes it on.
func (p *Profile) GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *tensor.Tensor, groups int, acc bool) {
	start := time.Now()
	p.Backend.GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, groups, acc)
	p.done(start, "GroupNorm backward", 0, 0, 0)
}

// Softmax passes it on.
func (p *Profile) Softmax(dst, x *tensor.Tensor) {
	start := time.Now()
	p.Backend.Softmax(dst, x)
	p.done(start, "Softmax", 0, 0, 0)
}

// SoftmaxBackward passes it on.
func (p *Profile) SoftmaxBackward(dx, dy, y *tensor.Tensor, acc bool) {
	start := time.Now()
	p.Backend.SoftmaxBackward(dx, dy, y, acc)
	p.done(start, "Softmax backward", 0, 0, 0)
}

// L2Normalize passes it on.
func (p *Profile) L2Normalize(dst, norm, x *tensor.Tensor, eps float32) {
	start := time.Now()
	p.Backend.L2Normalize(dst, norm, x, eps)
	p.done(start, "L2Normalize", 0, 0, 0)
}

// L2NormalizeBackward passes it on.
func (p *Profile) L2NormalizeBackward(dx, dy, y, norm *tensor.Tensor, eps float32, acc bool) {
	start := time.Now()
	p.Backend.L2NormalizeBackward(dx, dy, y, norm, eps, acc)
	p.done(start, "L2Normalize backward", 0, 0, 0)
}

// CrossEntropy passes it on.
func (p *Profile) CrossEntropy(loss, probs, logits *tensor.Tensor, targets []int32) {
	start := time.Now()
	p.Backend.CrossEntropy(loss, probs, logits, targets)
	p.done(start, "CrossEntropy", 0, 0, 0)
}

// CrossEntropyBackward passes it on.
func (p *Profile) CrossEntropyBackward(dlogits, dloss, probs *tensor.Tensor, targets []int32, acc bool) {
	start := time.Now()
	p.Backend.CrossEntropyBackward(dlogits, dloss, probs, targets, acc)
	p.done(start, "CrossEntropy backward", 0, 0, 0)
}

// SoftCrossEntropy passes it on.
func (p *Profile) SoftCrossEntropy(loss, probs, logits, targets *tensor.Tensor) {
	start := time.Now()
	p.Backend.SoftCrossEntropy(loss, probs, logits, targets)
	p.done(start, "SoftCrossEntropy", 0, 0, 0)
}

// SoftCrossEntropyBackward passes it on.
func (p *Profile) SoftCrossEntropyBackward(dlogits, dloss, probs, targets *tensor.Tensor, acc bool) {
	start := time.Now()
	p.Backend.SoftCrossEntropyBackward(dlogits, dloss, probs, targets, acc)
	p.done(start, "SoftCrossEntropy backward", 0, 0, 0)
}

// WeightedMSE passes it on.
func (p *Profile) WeightedMSE(loss, x, target, w *tensor.Tensor) {
	start := time.Now()
	p.Backend.WeightedMSE(loss, x, target, w)
	p.done(start, "WeightedMSE", 0, 0, 0)
}

// WeightedMSEBackward passes it on.
func (p *Profile) WeightedMSEBackward(dx, dloss, x, target, w *tensor.Tensor, acc bool) {
	start := time.Now()
	p.Backend.WeightedMSEBackward(dx, dloss, x, target, w, acc)
	p.done(start, "WeightedMSE backward", 0, 0, 0)
}

// GatherRows passes it on.
func (p *Profile) GatherRows(dst, x, fill *tensor.Tensor, ids tensor.Index) {
	start := time.Now()
	p.Backend.GatherRows(dst, x, fill, ids)
	p.done(start, "GatherRows", 0, 0, 0)
}

// ScatterAddRows passes it on.
func (p *Profile) ScatterAddRows(dx, dfill, dy *tensor.Tensor, ids tensor.Index) {
	start := time.Now()
	p.Backend.ScatterAddRows(dx, dfill, dy, ids)
	p.done(start, "ScatterAddRows", 0, 0, 0)
}

// Conv2D passes it on.
func (p *Profile) Conv2D(dst, x, w, bias *tensor.Tensor, c tensor.ConvShape) {
	start := time.Now()
	p.Backend.Conv2D(dst, x, w, bias, c)
	p.done(start, "Conv2D", 0, 0, convFLOP(dst, w, 1))
}

// Conv2DBackward passes it on.
func (p *Profile) Conv2DBackward(dx, dw, dbias, dy, x, w *tensor.Tensor, c tensor.ConvShape, acc bool) {
	start := time.Now()
	p.Backend.Conv2DBackward(dx, dw, dbias, dy, x, w, c, acc)
	p.done(start, "Conv2D backward", 0, 0, convFLOP(dy, w, 2))
}

// MaxPool2D passes it on.
func (p *Profile) MaxPool2D(dst, index, x *tensor.Tensor, c tensor.ConvShape) {
	start := time.Now()
	p.Backend.MaxPool2D(dst, index, x, c)
	p.done(start, "MaxPool2D", 0, 0, 0)
}

// MaxPool2DBackward passes it on.
func (p *Profile) MaxPool2DBackward(dx, dy, index *tensor.Tensor, acc bool) {
	start := time.Now()
	p.Backend.MaxPool2DBackward(dx, dy, index, acc)
	p.done(start, "MaxPool2D backward", 0, 0, 0)
}

// AvgPool2D passes it on.
func (p *Profile) AvgPool2D(dst, x *tensor.Tensor, c tensor.ConvShape) {
	start := time.Now()
	p.Backend.AvgPool2D(dst, x, c)
	p.done(start, "AvgPool2D", 0, 0, 0)
}

// AvgPool2DBackward passes it on.
func (p *Profile) AvgPool2DBackward(dx, dy *tensor.Tensor, c tensor.ConvShape, acc bool) {
	start := time.Now()
	p.Backend.AvgPool2DBackward(dx, dy, c, acc)
	p.done(start, "AvgPool2D backward", 0, 0, 0)
}

// Adam passes it on.
func (prof *Profile) Adam(p, g, m, v, scale *tensor.Tensor, c tensor.AdamConfig) {
	start := time.Now()
	prof.Backend.Adam(p, g, m, v, scale, c)
	prof.done(start, "Adam", 0, 0, 0)
}

// SGD passes it on.
func (prof *Profile) SGD(p, g, m, scale *tensor.Tensor, lr, momentum, weightDecay float32, nesterov, first bool) {
	start := time.Now()
	prof.Backend.SGD(p, g, m, scale, lr, momentum, weightDecay, nesterov, first)
	prof.done(start, "SGD", 0, 0, 0)
}

// SumSquares passes it on.
func (p *Profile) SumSquares(dst, x *tensor.Tensor) {
	start := time.Now()
	p.Backend.SumSquares(dst, x)
	p.done(start, "SumSquares", 0, 0, 0)
}

var unaryBackward = [...]string{
	tensor.ReLU: "ReLU backward", tensor.GELU: "GELU backward", tensor.QuickGELU: "QuickGELU backward", tensor.SiLU: "SiLU backward",
	tensor.Sigmoid: "Sigmoid backward", tensor.Tanh: "Tanh backward", tensor.Exp: "Exp backward", tensor.Square: "Square backward",
}

// NoteStep passes it on.
func (p *Profile) NoteStep(log, scale, loss, squares *tensor.Tensor, most float64) {
	start := time.Now()
	p.Backend.NoteStep(log, scale, loss, squares, most)
	p.done(start, "NoteStep", 0, 0, 0)
}
