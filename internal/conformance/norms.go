package conformance

import (
	"math"

	"diffclip/autograd/gradcheck"
	"diffclip/tensor"
)

const eps = 1e-5

var normChecks = []check{
	{[]string{"LayerNorm", "LayerNormBackward"}, func(b *bench) {
		for _, s := range [][2]int{{5, 7}, {1, 33}, {270, 3}} {
			rows, cols := s[0], s[1]
			in := []*tensor.Tensor{b.random("x", rows, cols), b.random("gamma", cols), b.random("beta", cols)}
			y, mean, rstd, dy := b.like(in[0]), b.dirty(rows), b.dirty(rows), b.random("dy", rows, cols)
			f := func(v [][]float64) []float64 { return gradcheck.LayerNorm(v[0], v[1], v[2], cols, eps) }
			b.be.LayerNorm(y, mean, rstd, in[0], in[1], in[2], eps)
			b.near("LayerNorm", y, f([][]float64{wide(in[0]), wide(in[1]), wide(in[2])}))
			b.affine("LayerNorm", f, in, dy, func(dx, dgamma, dbeta *tensor.Tensor, acc bool) {
				b.be.LayerNormBackward(dx, dgamma, dbeta, dy, in[0], mean, rstd, in[1], acc)
			})
		}
		b.panics("shapes", func() {
			b.be.LayerNorm(b.dirty(2, 3), b.dirty(2), b.dirty(2), b.dirty(2, 3), b.dirty(2), b.dirty(3), eps)
		})
	}},
	{[]string{"BatchNorm", "BatchNormBackward", "ChannelAffine", "ChannelAffineBackward"}, func(b *bench) {
		for _, s := range [][]int{{9, 5}, {270, 2}, {3, 4, 5, 3}} {
			for _, relu := range []bool{false, true} {
				b.channelNorm(s, relu)
			}
			b.offsetStatistics(s)
		}
	}},
	{[]string{"GroupNorm", "GroupNormBackward"}, func(b *bench) {
		for _, groups := range []int{1, 2, 6} {
			in := []*tensor.Tensor{b.random("x", 2, 6, 3, 5), b.random("gamma", 6), b.random("beta", 6)}
			x, dy := in[0], b.random("dy", 2, 6, 3, 5)
			y, mean, rstd := b.like(x), b.dirty(2, groups), b.dirty(2, groups)
			f := func(v [][]float64) []float64 { return gradcheck.GroupNorm(v[0], v[1], v[2], 2, 6, 15, groups, eps) }
			b.be.GroupNorm(y, mean, rstd, x, nil, nil, groups, eps)
			b.near("GroupNorm without scale", y, gradcheck.GroupNorm(wide(x), nil, nil, 2, 6, 15, groups, eps))
			b.be.GroupNorm(y, mean, rstd, x, in[1], in[2], groups, eps)
			b.near("GroupNorm", y, f([][]float64{wide(x), wide(in[1]), wide(in[2])}))
			b.affine("GroupNorm", f, in, dy, func(dx, dgamma, dbeta *tensor.Tensor, acc bool) {
				b.be.GroupNormBackward(dx, dgamma, dbeta, dy, x, mean, rstd, in[1], groups, acc)
			})
		}
	}},
	{[]string{"MoveStats", "InvStd"}, func(b *bench) {
		const c, eps, momentum = 37, 1e-3, 0.25
		mean, runningMean := b.random("mean", c), b.random("running mean", c)
		variance, runningVar, rstd := b.dirty(c), b.dirty(c), b.dirty(c)
		b.be.Unary(tensor.Square, variance, b.random("deviation", c))
		b.be.Unary(tensor.Square, runningVar, b.random("running deviation", c))
		root := gradcheck.Unary(func(v float64) float64 { return 1 / math.Sqrt(v+eps) }, wide(variance))
		b.be.InvStd(rstd, variance, eps)
		b.near("InvStd", rstd, root)
		for n, unbias := range map[int]float64{9: 9.0 / 8, 1: 1} { // of one value there is no variance to correct
			wantMean, wantVar := wide(runningMean), wide(runningVar)
			for i, v := range wide(variance) {
				wantMean[i] = (1-momentum)*wantMean[i] + momentum*wide(mean)[i]
				wantVar[i] = (1-momentum)*wantVar[i] + momentum*v*unbias
			}
			b.be.MoveStats(runningMean, runningVar, mean, rstd, n, eps, momentum)
			b.near("running mean", runningMean, wantMean)
			b.near("running variance", runningVar, wantVar)
		}
	}},
	{[]string{"Softmax", "SoftmaxBackward"}, func(b *bench) {
		x, dy := b.random("x", 5, 19), b.random("dy", 5, 19)
		y := b.like(x)
		f := func(v [][]float64) []float64 { return gradcheck.Softmax(v[0], 19) }
		b.be.Softmax(y, x)
		b.near("Softmax", y, f([][]float64{wide(x)}))
		b.gradient("x", f, []*tensor.Tensor{x}, 0, dy, true, func(dx *tensor.Tensor, acc bool) { b.be.SoftmaxBackward(dx, dy, y, acc) })
		b.certainRow()
	}},
	{[]string{"L2Normalize", "L2NormalizeBackward"}, func(b *bench) {
		x, dy := b.random("x", 5, 19), b.random("dy", 5, 19)
		y, norm := b.like(x), b.dirty(5)
		f := func(v [][]float64) []float64 { return gradcheck.L2Normalize(v[0], 19) }
		b.be.L2Normalize(y, norm, x, 1e-12)
		b.near("L2Normalize", y, f([][]float64{wide(x)}))
		b.gradient("x", f, []*tensor.Tensor{x}, 0, dy, true, func(dx *tensor.Tensor, acc bool) { b.be.L2NormalizeBackward(dx, dy, y, norm, 1e-12, acc) })
		tenth := func(v [][]float64) []float64 { // of a row that is shorter than eps, as all are
			out := make([]float64, len(v[0]))
			for i, x := range v[0] {
				out[i] = x / 10
			}
			return out
		}
		b.be.L2Normalize(y, norm, x, 10)
		b.near("L2Normalize of short rows", y, tenth([][]float64{wide(x)}))
		b.gradient("short x", tenth, []*tensor.Tensor{x}, 0, dy, true, func(dx *tensor.Tensor, acc bool) { b.be.L2NormalizeBackward(dx, dy, y, norm, 10, acc) })
		b.be.Fill(x, 0) // a row of nothing stays nothing
		b.be.L2Normalize(y, norm, x, 1e-12)
		b.near("L2Normalize of zero", y, wide(x))
	}},
}

