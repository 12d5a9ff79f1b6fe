package bench

import "diffclip/tensor"

// linearFLOP counts a product of each row of x with a weight.
func linearFLOP(x *tensor.Tensor, weight int) float64 {
	return 2 * float64(x.Rows()) * float64(weight)
}

func matmulFLOP(dst, a *tensor.Tensor, transA bool) float64 {
	k := a.Cols()
	if transA {
		k = a.Dim(-2)
	}
	return 2 * float64(dst.Len()) * float64(k)
}

// attentionFLOP counts products of (T, T, D) for each sample, all heads.
func attentionFLOP(y *tensor.Tensor, products int) float64 {
	return 2 * float64(products) * float64(y.Len()) * float64(y.Dim(1))
}

// queryFLOP counts one query's scores and values for each sample.
func queryFLOP(kv *tensor.Tensor, times int) float64 { return 2 * float64(times) * float64(kv.Len()) }

func convFLOP(y, w *tensor.Tensor, times int) float64 {
	return 2 * float64(times) * float64(y.Len()) * float64(w.Len()/w.Dim(0))
}
