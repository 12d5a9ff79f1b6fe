package main

import (
	"fmt"
	"strconv"
	"strings"
)

// neon emits arm64 Advanced SIMD. Go's assembler lacks most of its float
// arithmetic, so vector instructions are words with the mnemonic beside them.
// R20 is scratch, R25 points to the constants, and the last few elements of a
// row go through lane 0, which tailMask selects, one at a time.
type neon struct {
	pool     constantPool
	tailMask int
}

func newNEON() *neon { return &neon{} }

func (a *neon) tier() string   { return "NEON" }
func (a *neon) bytes() int     { return 16 }
func (a *neon) registers() int { return 32 }
func (a *neon) fused() bool    { return true }

func (a *neon) general() []string {
	return strings.Fields("R0 R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 R14 R15 R19")
}

const neonScratch, neonConst = 20, 25

// word emits an instruction word and its mnemonic.
func (a *neon) word(k *vecKernel, enc uint32, comment string, args ...any) {
	k.printf("WORD $0x%08x // %s", enc, fmt.Sprintf(comment, args...))
}

func reg(name string) uint32 {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "R"))
	if err != nil {
		panic(name)
	}
	return uint32(n)
}

// three emits a three-register instruction on 4S.
func (a *neon) three(k *vecKernel, name string, dst, n, m int) {
	enc := map[string]uint32{
		"fadd": 0x4E20D400, "fsub": 0x4EA0D400, "fmul": 0x6E20DC00, "fdiv": 0x6E20FC00,
		"fmax": 0x4E20F400, "fmin": 0x4EA0F400, "fmla": 0x4E20CC00, "fmls": 0x4EA0CC00,
		"and": 0x4E201C00, "orr": 0x4EA01C00, "eor": 0x6E201C00, "bsl": 0x6E601C00, "bit": 0x6EA01C00,
		"fcmgt": 0x6EA0E400, "add": 0x4EA08400, "sub": 0x6EA08400, "faddp": 0x6E20D400, "fmaxp": 0x6E20F400,
	}[name]
	kind := "4s"
	switch name {
	case "and", "orr", "eor", "bsl", "bit":
		kind = "16b"
	}
	a.word(k, enc|uint32(m)<<16|uint32(n)<<5|uint32(dst), "%s v%d.%s, v%d.%s, v%d.%s", name, dst, kind, n, kind, m, kind)
}

func (a *neon) copy(k *vecKernel, dst, src int) { a.three(k, "orr", dst, src, src) }

func (a *neon) prologue(k *vecKernel, constants bool) {
	if constants {
		k.printf("MOVD $vecConst<>(SB), R%d", neonConst)
	}
}

func (a *neon) epilogue(k *vecKernel) { k.printf("RET") }

func (a *neon) loadArg(k *vecKernel, dst string, v vecArg) {
	k.printf("MOVD %s+%d(FP), %s", v.name, v.off, dst)
}
func (a *neon) loadScalarArg(k *vecKernel, dst int, v vecArg) {
	k.printf("FMOVS %s+%d(FP), F%d", v.name, v.off, dst)
	a.word(k, 0x4E040400|uint32(dst)<<5|uint32(dst), "dup v%d.4s, v%d.s[0]", dst, dst)
}
func (a *neon) storeResult(k *vecKernel, src, off int) { k.printf("FMOVS F%d, ret+%d(FP)", src, off) }
func (a *neon) zero(k *vecKernel, dst string)          { k.printf("MOVD ZR, %s", dst) }
func (a *neon) move(k *vecKernel, dst, src string)     { k.printf("MOVD %s, %s", src, dst) }
func (a *neon) add(k *vecKernel, dst, src string)      { k.printf("ADD %s, %s", src, dst) }
func (a *neon) addImm(k *vecKernel, dst string, imm int) {
	k.printf("ADD $%d, %s", imm, dst)
}
func (a *neon) shiftLeft(k *vecKernel, dst string, imm int) {
	k.printf("LSL $%d, %s", imm, dst)
}
func (a *neon) roundDown(k *vecKernel, dst, src string, multiple int) {
	k.printf("AND $-%d, %s, %s", multiple, src, dst)
}
func (a *neon) label(k *vecKernel, l string) { fmt.Fprintf(&k.text, "%s:\n", l) }
func (a *neon) jumpLess(k *vecKernel, x, y, l string) {
	k.printf("CMP %s, %s", y, x)
	k.printf("BLT %s", l)
}
func (a *neon) jumpNotLess(k *vecKernel, x, y, l string) {
	k.printf("CMP %s, %s", y, x)
	k.printf("BGE %s", l)
}
func (a *neon) countDown(k *vecKernel, reg, l string) {
	k.printf("SUBS $1, %s", reg)
	k.printf("BNE %s", l)
}

