package main

import (
	"fmt"
	"sort"
	"strings"
)

// A vecKernel writes one assembly function over float32 slices for one
// instruction set. Kernels are written once, against the methods below:
// pointers and counters live in general registers that the kernel names, and
// vector arithmetic is recorded as single-assignment values, whose registers
// are allocated block by block. Constants get the registers that are left.
type vecKernel struct {
	isa    vecISA
	name   string
	args   []vecArg
	text   strings.Builder
	labels int

	freeVec []int // free vector registers, last is next
	inUse   int
	peak    int // greatest number in use
	freeGP  []string
	scoped  []*value
	consts  map[uint32]*value
	uses    map[uint32]int // of constants, by weight

	off, total, full, main string // byte offset in a row, row length, and that rounded down to one and to unroll registers
	unroll                 int
}

// A vecArg is a parameter of the Go declaration: its place in the frame.
type vecArg struct {
	name, kind string
	off        int
}

// A pointer is a general register that holds an address.
type pointer struct{ reg string }

// A value is a SIMD register's content.
type value struct {
	reg    int
	pinned bool   // outlives the block that made it
	konst  bool   // a constant; in memory unless pinned
	bits   uint32 // of a constant
	place  string // in memory, of a table that has no register
	last   int    // the last operation of the block that reads it
	dies   bool   // the current operation is that one
}

// An accumulator is one register for each copy of an unrolled loop.
type accumulator struct{ v []*value }

// An address is a place in memory: p, plus the row offset if indexed, plus disp bytes.
type address struct {
	p       *pointer
	indexed bool
	disp    int
}

// An operation is one step of a block.
type operation struct {
	kind string
	dst  *value
	args []*value
	imm  int
	mem  address
	tail bool
}

// A vecISA emits the instructions of one instruction set.
type vecISA interface {
	tier() string
	bytes() int // of a vector register
	registers() int
	fused() bool       // multiplies and adds with one rounding
	general() []string // registers for pointers and counters
	prologue(k *vecKernel, constants bool)
	epilogue(k *vecKernel)

	loadArg(k *vecKernel, dst string, a vecArg)
	loadScalarArg(k *vecKernel, dst int, a vecArg)
	storeResult(k *vecKernel, src, off int)
	move(k *vecKernel, dst, src string)
	zero(k *vecKernel, dst string)
	add(k *vecKernel, dst, src string)
	addImm(k *vecKernel, dst string, imm int)
	shiftLeft(k *vecKernel, dst string, imm int)
	roundDown(k *vecKernel, dst, src string, multiple int)
	label(k *vecKernel, l string)
	jumpLess(k *vecKernel, a, b, l string)       // signed a < b
	jumpNotLess(k *vecKernel, a, b, l string)    // signed a >= b
	countDown(k *vecKernel, reg, l string)       // reg--, jump if not 0
	prepareTail(k *vecKernel, total string)      // a mask for the last partial register
	tailStep() int                               // bytes per round of the tail loop; 0 if one masked round does it
	emit(k *vecKernel, o *operation)             // one operation of a block
	fold(k *vecKernel, acc int, op string)       // all lanes of acc become their sum or max
	constant(k *vecKernel, dst int, bits uint32) // a constant into a register
	loadLane(k *vecKernel, r, lane, lanes int, p *pointer)
	storeLanes(k *vecKernel, r, lanes int, p *pointer)
	zip(k *vecKernel, kind string, dst, a, b, lanes int) // interleave within 128-bit lanes
	constants() string                                   // the data section
}

