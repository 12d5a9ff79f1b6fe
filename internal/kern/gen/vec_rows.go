package main

func rowSpecs() []vecSpec {
	return []vecSpec{
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
