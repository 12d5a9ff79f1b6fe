package kernels

import "diffclip/tensor"

// Unary is dst = op(x) for n elements.
func (s *Set) Unary(op tensor.UnaryOp, dst, x Ptr, n int) {
	s.launch(unary, flat(n), flatBlock, ptr(dst), ptr(x), i32(n), i32(int(op)))
}

// UnaryBackward is dx (+)= dy · op'(x), with y = op(x) at hand.
func (s *Set) UnaryBackward(op tensor.UnaryOp, dx, dy, x, y Ptr, n int, acc bool) {
	s.launch(unaryBackward, fours(n), flatBlock, ptr(dx), ptr(dy), ptr(x), ptr(y), i32(n), i32(int(op)), flag(acc))
}

// Binary is dst[i] = op(a[i], b[i%period]) for n elements.
func (s *Set) Binary(op tensor.BinaryOp, dst, a, b Ptr, n, period int) {
	s.launch(binary, fours(n), flatBlock, ptr(dst), ptr(a), ptr(b), i32(n), i32(period), i32(int(op)))
}

// Scale is dst = k·x.
func (s *Set) Scale(dst, x Ptr, n int, k float32) {
	s.launch(scale, flat(n), flatBlock, ptr(dst), ptr(x), i32(n), f32(k))
}

// Axpy is y += k·x.
func (s *Set) Axpy(y Ptr, k float32, x Ptr, n int) {
	s.launch(axpy, flat(n), flatBlock, ptr(y), ptr(x), i32(n), f32(k))
}

// MulAcc is dst[i] += a[i]·b[i%period].
func (s *Set) MulAcc(dst, a, b Ptr, n, period int) {
	s.launch(mulAcc, flat(n), flatBlock, ptr(dst), ptr(a), ptr(b), i32(n), i32(period))
}

// ScaleByScalar is dst = x·k[0].
func (s *Set) ScaleByScalar(dst, x, k Ptr, n int) {
	s.launch(scaleByScalar, flat(n), flatBlock, ptr(dst), ptr(x), ptr(k), i32(n))
}

// AddScalar is dst (+)= k·v[0].
func (s *Set) AddScalar(dst, v Ptr, n int, k float32, acc bool) {
	s.launch(addScalar, flat(n), flatBlock, ptr(dst), ptr(v), i32(n), f32(k), flag(acc))
}

// BiasAct ends a linear layer whose product x is made: z = x + bias, pre = z,
// dst = act(z) + residual, for n elements in rows of cols. bias, pre and residual
// may be 0; dst and pre may be x.
func (s *Set) BiasAct(dst, pre, x, bias, residual Ptr, n, cols int, act tensor.Activation) {
	s.launch(biasAct, fours(n), flatBlock, ptr(dst), ptr(pre), ptr(x), ptr(bias), ptr(residual), i32(n), i32(cols), i32(int(act)))
}

// ActBackward is dy = dy·act'(pre), in place.
func (s *Set) ActBackward(act tensor.Activation, dy, pre Ptr, n int) {
	op := [...]tensor.UnaryOp{tensor.ActReLU: tensor.ReLU, tensor.ActGELU: tensor.GELU, tensor.ActQuickGELU: tensor.QuickGELU, tensor.ActSiLU: tensor.SiLU}
	if act != tensor.NoAct {
		s.UnaryBackward(op[act], dy, dy, pre, pre, n, false)
	}
}
