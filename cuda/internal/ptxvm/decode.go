package ptxvm

import (
	"strconv"
	"strings"
)

// instr is a decoded instruction: what to do, and registers.
type instr struct {
	op      op
	cmp     comparison
	guard   int32 // predicate that must hold, -1 for none
	negated bool  // or must not

	dst, a, b, c int32
	more         [3]int32 // further destinations or sources of a vector access
	product      *product // of a warp's matrix product

	count, size int    // of a memory access: values, and bytes of each
	signed      bool   // a loaded int32 is widened with its sign
	offset      uint64 // added to its address
	jump        int

	line int
	text string
}

// op says what an instruction does; 32 and 64 are widths in bits.
type op uint8

const (
	opMove op = iota
	opSelect
	opJump
	opReturn
	opBarrier
	opWarpBarrier
	opShuffle
	opBallot
	opProduct
	opLoadGlobal
	opLoadShared
	opStoreGlobal
	opStoreShared

	opAddF32
	opSubF32
	opMulF32
	opDivF32
	opFMAF32
	opRcpF32
	opSqrtF32
	opExp2F32
	opNegF32
	opAbsF32
	opAddF64
	opSubF64
	opMulF64
	opDivF64
	opFMAF64
	opRcpF64
	opSqrtF64
	opNegF64

	opAdd32
	opAdd64
	opSub32
	opSub64
	opMul32
	opMul64
	opMulHighU32
	opMulWideU32
	opMulWideS32
	opMulAdd32
	opMulAdd64
	opDivU32
	opDivS32
	opRemU32
	opRemS32
	opMinS32
	opMinU32
	opMaxS32
	opMaxU32
	opNeg32
	opNeg64
	opAnd
	opOr
	opXor
	opNot32
	opNot64
	opNotPred
	opShl32
	opShl64
	opShrU32
	opShrU64
	opShrS32
	opShrS64
	opBitsU32
	opPopcount32

	opCompareS32
	opCompareU32
	opCompareS64
	opCompareU64
	opCompareF32
	opCompareF64

	opTF32FromF32
	opS32FromF32
	opF32FromS32
	opF32FromU32
	opF32FromF64
	opF64FromF32
	opF64FromS32
	opF64FromU32
	opF64FromS64
	opSignExtend
	opTruncate
)

// form is the shape of an instruction: the width of its result and of its
// operands, in their order.
type form struct {
	op      op
	dst     int
	sources []int
}

func f(o op, dst int, sources ...int) form { return form{o, dst, sources} }