// certainRow has one probability near 1, whose gradient is what is left of dy and of a sum
// that is nearly as large: it must keep its digits, though another dy is larger still.
func (b *bench) certainRow() {
	y, dy, dx := b.dirty(1, 3), b.dirty(1, 3), b.dirty(1, 3)
	y.Write([]float32{0x1p-20, 1 - 0x1p-19, 0x1p-20})
	values := []float32{1000.1, 990.3, 991.7} // whose differences do not fit the last bits of y
	dy.Write(values)
	b.be.SoftmaxBackward(dx, dy, y, false)
	first, certain, last := float64(values[0]), float64(values[1]), float64(values[2])
	want := -(first - certain + last - certain) * 0x1p-20 * (1 - 0x1p-19)
	if got := float64(dx.Host()[1]); !(math.Abs(got-want) <= 10*b.tol*math.Abs(want)) {
		b.Errorf("gradient of a score whose probability is near 1: %v, want %v", got, want)
	}
}

// affine compares the three gradients of a normalisation with scale and shift: that of x, written or added, and the
// parameters', which add or are not wanted.
func (b *bench) affine(what string, f reference, in []*tensor.Tensor, dy *tensor.Tensor, backward func(dx, dgamma, dbeta *tensor.Tensor, acc bool)) {
	b.Helper()
	b.gradient(what+" x", f, in, 0, dy, true, func(dx *tensor.Tensor, acc bool) { backward(dx, nil, nil, acc) })
	scrap := func() *tensor.Tensor { return b.random("scrap", in[1].Dims()...) }
	b.gradient(what+" gamma", f, in, 1, dy, false, func(d *tensor.Tensor, _ bool) { backward(b.like(in[0]), d, scrap(), false) })
	b.gradient(what+" beta", f, in, 2, dy, false, func(d *tensor.Tensor, _ bool) { backward(b.like(in[0]), scrap(), d, false) })
}

