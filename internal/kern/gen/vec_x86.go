package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// x86 emits AVX2 with FMA (wide unset) or AVX-512 F and DQ (wide set). CX is
// scratch; the partial register is masked by K1 or by the register tailMask.
type x86 struct {
	amd64
	wide     bool
	pool     constantPool
	tables   [][]float32
	tailMask int
}

func newX86(wide bool) *x86 { return &x86{wide: wide} }

func (x *x86) tier() string {
	if x.wide {
		return "AVX512"
	}
	return "AVX2"
}

func (x *x86) bytes() int {
	if x.wide {
		return 64
	}
	return 32
}

func (x *x86) registers() int { return x.bytes() / 2 }

func (x *x86) fused() bool { return true }

func (x *x86) epilogue(k *vecKernel) {
	k.printf("VZEROUPPER")
	k.printf("RET")
}

func (x *x86) v(r int) string {
	if x.wide {
		return fmt.Sprintf("Z%d", r)
	}
	return fmt.Sprintf("Y%d", r)
}

func (x *x86) loadScalarArg(k *vecKernel, dst int, a vecArg) {
	k.printf("VBROADCASTSS %s+%d(FP), %s", a.name, a.off, x.v(dst))
}
func (x *x86) storeResult(k *vecKernel, src, off int) {
	k.printf("VMOVSS X%d, ret+%d(FP)", src, off)
}
func (x *x86) prepareTail(k *vecKernel, total string) {
	k.printf("MOVQ %s, CX", total)
	k.printf("ANDQ $%d, CX", x.bytes()-1)
	if x.wide {
		scratch := k.gp()
		k.printf("SHRQ $2, CX")
		k.printf("MOVL $1, %s", scratch)
		k.printf("SHLL CX, %s", scratch)
		k.printf("DECL %s", scratch)
		k.printf("KMOVW %s, K1", scratch)
		k.freeGP = append([]string{scratch}, k.freeGP...)
		return
	}
	x.tailMask = k.allocVec()
	scratch := k.gp()
	k.printf("LEAQ tailMask<>+32(SB), %s", scratch)
	k.printf("SUBQ CX, %s", scratch)
	k.printf("VMOVDQU (%s), %s", scratch, x.v(x.tailMask))
	k.freeGP = append([]string{scratch}, k.freeGP...)
}

func (x *x86) tailStep() int { return 0 }

// poolRef is the memory operand of a constant.
func (x *x86) poolRef(bits uint32) string {
	size := 32
	if x.wide {
		size = 4
	}
	return fmt.Sprintf("vecConst<>+%d(SB)", x.pool.index(bits)*size)
}

func (x *x86) constant(k *vecKernel, dst int, bits uint32) {
	if bits == 0 {
		k.printf("VXORPS %s, %s, %s", x.v(dst), x.v(dst), x.v(dst))
		return
	}
	k.printf("VBROADCASTSS %s, %s", x.poolRef(bits), x.v(dst))
}

// table is a value with lanes of its own: in a register where there are 32 of
// them, else in memory.
func (x *x86) table(k *vecKernel, lanes []float32) *value {
	i := slices.IndexFunc(x.tables, func(t []float32) bool { return slices.Equal(t, lanes) })
	if i < 0 {
		i = len(x.tables)
		x.tables = append(x.tables, lanes)
	}
	place := fmt.Sprintf("vecTable<>+%d(SB)", i*x.bytes())
	if !x.wide {
		return &value{pinned: true, place: place}
	}
	v := &value{pinned: true, reg: k.allocVec()}
	k.printf("VMOVUPS %s, %s", place, x.v(v.reg))
	return v
}

// operand returns how to name v as the last source of an instruction, with the
// suffix that the mnemonic then needs.
func (x *x86) operand(v *value) (suffix, name string) {
	if v.konst && !v.pinned {
		if x.wide {
			return ".BCST", x.poolRef(v.bits)
		}
		return "", x.poolRef(v.bits)
	}
	return "", x.v(v.reg)
}

func inMemory(v *value) bool { return v.konst && !v.pinned }

