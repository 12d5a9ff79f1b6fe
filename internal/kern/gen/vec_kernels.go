package main

import "math"

// A vecSpec is one kernel: its Go declaration, how far its loops are unrolled
// if the registers allow, and its body. A result is a single float32.
type vecSpec struct {
	name, signature string
	result          bool
	unroll          int
	body            func(k *vecKernel)
	lanes           int // of a Transpose strip, else 0
}

// mapped is a kernel dst[i] = f(inputs[i]) over the argument n; scalars are the
// float arguments.
func mapped(name, signature, dst string, inputs, scalars []string, unroll int, f func(b *block, in, s []*value) *value) vecSpec {
	return vecSpec{name: name, signature: signature, unroll: unroll, body: func(k *vecKernel) {
		out := k.ptr(dst)
		ptrs := make([]*pointer, len(inputs))
		for i, name := range inputs {
			ptrs[i] = out
			if name != dst {
				ptrs[i] = k.ptr(name)
			}
		}
		vals := make([]*value, len(scalars))
		for i, name := range scalars {
			vals[i] = k.scalar(name)
		}
		k.columns("n")
		k.each(func(b *block) {
			in := make([]*value, len(ptrs))
			for i, p := range ptrs {
				in[i] = b.load(p)
			}
			b.store(out, f(b, in, vals))
		})
	}}
}

// reduced is a kernel that folds f over the argument n.
func reduced(name, signature string, inputs []string, start float64, op string, f func(b *block, a *accumulator, in []*value)) vecSpec {
	return vecSpec{name: name, signature: signature, result: true, unroll: 4, body: func(k *vecKernel) {
		ptrs := make([]*pointer, len(inputs))
		for i, name := range inputs {
			ptrs[i] = k.ptr(name)
		}
		a := k.accumulator()
		k.columns("n")
		k.reset(a, k.unroll, start)
		k.each(func(b *block) {
			in := make([]*value, len(ptrs))
			for i, p := range ptrs {
				in[i] = b.load(p)
			}
			f(b, a, in)
		})
		k.result(k.reduce(a, op))
	}}
}

func elementwiseSpecs() []vecSpec {
	const three, two = "dst, a, b *float32, n int", "dst, x *float32, n int"
	ab, none := []string{"a", "b"}, []string(nil)
	unary := func(name string, unroll int, f func(b *block, x *value) *value) vecSpec {
		return mapped(name, two, "dst", []string{"x"}, none, unroll, func(b *block, in, _ []*value) *value { return f(b, in[0]) })
	}
	return []vecSpec{
		mapped("add", three, "dst", ab, none, 4, func(b *block, in, _ []*value) *value { return b.add(in[0], in[1]) }),
		mapped("sub", three, "dst", ab, none, 4, func(b *block, in, _ []*value) *value { return b.sub(in[0], in[1]) }),
		mapped("mul", three, "dst", ab, none, 4, func(b *block, in, _ []*value) *value { return b.mul(in[0], in[1]) }),
		mapped("mulAdd", three, "dst", []string{"a", "b", "dst"}, none, 4, func(b *block, in, _ []*value) *value {
			return b.fma(in[0], in[1], in[2])
		}),
		mapped("axpy", "y, x *float32, n int, alpha float32", "y", []string{"x", "y"}, []string{"alpha"}, 4, func(b *block, in, s []*value) *value {
			return b.fma(in[0], s[0], in[1])
		}),
		mapped("scale", "dst, a *float32, n int, s float32", "dst", []string{"a"}, []string{"s"}, 4, func(b *block, in, s []*value) *value {
			return b.mul(in[0], s[0])
		}),
		mapped("fill", "dst *float32, n int, v float32", "dst", nil, []string{"v"}, 4, func(_ *block, _, s []*value) *value { return s[0] }),
		mapped("scaleAdd", "dst, a, b *float32, n int, s, t float32", "dst", ab, []string{"s", "t"}, 4, func(b *block, in, s []*value) *value {
			return b.fma(in[0], s[0], b.mul(in[1], s[1]))
		}),
		unary("exp", 2, func(b *block, x *value) *value { return b.exp(x) }),
		unary("relu", 4, func(b *block, x *value) *value { return b.atLeast(x, b.c(0)) }),
		mapped("reluBackward", "dx, dy, y *float32, n int", "dx", []string{"dy", "y"}, none, 4, func(b *block, in, _ []*value) *value {
			return b.choose(in[1], b.c(0), in[0], b.c(0))
		}),
		unary("gelu", 2, func(b *block, x *value) *value { return b.gelu(x) }),
		mapped("geluBackward", "dx, dy, x *float32, n int", "dx", []string{"dy", "x"}, none, 2, func(b *block, in, _ []*value) *value {
			return b.mul(in[0], b.geluDerivative(in[1]))
		}),
		mapped("swish", "dst, x *float32, n int, slope float32", "dst", []string{"x"}, []string{"slope"}, 2, func(b *block, in, s []*value) *value {
			return b.swish(in[0], s[0])
		}),
		mapped("swishBackward", "dx, dy, x *float32, n int, slope float32", "dx", []string{"dy", "x"}, []string{"slope"}, 2, func(b *block, in, s []*value) *value {
			return b.mul(in[0], b.swishDerivative(in[1], s[0]))
		}),
		unary("sigmoid", 2, func(b *block, x *value) *value { return b.sigmoid(x) }),
		adamSpec(),
	}
}

