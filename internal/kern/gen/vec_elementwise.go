package main

func elementwiseSpecs() []vecSpec {
	const three, two = "dst, a, b *float32, n int", "dst, x *float32, n int"
	ab := []string{"a", "b"}
	unary := func(name string, unroll int, f func(b *block, x *value) *value) vecSpec {
		return mapped(name, two, "dst", []string{"x"}, nil, unroll, func(b *block, in, _ []*value) *value { return f(b, in[0]) })
	}
	return []vecSpec{
		mapped("add", three, "dst", ab, nil, 4, func(b *block, in, _ []*value) *value { return b.add(in[0], in[1]) }),
		mapped("sub", three, "dst", ab, nil, 4, func(b *block, in, _ []*value) *value { return b.sub(in[0], in[1]) }),
		mapped("mul", three, "dst", ab, nil, 4, func(b *block, in, _ []*value) *value { return b.mul(in[0], in[1]) }),
		mapped("mulAdd", three, "dst", []string{"a", "b", "dst"}, nil, 4, func(b *block, in, _ []*value) *value {
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
		mapped("reluBackward", "dx, dy, y *float32, n int", "dx", []string{"dy", "y"}, nil, 4, func(b *block, in, _ []*value) *value {
			return b.choose(in[1], b.c(0), in[0], b.c(0))
		}),
		withTable("gelu", two, "dst", []string{"x"}, upperTail, func(b *block, in []*value, p *piecewise) *value { return b.gelu(in[0], p) }),
		withTable("geluBackward", "dx, dy, x *float32, n int", "dx", []string{"dy", "x"}, negativeSlope, func(b *block, in []*value, p *piecewise) *value {
			return b.mul(in[0], b.geluDerivative(in[1], p))
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
		reduced("sum", "x *float32, n int", []string{"x"}, func(b *block, a *accumulator, in []*value) { b.accAdd(a, in[0]) }),
		reduced("dot", "x, y *float32, n int", []string{"x", "y"}, func(b *block, a *accumulator, in []*value) { b.accFMA(a, in[0], in[1]) }),
	}
}