func newVecKernel(isa vecISA, name, signature string, unroll int, constants bool, inRegisters map[uint32]bool) *vecKernel {
	k := &vecKernel{isa: isa, name: name, args: parseArgs(signature), unroll: unroll,
		consts: map[uint32]*value{}, uses: map[uint32]int{}}
	k.freeGP = append(k.freeGP, isa.general()...)
	for r := isa.registers() - 1; r >= 0; r-- {
		k.freeVec = append(k.freeVec, r)
	}
	isa.prologue(k, constants)
	order := make([]uint32, 0, len(inRegisters))
	for b := range inRegisters {
		order = append(order, b)
	}
	sort.Slice(order, func(i, j int) bool { return order[i] < order[j] })
	for _, b := range order {
		v := &value{konst: true, pinned: true, bits: b, reg: k.allocVec()}
		k.consts[b] = v
		isa.constant(k, v.reg, b)
	}
	return k
}

// parseArgs lays out a signature such as "dst, x *float32, n int, s float32".
func parseArgs(signature string) (args []vecArg) {
	var pending []string
	off := 0
	for _, part := range strings.Split(signature, ", ") {
		name, kind, typed := strings.Cut(part, " ")
		pending = append(pending, name)
		if !typed {
			continue
		}
		size := 8
		if kind == "float32" {
			size = 4
		}
		for _, p := range pending {
			off = (off + size - 1) / size * size
			args = append(args, vecArg{p, kind, off})
			off += size
		}
		pending = nil
	}
	return args
}

func (k *vecKernel) frame() int {
	last := k.args[len(k.args)-1]
	if last.kind == "float32" {
		return last.off + 4
	}
	return last.off + 8
}

func (k *vecKernel) printf(format string, a ...any) {
	fmt.Fprintf(&k.text, "\t"+format+"\n", a...)
}

func (k *vecKernel) arg(name string) vecArg {
	for _, a := range k.args {
		if a.name == name {
			return a
		}
	}
	panic(k.name + " has no argument " + name)
}

func (k *vecKernel) newLabel(stem string) string {
	k.labels++
	return fmt.Sprintf("%s%d", stem, k.labels)
}

// gp takes a general register.
func (k *vecKernel) gp() string {
	if len(k.freeGP) == 0 {
		panic(k.name + ": out of general registers")
	}
	r := k.freeGP[0]
	k.freeGP = k.freeGP[1:]
	return r
}

func (k *vecKernel) allocVec() int {
	k.inUse++
	k.peak = max(k.peak, k.inUse)
	if len(k.freeVec) == 0 {
		return 0 // too many; the caller tries again with less unrolling
	}
	r := k.freeVec[len(k.freeVec)-1]
	k.freeVec = k.freeVec[:len(k.freeVec)-1]
	return r
}

func (k *vecKernel) freeVecReg(r int) {
	k.inUse--
	k.freeVec = append(k.freeVec, r)
}

// ptr loads the pointer argument called name.
func (k *vecKernel) ptr(name string) *pointer {
	p := &pointer{k.gp()}
	k.reload(p, name)
	return p
}

// reload sets p to the pointer argument called name again.
func (k *vecKernel) reload(p *pointer, name string) { k.isa.loadArg(k, p.reg, k.arg(name)) }

// num loads the integer argument called name.
func (k *vecKernel) num(name string) string {
	r := k.gp()
	k.isa.loadArg(k, r, k.arg(name))
	return r
}

// stride loads the integer argument called name, elements, as bytes.
func (k *vecKernel) stride(name string) string {
	r := k.num(name)
	k.isa.shiftLeft(k, r, 2)
	return r
}

// scalar loads the float argument called name into every lane.
func (k *vecKernel) scalar(name string) *value {
	v := &value{pinned: true, reg: k.allocVec()}
	k.isa.loadScalarArg(k, v.reg, k.arg(name))
	return v
}

// advance adds bytes in a register to a pointer.
func (k *vecKernel) advance(p *pointer, by string) { k.isa.add(k, p.reg, by) }

// step adds imm bytes to a pointer.
func (k *vecKernel) step(p *pointer, imm int) { k.isa.addImm(k, p.reg, imm) }

// columns prepares sweeps over rows of the length in the int argument called name.
func (k *vecKernel) columns(name string) {
	k.total, k.full, k.off = k.stride(name), k.gp(), k.gp()
	k.isa.roundDown(k, k.full, k.total, k.isa.bytes())
	if k.unroll > 1 {
		k.main = k.gp()
		k.isa.roundDown(k, k.main, k.total, k.isa.bytes()*k.unroll)
	}
	k.isa.prepareTail(k, k.total)
}

