package answer_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"diffclip/docs/tour/internal/answer"
	"diffclip/docs/tour/solution"
)

// The mistakes that are easily made do not pass.
func TestWrongAnswersAreRefused(t *testing.T) {
	for name, err := range map[string]error{
		"the derivative of tanh left out": answer.NeuronGrad(func(w, b, x, y float64) (dw, db float64, err error) {
			d := 2 * (math.Tanh(w*x+b) - y)
			return d * x, d, nil
		}),
		"column-major": answer.Offset(func(dims, index []int) (int, error) {
			at, stride := 0, 1
			for d, i := range index {
				at += i * stride
				stride *= dims[d]
			}
			return at, nil
		}),
		"B not transposed": answer.ProductTransposed(func(a, b []float32, m, n, k int) ([]float32, error) {
			c := make([]float32, m*n)
			for i := range m {
				for j := range n {
					for p := range k {
						c[i*n+j] += a[i*k+p] * b[p*n+j]
					}
				}
			}
			return c, nil
		}),
		"the norm taken for a constant": answer.RMSNormGrad(func(x, dy []float64) (dx []float64, err error) {
			var square float64
			for _, v := range x {
				square += v * v / float64(len(x))
			}
			for _, g := range dy {
				dx = append(dx, g/math.Sqrt(square))
			}
			return dx, nil
		}),
		"the future seen": answer.CausalShares(func(q, k [][]float64) ([][]float64, error) {
			shares, err := solution.CausalShares(q, k)
			if err == nil {
				shares[0] = []float64{0.4, 0.3, 0.3}
			}
			return shares, err
		}),
		"biases forgotten": answer.BlockValues(func(dim, hidden int) (int, error) {
			return 4*dim + 4*dim*dim + 2*dim*hidden, nil
		}),
		"the class token forgotten": answer.RestoreRows(func(keep []int32, tokens int) ([]int32, error) {
			rows, err := solution.RestoreRows(keep, tokens)
			for i, r := range rows {
				if r > 0 {
					rows[i] = r - 1
				}
			}
			return rows, err
		}),
		"one step too many": answer.JumpTo(func(beta []float64, t int, x0, eps float64) (float64, error) {
			return solution.JumpTo(append([]float64{0.1}, beta...), t+1, x0, eps)
		}),
		"one mean over all patches": answer.RestorationLoss(func(restored, clean [][]float64, masked []bool, _, _ float64) (float64, error) {
			return solution.RestorationLoss(restored, clean, make([]bool, len(masked)), 1, 1)
		}),
		"letters never merged": answer.Merge(func(word string, _ [][2]string) ([]string, error) {
			return strings.Split(word, ""), nil
		}),
		"one direction alone": answer.ContrastiveLoss(func(similarity [][]float64, temperature float64) (float64, error) {
			var loss float64
			for i, row := range similarity {
				var sum float64
				for _, v := range row {
					sum += math.Exp((v - row[i]) / temperature)
				}
				loss += math.Log(sum) / float64(len(similarity))
			}
			return loss, nil
		}),
		"precision taken for recall": answer.Agreement(func(counts [][]int) (oa, aa, kappa float64, err error) {
			turned := make([][]int, len(counts))
			for t := range counts {
				for p := range counts {
					turned[t] = append(turned[t], counts[p][t])
				}
			}
			return solution.Agreement(turned)
		}),
		"one after the other": answer.Roofline(func(operations, bytes, peak, bandwidth float64) (seconds float64, arithmetic bool, err error) {
			return operations/peak + bytes/bandwidth, true, nil
		}),
	} {
		if err == nil {
			t.Errorf("%s: passes", name)
		}
	}
}

// An answer that is not there yet is told from a wrong one.
func TestUnsolvedIsPassedOn(t *testing.T) {
	unsolved := errors.New("not solved yet")
	err := answer.Offset(func(dims, index []int) (int, error) { return 0, unsolved })
	if !errors.Is(err, unsolved) {
		t.Errorf("got %v", err)
	}
}