// forms are the instructions whose operands are all registers or constants.
var forms = map[string]form{
	"mov.pred": f(opMove, 1, 1),
	"mov.b32":  f(opMove, 32, 32), "mov.u32": f(opMove, 32, 32), "mov.s32": f(opMove, 32, 32), "mov.f32": f(opMove, 32, 32),
	"mov.b64": f(opMove, 64, 64), "mov.u64": f(opMove, 64, 64), "mov.s64": f(opMove, 64, 64), "mov.f64": f(opMove, 64, 64),
	"cvta.to.global.u64": f(opMove, 64, 64), "cvta.global.u64": f(opMove, 64, 64), // global addresses are the generic ones here
	"selp.b32": f(opSelect, 32, 32, 32, 1), "selp.u32": f(opSelect, 32, 32, 32, 1), "selp.s32": f(opSelect, 32, 32, 32, 1), "selp.f32": f(opSelect, 32, 32, 32, 1),
	"selp.b64": f(opSelect, 64, 64, 64, 1), "selp.u64": f(opSelect, 64, 64, 64, 1), "selp.s64": f(opSelect, 64, 64, 64, 1), "selp.f64": f(opSelect, 64, 64, 64, 1),

	"add.rn.f32": f(opAddF32, 32, 32, 32), "sub.rn.f32": f(opSubF32, 32, 32, 32), "mul.rn.f32": f(opMulF32, 32, 32, 32), "div.rn.f32": f(opDivF32, 32, 32, 32),
	"fma.rn.f32": f(opFMAF32, 32, 32, 32, 32), "rcp.rn.f32": f(opRcpF32, 32, 32), "sqrt.rn.f32": f(opSqrtF32, 32, 32), "ex2.approx.ftz.f32": f(opExp2F32, 32, 32), "neg.f32": f(opNegF32, 32, 32), "abs.f32": f(opAbsF32, 32, 32),
	"add.rn.f64": f(opAddF64, 64, 64, 64), "sub.rn.f64": f(opSubF64, 64, 64, 64), "mul.rn.f64": f(opMulF64, 64, 64, 64), "div.rn.f64": f(opDivF64, 64, 64, 64),
	"fma.rn.f64": f(opFMAF64, 64, 64, 64, 64), "rcp.rn.f64": f(opRcpF64, 64, 64), "sqrt.rn.f64": f(opSqrtF64, 64, 64), "neg.f64": f(opNegF64, 64, 64),

	"add.s32": f(opAdd32, 32, 32, 32), "add.u32": f(opAdd32, 32, 32, 32), "add.s64": f(opAdd64, 64, 64, 64), "add.u64": f(opAdd64, 64, 64, 64),
	"sub.s32": f(opSub32, 32, 32, 32), "sub.u32": f(opSub32, 32, 32, 32), "sub.s64": f(opSub64, 64, 64, 64), "sub.u64": f(opSub64, 64, 64, 64),
	"mul.lo.s32": f(opMul32, 32, 32, 32), "mul.lo.u32": f(opMul32, 32, 32, 32), "mul.lo.s64": f(opMul64, 64, 64, 64), "mul.lo.u64": f(opMul64, 64, 64, 64),
	"mul.hi.u32": f(opMulHighU32, 32, 32, 32), "mul.wide.u32": f(opMulWideU32, 64, 32, 32), "mul.wide.s32": f(opMulWideS32, 64, 32, 32),
	"mad.lo.s32": f(opMulAdd32, 32, 32, 32, 32), "mad.lo.u32": f(opMulAdd32, 32, 32, 32, 32), "mad.lo.s64": f(opMulAdd64, 64, 64, 64, 64),
	"div.u32": f(opDivU32, 32, 32, 32), "div.s32": f(opDivS32, 32, 32, 32), "rem.u32": f(opRemU32, 32, 32, 32), "rem.s32": f(opRemS32, 32, 32, 32),
	"min.s32": f(opMinS32, 32, 32, 32), "min.u32": f(opMinU32, 32, 32, 32), "max.s32": f(opMaxS32, 32, 32, 32), "max.u32": f(opMaxU32, 32, 32, 32),
	"neg.s32": f(opNeg32, 32, 32), "neg.s64": f(opNeg64, 64, 64),
	"and.b32": f(opAnd, 32, 32, 32), "and.b64": f(opAnd, 64, 64, 64), "and.pred": f(opAnd, 1, 1, 1),
	"or.b32": f(opOr, 32, 32, 32), "or.b64": f(opOr, 64, 64, 64), "or.pred": f(opOr, 1, 1, 1),
	"xor.b32": f(opXor, 32, 32, 32), "xor.b64": f(opXor, 64, 64, 64), "xor.pred": f(opXor, 1, 1, 1),
	"not.b32": f(opNot32, 32, 32), "not.b64": f(opNot64, 64, 64), "not.pred": f(opNotPred, 1, 1),
	"shl.b32": f(opShl32, 32, 32, 32), "shl.b64": f(opShl64, 64, 64, 32), "shr.u32": f(opShrU32, 32, 32, 32), "shr.u64": f(opShrU64, 64, 64, 32),
	"shr.s32": f(opShrS32, 32, 32, 32), "shr.s64": f(opShrS64, 64, 64, 32), "bfe.u32": f(opBitsU32, 32, 32, 32, 32), "popc.b32": f(opPopcount32, 32, 32),

	"cvt.rna.tf32.f32": f(opTF32FromF32, 32, 32),
	"cvt.rzi.s32.f32":  f(opS32FromF32, 32, 32),
	"cvt.rn.f32.s32":   f(opF32FromS32, 32, 32), "cvt.rn.f32.u32": f(opF32FromU32, 32, 32), "cvt.rn.f32.f64": f(opF32FromF64, 32, 64), "cvt.f64.f32": f(opF64FromF32, 64, 32),
	"cvt.rn.f64.s32": f(opF64FromS32, 64, 32), "cvt.rn.f64.u32": f(opF64FromU32, 64, 32), "cvt.rn.f64.s64": f(opF64FromS64, 64, 64),
	"cvt.s64.s32": f(opSignExtend, 64, 32), "cvt.u64.u32": f(opMove, 64, 32), "cvt.u32.u64": f(opTruncate, 32, 64),
}

