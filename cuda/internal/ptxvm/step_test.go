package ptxvm

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// arithmetic has, for every instruction without an effect but its result, operands
// and the bits that it must leave: 64 of them, the upper half of a narrower result
// being zero. %p1 is true and %p2 false. Names behind bars are the same instruction.
var arithmetic = []struct {
	names, operands string
	want            uint64
}{
	{"mov.b32|mov.u32|mov.s32|mov.f32", "0x89abcdef", 0x89abcdef},
	{"mov.b64|mov.u64|mov.s64|mov.f64|cvta.to.global.u64|cvta.global.u64", "0x123456789abcdef0", 0x123456789abcdef0},
	{"mov.pred", "%p1", 1}, {"mov.pred", "%p2", 0},
	{"selp.b32|selp.u32|selp.s32|selp.f32", "7, 9, %p1", 7}, {"selp.b32|selp.u32|selp.s32|selp.f32", "7, 9, %p2", 9},
	{"selp.b64|selp.u64|selp.s64|selp.f64", "0x700000000, 9, %p1", 7 << 32}, {"selp.b64|selp.u64|selp.s64|selp.f64", "0x700000000, 9, %p2", 9},

	{"add.rn.f32", "0f3F800000, 0f33800000", 0x3f800000}, // 1 + half a unit: a tie
	{"sub.rn.f32", "0f3F800000, 0f40000000", 0xbf800000},
	{"mul.rn.f32", "0f3F800001, 0f3F800001", 0x3f800002},
	{"div.rn.f32", "0f3F800000, 0f40400000", 0x3eaaaaab},
	{"fma.rn.f32", "0f3F800001, 0f3F800001, 0fBF800002", 0x28800000},                   // what mul and add lose
	{"rcp.rn.f32", "0f40400000", 0x3eaaaaab}, {"rcp.rn.f32", "0f7F000000", 0x00400000}, // subnormal results stay
	{"sqrt.rn.f32", "0f40000000", 0x3fb504f3},
	{"ex2.approx.ftz.f32", "0f40400000", 0x41000000}, {"ex2.approx.ftz.f32", "0fFF800000", 0}, {"ex2.approx.ftz.f32", "0fC3000000", 0},
	{"neg.f32", "0f00000000", 1 << 31}, {"neg.f32", "0f7FC00001", 0xffc00001},
	{"abs.f32", "0fC0000000", 0x40000000}, {"abs.f32", "0fFFC00001", 0x7fc00001},
	{"add.rn.f64", "0d3FF0000000000000, 0d3CA0000000000000", 0x3ff0000000000000},
	{"sub.rn.f64", "0d3FF0000000000000, 0d4000000000000000", 0xbff0000000000000},
	{"mul.rn.f64", "0d3FF0000000000001, 0d3FF0000000000001", 0x3ff0000000000002},
	{"div.rn.f64", "0d3FF0000000000000, 0d4008000000000000", 0x3fd5555555555555},
	{"fma.rn.f64", "0d3FF0000000000001, 0d3FF0000000000001, 0dBFF0000000000002", 0x3970000000000000},
	{"rcp.rn.f64", "0d4008000000000000", 0x3fd5555555555555},
	{"sqrt.rn.f64", "0d4000000000000000", 0x3ff6a09e667f3bcd},
	{"neg.f64", "0d0000000000000000", 1 << 63},

	{"add.s32|add.u32", "-1, 2", 1}, {"add.s64|add.u64", "0xffffffff, 1", 1 << 32},
	{"sub.s32|sub.u32", "1, 2", 0xffffffff}, {"sub.s64|sub.u64", "1, 2", 0xffffffffffffffff},
	{"mul.lo.s32|mul.lo.u32", "65537, 65537", 131073}, {"mul.lo.s64|mul.lo.u64", "0x100000001, 0x100000001", 0x200000001},
	{"mul.hi.u32", "-1, -1", 0xfffffffe}, {"mul.wide.u32", "-1, 2", 0x1fffffffe}, {"mul.wide.s32", "-1, 2", 0xfffffffffffffffe},
	{"mad.lo.s32|mad.lo.u32", "3, -4, 5", 0xfffffff9}, {"mad.lo.s64", "0x100000001, 3, 5", 0x300000008},
	{"div.s32", "-7, 2", 0xfffffffd}, {"div.s32", "-2147483648, -1", 0x80000000}, {"div.u32", "-7, 2", 0x7ffffffc},
	{"rem.s32", "-7, 4", 0xfffffffd}, {"rem.u32", "-7, 4", 1},
	{"min.s32", "-1, 2", 0xffffffff}, {"min.u32", "-1, 2", 2}, {"max.s32", "-1, 2", 2}, {"max.u32", "-1, 2", 0xffffffff},
	{"neg.s32", "5", 0xfffffffb}, {"neg.s64", "5", 0xfffffffffffffffb},
	{"and.b32", "12, 10", 8}, {"and.b64", "0xc00000000, 0xa00000000", 8 << 32}, {"and.pred", "%p1, %p2", 0}, {"and.pred", "%p1, %p1", 1},
	{"or.b32", "12, 10", 14}, {"or.b64", "0xc00000000, 0xa00000000", 14 << 32}, {"or.pred", "%p1, %p2", 1}, {"or.pred", "%p2, %p2", 0},
	{"xor.b32", "12, 10", 6}, {"xor.b64", "0xc00000000, 0xa00000000", 6 << 32}, {"xor.pred", "%p1, %p2", 1}, {"xor.pred", "%p1, %p1", 0},
	{"not.b32", "0", 0xffffffff}, {"not.b64", "0xff", 0xffffffffffffff00}, {"not.pred", "%p1", 0}, {"not.pred", "%p2", 1},
	{"shl.b32", "3, 31", 1 << 31}, {"shl.b32", "1, 32", 0}, {"shl.b64", "1, 40", 1 << 40}, {"shl.b64", "1, 64", 0},
	{"shr.u32", "-1, 31", 1}, {"shr.u32", "-1, 32", 0}, {"shr.u64", "-1, 63", 1},
	{"shr.s32", "-8, 2", 0xfffffffe}, {"shr.s32", "-8, 99", 0xffffffff}, {"shr.s64", "-8, 2", 0xfffffffffffffffe}, {"shr.s64", "-8, 99", 0xffffffffffffffff},
	{"bfe.u32", "0x12345678, 8, 12", 0x456}, {"bfe.u32", "0x12345678, 264, 268", 0x456}, {"bfe.u32", "-1, 30, 32", 3}, {"bfe.u32", "-1, 32, 1", 0}, {"bfe.u32", "-1, 0, 0", 0},
	{"popc.b32", "255", 8},

	{"cvt.rna.tf32.f32", "0f3F801000", 0x3f802000}, {"cvt.rna.tf32.f32", "0fBF800FFF", 0xbf800000}, {"cvt.rna.tf32.f32", "0f3FFFFFFF", 0x40000000}, {"cvt.rna.tf32.f32", "0fFF800000", 0xff800000}, {"cvt.rna.tf32.f32", "0f7FFFFFFF", 0x7fffe000},
	{"cvt.rzi.s32.f32", "0f402FFFFF", 2}, {"cvt.rzi.s32.f32", "0fC02FFFFF", 0xfffffffe}, {"cvt.rzi.s32.f32", "0f7F800000", 0x7fffffff}, {"cvt.rzi.s32.f32", "0fFF800000", 0x80000000}, {"cvt.rzi.s32.f32", "0f7FC00000", 0},
	{"cvt.rn.f32.s32", "-16777217", 0xcb800000}, {"cvt.rn.f32.u32", "-1", 0x4f800000}, {"cvt.rn.f32.f64", "0d3FF0000010000000", 0x3f800000},
	{"cvt.f64.f32", "0f3F800001", 0x3ff0000020000000}, {"cvt.rn.f64.s32", "-3", 0xc008000000000000}, {"cvt.rn.f64.u32", "-1", 0x41efffffffe00000}, {"cvt.rn.f64.s64", "-0x100000000", 0xc1f0000000000000},
	{"cvt.s64.s32", "-5", 0xfffffffffffffffb}, {"cvt.u64.u32", "-5", 0xfffffffb}, {"cvt.u32.u64", "0x1fffffffe", 0xfffffffe},
}

