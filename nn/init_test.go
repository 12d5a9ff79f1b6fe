package nn

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"diffclip/internal/golden"
	"diffclip/tensor"
)

// TestInitialValues checks each initialiser's range or deviation, and that a
// value depends on the name and seed alone.
func TestInitialValues(t *testing.T) {
	draw := func(init Init, seed uint64, name string) *tensor.Tensor {
		x := tensor.New(64, 32)
		init(x, seed, name)
		return x
	}
	for name, c := range map[string]struct {
		init      Init
		most, std float64 // largest magnitude (0: any), deviation
	}{
		"Normal":         {Normal(0.5), 0, 0.5},
		"TruncNormal":    {TruncNormal(0.02), 0.04, 0.02 * 0.8796},
		"Uniform":        {Uniform(3), 3, 3 / 1.7320508},
		"XavierUniform":  {XavierUniform, 0.25, 0.25 / 1.7320508},
		"KaimingUniform": {KaimingUniform, 0.1767767, 0.1767767 / 1.7320508},
		"KaimingNormal":  {KaimingNormal, 0, 0.25},
		"Ones":           {Ones, 1, 1},
		"Constant":       {Constant(-2), 2, 2},
	} {
		x := draw(c.init, 1, "w")
		sq := 0.0
		for i, v := range x.Data {
			sq += float64(v) * float64(v)
			if c.most > 0 && (float64(v) > c.most || float64(v) < -c.most) {
				t.Errorf("%s: element %d is %v, beyond %v", name, i, v, c.most)
				break
			}
		}
		golden.Near(t, name+" mean square", []float32{float32(sq / float64(x.Len()))}, []float32{float32(c.std * c.std)}, 0.08)
		if !same(x.Data, draw(c.init, 1, "w").Data) {
			t.Errorf("%s: another draw of one name gives other values", name)
		}
		if name != "Ones" && name != "Constant" && (same(x.Data, draw(c.init, 1, "v").Data) || same(x.Data, draw(c.init, 2, "w").Data)) {
			t.Errorf("%s: another name or seed gives the same values", name)
		}
	}
}

// TestInitialValuesOfFilters: the places of a filter count among its inputs and outputs.
func TestInitialValuesOfFilters(t *testing.T) {
	for name, c := range map[string]struct {
		init Init
		most float64
	}{
		"XavierUniform":  {XavierUniform, math.Sqrt(6.0 / (8*6 + 16*6))},
		"KaimingUniform": {KaimingUniform, 1 / math.Sqrt(8*6)},
	} {
		w := tensor.New(16, 8, 3, 2)
		c.init(w, 1, "w")
		if got := float64(slices.Max(w.Data)); got > c.most || got < 0.98*c.most {
			t.Errorf("%s: up to %v, want %v", name, got, c.most)
		}
	}
}

// A copy of values for another shape is refused.
func TestCopyOfAnotherShape(t *testing.T) {
	defer func() {
		if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), "CopyOf w") {
			t.Errorf("panic %v", err)
		}
	}()
	NewSet(1).Root().Param("w", CopyOf(tensor.New(2, 3)), 3, 2)
}

// TestOrthogonalHasNoSide: the first weight is positive about as often as not.
func TestOrthogonalHasNoSide(t *testing.T) {
	positive := 0
	for i := range 100 {
		w := tensor.New(3, 3)
		Orthogonal(w, 1, fmt.Sprint(i))
		if w.Data[0] > 0 {
			positive++
		}
	}
	if positive < 25 || positive > 75 {
		t.Errorf("positive %d times of 100", positive)
	}
}

// TestOrthogonal: the shorter of rows and columns are orthonormal, and follow from name and seed.
func TestOrthogonal(t *testing.T) {
	for _, c := range []struct{ out, in int }{{16, 5}, {5, 16}, {7, 7}, {4, 1}} {
		w := tensor.New(c.out, c.in)
		Orthogonal(w, 1, "w")
		n := min(c.out, c.in)
		be := tensor.NewCPU(1)
		product := tensor.New(n, n)
		be.MatMul(product, w, w, c.out >= c.in, c.out < c.in, 1, 0)
		be.Close()
		var eye []float32
		for i := range n * n {
			v := float32(0)
			if i%(n+1) == 0 {
				v = 1
			}
			eye = append(eye, v)
		}
		golden.Near(t, fmt.Sprintf("%d x %d", c.out, c.in), product.Data, eye, 1e-6)
		again, other := tensor.New(c.out, c.in), tensor.New(c.out, c.in)
		Orthogonal(again, 1, "w")
		Orthogonal(other, 2, "w")
		if !same(w.Data, again.Data) || same(w.Data, other.Data) {
			t.Errorf("%d x %d: the same draw differs, or another seed gives the same", c.out, c.in)
		}
	}
}
