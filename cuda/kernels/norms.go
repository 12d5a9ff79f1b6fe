package kernels

// LayerNorm is dst = (x-mean)·rstd·gamma + beta per row; mean and rstd are (rows).
func (s *Set) LayerNorm(dst, mean, rstd, x, gamma, beta Ptr, rows, cols int, eps float32) {
	s.launch(layerNorm, rowGrid(rows), flatBlock, ptr(dst), ptr(mean), ptr(rstd), ptr(x), ptr(gamma), ptr(beta), i32(rows), i32(cols), f32(eps))
}

// LayerNormBackward is the gradient of LayerNorm; dgamma and dbeta may be 0.
func (s *Set) LayerNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma Ptr, rows, cols int, acc bool) {
	if dgamma != 0 && rows > 0 && cols <= wide && cols%4 == 0 && aligned(dx, dy, x, gamma) {
		count := min(ceil(rows, blockThreads/32), wideBlocks)
		part := s.dev.Scratch(2 * count * cols)
		s.launch(layerNormBackwardWide, each(count), flatBlock, ptr(dx), ptr(part), ptr(dy), ptr(x), ptr(mean), ptr(rstd), ptr(gamma), i32(rows), i32(cols), flag(acc))
		s.addPairs(dgamma, dbeta, part, count, cols)
		return
	}
	if dgamma != 0 && rows > 0 {
		count := parts(rows, cols)
		part := s.dev.Scratch(2 * count * cols)
		grid := Dim{uint32(ceil(cols, 32)), uint32(count), 1}
		s.launch(layerNormParams, grid, columnBlock, ptr(part), ptr(part.At(count*cols)), ptr(dy), ptr(x), ptr(mean), ptr(rstd), i32(rows), i32(cols))
		s.addParts(dgamma, part, count, cols)
		s.addParts(dbeta, part.At(count*cols), count, cols)
	}
	s.launch(layerNormBackward, rowGrid(rows), flatBlock, ptr(dx), ptr(dy), ptr(x), ptr(mean), ptr(rstd), ptr(gamma), i32(rows), i32(cols), flag(acc))
}

// Softmax is per row.
func (s *Set) Softmax(dst, x Ptr, rows, cols int) {
	s.launch(softmax, rowGrid(rows), flatBlock, ptr(dst), ptr(x), i32(rows), i32(cols))
}

// SoftmaxBackward is dx (+)= y·(dy - Σ dy·y) per row.
func (s *Set) SoftmaxBackward(dx, dy, y Ptr, rows, cols int, acc bool) {
	s.launch(softmaxBackward, rowGrid(rows), flatBlock, ptr(dx), ptr(dy), ptr(y), i32(rows), i32(cols), flag(acc))
}

// L2Normalize is dst = x/norm, norm = max(‖x‖, eps), per row.
func (s *Set) L2Normalize(dst, norm, x Ptr, rows, cols int, eps float32) {
	s.launch(l2Normalize, rowGrid(rows), flatBlock, ptr(dst), ptr(norm), ptr(x), i32(rows), i32(cols), f32(eps))
}

// L2NormalizeBackward is its gradient.
func (s *Set) L2NormalizeBackward(dx, dy, y, norm Ptr, rows, cols int, eps float32, acc bool) {
	s.launch(l2NormalizeBackward, rowGrid(rows), flatBlock, ptr(dx), ptr(dy), ptr(y), ptr(norm), i32(rows), i32(cols), f32(eps), flag(acc))
}

// Planes is the size of x (N, C, S): samples, channels, places; S is 1 for (N, C).
type Planes struct{ N, C, S int }

func (p Planes) len() int { return p.N * p.C * p.S }

// BatchNorm computes mean and rstd (C) from x and applies ChannelAffine.
func (s *Set) BatchNorm(dst, mean, rstd, x, gamma, beta Ptr, p Planes, eps float32, relu bool) {
	s.launch(batchNormMoments, each(p.C), flatBlock, ptr(mean), ptr(rstd), ptr(x), i32(p.N), i32(p.C), i32(p.S), f32(eps))
	s.ChannelAffine(dst, x, mean, rstd, gamma, beta, p, relu)
}