func adamSpec() vecSpec {
	return vecSpec{name: "adam", signature: "p, grad, m, v *float32, n int, gradScale, l2, keep, beta1, rate1, beta2, rate2, step, invSqrtBias2, epsilon float32", unroll: 2, body: func(k *vecKernel) {
		p, g, m, v := k.ptr("p"), k.ptr("grad"), k.ptr("m"), k.ptr("v")
		s := map[string]*value{}
		for _, a := range k.args {
			if a.kind == "float32" {
				s[a.name] = k.scalar(a.name)
			}
		}
		k.columns("n")
		k.each(func(b *block) {
			pv := b.load(p)
			gv := b.fma(pv, s["l2"], b.mul(b.load(g), s["gradScale"]))
			mv := b.fma(b.load(m), s["beta1"], b.mul(gv, s["rate1"]))
			b.store(m, mv)
			vv := b.fma(b.load(v), s["beta2"], b.mul(b.mul(gv, s["rate2"]), gv))
			b.store(v, vv)
			root := b.sqrt(vv)
			denominator := b.add(b.mul(root, s["invSqrtBias2"]), s["epsilon"])
			b.store(p, b.fnma(b.div(mv, denominator), s["step"], b.mul(pv, s["keep"])))
		})
	}}
}

func reductionSpecs() []vecSpec {
	return []vecSpec{
		reduced("sum", "x *float32, n int", []string{"x"}, 0, "add", func(b *block, a *accumulator, in []*value) { b.accAdd(a, in[0]) }),
		reduced("dot", "x, y *float32, n int", []string{"x", "y"}, 0, "add", func(b *block, a *accumulator, in []*value) { b.accFMA(a, in[0], in[1]) }),
		reduced("max", "x *float32, n int", []string{"x"}, math.Inf(-1), "max", func(b *block, a *accumulator, in []*value) { b.accMax(a, in[0]) }),
	}
}

// rowMapped is a kernel that goes over rows, each with its stride, and maps
// elements; row vectors stay where they are.
func rowSpecs() []vecSpec {
	return []vecSpec{
		{name: "addRow", signature: "dst *float32, ldd int, x *float32, ldx int, row *float32, rows, cols int", unroll: 4, body: func(k *vecKernel) {
			dst, ldd, x, ldx, row := k.ptr("dst"), k.stride("ldd"), k.ptr("x"), k.stride("ldx"), k.ptr("row")
			k.columns("cols")
			k.repeat("rows", func() {
				k.each(func(b *block) { b.store(dst, b.add(b.load(x), b.load(row))) })
				k.advance(dst, ldd)
				k.advance(x, ldx)
			})
		}},
		{name: "scaleShiftRows", signature: "dst *float32, ldd int, x *float32, ldx int, scale, shift *float32, rows, cols int, floor float32", unroll: 4, body: func(k *vecKernel) {
			dst, ldd, x, ldx := k.ptr("dst"), k.stride("ldd"), k.ptr("x"), k.stride("ldx")
			scale, shift, floor := k.ptr("scale"), k.ptr("shift"), k.scalar("floor")
			k.columns("cols")
			k.repeat("rows", func() {
				k.each(func(b *block) {
					b.store(dst, b.atLeast(b.fma(b.load(x), b.load(scale), b.load(shift)), floor))
				})
				k.advance(dst, ldd)
				k.advance(x, ldx)
			})
		}},
		{name: "colSum", signature: "dst, x *float32, ld, rows, cols int", unroll: 4, body: func(k *vecKernel) {
			dst, x, ld, a := k.ptr("dst"), k.ptr("x"), k.stride("ld"), k.accumulator()
			k.columns("cols")
			k.sweep(func(copies int, tail bool) {
				k.reset(a, copies, 0)
				k.reload(x, "x")
				k.repeat("rows", func() {
					k.block(copies, tail, func(b *block) { b.accAdd(a, b.load(x)) })
					k.advance(x, ld)
				})
				k.block(copies, tail, func(b *block) { b.store(dst, b.add(b.load(dst), b.acc(a))) })
			})
		}},
		{name: "colMoments", signature: "sum, sumsq, x, shift *float32, ld, rows, cols int", unroll: 4, body: func(k *vecKernel) {
			sum, sumsq, x, shift, ld := k.ptr("sum"), k.ptr("sumsq"), k.ptr("x"), k.ptr("shift"), k.stride("ld")
			s, q := k.accumulator(), k.accumulator()
			k.columns("cols")
			k.sweep(func(copies int, tail bool) {
				k.reset(s, copies, 0)
				k.reset(q, copies, 0)
				k.reload(x, "x")
				k.repeat("rows", func() {
					k.block(copies, tail, func(b *block) {
						d := b.sub(b.load(x), b.load(shift))
						b.accAdd(s, d)
						b.accFMA(q, d, d)
					})
					k.advance(x, ld)
				})
				k.block(copies, tail, func(b *block) {
					b.store(sum, b.add(b.load(sum), b.acc(s)))
					b.store(sumsq, b.add(b.load(sumsq), b.acc(q)))
				})
			})
		}},
		{name: "colDot", signature: "dst, x, y *float32, ldx, ldy, rows, cols int", unroll: 4, body: func(k *vecKernel) {
			dst, x, y, ldx, ldy, a := k.ptr("dst"), k.ptr("x"), k.ptr("y"), k.stride("ldx"), k.stride("ldy"), k.accumulator()
			k.columns("cols")
			k.sweep(func(copies int, tail bool) {
				k.reset(a, copies, 0)
				k.reload(x, "x")
				k.reload(y, "y")
				k.repeat("rows", func() {
					k.block(copies, tail, func(b *block) { b.accFMA(a, b.load(x), b.load(y)) })
					k.advance(x, ldx)
					k.advance(y, ldy)
				})
				k.block(copies, tail, func(b *block) { b.store(dst, b.add(b.load(dst), b.acc(a))) })
			})
		}},
	}
}

