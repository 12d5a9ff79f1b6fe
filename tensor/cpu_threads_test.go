package tensor

import (
	"fmt"
	"slices"
	"testing"

	"diffclip/internal/rng"
)

// Products of two matrices and gradients of convolutions, which are cut by rows and
// by images, have the same bits for any number of threads; and the gradient of the
// images those of a lane, which cuts nothing.
func TestCutsDoNotDependOnThreads(t *testing.T) {
	value := func(name string, s ...int) *Tensor {
		x := New(s...)
		rng.New(1, name, 0).Normal(x.Data, 0)
		return x
	}
	shape := ConvShape{KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1, DilationH: 1, DilationW: 1, Groups: 2}
	x, w, dy := value("x", 37, 4, 5, 7), value("w", 6, 2, 3, 3), value("dy", 37, 6, 5, 7)
	a, at, b := value("a", 500, 33), value("at", 33, 500), value("b", 33, 21)
	results := func(be Backend) (out [][]float32) {
		for _, trans := range []bool{false, true} {
			c, left := value("c", 500, 21), a
			if trans {
				left = at
			}
			be.MatMul(c, left, b, trans, false, 0.5, 2)
			out = append(out, c.Data)
		}
		dx, dw, dbias := value("dx", 37, 4, 5, 7), value("dw", 6, 2, 3, 3), value("dbias", 6)
		be.Conv2DBackward(dx, dw, dbias, dy, x, w, shape, true)
		return append(out, dx.Data, dw.Data, dbias.Data)
	}
	one := NewCPU(1)
	defer one.Close()
	want, lane := results(one), results(one.Lane(0))
	for i := range 3 {
		if !slices.Equal(lane[i], want[i]) {
			t.Errorf("result %d of a lane has other bits", i)
		}
	}
	for _, threads := range []int{2, 5} {
		be := NewCPU(threads)
		defer be.Close()
		for i, got := range results(be) {
			if !slices.Equal(got, want[i]) {
				t.Errorf("%s: result %d has other bits than with one thread", fmt.Sprint(threads, " threads"), i)
			}
		}
	}
	if near := func(a, b []float32) bool {
		return slices.EqualFunc(a, b, func(a, b float32) bool { return max(a-b, b-a) < 1e-4 })
	}; !near(lane[3], want[3]) || !near(lane[4], want[4]) {
		t.Error("sums over chunks of images are far from those of a lane")
	}
}
