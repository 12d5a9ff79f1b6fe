package gradcheck

// CrossEntropy is the mean over rows of -log softmax(logits)[target].
func CrossEntropy(logits []float64, targets []int32, classes int) float64 {
	logp, sum := LogSoftmax(logits, classes), 0.0
	for r, t := range targets {
		sum -= logp[r*classes+int(t)]
	}
	return sum / float64(len(targets))
}

// SoftCrossEntropy is the mean over rows of -Σ targets·log softmax(logits).
func SoftCrossEntropy(logits, targets []float64, classes int) float64 {
	logp, sum := LogSoftmax(logits, classes), 0.0
	for i, t := range targets {
		sum -= t * logp[i]
	}
	return sum / float64(len(logits)/classes)
}

// WeightedMSE is Σ_r w[r]·mean_c (x[r,c]-target[r,c])².
func WeightedMSE(x, target, w []float64) float64 {
	cols, sum := len(x)/len(w), 0.0
	for i, v := range x {
		d := v - target[i]
		sum += w[i/cols] * d * d / float64(cols)
	}
	return sum
}
