package kernels_test

import (
	"math"
	"testing"

	"diffclip/autograd/gradcheck"
	"diffclip/tensor"
)

// sweep covers the range with values of every size, near zero most densely.
func sweep(limit float64) *tensor.Tensor {
	var v []float32
	for x := limit; x > 1e-9; x *= 0.99 {
		v = append(v, float32(x), float32(-x))
	}
	v = append(v, 0, 1, -1, 0.6, -0.6)
	return tensor.FromSlice(v, len(v))
}

// TestMathAccuracy holds the written-out functions to an error relative to the value, or to floor where that is larger.
func TestMathAccuracy(t *testing.T) {
	const unit = 0x1p-23
	for name, c := range map[string]struct {
		op           tensor.UnaryOp
		f            func(float64) float64
		limit        float64
		error, floor float64
	}{
		"exp":       {tensor.Exp, math.Exp, 87, 2 * unit, 0},
		"tanh":      {tensor.Tanh, math.Tanh, 20, 3 * unit, 0},
		"sigmoid":   {tensor.Sigmoid, gradcheck.Sigmoid, 80, 4 * unit, 0},
		"GELU":      {tensor.GELU, gradcheck.GELU, 5, 1e-6, 0},
		"far GELU":  {tensor.GELU, gradcheck.GELU, 12, 1e-5, 1e-20},
		"SiLU":      {tensor.SiLU, gradcheck.SiLU, 80, 4 * unit, 0},
		"QuickGELU": {tensor.QuickGELU, gradcheck.QuickGELU, 50, 60 * unit, 0}, // 1.702·x is rounded before it is an exponent
	} {
		b := newVM(t)
		x := sweep(c.limit)
		y := tensor.New(x.Len())
		b.Unary(c.op, y, x)
		worst, at := 0.0, float32(0)
		for i, v := range x.Data {
			want := c.f(float64(v))
			if e := math.Abs(float64(y.Data[i])-want) / max(math.Abs(want), c.floor); e > worst && want != 0 {
				worst, at = e, v
			}
		}
		if worst > c.error {
			t.Errorf("%s: relative error %.3g at %v, want at most %.3g", name, worst, at, c.error)
		}
		t.Logf("%-9s relative error %.2g", name, worst)
	}
}

// TestLogAccuracy reads ln(1+e^x) off a cross-entropy of two classes.
func TestLogAccuracy(t *testing.T) {
	b := newVM(t)
	worst := 0.0
	for x := -15.; x < 30; x += 0.37 {
		loss := tensor.New()
		v := float32(x)
		b.CrossEntropy(loss, tensor.New(1, 2), tensor.FromSlice([]float32{0, v}, 1, 2), []int32{0})
		want := math.Log1p(math.Exp(float64(v)))
		worst = max(worst, math.Abs(float64(loss.Item())-want)/max(1, want))
	}
	if worst > 2.5e-7 {
		t.Errorf("error %.3g", worst)
	}
}

// TestMathLimits checks what is beyond float32, and NaN.
func TestMathLimits(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for name, c := range map[string]struct {
		op   tensor.UnaryOp
		x, y float32
	}{
		"exp(inf)": {tensor.Exp, inf, inf}, "exp(-inf)": {tensor.Exp, -inf, 0}, "exp(100)": {tensor.Exp, 100, inf}, "exp(-200)": {tensor.Exp, -200, 0}, "exp(0)": {tensor.Exp, 0, 1},
		"exp(nan)": {tensor.Exp, nan, nan}, "tanh(inf)": {tensor.Tanh, inf, 1}, "tanh(-inf)": {tensor.Tanh, -inf, -1}, "tanh(nan)": {tensor.Tanh, nan, nan},
		"sigmoid(-inf)": {tensor.Sigmoid, -inf, 0}, "sigmoid(inf)": {tensor.Sigmoid, inf, 1}, "ReLU(nan)": {tensor.ReLU, nan, nan}, "ReLU(-1)": {tensor.ReLU, -1, 0},
		"GELU(40)": {tensor.GELU, 40, 40}, "GELU(-40)": {tensor.GELU, -40, 0}, "GELU(nan)": {tensor.GELU, nan, nan},
	} {
		b := newVM(t)
		y := tensor.New(1)
		b.Unary(c.op, y, tensor.FromSlice([]float32{c.x}, 1))
		if got := y.Data[0]; got != c.y && !(got != got && c.y != c.y) {
			t.Errorf("%s = %v, want %v", name, got, c.y)
		}
	}
}
