package ptxvm

import (
	"math"
	"math/bits"
)

// run executes a thread until it waits or ends. A fault is told with its place.
func (r *run) run(t *thread) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *faultError:
			in := &r.k.code[max(t.pc-1, 0)]
			panic(fault("%s, at line %d: %s; %s", r.now, in.line, in.text, e.msg))
		default:
			panic(e)
		}
	}()
	r.now = access{r.memory.serial, r.block*maxThreads + t.number, r.barriers, r.warpBarriers[t.number/warpSize]}
	code, regs, defined := r.k.code, t.regs, t.defined
	for t.state == ready {
		if t.pc >= len(code) {
			panic(fault("the kernel ends without ret"))
		}
		if r.steps == 0 {
			panic(fault("the launch does not end"))
		}
		r.steps--
		in := &code[t.pc]
		t.pc++
		if in.guard >= 0 {
			if !defined[in.guard] {
				panic(fault("its predicate was never set"))
			}
			if (regs[in.guard] != 0) == in.negated {
				continue
			}
		}
		if !defined[in.a] || !defined[in.b] || !defined[in.c] {
			panic(fault("a register is read that was never set"))
		}
		a, b, c := regs[in.a], regs[in.b], regs[in.c]
		switch {
		case in.op >= opAddF32:
			regs[in.dst] = compute(in, a, b, c)
			defined[in.dst] = true
		case in.op == opMove:
			regs[in.dst] = a
			defined[in.dst] = true
		case in.op == opSelect:
			if c == 0 {
				a = b
			}
			regs[in.dst] = a
			defined[in.dst] = true
		case in.op == opJump:
			t.pc = in.jump
		default:
			r.effect(t, in, a)
		}
	}
}

// effect executes what is more than arithmetic.
func (r *run) effect(t *thread, in *instr, a uint64) {
	switch in.op {
	case opReturn:
		t.state = done
	case opBarrier:
		t.state = atBarrier
	case opProduct:
		for _, reg := range in.product.in() {
			if !t.defined[reg] {
				panic(fault("a register is read that was never set"))
			}
		}
		t.state = atWarp
	case opWarpBarrier, opShuffle, opBallot:
		t.handed = uint32(a)
		t.state = atWarp
	case opLoadGlobal, opStoreGlobal:
		m, at := r.memory.find(a + in.offset)
		r.access(t, in, m, at, r.now, false)
	case opLoadShared, opStoreShared:
		now := r.now
		now.serial = r.blockID
		r.access(t, in, r.shared, a+in.offset-sharedBase, now, true)
	}
}

// access moves the values of a load or store.
func (r *run) access(t *thread, in *instr, m *region, at uint64, now access, shared bool) {
	if total := uint64(in.count * in.size); at%total != 0 {
		panic(fault("address %#x is no multiple of %d", at, total))
	}
	word := m.place(at, in.size, in.count)
	store := in.op == opStoreGlobal || in.op == opStoreShared
	for i := range in.count {
		reg := in.dst
		if store {
			reg = in.b
		}
		if i > 0 {
			reg = in.more[i-1]
		}
		if store {
			if !t.defined[reg] {
				panic(fault("a register is read that was never set"))
			}
			m.store(word, uint32(t.regs[reg]), now)
			if in.size == 8 {
				m.store(word+1, uint32(t.regs[reg]>>32), now)
			}
		} else {
			v := uint64(m.load(word, now, shared))
			if in.size == 8 {
				v |= uint64(m.load(word+1, now, shared)) << 32
			}
			if in.signed {
				v = uint64(int64(int32(v)))
			}
			t.regs[reg], t.defined[reg] = v, true
		}
		word += in.size / 4
	}
}

func bits32(v float32) uint64   { return uint64(math.Float32bits(v)) }
func float32s(v uint64) float32 { return math.Float32frombits(uint32(v)) }
func word(v uint32) uint64      { return uint64(v) }
func signed(v int32) uint64     { return uint64(uint32(v)) }

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// compute is the arithmetic of one instruction. 32-bit results are zero-extended.
func compute(in *instr, a, b, c uint64) uint64 {
	if in.op < opAdd32 {
		return computeFloat(in.op, a, b, c)
	}
	if in.op >= opCompareS32 {
		return convert(in, a, b)
	}
	return computeInt(in.op, a, b, c)
}

func computeFloat(o op, a, b, c uint64) uint64 {
	x, y := float32s(a), float32s(b)
	u, v := math.Float64frombits(a), math.Float64frombits(b)
	switch o {
	case opAddF32:
		return bits32(x + y)
	case opSubF32:
		return bits32(x - y)
	case opMulF32:
		return bits32(x * y)
	case opDivF32:
		return bits32(x / y)
	case opFMAF32:
		return bits32(fma32(x, y, float32s(c)))
	case opRcpF32:
		return bits32(1 / x)
	case opSqrtF32:
		return bits32(float32(math.Sqrt(float64(x))))
	case opExp2F32:
		return exp2(x)
	case opNegF32:
		return a ^ 1<<31
	case opAbsF32:
		return a &^ (1 << 31)
	case opAddF64:
		return math.Float64bits(u + v)
	case opSubF64:
		return math.Float64bits(u - v)
	case opMulF64:
		return math.Float64bits(u * v)
	case opDivF64:
		return math.Float64bits(u / v)
	case opFMAF64:
		return math.Float64bits(math.FMA(u, v, math.Float64frombits(c)))
	case opRcpF64:
		return math.Float64bits(1 / u)
	case opSqrtF64:
		return math.Float64bits(math.Sqrt(u))
	default: // opNegF64
		return a ^ 1<<63
	}
}