// inRegister returns a register that holds v and whether it is a temporary.
func (x *x86) inRegister(k *vecKernel, v *value) (r int, temporary bool) {
	if !inMemory(v) {
		return v.reg, false
	}
	r = k.allocVec()
	x.constant(k, r, v.bits)
	k.uses[v.bits] += loadWeight
	return r, true
}

// loadWeight is what a use of a constant weighs more if it takes an
// instruction, not just a memory operand.
const loadWeight = 3

var x86Names = map[string]string{"add": "VADDPS", "sub": "VSUBPS", "mul": "VMULPS", "div": "VDIVPS", "max": "VMAXPS",
	"min": "VMINPS", "and": "VANDPS", "or": "VORPS", "xor": "VXORPS", "iadd": "VPADDD", "isub": "VPSUBD"}

func (x *x86) emit(k *vecKernel, o *operation) {
	switch o.kind {
	case "load":
		o.dst.reg = k.allocVec()
		x.emitLoad(k, o)
	case "store":
		x.emitStore(k, o)
	case "spread":
		o.dst.reg = k.allocVec()
		k.printf("VBROADCASTSS %s, %s", x.address(k, o.mem), x.v(o.dst.reg))
	case "storeOne":
		k.printf("VMOVSS X%d, %s", o.args[0].reg, x.address(k, o.mem))
		k.release(o, none)
	case "set":
		x.emitSet(k, o)
	case "add", "mul", "and", "or", "xor", "iadd":
		if inMemory(o.args[0]) {
			o.args[0], o.args[1] = o.args[1], o.args[0]
		}
		x.emitBinary(k, o, o.args[0], o.args[1])
	case "sub", "div", "isub":
		x.emitBinary(k, o, o.args[0], o.args[1])
	case "max", "min": // of two NaNs or numbers these return the last source
		x.emitBinary(k, o, o.args[1], o.args[0])
	case "sqrt":
		k.release(o, none)
		o.dst.reg = k.allocVec()
		k.printf("VSQRTPS %s, %s", x.v(o.args[0].reg), x.v(o.dst.reg))
	case "shl", "sar":
		k.release(o, none)
		o.dst.reg = k.allocVec()
		name := map[string]string{"shl": "VPSLLD", "sar": "VPSRAD"}[o.kind]
		k.printf("%s $%d, %s, %s", name, o.imm, x.v(o.args[0].reg), x.v(o.dst.reg))
	case "fma", "fnma":
		x.emitFMA(k, o)
	case "choose":
		x.emitChoose(k, o)
	case "lookup":
		k.release(o, none)
		o.dst.reg = k.allocVec()
		table := cmp.Or(o.args[0].place, x.v(o.args[0].reg))
		k.printf("VPERMPS %s, %s, %s", table, x.v(o.args[1].reg), x.v(o.dst.reg))
	case "accadd", "accmax", "accfma":
		x.emitAccumulate(k, o)
	default:
		panic(o.kind)
	}
}

func (x *x86) emitLoad(k *vecKernel, o *operation) {
	m, r := x.address(k, o.mem), x.v(o.dst.reg)
	switch {
	case !o.tail:
		k.printf("VMOVUPS %s, %s", m, r)
	case x.wide:
		k.printf("VMOVUPS.Z %s, K1, %s", m, r)
	default:
		k.printf("VMASKMOVPS %s, %s, %s", m, x.v(x.tailMask), r)
	}
}

func (x *x86) emitStore(k *vecKernel, o *operation) {
	src, temporary := x.inRegister(k, o.args[0])
	m, r := x.address(k, o.mem), x.v(src)
	switch {
	case !o.tail:
		k.printf("VMOVUPS %s, %s", r, m)
	case x.wide:
		k.printf("VMOVUPS %s, K1, %s", r, m)
	default:
		k.printf("VMASKMOVPS %s, %s, %s", r, x.v(x.tailMask), m)
	}
	if temporary {
		k.freeVecReg(src)
	}
	k.release(o, none)
}

func (x *x86) emitSet(k *vecKernel, o *operation) {
	if a := o.args[0]; inMemory(a) {
		x.constant(k, o.dst.reg, a.bits)
	} else {
		k.printf("VMOVAPS %s, %s", x.v(a.reg), x.v(o.dst.reg))
	}
}

