package main

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
	return vecSpec{name: name, signature: signature, unroll: unroll, body: func(k *vecKernel) { k.mapped(dst, inputs, scalars, f) }}
}

// mapped is the body of the spec of that name.
func (k *vecKernel) mapped(dst string, inputs, scalars []string, f func(b *block, in, s []*value) *value) {
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
}

// withTable is mapped for a function that uses a table of another one where the
// tier can look it up; the table is nil elsewhere.
func withTable(name, signature, dst string, inputs []string, table func(a float64) float64, f func(b *block, in []*value, p *piecewise) *value) vecSpec {
	return vecSpec{name: name, signature: signature, unroll: 2, body: func(k *vecKernel) {
		p := k.piecewise(table)
		k.mapped(dst, inputs, nil, func(b *block, in, _ []*value) *value { return f(b, in, p) })
	}}
}

// reduced is a kernel that adds f up over the argument n.
func reduced(name, signature string, inputs []string, f func(b *block, a *accumulator, in []*value)) vecSpec {
	return vecSpec{name: name, signature: signature, result: true, unroll: 4, body: func(k *vecKernel) {
		ptrs := make([]*pointer, len(inputs))
		for i, name := range inputs {
			ptrs[i] = k.ptr(name)
		}
		a := k.accumulator()
		k.columns("n")
		k.reset(a, k.unroll, 0)
		k.each(func(b *block) {
			in := make([]*value, len(ptrs))
			for i, p := range ptrs {
				in[i] = b.load(p)
			}
			f(b, a, in)
		})
		k.result(k.reduce(a, "add"))
	}}
}
