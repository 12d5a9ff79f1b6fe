package cuda

import (
	"diffclip/cuda/kernels"
	"diffclip/tensor"
)

// LayerNorm normalises each row.
func (b *Backend) LayerNorm(dst, mean, rstd, x, gamma, beta *tensor.Tensor, eps float32) {
	checks.LayerNorm(dst, mean, rstd, x, gamma, beta)
	b.k.LayerNorm(b.out(dst), b.out(mean), b.out(rstd), b.in(x), b.in(gamma), b.in(beta), x.Rows(), x.Cols(), eps)
	b.done()
}

// LayerNormBackward is the gradient of LayerNorm.
func (b *Backend) LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *tensor.Tensor, acc bool) {
	checks.LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma)
	b.k.LayerNormBackward(b.out(dx), b.out(dgamma), b.out(dbeta), b.in(dy), b.in(x), b.in(mean), b.in(rstd), b.in(gamma), x.Rows(), x.Cols(), acc)
	b.done()
}

// planes sees x as samples, channels and places.
func planes(x *tensor.Tensor) kernels.Planes {
	n, c, s := checks.Channels(x)
	return kernels.Planes{N: n, C: c, S: s}
}

// BatchNorm normalises each channel by its statistics over the batch.
func (b *Backend) BatchNorm(dst, mean, rstd, x, gamma, beta *tensor.Tensor, eps float32, relu bool) {
	checks.BatchNorm(x, mean, rstd)
	checks.ChannelAffine(dst, x, mean, rstd, gamma, beta)
	b.k.BatchNorm(b.out(dst), b.out(mean), b.out(rstd), b.in(x), b.in(gamma), b.in(beta), planes(x), eps, relu)
	b.done()
}

// BatchNormBackward is the gradient of BatchNorm, statistics included.
func (b *Backend) BatchNormBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *tensor.Tensor, relu, acc bool) {
	checks.ChannelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma)
	b.k.BatchNormBackward(b.out(dx), b.out(dgamma), b.out(dbeta), b.in(dy), b.in(x), b.in(y), b.in(mean), b.in(rstd), b.in(gamma), planes(x), relu, acc)
	b.done()
}

// ChannelAffine normalises each channel by given statistics.
func (b *Backend) ChannelAffine(dst, x, mean, rstd, gamma, beta *tensor.Tensor, relu bool) {
	checks.ChannelAffine(dst, x, mean, rstd, gamma, beta)
	b.k.ChannelAffine(b.out(dst), b.in(x), b.in(mean), b.in(rstd), b.in(gamma), b.in(beta), planes(x), relu)
	b.done()
}

// ChannelAffineBackward is the gradient of ChannelAffine.
func (b *Backend) ChannelAffineBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma *tensor.Tensor, relu, acc bool) {
	checks.ChannelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma)
	b.k.ChannelAffineBackward(b.out(dx), b.out(dgamma), b.out(dbeta), b.in(dy), b.in(x), b.in(y), b.in(mean), b.in(rstd), b.in(gamma), planes(x), relu, acc)
	b.done()
}

// MoveStats moves running statistics towards a batch's.
func (b *Backend) MoveStats(runningMean, runningVar, mean, rstd *tensor.Tensor, n int, eps, momentum float32) {
	checks.MoveStats(runningMean, runningVar, mean, rstd)
	b.k.MoveStats(b.out(runningMean), b.out(runningVar), b.in(mean), b.in(rstd), mean.Len(), n, eps, momentum)
	b.done()
}

// InvStd is rstd = 1/√(variance+eps).
func (b *Backend) InvStd(rstd, variance *tensor.Tensor, eps float32) {
	checks.InvStd(rstd, variance)
	b.k.InvStd(b.out(rstd), b.in(variance), variance.Len(), eps)
	b.done()
}

// GroupNorm normalises groups of channels per sample.
func (b *Backend) GroupNorm(dst, mean, rstd, x, gamma, beta *tensor.Tensor, groups int, eps float32) {
	checks.GroupNorm(dst, mean, rstd, x, gamma, beta, groups)
	b.k.GroupNorm(b.out(dst), b.out(mean), b.out(rstd), b.in(x), b.in(gamma), b.in(beta), planes(x), groups, eps)
	b.done()
}

// GroupNormBackward is the gradient of GroupNorm.
func (b *Backend) GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma *tensor.Tensor, groups int, acc bool) {
	checks.GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, groups)
	b.k.GroupNormBackward(b.out(dx), b.out(dgamma), b.out(dbeta), b.in(dy), b.in(x), b.in(mean), b.in(rstd), b.in(gamma), planes(x), groups, acc)
	b.done()
}

// Softmax is per row.
func (b *Backend) Softmax(dst, x *tensor.Tensor) {
	checks.Softmax(dst, x)
	b.k.Softmax(b.out(dst), b.in(x), x.Rows(), x.Cols())
	b.done()
}

// SoftmaxBackward is dx (+)= y·(dy - Σ dy·y).
func (b *Backend) SoftmaxBackward(dx, dy, y *tensor.Tensor, acc bool) {
	checks.SoftmaxBackward(dx, dy, y)
	b.k.SoftmaxBackward(b.out(dx), b.in(dy), b.in(y), y.Rows(), y.Cols(), acc)
	b.done()
}

// L2Normalize is dst = x/max(‖x‖, eps) per row.
func (b *Backend) L2Normalize(dst, norm, x *tensor.Tensor, eps float32) {
	checks.L2Normalize(dst, norm, x)
	b.k.L2Normalize(b.out(dst), b.out(norm), b.in(x), x.Rows(), x.Cols(), eps)
	b.done()
}

// L2NormalizeBackward is dx (+)= (dy - y·(dy·y))/‖x‖.
func (b *Backend) L2NormalizeBackward(dx, dy, y, norm *tensor.Tensor, eps float32, acc bool) {
	checks.L2NormalizeBackward(dx, dy, y, norm)
	b.k.L2NormalizeBackward(b.out(dx), b.in(dy), b.in(y), b.in(norm), y.Rows(), y.Cols(), eps, acc)
	b.done()
}
