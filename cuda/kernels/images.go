package kernels

import "diffclip/tensor"

// Image is the size of a convolution's or pooling's input x (N, C, H, W); Out is the number of filters.
type Image struct {
	N, C, H, W int
	Out        int
	tensor.ConvShape
}

func (m Image) places() int {
	oh, ow := m.ConvShape.Out(m.H, m.W)
	return oh * ow
}

// launchWindow launches an element-wise kernel with the parameters before, WINDOW (images.cu) and after.
func (s *Set) launchWindow(k *Kernel, grid Dim, m Image, before []uint64, after ...uint64) {
	oh, ow := m.ConvShape.Out(m.H, m.W)
	window := [...]int{m.H, m.W, oh, ow, m.KernelH, m.KernelW, m.StrideH, m.StrideW, m.PadH, m.PadW, m.DilationH, m.DilationW}
	var args [32]uint64
	n := copy(args[:], before)
	for _, v := range window {
		args[n] = i32(v)
		n++
	}
	n += copy(args[n:], after)
	s.launch(k, grid, flatBlock, args[:n]...)
}

// Conv2D is dst = x ⋆ w + bias, w (Out, C/groups, kh, kw), bias (Out) or 0.
func (s *Set) Conv2D(dst, x, w, bias Ptr, m Image) {
	s.launchWindow(conv2D, flat(m.N*m.Out*m.places()), m, []uint64{ptr(dst), ptr(x), ptr(w), ptr(bias), i32(m.N), i32(m.C), i32(m.Out), i32(m.Groups)})
}

// Conv2DBackward writes or adds to dx and adds to dw and dbias; each may be 0.
func (s *Set) Conv2DBackward(dx, dw, dbias, dy, x, w Ptr, m Image, acc bool) {
	sizes := [...]uint64{i32(m.N), i32(m.C), i32(m.Out), i32(m.Groups)}
	if dw != 0 {
		s.launchWindow(conv2DWeight, each(m.Out*m.C/m.Groups*m.KernelH*m.KernelW), m, []uint64{ptr(dw), ptr(dy), ptr(x), sizes[0], sizes[1], sizes[2], sizes[3]})
	}
	if dbias != 0 {
		s.launch(planeSums, each(m.Out), flatBlock, ptr(dbias), ptr(dy), i32(m.N), i32(m.Out), i32(m.places()))
	}
	if dx != 0 {
		s.launchWindow(conv2DInput, flat(m.N*m.C*m.H*m.W), m, []uint64{ptr(dx), ptr(dy), ptr(w), sizes[0], sizes[1], sizes[2], sizes[3]}, flag(acc))
	}
}

// MaxPool2D keeps the flat index of each maximum in index, as int32.
func (s *Set) MaxPool2D(dst, index, x Ptr, m Image) {
	s.launchWindow(maxPool2D, flat(m.N*m.C*m.places()), m, []uint64{ptr(dst), ptr(index), ptr(x), i32(m.N * m.C)})
}

// MaxPool2DBackward sends each gradient to where the maximum was: dx has planes of
// size elements, dy and index of places.
func (s *Set) MaxPool2DBackward(dx, dy, index Ptr, planes, size, places int, acc bool) {
	s.launch(maxPool2DBackward, flat(planes*size), flatBlock, ptr(dx), ptr(dy), ptr(index), i32(planes), i32(size), i32(places), flag(acc))
}

// AvgPool2D divides by the full window, padding included.
func (s *Set) AvgPool2D(dst, x Ptr, m Image) {
	s.launchWindow(avgPool2D, flat(m.N*m.C*m.places()), m, []uint64{ptr(dst), ptr(x), i32(m.N * m.C)})
}

// AvgPool2DBackward spreads each gradient evenly over its window.
func (s *Set) AvgPool2DBackward(dx, dy Ptr, m Image, acc bool) {
	s.launchWindow(avgPool2DBackward, flat(m.N*m.C*m.H*m.W), m, []uint64{ptr(dx), ptr(dy), i32(m.N * m.C)}, flag(acc))
}