// widened puts a result of the given width, of register 8, into %rd8, and that into memory.
var widened = map[int]string{
	1:  "selp.b32 %r8, 1, 0, %p8;\n cvt.u64.u32 %rd8, %r8;\n st.global.u64 [%rd1], %rd8;\n ret;",
	32: "cvt.u64.u32 %rd8, %r8;\n st.global.u64 [%rd1], %rd8;\n ret;",
	64: "st.global.u64 [%rd1], %rd8;\n ret;",
}

// result runs text, which leaves a result of the given width in register 8.
func result(t *testing.T, text string, width int) uint64 {
	t.Helper()
	got, err := runBody(t, prologue+"setp.eq.s32 %p1, 0, 0;\n setp.ne.s32 %p2, 0, 0;\n "+text+";\n "+widened[width], 1, 2)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return uint64(got[0]) | uint64(got[1])<<32
}

// TestArithmetic computes each instruction, and wants every one that is known among them.
func TestArithmetic(t *testing.T) {
	register := map[int]string{1: "%p8", 32: "%r8", 64: "%rd8"}
	seen := map[string]bool{}
	for _, c := range arithmetic {
		for name := range strings.SplitSeq(c.names, "|") {
			seen[name] = true
			width := forms[name].dst
			if got := result(t, fmt.Sprintf("%s %s, %s", name, register[width], c.operands), width); got != c.want {
				t.Errorf("%s %s: %#x, want %#x", name, c.operands, got, c.want)
			}
		}
	}
	for name := range forms {
		if !seen[name] {
			t.Errorf("nobody has computed %s", name)
		}
	}
}