// ChannelAffine is dst = (x-mean)·rstd·gamma + beta per channel, clamped at zero if relu.
func (s *Set) ChannelAffine(dst, x, mean, rstd, gamma, beta Ptr, p Planes, relu bool) {
	s.launch(channelAffine, flat(p.len()), flatBlock, ptr(dst), ptr(x), ptr(mean), ptr(rstd), ptr(gamma), ptr(beta), i32(p.N), i32(p.C), i32(p.S), flag(relu))
}

// BatchNormBackward is the gradient of BatchNorm; y is its result. dx may be 0, dgamma and dbeta too.
func (s *Set) BatchNormBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma Ptr, p Planes, relu, acc bool) {
	s.channelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma, p, relu, true, acc)
}

// ChannelAffineBackward is the gradient of ChannelAffine: the statistics are constants.
func (s *Set) ChannelAffineBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma Ptr, p Planes, relu, acc bool) {
	s.channelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma, p, relu, false, acc)
}

func (s *Set) channelBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, gamma Ptr, p Planes, relu, batch, acc bool) {
	sums := s.dev.Scratch(2 * p.C)
	s.launch(channelSums, each(p.C), flatBlock, ptr(sums), ptr(dgamma), ptr(dbeta), ptr(dy), ptr(x), ptr(y), ptr(mean), ptr(rstd), i32(p.N), i32(p.C), i32(p.S), flag(relu))
	if dx != 0 {
		s.launch(channelBackward, flat(p.len()), flatBlock, ptr(dx), ptr(dy), ptr(x), ptr(y), ptr(mean), ptr(rstd), ptr(gamma), ptr(sums), i32(p.N), i32(p.C), i32(p.S), flag(relu), flag(batch), flag(acc))
	}
}

// GroupNorm normalises groups of channels per sample; mean and rstd are (N, groups), gamma and beta (C) may be 0.
func (s *Set) GroupNorm(dst, mean, rstd, x, gamma, beta Ptr, p Planes, groups int, eps float32) {
	size := p.C / groups * p.S
	s.launch(groupNorm, each(p.N*groups), flatBlock, ptr(dst), ptr(mean), ptr(rstd), ptr(x), ptr(gamma), ptr(beta), i32(groups), i32(size), i32(p.S), f32(eps))
}

// GroupNormBackward is its gradient; dx may be 0, dgamma and dbeta too.
func (s *Set) GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, gamma Ptr, p Planes, groups int, acc bool) {
	if dgamma != 0 {
		s.launch(groupNormParams, each(p.C), flatBlock, ptr(dgamma), ptr(dbeta), ptr(dy), ptr(x), ptr(mean), ptr(rstd), i32(p.N), i32(p.C), i32(p.S), i32(groups))
	}
	if dx != 0 {
		size := p.C / groups * p.S
		s.launch(groupNormBackward, each(p.N*groups), flatBlock, ptr(dx), ptr(dy), ptr(x), ptr(mean), ptr(rstd), ptr(gamma), i32(groups), i32(size), i32(p.S), flag(acc))
	}
}

// MoveStats moves running statistics (C) towards those of a batch of n values a
// channel: running = (1-momentum)·running + momentum·batch, the variance unbiased.
func (s *Set) MoveStats(runningMean, runningVar, mean, rstd Ptr, c, n int, eps, momentum float32) {
	s.launch(moveStats, flat(c), flatBlock, ptr(runningMean), ptr(runningVar), ptr(mean), ptr(rstd), i32(c), i32(n), f32(eps), f32(momentum))
}

// InvStd is rstd = 1/√(variance+eps) for n channels.
func (s *Set) InvStd(rstd, variance Ptr, n int, eps float32) {
	s.launch(invStd, flat(n), flatBlock, ptr(rstd), ptr(variance), i32(n), f32(eps))
}
