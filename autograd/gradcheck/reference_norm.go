package gradcheck

import "math"

// moments returns the mean and the biased variance of x.
func moments(x []float64) (mean, variance float64) {
	mean = Sum(x) / float64(len(x))
	for _, v := range x {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(x))
}

// LayerNorm is (x-mean)/√(var+eps)·gamma + beta for each row of cols elements.
func LayerNorm(x, gamma, beta []float64, cols int, eps float64) []float64 {
	y := make([]float64, len(x))
	for base := 0; base < len(x); base += cols {
		mean, variance := moments(x[base : base+cols])
		for i := range cols {
			y[base+i] = (x[base+i]-mean)/math.Sqrt(variance+eps)*gamma[i] + beta[i]
		}
	}
	return y
}

// channel returns the elements of channel ch of x (n, c, s).
func channel(x []float64, n, c, s, ch int) []float64 {
	var values []float64
	for i := range n {
		values = append(values, x[(i*c+ch)*s:][:s]...)
	}
	return values
}

// BatchNorm normalises each channel of x (n, c, s) by its own mean and biased
// variance over samples and space.
func BatchNorm(x, gamma, beta []float64, n, c, s int, eps float64) []float64 {
	mean, variance := make([]float64, c), make([]float64, c)
	for ch := range c {
		mean[ch], variance[ch] = moments(channel(x, n, c, s, ch))
	}
	return ChannelAffine(x, mean, variance, gamma, beta, s, eps)
}

// ChannelAffine is (x-mean)/√(var+eps)·gamma + beta per channel of x (n, c, s),
// with given statistics.
func ChannelAffine(x, mean, variance, gamma, beta []float64, s int, eps float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		ch := i / s % len(gamma)
		y[i] = (v-mean[ch])/math.Sqrt(variance[ch]+eps)*gamma[ch] + beta[ch]
	}
	return y
}

// GroupNorm normalises each of the groups of channels of each sample of x (n,
// c, s); gamma and beta (c) may both be nil.
func GroupNorm(x, gamma, beta []float64, n, c, s, groups int, eps float64) []float64 {
	y := make([]float64, len(x))
	size := c / groups * s
	for g := range n * groups {
		mean, variance := moments(x[g*size : (g+1)*size])
		for i := g * size; i < (g+1)*size; i++ {
			y[i] = (x[i] - mean) / math.Sqrt(variance+eps)
			if gamma != nil {
				y[i] = y[i]*gamma[i/s%c] + beta[i/s%c]
			}
		}
	}
	return y
}

// LogSoftmax is x - log Σeˣ for each row of cols elements.
func LogSoftmax(x []float64, cols int) []float64 {
	y := make([]float64, len(x))
	for base := 0; base < len(x); base += cols {
		row := x[base : base+cols]
		most, sum := math.Inf(-1), 0.0
		for _, v := range row {
			most = max(most, v)
		}
		for _, v := range row {
			sum += math.Exp(v - most)
		}
		for i, v := range row {
			y[base+i] = v - most - math.Log(sum)
		}
	}
	return y
}

// Softmax is eˣ/Σeˣ for each row of cols elements.
func Softmax(x []float64, cols int) []float64 { return Unary(math.Exp, LogSoftmax(x, cols)) }

// L2Normalize is x/‖x‖ for each row of cols elements.
func L2Normalize(x []float64, cols int) []float64 {
	y := make([]float64, len(x))
	for base := 0; base < len(x); base += cols {
		sq := 0.0
		for _, v := range x[base : base+cols] {
			sq += v * v
		}
		for i := range cols {
			y[base+i] = x[base+i] / max(math.Sqrt(sq), 1e-12)
		}
	}
	return y
}
