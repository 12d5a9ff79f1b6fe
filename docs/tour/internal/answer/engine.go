package answer

import (
	"fmt"
	"math"

	"diffclip/autograd"
	"diffclip/internal/rng"
	"diffclip/nn"
	"diffclip/tensor"
)

// NeuronGrad checks chapter 0 against small steps of the parameters.
func NeuronGrad(f func(w, b, x, y float64) (dw, db float64, err error)) error {
	loss := func(w, b, x, y float64) float64 { return (math.Tanh(w*x+b) - y) * (math.Tanh(w*x+b) - y) }
	const h = 1e-5
	for _, c := range [][4]float64{{0.5, 0.1, 2, -1}, {-1, 0.3, 0.7, 0.2}, {0, 0, 1, 1}} {
		w, b, x, y := c[0], c[1], c[2], c[3]
		dw, db, err := f(w, b, x, y)
		if err != nil {
			return err
		}
		wantW := (loss(w+h, b, x, y) - loss(w-h, b, x, y)) / (2 * h)
		wantB := (loss(w, b+h, x, y) - loss(w, b-h, x, y)) / (2 * h)
		if math.Abs(dw-wantW) > 1e-7 || math.Abs(db-wantB) > 1e-7 {
			return fmt.Errorf("NeuronGrad(%v, %v, %v, %v) is %.6f, %.6f; small steps give %.6f, %.6f", w, b, x, y, dw, db, wantW, wantB)
		}
	}
	return nil
}

// Offset checks chapter 1 by counting through whole tensors.
func Offset(f func(dims, index []int) (int, error)) error {
	for _, dims := range [][]int{{5}, {2, 3}, {2, 3, 4}, {3, 1, 2, 5}} {
		index := make([]int, len(dims))
		for want := range tensor.Of(dims...).Len() {
			got, err := f(dims, index)
			if err != nil {
				return err
			}
			if got != want {
				return fmt.Errorf("Offset(%v, %v) is %d, want %d", dims, index, got, want)
			}
			for d := len(dims) - 1; d >= 0; d-- { // count up, the last index first
				if index[d]++; index[d] < dims[d] {
					break
				}
				index[d] = 0
			}
		}
	}
	return nil
}

// ProductTransposed checks chapter 2 against the engine.
func ProductTransposed(f func(a, b []float32, m, n, k int) ([]float32, error)) error {
	for _, s := range [][3]int{{1, 1, 1}, {2, 3, 4}, {5, 2, 7}} {
		m, n, k := s[0], s[1], s[2]
		a, b := tensor.New(m, k), tensor.New(n, k)
		for i := range a.Data {
			a.Data[i] = float32(i%5 - 2)
		}
		for i := range b.Data {
			b.Data[i] = float32(i%7 - 3)
		}
		got, err := f(a.Data, b.Data, m, n, k)
		if err != nil {
			return err
		}
		t := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
		want := t.MatMul(t.Input(a), t.Input(b), false, true).Value.Data
		if err := same(fmt.Sprintf("A·Bᵀ for m, n, k = %v", s), got, want); err != nil {
			return err
		}
	}
	return nil
}

// RMSNormGrad checks chapter 3 against small steps of the input.
func RMSNormGrad(f func(x, dy []float64) (dx []float64, err error)) error {
	const h = 1e-5
	x, dy := []float64{0.5, -1, 2, 0.25, 3}, []float64{1, -2, 0.5, 0, 0.3}
	loss := func() (sum float64) {
		var square float64
		for _, v := range x {
			square += v * v / float64(len(x))
		}
		for i, v := range x {
			sum += dy[i] * v / math.Sqrt(square)
		}
		return sum
	}
	got, err := f(x, dy)
	if err != nil {
		return err
	}
	if len(got) != len(x) {
		return fmt.Errorf("RMSNormGrad gives %d numbers for %d inputs", len(got), len(x))
	}
	for i, v := range x {
		x[i] = v + h
		up := loss()
		x[i] = v - h
		want := (up - loss()) / (2 * h)
		x[i] = v
		if math.Abs(got[i]-want) > 1e-7 {
			return fmt.Errorf("RMSNormGrad: dx[%d] is %.6f, a small step gives %.6f", i, got[i], want)
		}
	}
	return nil
}

// CausalShares checks chapter 4, with scores that overflow exp unless they are shifted.
func CausalShares(f func(q, k [][]float64) ([][]float64, error)) error {
	for _, scale := range []float64{1, 3000} {
		q := [][]float64{{scale, 2, 0, 1}, {0, scale, 1, -1}, {1, 1, 1, scale}}
		k := [][]float64{{1, 0, 1, 0}, {0.5, 1, 0, 2}, {-1, 1, 0, 1}}
		got, err := f(q, k)
		if err != nil {
			return err
		}
		if len(got) != 3 {
			return fmt.Errorf("CausalShares gives %d rows for 3 tokens", len(got))
		}
		for i := range q {
			want, sum := make([]float64, 3), 0.0
			for j := range i + 1 {
				want[j] = math.Exp((dot(q[i], k[j]) - largest(q[i], k[:i+1])) / 2)
				sum += want[j]
			}
			for j := range want {
				want[j] /= sum
			}
			if err := numbers(fmt.Sprintf("CausalShares, token %d", i), got[i], want); err != nil {
				return err
			}
		}
	}
	return nil
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// largest returns the largest score of a query among keys.
func largest(q []float64, keys [][]float64) float64 {
	most := math.Inf(-1)
	for _, k := range keys {
		most = max(most, dot(q, k))
	}
	return most
}

// BlockValues checks chapter 5 against blocks that are really made.
func BlockValues(f func(dim, hidden int) (int, error)) error {
	for _, c := range [][2]int{{128, 256}, {128, 512}, {8, 24}} {
		set := nn.NewSet(1)
		nn.NewBlock(set.Root(), nn.BlockConfig{Dim: c[0], Heads: 2, Hidden: c[1]})
		got, err := f(c[0], c[1])
		if err != nil {
			return err
		}
		if got != set.Count() {
			return fmt.Errorf("BlockValues(%d, %d) is %d, a block has %d", c[0], c[1], got, set.Count())
		}
	}
	return nil
}

// RestoreRows checks chapter 6 on masks at random.
func RestoreRows(f func(keep []int32, tokens int) ([]int32, error)) error {
	for i, tokens := range []int{4, 25, 121} {
		order := make([]int32, tokens)
		rng.New(1, "tour/mask", uint64(i)).Perm(order, 0)
		keep := order[:max(1, tokens*3/10)]
		got, err := f(keep, tokens)
		if err != nil {
			return err
		}
		want := make([]int32, tokens)
		for at := range want {
			want[at] = -1
			for j, k := range keep {
				if int(k) == at {
					want[at] = int32(1 + j)
				}
			}
		}
		if err := same(fmt.Sprintf("RestoreRows of %v", keep), got, want); err != nil {
			return err
		}
	}
	return nil
}
