package main

import "fmt"

// sse emits SSE2, which every amd64 processor has. An instruction overwrites its
// first source, an operand in memory is aligned, and a product is rounded before it
// is added. The last few elements of a row go through lane 0, one at a time.
type sse struct {
	amd64
	pool constantPool
}

func (s *sse) tier() string   { return "SSE" }
func (s *sse) bytes() int     { return 16 }
func (s *sse) registers() int { return 16 }
func (s *sse) fused() bool    { return false }

func (s *sse) epilogue(k *vecKernel) { k.printf("RET") }

// spread loads a float into every lane.
func (s *sse) spread(k *vecKernel, from string, dst int) {
	k.printf("MOVSS %s, X%d", from, dst)
	k.printf("SHUFPS $0, X%d, X%d", dst, dst)
}

func (s *sse) loadScalarArg(k *vecKernel, dst int, a vecArg) {
	s.spread(k, fmt.Sprintf("%s+%d(FP)", a.name, a.off), dst)
}

func (s *sse) storeResult(k *vecKernel, src, off int) { k.printf("MOVSS X%d, ret+%d(FP)", src, off) }

func (s *sse) prepareTail(*vecKernel, string) {}
func (s *sse) tailStep() int                  { return 4 }

func (s *sse) poolRef(bits uint32) string {
	return fmt.Sprintf("vecConst<>+%d(SB)", s.pool.index(bits)*16)
}

func (s *sse) constant(k *vecKernel, dst int, bits uint32) {
	if bits == 0 {
		k.printf("XORPS X%d, X%d", dst, dst)
		return
	}
	k.printf("MOVAPS %s, X%d", s.poolRef(bits), dst)
}

// operand returns how to name v as a source that is only read.
func (s *sse) operand(v *value) string {
	if inMemory(v) {
		return s.poolRef(v.bits)
	}
	return fmt.Sprintf("X%d", v.reg)
}

// copy returns a new register that holds v.
func (s *sse) copy(k *vecKernel, v *value) int {
	r := k.allocVec()
	if inMemory(v) {
		s.constant(k, r, v.bits)
	} else {
		k.printf("MOVAPS X%d, X%d", v.reg, r)
	}
	return r
}

// take returns a register that holds v and may be overwritten: v's own if it dies
// and is none of the values that are still to be read, else a copy.
func (s *sse) take(k *vecKernel, v *value, unread ...*value) int {
	if v.dies && !contains(unread, v) {
		return v.reg
	}
	return s.copy(k, v)
}

var sseNames = map[string]string{"add": "ADDPS", "sub": "SUBPS", "mul": "MULPS", "div": "DIVPS", "max": "MAXPS",
	"min": "MINPS", "and": "ANDPS", "or": "ORPS", "xor": "XORPS", "iadd": "PADDL", "isub": "PSUBL"}

func (s *sse) emit(k *vecKernel, o *operation) {
	switch o.kind {
	case "load":
		o.dst.reg = k.allocVec()
		k.printf("%s %s, X%d", s.access(o), s.address(k, o.mem), o.dst.reg)
	case "store":
		v := o.args[0]
		r := v.reg
		if inMemory(v) {
			r = s.copy(k, v)
		}
		k.printf("%s X%d, %s", s.access(o), r, s.address(k, o.mem))
		s.discard(k, r, v)
		k.release(o, none)
	case "spread":
		o.dst.reg = k.allocVec()
		s.spread(k, s.address(k, o.mem), o.dst.reg)
	case "storeOne":
		k.printf("MOVSS X%d, %s", o.args[0].reg, s.address(k, o.mem))
		k.release(o, none)
	case "set":
		if v := o.args[0]; inMemory(v) {
			s.constant(k, o.dst.reg, v.bits)
		} else {
			k.printf("MOVAPS X%d, X%d", v.reg, o.dst.reg)
		}
	case "add", "mul", "and", "or", "xor", "iadd":
		s.emitBinary(k, o, true, o.args[0], o.args[1])
	case "sub", "div", "isub":
		s.emitBinary(k, o, false, o.args[0], o.args[1])
	case "max", "min": // of two NaNs or numbers these return the last source
		s.emitBinary(k, o, false, o.args[1], o.args[0])
	case "sqrt":
		k.release(o, none)
		o.dst.reg = k.allocVec()
		k.printf("SQRTPS X%d, X%d", o.args[0].reg, o.dst.reg)
	case "shl", "sar":
		o.dst.reg = s.take(k, o.args[0])
		k.release(o, o.dst.reg)
		k.printf("%s $%d, X%d", map[string]string{"shl": "PSLLL", "sar": "PSRAL"}[o.kind], o.imm, o.dst.reg)
	case "fma":
		r := s.product(k, o.args[0], o.args[1], o.args[2])
		k.printf("ADDPS %s, X%d", s.operand(o.args[2]), r)
		o.dst.reg = r
		k.release(o, r)
	case "fnma":
		a, b, c := o.args[0], o.args[1], o.args[2]
		r := s.product(k, a, b, c)
		o.dst.reg = s.take(k, c, a, b)
		k.printf("SUBPS X%d, X%d", r, o.dst.reg)
		s.discard(k, r, a, b)
		k.release(o, o.dst.reg)
	case "choose":
		s.emitChoose(k, o)
	case "accadd":
		k.printf("ADD%s %s, X%d", s.lanes(o), s.operand(o.args[0]), o.dst.reg)
		k.release(o, none)
	case "accmax":
		k.printf("MAX%s %s, X%d", s.lanes(o), s.operand(o.args[0]), o.dst.reg)
		k.release(o, none)
	case "accfma":
		r := s.product(k, o.args[0], o.args[1])
		k.printf("ADD%s X%d, X%d", s.lanes(o), r, o.dst.reg)
		s.discard(k, r, o.args...)
		k.release(o, none)
	default:
		panic(o.kind)
	}
}