func softmaxSpecs() []vecSpec {
	return []vecSpec{
		{name: "softmax", signature: "dst *float32, ldd int, x *float32, ldx int, lse *float32, step, rows, cols int, scale float32", unroll: 4, body: func(k *vecKernel) {
			dst, ldd, x, ldx := k.ptr("dst"), k.stride("ldd"), k.ptr("x"), k.stride("ldx")
			lse, step, scale := k.ptr("lse"), k.stride("step"), k.scalar("scale")
			k.columns("cols")
			k.repeat("rows", func() {
				k.scope(func() {
					a := k.accumulator()
					k.reset(a, k.unroll, math.Inf(-1))
					k.each(func(b *block) { b.accMax(a, b.mul(b.load(x), scale)) })
					m := k.reduce(a, "max")
					minus := k.calc(func(b *block) *value { return b.xor(m, b.bits(signBit)) })
					k.reset(a, k.unroll, 0)
					k.each(func(b *block) {
						e := b.expNegative(b.fma(b.load(x), scale, minus))
						b.store(dst, e)
						b.accAdd(a, e)
					})
					sum := k.reduce(a, "add")
					inverse := k.calc(func(b *block) *value { return b.div(b.c(1), sum) })
					k.each(func(b *block) { b.store(dst, b.mul(b.load(dst), inverse)) })
					k.do(func(b *block) { b.storeOne(lse, b.sub(b.log(sum), minus)) })
				})
				k.advance(dst, ldd)
				k.advance(x, ldx)
				k.advance(lse, step)
			})
		}},
		{name: "softmaxFromLSE", signature: "dst *float32, ldd int, x *float32, ldx int, lse *float32, rows, cols int, scale float32", unroll: 4, body: func(k *vecKernel) {
			dst, ldd, x, ldx := k.ptr("dst"), k.stride("ldd"), k.ptr("x"), k.stride("ldx")
			lse, scale := k.ptr("lse"), k.scalar("scale")
			k.columns("cols")
			k.repeat("rows", func() {
				k.scope(func() {
					minus := k.calc(func(b *block) *value { return b.xor(b.spread(lse), b.bits(signBit)) })
					k.each(func(b *block) { b.store(dst, b.expNegative(b.fma(b.load(x), scale, minus))) })
				})
				k.advance(dst, ldd)
				k.advance(x, ldx)
				k.step(lse, 4)
			})
		}},
		{name: "softmaxBackward", signature: "dx *float32, ldx int, dy *float32, ldy int, y *float32, ld, rows, cols int, scale float32", unroll: 4, body: func(k *vecKernel) {
			dx, ldx, dy, ldy := k.ptr("dx"), k.stride("ldx"), k.ptr("dy"), k.stride("ldy")
			y, ld, scale := k.ptr("y"), k.stride("ld"), k.scalar("scale")
			k.columns("cols")
			k.repeat("rows", func() {
				k.scope(func() {
					a := k.accumulator()
					k.reset(a, k.unroll, 0)
					k.each(func(b *block) { b.accFMA(a, b.load(dy), b.load(y)) })
					t := k.reduce(a, "add")
					k.each(func(b *block) {
						b.store(dx, b.mul(b.mul(b.load(y), scale), b.sub(b.load(dy), t)))
					})
				})
				k.advance(dx, ldx)
				k.advance(dy, ldy)
				k.advance(y, ld)
			})
		}},
	}
}

