package gradcheck

import "math"

// Linear is x·Wᵀ + b for x (rows, in), w (out, in) and b (out) or nil.
func Linear(x, w, b []float64, in, out int) []float64 {
	rows := len(x) / in
	y := make([]float64, rows*out)
	for r := range rows {
		for o := range out {
			if b != nil {
				y[r*out+o] = b[o]
			}
			for i := range in {
				y[r*out+o] += x[r*in+i] * w[o*in+i]
			}
		}
	}
	return y
}

// MatMul is op(a)·op(b) for each of batch pairs of matrices, op(a) being (m, k)
// and op(b) (k, n); a transposed operand is stored as (k, m) or (n, k).
func MatMul(a, b []float64, batch, m, k, n int, transA, transB bool) []float64 {
	y := make([]float64, batch*m*n)
	for s := range batch {
		for i := range m {
			for j := range n {
				for l := range k {
					ai, bi := i*k+l, l*n+j
					if transA {
						ai = l*m + i
					}
					if transB {
						bi = j*k + l
					}
					y[(s*m+i)*n+j] += a[s*m*k+ai] * b[s*k*n+bi]
				}
			}
		}
	}
	return y
}

// Transpose swaps rows and columns of each (rows, cols) matrix of x.
func Transpose(x []float64, rows, cols int) []float64 {
	y := make([]float64, len(x))
	for base := 0; base < len(x); base += rows * cols {
		for r := range rows {
			for c := range cols {
				y[base+c*rows+r] = x[base+r*cols+c]
			}
		}
	}
	return y
}

// attend is attention of one query over n keys and values, each d long and the
// next one stride further: Σ_j softmax_j(q·k_j/√d)·v_j.
func attend(q, k, v []float64, n, d, stride int) []float64 {
	scores := make([]float64, n)
	for j := range n {
		for i := range d {
			scores[j] += q[i] * k[j*stride+i] / math.Sqrt(float64(d))
		}
	}
	p := Softmax(scores, n)
	y := make([]float64, d)
	for j := range n {
		for i := range d {
			y[i] += p[j] * v[j*stride+i]
		}
	}
	return y
}

// SelfAttention is softmax(q·kᵀ/√d)·v for every head of qkv (batch, tokens,
// 3·width), which holds queries, keys and values side by side, heads side by
// side within each. Causal: token i sees tokens 0..i.
func SelfAttention(qkv []float64, batch, tokens, width, heads int, causal bool) []float64 {
	y := make([]float64, batch*tokens*width)
	d := width / heads
	for b := range batch {
		sample := qkv[b*tokens*3*width:]
		for h := range heads {
			for t := range tokens {
				n := tokens
				if causal {
					n = t + 1
				}
				q, k, v := sample[t*3*width+h*d:], sample[width+h*d:], sample[2*width+h*d:]
				copy(y[(b*tokens+t)*width+h*d:], attend(q, k, v, n, d, 3*width))
			}
		}
	}
	return y
}

// QueryAttention is attention of one query per sample, q (batch, width), over
// kv (batch, tokens, 2·width); sample b sees its first lengths[b] tokens, all
// if lengths is nil.
func QueryAttention(q, kv []float64, lengths []int32, batch, tokens, width, heads int) []float64 {
	y := make([]float64, batch*width)
	d := width / heads
	for b := range batch {
		n := tokens
		if lengths != nil {
			n = int(lengths[b])
		}
		sample := kv[b*tokens*2*width:]
		for h := range heads {
			copy(y[b*width+h*d:], attend(q[b*width+h*d:], sample[h*d:], sample[width+h*d:], n, d, 2*width))
		}
	}
	return y
}
