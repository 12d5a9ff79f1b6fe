package conformance

import (
	"diffclip/autograd/gradcheck"
	"diffclip/tensor"
)

var lossChecks = []check{
	{[]string{"CrossEntropy", "CrossEntropyBackward"}, func(b *bench) {
		x, targets := b.random("logits", 7, 5), []int32{3, 0, 4, 4, 1, 2, 0}
		f := func(v [][]float64) []float64 { return []float64{gradcheck.CrossEntropy(v[0], targets, 5)} }
		b.loss("CrossEntropy", f, x,
			func(loss, probs *tensor.Tensor) { b.be.CrossEntropy(loss, probs, x, targets) },
			func(dx, dloss, probs *tensor.Tensor, acc bool) {
				b.be.CrossEntropyBackward(dx, dloss, probs, targets, acc)
			})
		b.panics("a target outside", func() { b.be.CrossEntropy(b.dirty(), b.like(x), x, []int32{3, 0, 5, 4, 1, 2, 0}) })
	}},
	{[]string{"SoftCrossEntropy", "SoftCrossEntropyBackward"}, func(b *bench) {
		x, targets := b.random("logits", 7, 5), b.random("targets", 7, 5)
		f := func(v [][]float64) []float64 { return []float64{gradcheck.SoftCrossEntropy(v[0], wide(targets), 5)} }
		b.loss("SoftCrossEntropy", f, x,
			func(loss, probs *tensor.Tensor) { b.be.SoftCrossEntropy(loss, probs, x, targets) },
			func(dx, dloss, probs *tensor.Tensor, acc bool) {
				b.be.SoftCrossEntropyBackward(dx, dloss, probs, targets, acc)
			})
	}},
	{[]string{"WeightedMSE", "WeightedMSEBackward"}, func(b *bench) {
		x, target, w := b.random("x", 3, 4, 5), b.random("target", 3, 4, 5), b.random("w", 12)
		weights := w.Clone().Data
		weights[2], weights[5] = 0, 0
		w.Write(weights)
		f := func(v [][]float64) []float64 { return []float64{gradcheck.WeightedMSE(v[0], wide(target), wide(w))} }
		b.loss("WeightedMSE", f, x,
			func(loss, _ *tensor.Tensor) { b.be.WeightedMSE(loss, x, target, w) },
			func(dx, dloss, _ *tensor.Tensor, acc bool) { b.be.WeightedMSEBackward(dx, dloss, x, target, w, acc) })
	}},
	{[]string{"GatherRows", "ScatterAddRows"}, func(b *bench) {
		for _, ids := range [][]int32{{4, 0, 4, 2, 5, 1, 4}, {-1, 3, 3, -1, 0}, {}} {
			x, fill, dy := b.random("x", 2, 3, 7), b.random("fill", 7), b.random("dy", len(ids), 7)
			in := []*tensor.Tensor{x, fill}
			f := func(v [][]float64) []float64 { return gradcheck.GatherRows(v[0], v[1], ids, 7) }
			y := b.like(dy)
			b.be.GatherRows(y, x, fill, tensor.IDs(ids))
			b.near("GatherRows", y, f([][]float64{wide(x), wide(fill)}))
			b.gradient("x", f, in, 0, dy, false, func(dx *tensor.Tensor, _ bool) { b.be.ScatterAddRows(dx, nil, dy, tensor.IDs(ids)) })
			b.gradient("fill", f, in, 1, dy, false, func(d *tensor.Tensor, _ bool) { b.be.ScatterAddRows(nil, d, dy, tensor.IDs(ids)) })
		}
		b.panics("an id outside", func() { b.be.GatherRows(b.dirty(1, 3), b.dirty(4, 3), nil, tensor.IDs([]int32{4})) })
	}},
}

// loss checks a loss and its gradient, for a gradient of the loss that is not 1.
func (b *bench) loss(what string, f reference, x *tensor.Tensor, forward func(loss, probs *tensor.Tensor), backward func(dx, dloss, probs *tensor.Tensor, acc bool)) {
	b.Helper()
	got, probs, dloss := b.dirty(), b.like(x), b.random("dloss")
	forward(got, probs)
	b.near(what, got, f([][]float64{wide(x)}))
	b.gradient(what, f, []*tensor.Tensor{x}, 0, dloss, true, func(dx *tensor.Tensor, acc bool) { backward(dx, dloss, probs, acc) })
}