// fma32 is x*y+z with one rounding. The product is exact in float64. The sum is
// made odd where it is not exact (its last bit set, toward the lost part), so
// that rounding it to float32 cannot fall on a false tie: Boldo and Melquiond:
// Emulation of FMA and correctly rounded sums. 2008.
func fma32(x, y, z float32) float32 {
	p, w := float64(x)*float64(y), float64(z)
	sum := float64(p + w)
	back := float64(sum - p)
	lost := float64(p-float64(sum-back)) + float64(w-back)
	if bits := math.Float64bits(sum); lost != 0 && bits&1 == 0 && !math.IsInf(sum, 0) && lost == lost {
		if (lost > 0) == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return float32(sum)
}

func computeInt(o op, a, b, c uint64) uint64 {
	switch o {
	case opAdd32:
		return word(uint32(a) + uint32(b))
	case opAdd64:
		return a + b
	case opSub32:
		return word(uint32(a) - uint32(b))
	case opSub64:
		return a - b
	case opMul32:
		return word(uint32(a) * uint32(b))
	case opMul64:
		return a * b
	case opMulHighU32:
		return uint64(uint32(a)) * uint64(uint32(b)) >> 32
	case opMulWideU32:
		return uint64(uint32(a)) * uint64(uint32(b))
	case opMulWideS32:
		return uint64(int64(int32(a)) * int64(int32(b)))
	case opMulAdd32:
		return word(uint32(a)*uint32(b) + uint32(c))
	case opMulAdd64:
		return a*b + c
	case opDivU32, opDivS32, opRemU32, opRemS32:
		return divide(o, a, b)
	case opMinS32:
		return signed(min(int32(a), int32(b)))
	case opMinU32:
		return word(min(uint32(a), uint32(b)))
	case opMaxS32:
		return signed(max(int32(a), int32(b)))
	case opMaxU32:
		return word(max(uint32(a), uint32(b)))
	case opNeg32:
		return word(-uint32(a))
	case opNeg64:
		return -a
	case opAnd:
		return a & b
	case opOr:
		return a | b
	case opXor:
		return a ^ b
	case opNot32:
		return word(^uint32(a))
	case opNot64:
		return ^a
	case opNotPred:
		return a ^ 1
	case opShl32:
		return word(uint32(a) << uint32(b)) // Go and PTX agree that a shift by 32 or more leaves nothing
	case opShl64:
		return a << uint32(b)
	case opShrU32:
		return word(uint32(a) >> uint32(b))
	case opShrU64:
		return a >> uint32(b)
	case opShrS32:
		return signed(int32(a) >> uint32(b))
	case opShrS64:
		return uint64(int64(a) >> uint32(b))
	case opBitsU32:
		from, n := min(b&255, 32), min(c&255, 32) // of a register's lowest 8 bits both
		return a >> from & (1<<n - 1)
	default: // opPopcount32
		return uint64(bits.OnesCount32(uint32(a)))
	}
}

func divide(o op, a, b uint64) uint64 {
	if uint32(b) == 0 {
		panic(fault("division by zero"))
	}
	switch o {
	case opDivU32:
		return word(uint32(a) / uint32(b))
	case opDivS32:
		return signed(int32(a) / int32(b))
	case opRemU32:
		return word(uint32(a) % uint32(b))
	default: // opRemS32
		return signed(int32(a) % int32(b))
	}
}

// convert compares two values or changes the type of one.
func convert(in *instr, a, b uint64) uint64 {
	switch in.op {
	case opCompareS32:
		return relation(in.cmp, int32(a), int32(b))
	case opCompareU32:
		return relation(in.cmp, uint32(a), uint32(b))
	case opCompareS64:
		return relation(in.cmp, int64(a), int64(b))
	case opCompareU64:
		return relation(in.cmp, a, b)
	case opCompareF32:
		return relation(in.cmp, float32s(a), float32s(b))
	case opCompareF64:
		return relation(in.cmp, math.Float64frombits(a), math.Float64frombits(b))
	case opTF32FromF32:
		return toTF32(uint32(a))
	case opS32FromF32:
		return signed(towardsZero(float32s(a)))
	case opF32FromS32:
		return bits32(float32(int32(a)))
	case opF32FromU32:
		return bits32(float32(uint32(a)))
	case opF32FromF64:
		return bits32(float32(math.Float64frombits(a)))
	case opF64FromF32:
		return math.Float64bits(float64(float32s(a)))
	case opF64FromS32:
		return math.Float64bits(float64(int32(a)))
	case opF64FromU32:
		return math.Float64bits(float64(uint32(a)))
	case opF64FromS64:
		return math.Float64bits(float64(int64(a)))
	case opSignExtend:
		return uint64(int64(int32(a)))
	default: // opTruncate
		return word(uint32(a))
	}
}

// towardsZero drops the fraction; what is too large becomes the largest, NaN zero.
func towardsZero(v float32) int32 {
	if v != v {
		return 0
	}
	return int32(max(math.MinInt32, min(math.MaxInt32, float64(v))))
}

func relation[T int32 | uint32 | int64 | uint64 | float32 | float64](c comparison, x, y T) uint64 {
	switch {
	case x < y:
		return flag(c.less)
	case x == y:
		return flag(c.equal)
	case x > y:
		return flag(c.greater)
	}
	return flag(c.unordered)
}
