package main

import "math"

// A block records the operations of one stretch of straight-line code.
type block struct {
	k    *vecKernel
	copy int
	tail bool
	ops  []*operation
}

// block records f once for each copy, weaves the copies together and emits them.
func (k *vecKernel) block(copies int, tail bool, f func(b *block)) {
	blocks := make([]*block, copies)
	for i := range blocks {
		blocks[i] = &block{k: k, copy: i, tail: tail}
		f(blocks[i])
	}
	var ops []*operation
	for i := range blocks[0].ops {
		for _, b := range blocks {
			ops = append(ops, b.ops[i])
		}
	}
	for i, o := range ops {
		for _, a := range o.args {
			a.last = i
			if a.konst {
				k.uses[a.bits]++
			}
		}
	}
	for _, o := range ops {
		if v := o.dst; v != nil && !v.pinned && v.last < 0 {
			panic(k.name + ": nothing reads the result of " + o.kind)
		}
	}
	for i, o := range ops {
		for _, a := range o.args {
			a.dies = a.last == i && !a.pinned && !a.konst
		}
		k.isa.emit(k, o)
	}
}

func contains(s []*value, v *value) bool {
	for _, x := range s {
		if x == v {
			return true
		}
	}
	return false
}

// none is no register.
const none = -1

// release frees the registers of the arguments that die, except the register
// keep, which passes to the result.
func (k *vecKernel) release(o *operation, keep int) {
	var seen []*value
	for _, a := range o.args {
		if a.dies && a.reg != keep && !contains(seen, a) {
			k.freeVecReg(a.reg)
			seen = append(seen, a)
		}
	}
}

func (b *block) record(o *operation) *value {
	o.tail = b.tail
	if o.dst == nil && o.kind != "store" && o.kind != "storeOne" {
		o.dst = &value{reg: none, last: none}
	}
	b.ops = append(b.ops, o)
	return o.dst
}

// c is the constant x.
func (b *block) c(x float64) *value { return b.bits(math.Float32bits(float32(x))) }

// bits is the constant with the given bits in each lane.
func (b *block) bits(x uint32) *value {
	v := b.k.consts[x]
	if v == nil {
		v = &value{konst: true, bits: x}
		b.k.consts[x] = v
	}
	return v
}

func (b *block) at(p *pointer) address {
	return address{p, true, b.copy * b.k.isa.bytes()}
}

// load reads from p at the row offset; the lanes past the end of the row are 0.
func (b *block) load(p *pointer) *value { return b.record(&operation{kind: "load", mem: b.at(p)}) }

// store writes v to p at the row offset.
func (b *block) store(p *pointer, v *value) {
	b.record(&operation{kind: "store", mem: b.at(p), args: []*value{v}})
}

// spread reads one float at p into every lane.
func (b *block) spread(p *pointer) *value {
	return b.record(&operation{kind: "spread", mem: address{p: p}})
}

// storeOne writes lane 0 of v to p.
func (b *block) storeOne(p *pointer, v *value) {
	b.record(&operation{kind: "storeOne", mem: address{p: p}, args: []*value{v}})
}

func (b *block) op(kind string, args ...*value) *value {
	return b.record(&operation{kind: kind, args: args})
}

func (b *block) add(x, y *value) *value     { return b.op("add", x, y) }
func (b *block) sub(x, y *value) *value     { return b.op("sub", x, y) }
func (b *block) mul(x, y *value) *value     { return b.op("mul", x, y) }
func (b *block) div(x, y *value) *value     { return b.op("div", x, y) }
func (b *block) sqrt(x *value) *value       { return b.op("sqrt", x) }
func (b *block) fma(x, y, z *value) *value  { return b.op("fma", x, y, z) }  // x*y + z
func (b *block) fnma(x, y, z *value) *value { return b.op("fnma", x, y, z) } // z - x*y

// atLeast is max(x, limit) and atMost min(x, limit); a NaN in x stays.
func (b *block) atLeast(x, limit *value) *value { return b.op("max", x, limit) }
func (b *block) atMost(x, limit *value) *value  { return b.op("min", x, limit) }

// and, or, xor, iadd, isub, shl and sar work on the bits of each lane.
func (b *block) and(x, y *value) *value  { return b.op("and", x, y) }
func (b *block) or(x, y *value) *value   { return b.op("or", x, y) }
func (b *block) xor(x, y *value) *value  { return b.op("xor", x, y) }
func (b *block) iadd(x, y *value) *value { return b.op("iadd", x, y) }
func (b *block) isub(x, y *value) *value { return b.op("isub", x, y) }
func (b *block) shl(x *value, n int) *value {
	return b.record(&operation{kind: "shl", args: []*value{x}, imm: n})
}
func (b *block) sar(x *value, n int) *value {
	return b.record(&operation{kind: "sar", args: []*value{x}, imm: n})
}

// choose is yes where x > y, else no.
func (b *block) choose(x, y, yes, no *value) *value { return b.op("choose", x, y, yes, no) }

// accAdd, accFMA and accMax update an accumulator; lanes past the end of the
// row do not count.
func (b *block) accAdd(a *accumulator, x *value) {
	b.record(&operation{kind: "accadd", dst: a.v[b.copy], args: []*value{x}})
}
func (b *block) accFMA(a *accumulator, x, y *value) {
	b.record(&operation{kind: "accfma", dst: a.v[b.copy], args: []*value{x, y}})
}
func (b *block) accMax(a *accumulator, x *value) {
	b.record(&operation{kind: "accmax", dst: a.v[b.copy], args: []*value{x}})
}

// acc is the register of a for this copy.
func (b *block) acc(a *accumulator) *value { return a.v[b.copy] }
