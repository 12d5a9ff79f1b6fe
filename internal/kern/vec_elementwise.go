package kern

// The element-wise kernels take slices of one length. A destination may be the
// same slice as any input; slices that overlap in part are not allowed.

// Add adds element by element:
//
//	dst[i] = a[i] + b[i]
func Add(dst, a, b []float32) {
	n := sameLen("Add", dst, a, b)
	if n == 0 || asmAdd(&dst[0], &a[0], &b[0], n) {
		return
	}
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// Sub subtracts element by element:
//
//	dst[i] = a[i] - b[i]
func Sub(dst, a, b []float32) {
	n := sameLen("Sub", dst, a, b)
	if n == 0 || asmSub(&dst[0], &a[0], &b[0], n) {
		return
	}
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

// Mul multiplies element by element:
//
//	dst[i] = a[i] * b[i]
func Mul(dst, a, b []float32) {
	n := sameLen("Mul", dst, a, b)
	if n == 0 || asmMul(&dst[0], &a[0], &b[0], n) {
		return
	}
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

// MulAdd adds a product:
//
//	dst[i] += a[i] * b[i]
func MulAdd(dst, a, b []float32) {
	n := sameLen("MulAdd", dst, a, b)
	if n == 0 || asmMulAdd(&dst[0], &a[0], &b[0], n) {
		return
	}
	for i := range dst {
		dst[i] += float32(a[i] * b[i])
	}
}

// Axpy adds a multiple of x to y:
//
//	y[i] += alpha * x[i]
func Axpy(alpha float32, x, y []float32) {
	n := sameLen("Axpy", y, x)
	if n == 0 || asmAxpy(&y[0], &x[0], n, alpha) {
		return
	}
	for i := range y {
		y[i] += float32(alpha * x[i])
	}
}

// Scale multiplies by a scalar:
//
//	dst[i] = s * a[i]
func Scale(dst, a []float32, s float32) {
	n := sameLen("Scale", dst, a)
	if n == 0 || asmScale(&dst[0], &a[0], n, s) {
		return
	}
	for i := range dst {
		dst[i] = s * a[i]
	}
}

// Fill sets every element:
//
//	dst[i] = v
func Fill(dst []float32, v float32) {
	if len(dst) == 0 || asmFill(&dst[0], len(dst), v) {
		return
	}
	for i := range dst {
		dst[i] = v
	}
}

// ScaleAdd is the weighted sum of two slices, a diffusion's q-sample:
//
//	dst[i] = s*a[i] + t*b[i]
func ScaleAdd(dst, a []float32, s float32, b []float32, t float32) {
	n := sameLen("ScaleAdd", dst, a, b)
	if n == 0 || asmScaleAdd(&dst[0], &a[0], &b[0], n, s, t) {
		return
	}
	for i := range dst {
		dst[i] = float32(s*a[i]) + float32(t*b[i])
	}
}