// emitBinary emits dst = first op last.
func (x *x86) emitBinary(k *vecKernel, o *operation, first, last *value) {
	r, temporary := x.inRegister(k, first)
	suffix, name := x.operand(last)
	if temporary {
		k.freeVecReg(r)
	}
	k.release(o, none)
	o.dst.reg = k.allocVec()
	k.printf("%s%s %s, %s, %s", x86Names[o.kind], suffix, name, x.v(r), x.v(o.dst.reg))
}

// emitFMA emits dst = a*b + c or c - a*b, overwriting a source that dies.
func (x *x86) emitFMA(k *vecKernel, o *operation) {
	stem := map[string]string{"fma": "VFMADD", "fnma": "VFNMADD"}[o.kind]
	a, b, c := o.args[0], o.args[1], o.args[2]
	if inMemory(a) || a == b || (!a.dies && b.dies) {
		a, b = b, a
	}
	// Now if one factor is in memory it is b, and if one dies a does.
	if inMemory(a) {
		panic(k.name + ": product of two constants")
	}
	switch {
	case c.dies && c != a && c != b:
		suffix, name := x.operand(b)
		k.printf("%s231PS%s %s, %s, %s", stem, suffix, name, x.v(a.reg), x.v(c.reg))
		o.dst.reg = c.reg
		k.release(o, c.reg)
		return
	case a.dies && a != b && a != c && !(inMemory(b) && inMemory(c)):
		o.dst.reg = a.reg
		if inMemory(b) {
			suffix, name := x.operand(b)
			k.printf("%s132PS%s %s, %s, %s", stem, suffix, name, x.v(c.reg), x.v(a.reg))
		} else {
			suffix, name := x.operand(c)
			k.printf("%s213PS%s %s, %s, %s", stem, suffix, name, x.v(b.reg), x.v(a.reg))
		}
		k.release(o, a.reg)
		return
	}
	dst := k.allocVec()
	if inMemory(c) {
		x.constant(k, dst, c.bits)
	} else {
		k.printf("VMOVAPS %s, %s", x.v(c.reg), x.v(dst))
	}
	suffix, name := x.operand(b)
	k.printf("%s231PS%s %s, %s, %s", stem, suffix, name, x.v(a.reg), x.v(dst))
	k.release(o, none)
	o.dst.reg = dst
}

func (x *x86) emitChoose(k *vecKernel, o *operation) {
	cx, cy, yes, no := o.args[0], o.args[1], o.args[2], o.args[3]
	suffix, name := x.operand(cy)
	mask := 0
	if x.wide {
		k.printf("VCMPPS%s $30, %s, %s, K2", suffix, name, x.v(cx.reg))
	} else {
		mask = k.allocVec()
		k.printf("VCMPPS $30, %s, %s, %s", name, x.v(cx.reg), x.v(mask))
	}
	n, temporary := x.inRegister(k, no)
	if temporary {
		k.freeVecReg(n)
	}
	k.release(o, none)
	suffix, name = x.operand(yes)
	o.dst.reg = k.allocVec()
	if x.wide {
		k.printf("VBLENDMPS%s %s, %s, K2, %s", suffix, name, x.v(n), x.v(o.dst.reg))
		return
	}
	k.printf("VBLENDVPS %s, %s, %s, %s", x.v(mask), name, x.v(n), x.v(o.dst.reg))
	k.freeVecReg(mask)
}

func (x *x86) emitAccumulate(k *vecKernel, o *operation) {
	acc := x.v(o.dst.reg)
	var src []string
	for _, a := range o.args {
		src = append(src, x.v(a.reg))
	}
	mask := ""
	if o.tail && x.wide {
		mask = "K1, "
	}
	if o.tail && !x.wide {
		t := k.allocVec()
		if o.kind == "accmax" {
			k.printf("VBLENDVPS %s, %s, %s, %s", x.v(x.tailMask), src[0], acc, x.v(t))
		} else {
			k.printf("VANDPS %s, %s, %s", x.v(x.tailMask), src[0], x.v(t))
		}
		if o.kind == "accfma" {
			u := k.allocVec()
			k.printf("VANDPS %s, %s, %s", x.v(x.tailMask), src[1], x.v(u))
			src[1] = x.v(u)
			k.freeVecReg(u)
		}
		src[0] = x.v(t)
		k.freeVecReg(t)
	}
	switch o.kind {
	case "accadd":
		k.printf("VADDPS %s, %s, %s%s", src[0], acc, mask, acc)
	case "accmax":
		k.printf("VMAXPS %s, %s, %s%s", src[0], acc, mask, acc)
	case "accfma":
		k.printf("VFMADD231PS %s, %s, %s%s", src[1], src[0], mask, acc)
	}
	k.release(o, none)
}