// comparison is a relation, for floats with what it says of NaN.
type comparison struct{ less, equal, greater, unordered bool }

var comparisons = map[string]comparison{
	"eq": {equal: true}, "ne": {less: true, greater: true},
	"lt": {less: true}, "le": {less: true, equal: true}, "gt": {greater: true}, "ge": {greater: true, equal: true},
	"equ": {equal: true, unordered: true}, "neu": {less: true, greater: true, unordered: true},
	"ltu": {less: true, unordered: true}, "leu": {less: true, equal: true, unordered: true},
	"gtu": {greater: true, unordered: true}, "geu": {greater: true, equal: true, unordered: true},
	"num": {less: true, equal: true, greater: true}, "nan": {unordered: true},
}

var compareOps = map[string]op{
	"s32": opCompareS32, "u32": opCompareU32, "b32": opCompareU32, "s64": opCompareS64, "u64": opCompareU64, "b64": opCompareU64, "f32": opCompareF32, "f64": opCompareF64,
}

// accessTypes are the types of memory access, with their bytes.
var accessTypes = map[string]int{"b32": 4, "u32": 4, "s32": 4, "f32": 4, "b64": 8, "u64": 8, "s64": 8, "f64": 8}

// decoder reads one instruction.
type decoder struct {
	*builder
	in       *instr
	name     string
	operands []string
	extend   *bool // a load may fill a wider register, with the sign or with zeros
}

func (d *decoder) want(n int) {
	if len(d.operands) != n {
		d.fail("%s: %d operands, want %d", d.name, len(d.operands), n)
	}
}

func (d *decoder) decode() {
	if form, ok := forms[d.name]; ok {
		d.want(1 + len(form.sources))
		d.in.op = form.op
		d.in.dst = d.target(d.operands[0], form.dst)
		for i, at := range []*int32{&d.in.a, &d.in.b, &d.in.c}[:len(form.sources)] {
			*at = d.source(d.operands[i+1], form.sources[i])
		}
		return
	}
	d.in.dst = nowhere
	part := strings.Split(d.name, ".")
	switch part[0] {
	case "setp":
		d.compare(part[1:])
	case "ld", "st":
		d.access(part)
	default:
		d.control()
	}
}

func (d *decoder) unknown() { d.fail("instruction %s is not known", d.name) }

func (d *decoder) compare(part []string) {
	if len(part) != 2 {
		d.unknown()
	}
	cmp, ok := comparisons[part[0]]
	o, ok2 := compareOps[part[1]]
	if !ok || !ok2 || !strings.HasPrefix(part[1], "f") && cmp.unordered {
		d.unknown()
	}
	d.want(3)
	width, _ := strconv.Atoi(part[1][1:])
	d.in.op, d.in.cmp = o, cmp
	d.in.dst = d.target(d.operands[0], 1)
	d.in.a, d.in.b = d.source(d.operands[1], width), d.source(d.operands[2], width)
}

// access reads ld.space[.v4].type and st.space[.v4].type.
func (d *decoder) access(part []string) {
	d.want(2)
	if len(part) < 3 || accessTypes[part[len(part)-1]] == 0 {
		d.unknown()
	}
	d.in.size = accessTypes[part[len(part)-1]]
	d.in.count = 1
	switch vector := strings.Join(part[2:len(part)-1], "."); vector {
	case "":
	case "v2":
		d.in.count = 2
	case "v4":
		d.in.count = 4
	default:
		d.unknown()
	}
	if d.in.count*d.in.size > 16 {
		d.unknown()
	}
	load := part[0] == "ld"
	if signed := part[len(part)-1] == "s32"; d.in.count == 1 && (signed || part[len(part)-1] == "u32") {
		d.extend = &signed
	}
	values, place := d.operands[0], d.operands[1]
	if !load {
		values, place = place, values
	}
	if part[1] == "param" && load && d.in.count == 1 {
		d.loadParam(values, place)
		return
	}
	ops, ok := map[string][2]op{"global": {opLoadGlobal, opStoreGlobal}, "shared": {opLoadShared, opStoreShared}}[part[1]]
	if !ok {
		d.unknown()
	}
	d.in.op = ops[1]
	if load {
		d.in.op = ops[0]
	}
	d.values(values, load)
	d.address(place)
}

