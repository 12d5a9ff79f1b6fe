package conformance

import "diffclip/tensor"

// checkMistakes gives methods operands of another size, above all those that are
// written: they must say so before a device writes beside them.
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
		weight       = tensor.NewWeight(b.dirty(5, 6))
		tokens, lse  = b.dirty(2, 3, 4), b.dirty(2, 2, 3)
		packed       = b.dirty(2, 3, 12)
		query, short = b.dirty(2, 4), b.dirty(2, 3)
		keys, shares = b.dirty(2, 3, 8), b.dirty(2, 2, 3)
		adam         = tensor.AdamConfig{Step: 1}
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
		"ScatterAddRows row outside":    func() { be.ScatterAddRows(rows, nil, rows, tensor.IDs([]int32{0, 1, 2, 4})) },
		"ScatterAddRows cols":           func() { be.ScatterAddRows(wrong, nil, rows, tensor.IDs(ids)) },
		"ScatterAddRows fill":           func() { be.ScatterAddRows(nil, five, rows, tensor.IDs(ids)) },
		"ScatterAddRows ids":            func() { be.ScatterAddRows(rows, nil, rows, tensor.IDs(ids[:3])) },
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
		"Unary backward":                func() { be.UnaryBackward(tensor.GELU, wrong, rows, rows, rows, false) },
		"Scale":                         func() { be.Scale(rows, wrong, 1) },
		"Axpy":                          func() { be.Axpy(rows, 1, wrong) },
		"AxpyBy factor":                 func() { be.AxpyBy(rows, two, rows) },
		"AxpyBy":                        func() { be.AxpyBy(rows, one, wrong) },
		"MulAcc":                        func() { be.MulAcc(wrong, rows, rows) },
		"MulAcc row":                    func() { be.MulAcc(rows, rows, five) },
		"ScaleByScalar":                 func() { be.ScaleByScalar(wrong, rows, one) },
		"ScaleByScalar factor":          func() { be.ScaleByScalar(rows, rows, two) },
		"SumLeading":                    func() { be.SumLeading(five, rows) },
		"DotLeading":                    func() { be.DotLeading(five, rows, rows) },
		"DotLeading operands":           func() { be.DotLeading(six, rows, wrong) },
		"AddScalar":                     func() { be.AddScalar(rows, two, 1, false) },
		"Linear bias":                   func() { be.Linear(wrong, nil, rows, weight, six, tensor.NoAct, nil) },
		"Linear result":                 func() { be.Linear(rows, nil, rows, weight, five, tensor.NoAct, nil) },
		"Linear residual":               func() { be.Linear(wrong, nil, rows, weight, nil, tensor.NoAct, rows) },
		"Linear residual and GELU":      func() { be.Linear(wrong, nil, rows, weight, nil, tensor.ActGELU, b.dirty(4, 5)) },
		"Linear before the activation":  func() { be.Linear(wrong, rows, rows, weight, nil, tensor.ActGELU, nil) },
		"LinearBackwardInput":           func() { be.LinearBackwardInput(wrong, wrong, weight, false) },
		"LinearBackwardInput rows":      func() { be.LinearBackwardInput(b.dirty(3, 6), wrong, weight, false) },
		"MatMul result":                 func() { be.MatMul(wrong, rows, b.dirty(6, 6), false, false, 1, 0) },
		"Transpose":                     func() { be.Transpose(rows, rows) },
		"SelfAttention lse":             func() { be.SelfAttention(tokens, b.dirty(2, 3, 3), packed, 2, false) },
		"SelfAttention heads":           func() { be.SelfAttention(tokens, b.dirty(2, 3, 3), packed, 3, false) },
		"SelfAttention input":           func() { be.SelfAttention(tokens, lse, tokens, 2, false) },
		"SelfAttention gradient":        func() { be.SelfAttentionBackward(tokens, tokens, tokens, lse, packed, 2, false) },
		"QueryAttention result":         func() { be.QueryAttention(short, shares, query, keys, nil, 2) },
		"QueryAttention shares":         func() { be.QueryAttention(query, b.dirty(2, 2, 2), query, keys, nil, 2) },
		"QueryAttention no token":       func() { be.QueryAttention(query, shares, query, keys, []int32{0, 3}, 2) },
		"QueryAttention lengths":        func() { be.QueryAttention(query, shares, query, keys, []int32{3}, 2) },
		"QueryAttention q gradient":     func() { be.QueryAttentionBackward(short, keys, query, shares, query, keys, nil, 2) },
		"QueryAttention kv gradient":    func() { be.QueryAttentionBackward(query, tokens, query, shares, query, keys, nil, 2) },
		"LayerNorm result":              func() { be.LayerNorm(wrong, stat, stat, rows, six, six, 1e-5) },
		"LayerNorm statistics":          func() { be.LayerNorm(rows, two, stat, rows, six, six, 1e-5) },
		"LayerNorm input gradient":      func() { be.LayerNormBackward(wrong, nil, nil, rows, rows, stat, stat, six, false) },
		"BatchNorm statistics":          func() { be.BatchNorm(rows, five, six, rows, six, six, 1e-5, false) },
		"BatchNorm input gradient":      func() { be.BatchNormBackward(wrong, nil, nil, rows, rows, rows, six, six, six, false, false) },
		"ChannelAffine result":          func() { be.ChannelAffine(wrong, rows, six, six, six, six, false) },
		"MoveStats":                     func() { be.MoveStats(six, five, six, six, 4, 1e-5, 0.1) },
		"InvStd":                        func() { be.InvStd(six, five, 1e-5) },
		"Softmax":                       func() { be.Softmax(wrong, rows) },
		"Softmax gradient":              func() { be.SoftmaxBackward(wrong, rows, rows, false) },
		"L2Normalize":                   func() { be.L2Normalize(rows, two, rows, 1e-12) },
		"L2Normalize gradient":          func() { be.L2NormalizeBackward(wrong, rows, rows, stat, 1e-12, false) },
		"GatherRows result":             func() { be.GatherRows(wrong, rows, nil, tensor.IDs(ids)) },
		"GatherRows ids":                func() { be.GatherRows(rows, rows, nil, tensor.IDs(ids[:3])) },
		"GatherRows no fill":            func() { be.GatherRows(rows, rows, nil, tensor.IDs([]int32{0, 1, 2, -1})) },
		"Adam moments":                  func() { be.Adam(rows, rows, rows, wrong, nil, adam) },
		"Adam scale":                    func() { be.Adam(rows, rows, rows, rows, two, adam) },
		"Adam step 0":                   func() { be.Adam(rows, rows, rows, rows, nil, tensor.AdamConfig{}) },
		"SGD":                           func() { be.SGD(rows, wrong, nil, nil, 1, 0, 0, false, true) },
		"SGD velocity":                  func() { be.SGD(rows, rows, wrong, nil, 1, 0.9, 0, false, true) },
		"SGD scale":                     func() { be.SGD(rows, rows, nil, two, 1, 0, 0, false, true) },
		"NoteStep log":                  func() { be.NoteStep(two, one, one, two, 1) },
		"NoteStep scale":                func() { be.NoteStep(five, two, one, two, 1) },
		"NoteStep loss":                 func() { be.NoteStep(five, one, two, two, 1) },
		"LinearBackwardWeight bias":     func() { be.LinearBackwardWeight(b.dirty(6, 6), five, rows, rows, false) },
	} {
		b.panics(what, f)
	}
}
