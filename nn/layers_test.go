package nn

import (
	"math"
	"testing"

	"diffclip/autograd"
	"diffclip/tensor"
)

// TestSinusoidTable: cosines in the first half of a row, sines in the second, at
// frequencies from 1 down to almost 1/10000.
func TestSinusoidTable(t *testing.T) {
	const n, dim = 5, 6
	table := SinusoidTable(n, dim)
	for p := range n {
		for i := range dim / 2 {
			f := math.Pow(10000, -float64(i)/(dim/2))
			for j, want := range []float64{math.Cos(float64(p) * f), math.Sin(float64(p) * f)} {
				if got := float64(table.Data[p*dim+j*dim/2+i]); math.Abs(got-want) > 1e-6 {
					t.Errorf("number %d, frequency %d, half %d: %v, want %v", p, i, j, got, want)
				}
			}
		}
	}
}

// TestBatchNormFollows: running statistics move by a tenth in training, and are what
// evaluation and a fixed layer go by.
func TestBatchNormFollows(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	l := NewBatchNorm(NewSet(1).Root(), 1)
	x := tensor.FromSlice([]float32{1, 2, 6}, 3, 1) // mean 3, unbiased variance 7, biased 14/3
	run := func(mode autograd.Mode, want float64) {
		t.Helper()
		y := l.Forward(autograd.NewTape(be, mode), autograd.NewTape(be, mode).Input(x), false).Value
		if got := float64(y.Data[2]); math.Abs(got-want) > 1e-5 {
			t.Errorf("6 becomes %v, want %v", got, want)
		}
		if m, v := l.Stats.Mean.Data[0], l.Stats.Var.Data[0]; math.Abs(float64(m)-0.3) > 1e-6 || math.Abs(float64(v)-1.6) > 1e-6 {
			t.Errorf("running mean %v and variance %v, want 0.3 and 1.6", m, v)
		}
	}
	run(autograd.Train, 3/math.Sqrt(14.0/3+1e-5))
	run(autograd.Eval, 5.7/math.Sqrt(1.6+1e-5))
	l.Fixed = true
	run(autograd.Train, 5.7/math.Sqrt(1.6+1e-5))
}