func layerNormSpecs() (specs []vecSpec) {
	for _, affine := range []bool{false, true} {
		specs = append(specs, layerNormSpec(affine))
		for _, accumulate := range []bool{false, true} {
			specs = append(specs, layerNormGradSpec(affine, accumulate))
		}
	}
	return append(specs, layerNormParamGradSpec())
}

func layerNormSpec(affine bool) vecSpec {
	name, signature := "normalise", "dst, x, mean, rstd *float32, rows, cols int, n, eps float32"
	if affine {
		name, signature = "layerNorm", "dst, x, gamma, beta, mean, rstd *float32, rows, cols int, n, eps float32"
	}
	return vecSpec{name: name, signature: signature, unroll: 4, body: func(k *vecKernel) {
		dst, x, mean, rstd := k.ptr("dst"), k.ptr("x"), k.ptr("mean"), k.ptr("rstd")
		var gamma, beta *pointer
		if affine {
			gamma, beta = k.ptr("gamma"), k.ptr("beta")
		}
		n, eps := k.scalar("n"), k.scalar("eps")
		k.columns("cols")
		k.repeat("rows", func() {
			k.scope(func() {
				a := k.accumulator()
				k.reset(a, k.unroll, 0)
				k.each(func(b *block) { b.accAdd(a, b.load(x)) })
				sum := k.reduce(a, "add")
				m := k.calc(func(b *block) *value { return b.div(sum, n) })
				k.reset(a, k.unroll, 0)
				k.each(func(b *block) {
					d := b.sub(b.load(x), m)
					b.accFMA(a, d, d)
				})
				sq := k.reduce(a, "add")
				r := k.calc(func(b *block) *value { return b.div(b.c(1), b.sqrt(b.add(b.div(sq, n), eps))) })
				k.do(func(b *block) {
					b.storeOne(mean, m)
					b.storeOne(rstd, r)
				})
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
	name, signature := "normaliseGrad", "dx, dy, x, mean, rstd *float32, rows, cols int, n float32"
	if affine {
		name, signature = "layerNormGrad", "dx, dy, x, gamma, mean, rstd *float32, rows, cols int, n float32"
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
		n := k.scalar("n")
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
				p := k.calc(func(b *block) *value { return b.div(sum, n) })
				q := k.calc(func(b *block) *value { return b.div(dot, n) })
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

// transposeSpec is a strip of Transpose: 4*lanes rows and 4*quads columns. A
// register holds a quarter of four rows, one in each 128-bit lane 4 rows apart,
// so that interleaving within lanes leaves one column in each register.
func transposeSpec(lanes int) vecSpec {
	name := map[int]string{1: "transpose4", 2: "transpose8", 4: "transpose16"}[lanes]
	return vecSpec{name: name, signature: "dst *float32, ldd int, x *float32, ldx, quads int", lanes: lanes, unroll: 1, body: func(k *vecKernel) {
		dst, ldd, x, ldx := k.ptr("dst"), k.stride("ldd"), k.ptr("x"), k.stride("ldx")
		row := &pointer{k.gp()}
		k.repeat("quads", func() {
			k.isa.move(k, row.reg, x.reg)
			for lane := range lanes {
				for r := range 4 {
					k.isa.loadLane(k, r, lane, lanes, row)
					k.advance(row, ldx)
				}
			}
			k.isa.zip(k, "low32", 4, 0, 1, lanes)
			k.isa.zip(k, "high32", 5, 0, 1, lanes)
			k.isa.zip(k, "low32", 6, 2, 3, lanes)
			k.isa.zip(k, "high32", 7, 2, 3, lanes)
			k.isa.zip(k, "low64", 0, 4, 6, lanes)
			k.isa.zip(k, "high64", 1, 4, 6, lanes)
			k.isa.zip(k, "low64", 2, 5, 7, lanes)
			k.isa.zip(k, "high64", 3, 5, 7, lanes)
			for c := range 4 {
				k.isa.storeLanes(k, c, lanes, dst)
				k.advance(dst, ldd)
			}
			k.step(x, 16)
		})
	}}
}