// repeat runs body as often as the int argument called name says, at least once.
func (k *vecKernel) repeat(name string, body func()) {
	n := k.num(name)
	l := k.newLabel("row")
	k.isa.label(k, l)
	body()
	k.isa.countDown(k, n, l)
	k.freeGP = append([]string{n}, k.freeGP...)
}

// sweep runs over a row: by unroll registers, by single registers, then over
// the partial register that is left. body emits the code for each case.
func (k *vecKernel) sweep(body func(copies int, tail bool)) {
	k.isa.zero(k, k.off)
	width := k.isa.bytes()
	loop := func(stem, end string, copies int) {
		again, done := k.newLabel(stem), k.newLabel("done")
		k.isa.jumpNotLess(k, k.off, end, done)
		k.isa.label(k, again)
		body(copies, false)
		k.isa.addImm(k, k.off, width*copies)
		k.isa.jumpLess(k, k.off, end, again)
		k.isa.label(k, done)
	}
	if k.unroll > 1 {
		loop("wide", k.main, k.unroll)
	}
	loop("single", k.full, 1)
	done := k.newLabel("done")
	k.isa.jumpNotLess(k, k.off, k.total, done)
	again := k.newLabel("tail")
	if k.isa.tailStep() > 0 {
		k.isa.label(k, again)
	}
	body(1, true)
	if s := k.isa.tailStep(); s > 0 {
		k.isa.addImm(k, k.off, s)
		k.isa.jumpLess(k, k.off, k.total, again)
	}
	k.isa.label(k, done)
}

// each is a sweep whose body is one block.
func (k *vecKernel) each(f func(b *block)) {
	k.sweep(func(copies int, tail bool) { k.block(copies, tail, f) })
}

// scope frees at its end the values that calc and accumulators made in it.
func (k *vecKernel) scope(body func()) {
	outer := k.scoped
	k.scoped = nil
	body()
	for _, v := range k.scoped {
		k.freeVecReg(v.reg)
	}
	k.scoped = outer
}

// accumulator takes a register for each copy of the widest loop.
func (k *vecKernel) accumulator() *accumulator {
	a := &accumulator{}
	for range k.unroll {
		v := &value{pinned: true, reg: k.allocVec()}
		a.v = append(a.v, v)
		k.scoped = append(k.scoped, v)
	}
	return a
}

// reset sets every lane of the first copies of a.
func (k *vecKernel) reset(a *accumulator, copies int, x float64) {
	k.block(1, false, func(b *block) {
		for _, v := range a.v[:copies] {
			b.record(&operation{kind: "set", dst: v, args: []*value{b.c(x)}})
		}
	})
}

// reduce folds a into one value, in every lane. op is "add" or "max".
func (k *vecKernel) reduce(a *accumulator, op string) *value {
	k.block(1, false, func(b *block) {
		for s := 1; s < len(a.v); s *= 2 {
			for i := 0; i+s < len(a.v); i += 2 * s {
				b.record(&operation{kind: "acc" + op, dst: a.v[i], args: []*value{a.v[i+s]}})
			}
		}
	})
	k.isa.fold(k, a.v[0].reg, op)
	return a.v[0]
}

// calc computes a value that lives until the end of the scope.
func (k *vecKernel) calc(f func(b *block) *value) *value {
	var out *value
	k.block(1, false, func(b *block) {
		out = f(b)
		out.pinned = true
	})
	k.scoped = append(k.scoped, out)
	return out
}

// do runs a block outside of any sweep.
func (k *vecKernel) do(f func(b *block)) { k.block(1, false, f) }

// result stores lane 0 of v as the function's result.
func (k *vecKernel) result(v *value) { k.isa.storeResult(k, v.reg, (k.frame()+7)/8*8) }