// channelNorm checks normalisation per channel, by the batch's statistics and by given ones.
func (b *bench) channelNorm(shape []int, relu bool) {
	n, c, area := shape[0], shape[1], 1
	for _, d := range shape[2:] {
		area *= d
	}
	clamp := identity
	if relu {
		clamp = gradcheck.ReLU
	}
	in := []*tensor.Tensor{b.random("x", shape...), b.random("gamma", c), b.random("beta", c)}
	x, dy := in[0], b.random("dy", shape...)
	values := [][]float64{wide(x), wide(in[1]), wide(in[2])}
	y, mean, rstd := b.like(x), b.dirty(c), b.dirty(c)

	f := func(v [][]float64) []float64 {
		return gradcheck.Unary(clamp, gradcheck.BatchNorm(v[0], v[1], v[2], n, c, area, eps))
	}
	b.be.BatchNorm(y, mean, rstd, x, in[1], in[2], eps, relu)
	b.near("BatchNorm", y, f(values))
	b.affine("BatchNorm", f, in, dy, func(dx, dgamma, dbeta *tensor.Tensor, acc bool) {
		b.be.BatchNormBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, in[1], relu, acc)
	})

	mean.Write(b.random("mean", c).Host())
	inverse, variance := make([]float32, c), make([]float64, c)
	for i, v := range b.random("rstd", c).Host() {
		inverse[i] = 0.5 + float32(math.Abs(float64(v)))
		variance[i] = 1 / (float64(inverse[i]) * float64(inverse[i]))
	}
	rstd.Write(inverse)
	f = func(v [][]float64) []float64 {
		return gradcheck.Unary(clamp, gradcheck.ChannelAffine(v[0], wide(mean), variance, v[1], v[2], area, 0))
	}
	b.be.ChannelAffine(y, x, mean, rstd, in[1], in[2], relu)
	b.near("ChannelAffine", y, f(values))
	b.affine("ChannelAffine", f, in, dy, func(dx, dgamma, dbeta *tensor.Tensor, acc bool) {
		b.be.ChannelAffineBackward(dx, dgamma, dbeta, dy, x, y, mean, rstd, in[1], relu, acc)
	})
}

// offsetStatistics is the statistics of channels that lie far from zero, as raw measurements do: a mean of squares less
// the square of the mean would leave nothing of their variance.
func (b *bench) offsetStatistics(shape []int) {
	const offset = 4096
	c := shape[1]
	x, y := b.random("x", shape...), b.dirty(shape...)
	values := x.Clone().Data
	for i := range values {
		values[i] += offset
	}
	x.Write(values)
	ones, mean, rstd := b.dirty(c), b.dirty(c), b.dirty(c)
	b.be.Fill(ones, 1)
	b.be.BatchNorm(y, mean, rstd, x, ones, ones, eps, false)
	area := len(values) / (shape[0] * c)
	wantMean, wantRstd := make([]float64, c), make([]float64, c)
	for i, v := range wide(x) {
		wantMean[i/area%c] += v / float64(shape[0]*area)
	}
	for i, v := range wide(x) {
		d := v - wantMean[i/area%c]
		wantRstd[i/area%c] += d * d / float64(shape[0]*area)
	}
	for i, v := range wantRstd {
		wantRstd[i] = 1 / math.Sqrt(v+eps)
	}
	b.near("mean far from zero", mean, wantMean)
	b.near("rstd far from zero", rstd, wantRstd)
}
