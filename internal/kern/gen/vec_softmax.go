package main

import "math"

func softmaxSpecs() []vecSpec {
	return []vecSpec{
		{name: "softmaxMax", signature: "most, x *float32, ldx, rows, cols int, scale float32", unroll: 4, body: func(k *vecKernel) {
			most, x, ldx, scale := k.ptr("most"), k.ptr("x"), k.stride("ldx"), k.scalar("scale")
			a := k.accumulator()
			k.columns("cols")
			k.repeat("rows", func() {
				k.reset(a, k.unroll, math.Inf(-1))
				k.each(func(b *block) { b.accMax(a, b.load(x)) })
				m := k.reduce(a, "max")
				k.do(func(b *block) { b.storeOne(most, b.mul(m, scale)) })
				k.advance(x, ldx)
				k.step(most, 4)
			})
		}},
		{name: "softmaxExp", signature: "dst *float32, ldd int, x *float32, ldx int, most, sum *float32, rows, cols int, scale float32", unroll: 4, body: func(k *vecKernel) {
			dst, ldd, x, ldx := k.ptr("dst"), k.stride("ldd"), k.ptr("x"), k.stride("ldx")
			most, sum, scale := k.ptr("most"), k.ptr("sum"), k.scalar("scale")
			a := k.accumulator()
			k.columns("cols")
			k.repeat("rows", func() {
				k.scope(func() {
					minus := k.calc(func(b *block) *value { return b.xor(b.spread(most), b.bits(signBit)) })
					k.reset(a, k.unroll, 0)
					k.each(func(b *block) {
						e := b.expNegative(b.fma(b.load(x), scale, minus))
						b.store(dst, e)
						b.accAdd(a, e)
					})
					total := k.reduce(a, "add")
					k.do(func(b *block) { b.storeOne(sum, total) })
				})
				k.advance(dst, ldd)
				k.advance(x, ldx)
				k.step(most, 4)
				k.step(sum, 4)
			})
		}},
		{name: "softmaxLog", signature: "most, sum *float32, n int", unroll: 1, body: func(k *vecKernel) {
			most, sum := k.ptr("most"), k.ptr("sum")
			k.columns("n")
			k.each(func(b *block) {
				s := b.load(sum)
				b.store(most, b.add(b.load(most), b.log(s)))
				b.store(sum, b.div(b.c(1), s))
			})
		}},
		{name: "scaleRows", signature: "dst *float32, ldd int, scale *float32, rows, cols int", unroll: 4, body: func(k *vecKernel) {
			dst, ldd, scale := k.ptr("dst"), k.stride("ldd"), k.ptr("scale")
			k.columns("cols")
			k.repeat("rows", func() {
				k.scope(func() {
					s := k.calc(func(b *block) *value { return b.spread(scale) })
					k.each(func(b *block) { b.store(dst, b.mul(b.load(dst), s)) })
				})
				k.advance(dst, ldd)
				k.step(scale, 4)
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
