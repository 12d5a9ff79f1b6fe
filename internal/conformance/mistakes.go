package conformance

// checkMistakes gives every method that writes a gradient or a loss a destination
// of another size: it must say so before a device writes beside it.
func checkMistakes(b *bench) {
	be := b.be
	var (
		rows, wrong  = b.dirty(4, 6), b.dirty(4, 5)
		stat         = b.dirty(4)
		six, five    = b.dirty(6), b.dirty(5)
		one, two     = b.dirty(), b.dirty(2)
		image        = b.dirty(2, 6, 4, 4)
		channels     = b.dirty(2, 6)
		filter       = b.dirty(6, 6, 1, 1)
		pooled       = b.dirty(2, 6, 2, 2)
		other        = b.dirty(2, 5, 4, 4)
		ids, targets = []int32{0, 1, 2, 3}, []int32{0, 1, 2, 3}
		pointwise    = window(1, 1, 0, 1, 1)
		halves       = window(2, 2, 0, 1, 1)
	)
	for what, f := range map[string]func(){
		"SumSquares":                    func() { be.SumSquares(two, rows) },
		"Sum":                           func() { be.Sum(two, rows, 1) },
		"LayerNorm scale":               func() { be.LayerNormBackward(rows, five, six, rows, rows, stat, stat, six, false) },
		"LayerNorm shift":               func() { be.LayerNormBackward(rows, six, five, rows, rows, stat, stat, six, false) },
		"LayerNorm without shift":       func() { be.LayerNormBackward(rows, six, nil, rows, rows, stat, stat, six, false) },
		"BatchNorm scale":               func() { be.BatchNormBackward(rows, five, six, rows, rows, rows, six, six, six, false, false) },
		"ChannelAffine shift":           func() { be.ChannelAffineBackward(rows, six, five, rows, rows, rows, six, six, six, false, false) },
		"GroupNorm result":              func() { be.GroupNorm(other, channels, channels, image, nil, nil, 6, 1e-5) },
		"GroupNorm shift":               func() { be.GroupNorm(image, channels, channels, image, six, five, 6, 1e-5) },
		"GroupNorm groups":              func() { be.GroupNorm(image, b.dirty(2, 4), b.dirty(2, 4), image, nil, nil, 4, 1e-5) },
		"GroupNorm input gradient":      func() { be.GroupNormBackward(other, nil, nil, image, image, channels, channels, nil, 6, false) },
		"GroupNorm scale gradient":      func() { be.GroupNormBackward(image, five, six, image, image, channels, channels, six, 6, false) },
		"CrossEntropy loss":             func() { be.CrossEntropy(two, rows, rows, targets) },
		"CrossEntropy gradient":         func() { be.CrossEntropyBackward(wrong, one, rows, targets, false) },
		"CrossEntropy loss gradient":    func() { be.CrossEntropyBackward(rows, two, rows, targets, false) },
		"SoftCrossEntropy loss":         func() { be.SoftCrossEntropy(two, rows, rows, rows) },
		"SoftCrossEntropy gradient":     func() { be.SoftCrossEntropyBackward(wrong, one, rows, rows, false) },
		"WeightedMSE loss":              func() { be.WeightedMSE(two, rows, rows, stat) },
		"WeightedMSE gradient":          func() { be.WeightedMSEBackward(wrong, one, rows, rows, stat, false) },
		"ScatterAddRows row outside":    func() { be.ScatterAddRows(rows, nil, rows, []int32{0, 1, 2, 4}) },
		"ScatterAddRows cols":           func() { be.ScatterAddRows(wrong, nil, rows, ids) },
		"ScatterAddRows fill":           func() { be.ScatterAddRows(nil, five, rows, ids) },
		"ScatterAddRows ids":            func() { be.ScatterAddRows(rows, nil, rows, ids[:3]) },
		"Conv2D input gradient":         func() { be.Conv2DBackward(other, filter, nil, image, image, filter, pointwise, false) },
		"Conv2D filter gradient":        func() { be.Conv2DBackward(image, b.dirty(6, 5, 1, 1), nil, image, image, filter, pointwise, false) },
		"Conv2D bias gradient":          func() { be.Conv2DBackward(image, filter, five, image, image, filter, pointwise, false) },
		"MaxPool2D index":               func() { be.MaxPool2D(pooled, image, image, halves) },
		"MaxPool2D gradient":            func() { be.MaxPool2DBackward(other, pooled, pooled, false) },
		"AvgPool2D result":              func() { be.AvgPool2D(image, image, halves) },
		"MaxPool2D padding":             func() { be.MaxPool2D(image, image, image, window(2, 2, 2, 1, 1)) },
		"AvgPool2D padding":             func() { be.AvgPool2D(image, image, window(2, 2, 2, 1, 1)) },
		"AvgPool2D stride":              func() { be.AvgPool2D(image, image, window(1, 0, 0, 1, 1)) },
		"Conv2D stride":                 func() { be.Conv2D(image, image, filter, nil, window(1, 0, 0, 1, 1)) },
		"Conv2D padding":                func() { be.Conv2D(pooled, image, filter, nil, window(1, 1, -1, 1, 1)) },
		"AvgPool2D gradient":            func() { be.AvgPool2DBackward(other, pooled, halves, false) },
		"LinearBackwardWeight gradient": func() { be.LinearBackwardWeight(wrong, nil, rows, rows, false) },
		"LinearBackwardWeight bias":     func() { be.LinearBackwardWeight(b.dirty(6, 6), five, rows, rows, false) },
	} {
		b.panics(what, f)
	}
}