func (a *neon) prepareTail(k *vecKernel, _ string) {
	a.tailMask = k.allocVec()
	k.printf("MOVW $-1, R%d", neonScratch)
	k.printf("FMOVS R%d, F%d", neonScratch, a.tailMask)
}

func (a *neon) tailStep() int { return 4 }

func (a *neon) constant(k *vecKernel, dst int, bits uint32) {
	if bits == 0 {
		a.three(k, "eor", dst, dst, dst)
		return
	}
	i := a.pool.index(bits)
	a.word(k, 0x3DC00000|uint32(i)<<10|neonConst<<5|uint32(dst), "ldr q%d, [x%d, #%d]", dst, neonConst, i*16)
}

// access emits a load or store of a whole register, or of lane 0 in a tail.
func (a *neon) access(k *vecKernel, r int, m address, tail, store bool) {
	name, letter := "ldr", "q"
	indexed, immediate := uint32(0x3CE06800), uint32(0x3DC00000)
	if store {
		name, indexed, immediate = "str", 0x3CA06800, 0x3D800000
	}
	if tail {
		letter, indexed = "s", 0xBC606800
		if store {
			indexed = 0xBC206800
		}
	}
	base, off := reg(m.p.reg), reg(k.off)
	if m.disp == 0 {
		a.word(k, indexed|off<<16|base<<5|uint32(r), "%s %s%d, [x%d, x%d]", name, letter, r, base, off)
		return
	}
	k.printf("ADD %s, %s, R%d", k.off, m.p.reg, neonScratch)
	a.word(k, immediate|uint32(m.disp/16)<<10|neonScratch<<5|uint32(r), "%s %s%d, [x%d, #%d]", name, letter, r, neonScratch, m.disp)
}

// inRegister returns a register that holds v and whether it is a temporary.
func (a *neon) inRegister(k *vecKernel, v *value) (r int, temporary bool) {
	if !inMemory(v) {
		return v.reg, false
	}
	r = k.allocVec()
	a.constant(k, r, v.bits)
	return r, true
}

var neonNames = map[string]string{"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "max": "fmax", "min": "fmin",
	"and": "and", "or": "orr", "xor": "eor", "iadd": "add", "isub": "sub"}

func (a *neon) emit(k *vecKernel, o *operation) {
	var regs, temporaries []int
	for _, v := range o.args {
		r, temporary := a.inRegister(k, v)
		regs = append(regs, r)
		if temporary {
			temporaries = append(temporaries, r)
		}
	}
	// finish frees what the operation no longer needs, except the register keep.
	finish := func(keep int) {
		for _, r := range temporaries {
			if r != keep {
				k.freeVecReg(r)
			}
		}
		k.release(o, keep)
	}
	switch o.kind {
	case "load":
		o.dst.reg = k.allocVec()
		a.access(k, o.dst.reg, o.mem, o.tail, false)
	case "store":
		a.access(k, regs[0], o.mem, o.tail, true)
		finish(none)
	case "spread":
		o.dst.reg = k.allocVec()
		p := reg(o.mem.p.reg)
		a.word(k, 0x4D40C800|p<<5|uint32(o.dst.reg), "ld1r {v%d.4s}, [x%d]", o.dst.reg, p)
	case "storeOne":
		p := reg(o.mem.p.reg)
		a.word(k, 0xBD000000|p<<5|uint32(regs[0]), "str s%d, [x%d]", regs[0], p)
		finish(none)
	case "set":
		a.copy(k, o.dst.reg, regs[0])
		finish(none)
	case "add", "mul", "and", "or", "xor", "iadd", "sub", "div", "isub", "max", "min":
		finish(none)
		o.dst.reg = k.allocVec()
		a.three(k, neonNames[o.kind], o.dst.reg, regs[0], regs[1])
	case "sqrt":
		finish(none)
		o.dst.reg = k.allocVec()
		a.word(k, 0x6EA1F800|uint32(regs[0])<<5|uint32(o.dst.reg), "fsqrt v%d.4s, v%d.4s", o.dst.reg, regs[0])
	case "shl":
		finish(none)
		o.dst.reg = k.allocVec()
		a.word(k, 0x4F005400|uint32(32+o.imm)<<16|uint32(regs[0])<<5|uint32(o.dst.reg), "shl v%d.4s, v%d.4s, #%d", o.dst.reg, regs[0], o.imm)
	case "sar":
		finish(none)
		o.dst.reg = k.allocVec()
		a.word(k, 0x4F000400|uint32(64-o.imm)<<16|uint32(regs[0])<<5|uint32(o.dst.reg), "sshr v%d.4s, v%d.4s, #%d", o.dst.reg, regs[0], o.imm)
	case "fma", "fnma":
		a.emitFMA(k, o, regs, finish)
	case "choose":
		mask := k.allocVec()
		a.three(k, "fcmgt", mask, regs[0], regs[1])
		a.three(k, "bsl", mask, regs[2], regs[3])
		finish(none)
		o.dst.reg = mask
	case "accadd", "accmax", "accfma":
		a.emitAccumulate(k, o, regs)
		finish(none)
	default:
		panic(o.kind)
	}
}