// access is the mnemonic of a load or a store.
func (s *sse) access(o *operation) string {
	if o.tail {
		return "MOVSS"
	}
	return "MOVUPS"
}

// lanes is the suffix of an instruction on those lanes that are in the row.
func (s *sse) lanes(o *operation) string {
	if o.tail {
		return "SS"
	}
	return "PS"
}

// discard frees r unless it is a register of one of the values.
func (s *sse) discard(k *vecKernel, r int, values ...*value) {
	for _, v := range values {
		if !inMemory(v) && v.reg == r {
			return
		}
	}
	k.freeVecReg(r)
}

// emitBinary emits dst = first op last.
func (s *sse) emitBinary(k *vecKernel, o *operation, commutes bool, first, last *value) {
	if commutes && (inMemory(first) || !first.dies && last.dies) {
		first, last = last, first
	}
	r := s.take(k, first)
	k.printf("%s %s, X%d", sseNames[o.kind], s.operand(last), r)
	o.dst.reg = r
	k.release(o, r)
}

// product returns a register that holds a*b and may be overwritten.
func (s *sse) product(k *vecKernel, a, b *value, unread ...*value) int {
	spare := func(v *value) bool { return v.dies && !contains(unread, v) }
	if inMemory(a) || !spare(a) && spare(b) {
		a, b = b, a
	}
	r := s.take(k, a, unread...)
	k.printf("MULPS %s, X%d", s.operand(b), r)
	return r
}

// emitChoose masks both choices.
func (s *sse) emitChoose(k *vecKernel, o *operation) {
	cx, cy, yes, no := o.args[0], o.args[1], o.args[2], o.args[3]
	mask := s.copy(k, cy)
	k.printf("CMPPS X%d, X%d, $1", cx.reg, mask) // cy < cx
	o.dst.reg = mask
	if no.konst && no.bits == 0 {
		k.printf("ANDPS %s, X%d", s.operand(yes), mask)
		k.release(o, mask)
		return
	}
	chosen := s.copy(k, &value{reg: mask})
	k.printf("ANDPS %s, X%d", s.operand(yes), chosen)
	k.printf("ANDNPS %s, X%d", s.operand(no), mask)
	k.printf("ORPS X%d, X%d", chosen, mask)
	k.freeVecReg(chosen)
	k.release(o, mask)
}

func (s *sse) fold(k *vecKernel, acc int, op string) {
	t := k.allocVec()
	for _, order := range []string{"0x4E", "0xB1"} {
		k.printf("PSHUFD $%s, X%d, X%d", order, acc, t)
		k.printf("%s X%d, X%d", sseNames[op], t, acc)
	}
	k.freeVecReg(t)
}

func (s *sse) loadLane(k *vecKernel, r, _, _ int, p *pointer) {
	k.printf("MOVUPS (%s), X%d", p.reg, r)
}

func (s *sse) storeLanes(k *vecKernel, r, _ int, p *pointer) {
	k.printf("MOVUPS X%d, (%s)", r, p.reg)
}

func (s *sse) zip(k *vecKernel, kind string, dst, a, b, _ int) {
	name := map[string]string{"low32": "UNPCKLPS", "high32": "UNPCKHPS", "low64": "UNPCKLPD", "high64": "UNPCKHPD"}[kind]
	k.printf("MOVAPS X%d, X%d", a, dst)
	k.printf("%s X%d, X%d", name, b, dst)
}

func (s *sse) constants() string { return s.pool.data(4) }
