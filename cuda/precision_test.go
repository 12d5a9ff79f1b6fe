package cuda

import (
	"math"
	"testing"

	"diffclip/internal/rng"
	"diffclip/tensor"
)

// TestPrecision holds products in each precision to the same in float32: a
// factor is rounded by at most half a unit of its last place, so a product of two
// by twice that, relative to the sum of the sizes of all terms.
func TestPrecision(t *testing.T) {
	const m, n, k = 37, 24, 144
	x, y := make([]float32, m*k), make([]float32, n*k)
	rng.New(1, "precision/x", 0).Normal(x, 0)
	rng.New(1, "precision/y", 0).Normal(y, 0)
	for precision, bits := range map[Precision]int{F32: 23, TF32: 10, BF16: 7} {
		b := open(t, Options{Precision: precision}, "tf32")
		dst := b.Get(tensor.Of(m, n))
		b.MatMul(dst, tensor.FromSlice(x, m, k), tensor.FromSlice(y, n, k), false, true, 1, 0)
		largest := 0.0 // error, as a part of what is allowed
		for i, got := range dst.Host() {
			want, sizes := 0.0, 0.0
			for q := range k {
				p := float64(x[i/n*k+q]) * float64(y[i%n*k+q])
				want += p
				sizes += math.Abs(p)
			}
			allowed := sizes * math.Ldexp(1, -bits)
			if precision == F32 {
				allowed *= k // here what matters is the rounding of sums
			}
			largest = max(largest, math.Abs(float64(got)-want)/allowed)
		}
		if largest > 1 {
			t.Errorf("%s: an error of %.2g times what rounding explains", precision, largest)
		}
		if precision != F32 && largest < 0.01 {
			t.Errorf("%s: an error of only %.2g times what rounding explains: factors were not rounded", precision, largest)
		}
	}
}
