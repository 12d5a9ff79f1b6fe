package tour_test

import (
	"fmt"
	"math"

	"diffclip/autograd"
	"diffclip/tensor"
)

// Three tokens of width two: the third asks for what the first offers.
var (
	queries = [3][2]float64{{0, 0}, {1, 0}, {4, 0}}
	keys    = [3][2]float64{{1, 0}, {0, 1}, {-1, 0}}
	values  = [3][2]float64{{10, 0}, {0, 10}, {5, 5}}
)

// softmax turns scores into shares that add up to one.
func softmax(scores []float64) []float64 {
	largest := math.Inf(-1)
	for _, s := range scores {
		largest = max(largest, s)
	}
	out, sum := make([]float64, len(scores)), 0.0
	for i, s := range scores {
		out[i] = math.Exp(s - largest)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// Attention with three loops.
func Example_attentionByHand() {
	for _, q := range queries {
		scores := make([]float64, len(keys))
		for j, k := range keys {
			scores[j] = (q[0]*k[0] + q[1]*k[1]) / math.Sqrt(2)
		}
		shares := softmax(scores)
		var y [2]float64
		for j, v := range values {
			y[0] += shares[j] * v[0]
			y[1] += shares[j] * v[1]
		}
		fmt.Printf("shares %.2f  result %.2f\n", shares, y)
	}
	// Output:
	// shares [0.33 0.33 0.33]  result [5.00 5.00]
	// shares [0.58 0.28 0.14]  result [6.46 3.54]
	// shares [0.94 0.06 0.00]  result [9.43 0.57]
}

// The same by the engine, which reads queries, keys and values side by side.
func Example_attention() {
	qkv := tensor.New(1, 3, 6) // one sample, three tokens, 3 x width
	for i := range 3 {
		for d := range 2 {
			qkv.Data[i*6+d] = float32(queries[i][d])
			qkv.Data[i*6+2+d] = float32(keys[i][d])
			qkv.Data[i*6+4+d] = float32(values[i][d])
		}
	}
	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
	all := tape.SelfAttention(tape.Input(qkv), 1, false)
	causal := tape.SelfAttention(tape.Input(qkv), 1, true)
	fmt.Printf("all    %.2f\n", all.Value.Data)
	fmt.Printf("causal %.2f\n", causal.Value.Data)
	// Output:
	// all    [5.00 5.00 6.46 3.54 9.43 0.57]
	// causal [10.00 0.00 6.70 3.30 9.43 0.57]
}