// values sets the registers that an access fills or empties: dst or b, then more.
func (d *decoder) values(s string, load bool) {
	list := []string{s}
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		list = splitOperands(strings.TrimSuffix(inner, "}"))
	}
	if len(list) != d.in.count {
		d.fail("%s: %d values, want %d", d.name, len(list), d.in.count)
	}
	for i, v := range list {
		at := &d.in.more[max(i-1, 0)]
		switch {
		case load && i == 0:
			at = &d.in.dst
		case i == 0:
			at = &d.in.b
		}
		if r, ok := d.names[v]; load && ok && d.extend != nil && d.width[r] == 64 {
			*at, d.in.signed = d.target(v, 64), *d.extend
		} else if load {
			*at = d.target(v, 8*d.in.size)
		} else {
			*at = d.source(v, 8*d.in.size)
		}
	}
}

// address reads [register], [register+8] or [array+8].
func (d *decoder) address(s string) {
	base, offset := d.bracket(s)
	d.in.a = d.source(base, 64)
	d.in.offset = uint64(offset)
}

func (d *decoder) bracket(s string) (base string, offset int64) {
	inner, ok := strings.CutPrefix(s, "[")
	inner, ok2 := strings.CutSuffix(inner, "]")
	if !ok || !ok2 {
		d.fail("%s: %q is no address", d.name, s)
	}
	base, after, plus := strings.Cut(inner, "+")
	if plus {
		var err error
		if offset, err = strconv.ParseInt(after, 10, 32); err != nil {
			d.fail("%s: %q is no address", d.name, s)
		}
	}
	return base, offset
}

func (d *decoder) loadParam(value, place string) {
	base, offset := d.bracket(place)
	i, ok := d.params[base]
	if !ok || offset != 0 {
		d.fail("%s: no parameter %s", d.name, place)
	}
	r := d.k.params[i]
	d.sameWidth(place, d.width[r], 8*d.in.size)
	d.in.op, d.in.dst, d.in.a = opMove, d.target(value, 8*d.in.size), r
}

// control reads what moves threads on or holds them.
func (d *decoder) control() {
	const everyLane = "-1"
	switch d.name {
	case "bra", "bra.uni":
		d.want(1)
		d.in.op = opJump
		d.jumps[len(d.k.code)] = d.operands[0]
	case "ret":
		d.want(0)
		d.in.op = opReturn
	case "bar.sync":
		d.want(1)
		d.constantOperand(0, "0")
		d.in.op = opBarrier
	case "bar.warp.sync":
		d.want(1)
		d.constantOperand(0, everyLane)
		d.in.op = opWarpBarrier
	case "shfl.sync.bfly.b32":
		d.want(5)
		d.constantOperand(3, "31")
		d.constantOperand(4, everyLane)
		d.in.op, d.in.dst = opShuffle, d.target(d.operands[0], 32)
		d.in.a, d.in.b = d.source(d.operands[1], 32), d.source(d.operands[2], 32)
	case "vote.sync.ballot.b32":
		d.want(3)
		d.constantOperand(2, everyLane)
		d.in.op, d.in.dst = opBallot, d.target(d.operands[0], 32)
		d.in.a = d.source(d.operands[1], 1)
	case productName:
		d.decodeProduct()
	default:
		d.unknown()
	}
}

func (d *decoder) constantOperand(i int, want string) {
	if d.operands[i] != want {
		d.fail("%s: operand %s, only %s is known", d.name, d.operands[i], want)
	}
}