// emitFMA overwrites the addend if it dies or is a constant just loaded, else a
// copy of it.
func (a *neon) emitFMA(k *vecKernel, o *operation, regs []int, finish func(keep int)) {
	name := map[string]string{"fma": "fmla", "fnma": "fmls"}[o.kind]
	c := o.args[2]
	o.dst.reg = regs[2]
	if !inMemory(c) && (!c.dies || c == o.args[0] || c == o.args[1]) {
		o.dst.reg = k.allocVec()
		a.copy(k, o.dst.reg, regs[2])
	}
	a.three(k, name, o.dst.reg, regs[0], regs[1])
	finish(o.dst.reg)
}

func (a *neon) emitAccumulate(k *vecKernel, o *operation, regs []int) {
	acc := o.dst.reg
	if o.tail {
		t := k.allocVec()
		if o.kind == "accmax" {
			a.copy(k, t, acc)
			a.three(k, "bit", t, regs[0], a.tailMask)
		} else {
			a.three(k, "and", t, regs[0], a.tailMask)
		}
		regs[0] = t
		if o.kind == "accfma" {
			u := k.allocVec()
			a.three(k, "and", u, regs[1], a.tailMask)
			regs[1] = u
			k.freeVecReg(u)
		}
		k.freeVecReg(t)
	}
	switch o.kind {
	case "accadd":
		a.three(k, "fadd", acc, acc, regs[0])
	case "accmax":
		a.three(k, "fmax", acc, acc, regs[0])
	case "accfma":
		a.three(k, "fmla", acc, regs[0], regs[1])
	}
}

func (a *neon) fold(k *vecKernel, acc int, op string) {
	name := map[string]string{"add": "faddp", "max": "fmaxp"}[op]
	a.three(k, name, acc, acc, acc)
	a.three(k, name, acc, acc, acc)
}

func (a *neon) loadLane(k *vecKernel, r, _, _ int, p *pointer) {
	a.word(k, 0x3DC00000|reg(p.reg)<<5|uint32(r), "ldr q%d, [x%d]", r, reg(p.reg))
}

func (a *neon) storeLanes(k *vecKernel, r, _ int, p *pointer) {
	a.word(k, 0x3D800000|reg(p.reg)<<5|uint32(r), "str q%d, [x%d]", r, reg(p.reg))
}

func (a *neon) zip(k *vecKernel, kind string, dst, n, m, _ int) {
	enc := map[string]uint32{"low32": 0x4E803800, "high32": 0x4E807800, "low64": 0x4EC03800, "high64": 0x4EC07800}[kind]
	name := map[string]string{"low32": "zip1.4s", "high32": "zip2.4s", "low64": "zip1.2d", "high64": "zip2.2d"}[kind]
	a.word(k, enc|uint32(m)<<16|uint32(n)<<5|uint32(dst), "%s v%d, v%d, v%d", name, dst, n, m)
}

func (a *neon) constants() string { return a.pool.data(4) }