func (x *x86) fold(k *vecKernel, acc int, op string) {
	name := map[string]string{"add": "VADDPS", "max": "VMAXPS"}[op]
	t := k.allocVec()
	if x.wide {
		k.printf("VEXTRACTF64X4 $1, Z%d, Y%d", acc, t)
		k.printf("%s Y%d, Y%d, Y%d", name, t, acc, acc)
		k.printf("VEXTRACTF32X4 $1, Y%d, X%d", acc, t)
	} else {
		k.printf("VEXTRACTF128 $1, Y%d, X%d", acc, t)
	}
	k.printf("%s X%d, X%d, X%d", name, t, acc, acc)
	k.printf("VPERMILPS $0x4E, X%d, X%d", acc, t)
	k.printf("%s X%d, X%d, X%d", name, t, acc, acc)
	k.printf("VPERMILPS $0xB1, X%d, X%d", acc, t)
	k.printf("%s X%d, X%d, X%d", name, t, acc, acc)
	k.printf("VBROADCASTSS X%d, %s", acc, x.v(acc))
	k.freeVecReg(t)
}

// lane names the register that holds so many 128-bit lanes.
func (x *x86) lane(lanes, r int) string {
	return fmt.Sprintf("%s%d", map[int]string{1: "X", 2: "Y", 4: "Z"}[lanes], r)
}

func (x *x86) loadLane(k *vecKernel, r, lane, lanes int, p *pointer) {
	whole := x.lane(lanes, r)
	switch {
	case lane == 0:
		k.printf("VMOVUPS (%s), X%d", p.reg, r)
	case lanes == 4:
		k.printf("VINSERTF32X4 $%d, (%s), %s, %s", lane, p.reg, whole, whole)
	default:
		k.printf("VINSERTF128 $%d, (%s), %s, %s", lane, p.reg, whole, whole)
	}
}

func (x *x86) storeLanes(k *vecKernel, r, lanes int, p *pointer) {
	k.printf("VMOVUPS %s, (%s)", x.lane(lanes, r), p.reg)
}

func (x *x86) zip(k *vecKernel, kind string, dst, a, b, lanes int) {
	name := map[string]string{"low32": "VUNPCKLPS", "high32": "VUNPCKHPS", "low64": "VUNPCKLPD", "high64": "VUNPCKHPD"}[kind]
	k.printf("%s %s, %s, %s", name, x.lane(lanes, b), x.lane(lanes, a), x.lane(lanes, dst))
}

func (x *x86) constants() string {
	var s strings.Builder
	copies := 8
	if x.wide {
		copies = 1
	}
	s.WriteString(x.pool.data(copies))
	for i, lanes := range x.tables {
		for j, c := range lanes {
			fmt.Fprintf(&s, "DATA vecTable<>+%d(SB)/4, $0x%08x\n", i*x.bytes()+j*4, math.Float32bits(c))
		}
	}
	if n := len(x.tables); n > 0 {
		fmt.Fprintf(&s, "GLOBL vecTable<>(SB), RODATA|NOPTR, $%d\n", n*x.bytes())
	}
	if !x.wide {
		s.WriteString("\n// tailMask holds 8 set words, then 8 clear ones.\n")
		for i := range 16 {
			word := "0xffffffff"
			if i >= 8 {
				word = "0"
			}
			fmt.Fprintf(&s, "DATA tailMask<>+%d(SB)/4, $%s\n", i*4, word)
		}
		s.WriteString("GLOBL tailMask<>(SB), RODATA|NOPTR, $64\n")
	}
	return s.String()
}
