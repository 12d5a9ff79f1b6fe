package main

func layerNormSpecs() (specs []vecSpec) {
	specs = append(specs, rowMeanSpec(), rowVarianceSpec(),
		mapped("layerNormRstd", "rstd *float32, n int, inverse, eps float32", "rstd", []string{"rstd"}, []string{"inverse", "eps"}, 1,
			func(b *block, in, s []*value) *value { return b.div(b.c(1), b.sqrt(b.fma(in[0], s[0], s[1]))) }))
	for _, affine := range []bool{false, true} {
		specs = append(specs, layerNormSpec(affine))
		for _, accumulate := range []bool{false, true} {
			specs = append(specs, layerNormGradSpec(affine, accumulate))
		}
	}
	return append(specs, layerNormParamGradSpec())
}

// rowMeanSpec stores the mean of each contiguous row.
func rowMeanSpec() vecSpec {
	return vecSpec{name: "rowMean", signature: "mean, x *float32, rows, cols int, inverse float32", unroll: 4, body: func(k *vecKernel) {
		mean, x, inverse := k.ptr("mean"), k.ptr("x"), k.scalar("inverse")
		a := k.accumulator()
		k.columns("cols")
		k.repeat("rows", func() {
			k.reset(a, k.unroll, 0)
			k.each(func(b *block) { b.accAdd(a, b.load(x)) })
			sum := k.reduce(a, "add")
			k.do(func(b *block) { b.storeOne(mean, b.mul(sum, inverse)) })
			k.advance(x, k.total)
			k.step(mean, 4)
		})
	}}
}

// rowVarianceSpec stores the sum of squares of each row about its mean.
func rowVarianceSpec() vecSpec {
	return vecSpec{name: "rowVariance", signature: "sumsq, x, mean *float32, rows, cols int", unroll: 4, body: func(k *vecKernel) {
		sumsq, x, mean := k.ptr("sumsq"), k.ptr("x"), k.ptr("mean")
		a := k.accumulator()
		k.columns("cols")
		k.repeat("rows", func() {
			k.scope(func() {
				m := k.calc(func(b *block) *value { return b.spread(mean) })
				k.reset(a, k.unroll, 0)
				k.each(func(b *block) {
					d := b.sub(b.load(x), m)
					b.accFMA(a, d, d)
				})
				sum := k.reduce(a, "add")
				k.do(func(b *block) { b.storeOne(sumsq, sum) })
			})
			k.advance(x, k.total)
			k.step(sumsq, 4)
			k.step(mean, 4)
		})
	}}
}

// layerNormSpec normalises rows of known mean and rstd.
func layerNormSpec(affine bool) vecSpec {
	name, signature := "normalise", "dst, x, mean, rstd *float32, rows, cols int"
	if affine {
		name, signature = "layerNorm", "dst, x, gamma, beta, mean, rstd *float32, rows, cols int"
	}
	return vecSpec{name: name, signature: signature, unroll: 4, body: func(k *vecKernel) {
		dst, x, mean, rstd := k.ptr("dst"), k.ptr("x"), k.ptr("mean"), k.ptr("rstd")
		var gamma, beta *pointer
		if affine {
			gamma, beta = k.ptr("gamma"), k.ptr("beta")
		}
		k.columns("cols")
		k.repeat("rows", func() {
			k.scope(func() {
				m := k.calc(func(b *block) *value { return b.spread(mean) })
				r := k.calc(func(b *block) *value { return b.spread(rstd) })
				k.each(func(b *block) {
					y := b.mul(b.sub(b.load(x), m), r)
					if affine {
						y = b.fma(y, b.load(gamma), b.load(beta))
					}
					b.store(dst, y)
				})
			})
			k.advance(dst, k.total)
			k.advance(x, k.total)
			k.step(mean, 4)
			k.step(rstd, 4)
		})
	}}
}

func layerNormGradSpec(affine, accumulate bool) vecSpec {
	name, signature := "normaliseGrad", "dx, dy, x, mean, rstd *float32, rows, cols int, inverse float32"
	if affine {
		name, signature = "layerNormGrad", "dx, dy, x, gamma, mean, rstd *float32, rows, cols int, inverse float32"
	}
	if accumulate {
		name += "Add"
	}
	return vecSpec{name: name, signature: signature, unroll: 2, body: func(k *vecKernel) {
		dx, dy, x, mean, rstd := k.ptr("dx"), k.ptr("dy"), k.ptr("x"), k.ptr("mean"), k.ptr("rstd")
		var gamma *pointer
		if affine {
			gamma = k.ptr("gamma")
		}
		inverse := k.scalar("inverse")
		k.columns("cols")
		weighted := func(b *block) *value {
			if affine {
				return b.mul(b.load(dy), b.load(gamma))
			}
			return b.load(dy)
		}
		k.repeat("rows", func() {
			k.scope(func() {
				m := k.calc(func(b *block) *value { return b.spread(mean) })
				r := k.calc(func(b *block) *value { return b.spread(rstd) })
				s, d := k.accumulator(), k.accumulator()
				k.reset(s, k.unroll, 0)
				k.reset(d, k.unroll, 0)
				k.each(func(b *block) {
					g := weighted(b)
					b.accAdd(s, g)
					b.accFMA(d, g, b.mul(b.sub(b.load(x), m), r))
				})
				sum, dot := k.reduce(s, "add"), k.reduce(d, "add")
				p := k.calc(func(b *block) *value { return b.mul(sum, inverse) })
				q := k.calc(func(b *block) *value { return b.mul(dot, inverse) })
				k.each(func(b *block) {
					h := b.mul(b.sub(b.load(x), m), r)
					g := b.fnma(h, q, b.sub(weighted(b), p))
					if accumulate {
						b.store(dx, b.fma(g, r, b.load(dx)))
					} else {
						b.store(dx, b.mul(g, r))
					}
				})
			})
			for _, p := range []*pointer{dx, dy, x} {
				k.advance(p, k.total)
			}
			k.step(mean, 4)
			k.step(rstd, 4)
		})
	}}
}

func layerNormParamGradSpec() vecSpec {
	return vecSpec{name: "layerNormParamGrad", signature: "dgamma, dbeta, dy, x, mean, rstd *float32, rows, cols int", unroll: 4, body: func(k *vecKernel) {
		dgamma, dbeta, dy, x, mean, rstd := k.ptr("dgamma"), k.ptr("dbeta"), k.ptr("dy"), k.ptr("x"), k.ptr("mean"), k.ptr("rstd")
		g, s := k.accumulator(), k.accumulator()
		k.columns("cols")
		k.sweep(func(copies int, tail bool) {
			k.reset(g, copies, 0)
			k.reset(s, copies, 0)
			k.reload(dy, "dy")
			k.reload(x, "x")
			k.reload(mean, "mean")
			k.reload(rstd, "rstd")
			k.repeat("rows", func() {
				k.scope(func() {
					m := k.calc(func(b *block) *value { return b.spread(mean) })
					r := k.calc(func(b *block) *value { return b.spread(rstd) })
					k.block(copies, tail, func(b *block) {
						d := b.load(dy)
						b.accAdd(s, d)
						b.accFMA(g, d, b.mul(b.sub(b.load(x), m), r))
					})
				})
				k.advance(dy, k.total)
				k.advance(x, k.total)
				k.step(mean, 4)
				k.step(rstd, 4)
			})
			k.block(copies, tail, func(b *block) {
				b.store(dgamma, b.add(b.load(dgamma), b.acc(g)))
				b.store(dbeta, b.add(b.load(dbeta), b.acc(s)))
			})
		})
	}}
}