// TestComparisons compares, in every type and relation, values that are less, equal, greater and not ordered.
func TestComparisons(t *testing.T) {
	const less, equal, greater, unordered = 1, 2, 4, 8
	relations := map[string]int{
		"eq": equal, "ne": less | greater, "lt": less, "le": less | equal, "gt": greater, "ge": greater | equal, "num": less | equal | greater, "nan": unordered,
		"equ": equal | unordered, "neu": less | greater | unordered, "ltu": less | unordered, "leu": less | equal | unordered, "gtu": greater | unordered, "geu": greater | equal | unordered,
	}
	pairs := map[string]map[string]int{
		"s32": {"-1, 1": less, "-1, -1": equal, "1, -1": greater},
		"u32": {"1, -1": less, "-1, -1": equal, "-1, 1": greater},
		"s64": {"-1, 0x100000000": less, "-1, -1": equal, "0x100000000, 1": greater},
		"u64": {"1, 0x100000000": less, "-1, -1": equal, "-1, 1": greater},
		"f32": {"0fBF800000, 0f3F800000": less, "0f80000000, 0f00000000": equal, "0f3F800001, 0f3F800000": greater, "0f7FC00000, 0f00000000": unordered, "0f00000000, 0f7FC00000": unordered},
		"f64": {"0d3FF0000000000000, 0d3FF0000000000001": less, "0d8000000000000000, 0d0000000000000000": equal, "0d3FF0000000000001, 0d3FF0000000000000": greater, "0d7FF8000000000000, 0d0000000000000000": unordered},
	}
	pairs["b32"], pairs["b64"] = pairs["u32"], pairs["u64"]
	for cmp := range comparisons {
		for kind := range compareOps {
			if relations[cmp]&unordered != 0 && kind[0] != 'f' {
				continue
			}
			for operands, is := range pairs[kind] {
				text := fmt.Sprintf("setp.%s.%s %%p8, %s", cmp, kind, operands)
				if got := result(t, text, 1) != 0; got != (relations[cmp]&is != 0) {
					t.Errorf("%s: %v", text, got)
				}
			}
		}
	}
}

// TestGuards runs what its predicate lets through, and nothing else.
func TestGuards(t *testing.T) {
	if got := result(t, "mov.u32 %r8, 3;\n @%p2 mov.u32 %r8, 5;\n @!%p2 add.s32 %r8, %r8, 1;\n @!%p1 mov.u32 %r8, 7", 32); got != 4 {
		t.Errorf("%d, want 4", got)
	}
}

// TestLoadsWiden: an int32 in memory may fill a register of 64 bits.
func TestLoadsWiden(t *testing.T) {
	for load, want := range map[string]uint32{"ld.global.s32": 0xffffffff, "ld.global.u32": 0} {
		got, err := runBody(t, prologue+fmt.Sprintf("mov.u32 %%r2, -9;\n st.global.u32 [%%rd1], %%r2;\n %s %%rd8, [%%rd1];\n shr.u64 %%rd8, %%rd8, 32;\n cvt.u32.u64 %%r3, %%rd8;\n st.global.u32 [%%rd1], %%r3;\n ret;", load), 1, 1)
		if err != nil || got[0] != want {
			t.Errorf("%s: upper half %v, want %#x (%v)", load, got, want, err)
		}
	}
}

// TestFMA compares with exact arithmetic, where products and sums nearly cancel or tie.
func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() float32 {
		return math.Float32frombits(r.Uint32()&0x807fffff | uint32(100+r.IntN(60))<<23)
	}
	check := func(x, y, z float32) {
		exact := new(big.Float).SetPrec(500).SetFloat64(float64(x) * float64(y))
		exact.Add(exact, new(big.Float).SetFloat64(float64(z)))
		want, _ := exact.Float32()
		if got := fma32(x, y, z); got != want {
			t.Fatalf("fma(%b, %b, %b) = %b, want %b", x, y, z, got, want)
		}
	}
	for range 50000 {
		x, y := random(), random()
		check(x, y, random())
		check(x, y, -x*y)
		check(x, y, math.Float32frombits(math.Float32bits(x*y)+1<<23+r.Uint32N(3)))
		check(1+0x1p-12, 1+0x1p-12, random())
		check(x, 0x1p-60, random())
	}
	// 3·(2^23+1) lies half way between two float32: what is added, far below, decides;
	// and so in float64, where a unit is 2^-28 there.
	for _, x := range []float32{1<<23 + 1, -(1<<23 + 1)} {
		for _, z := range []float32{0x1p-60, 0x1p-28 - 0x1p-52} {
			check(x, 3, z)
			check(x, 3, -z)
		}
	}
	for _, x := range []float32{float32(math.Inf(1)), float32(math.NaN())} {
		if got := fma32(x, 1, 1); got == 2 || !math.IsInf(float64(got), 1) && got == got {
			t.Errorf("fma(%v, 1, 1) = %v", x, got)
		}
	}
	if got := fma32(math.MaxFloat32, math.MaxFloat32, 1); !math.IsInf(float64(got), 1) {
		t.Errorf("an overflow gives %v", got)
	}
}
