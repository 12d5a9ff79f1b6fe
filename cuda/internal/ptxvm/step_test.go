package ptxvm

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestArithmetic computes one instruction a line: text, with d the destination, and the word it must leave.
func TestArithmetic(t *testing.T) {
	for _, c := range []struct {
		text string
		want uint32
	}{
		{"add.s32 %r8, -1, 2", 1}, {"sub.s32 %r8, 1, 2", 0xffffffff}, {"mul.lo.s32 %r8, 65537, 65537", 131073},
		{"mul.hi.u32 %r8, -1, -1", 0xfffffffe}, {"mad.lo.s32 %r8, 3, -4, 5", 0xfffffff9},
		{"div.s32 %r8, -7, 2", 0xfffffffd}, {"div.u32 %r8, -7, 2", 0x7ffffffc}, {"rem.s32 %r8, -7, 2", 0xffffffff}, {"rem.u32 %r8, -7, 4", 1},
		{"min.s32 %r8, -1, 2", 0xffffffff}, {"min.u32 %r8, -1, 2", 2}, {"max.s32 %r8, -1, 2", 2}, {"max.u32 %r8, -1, 2", 0xffffffff},
		{"neg.s32 %r8, 5", 0xfffffffb}, {"and.b32 %r8, 12, 10", 8}, {"or.b32 %r8, 12, 10", 14}, {"xor.b32 %r8, 12, 10", 6}, {"not.b32 %r8, 0", 0xffffffff},
		{"shl.b32 %r8, 1, 31", 1 << 31}, {"shl.b32 %r8, 1, 32", 0}, {"shr.u32 %r8, -1, 31", 1}, {"shr.s32 %r8, -8, 2", 0xfffffffe}, {"shr.s32 %r8, -8, 99", 0xffffffff},
		{"popc.b32 %r8, 255", 8}, {"bfe.u32 %r8, 0x12345678, 8, 12", 0x456}, {"bfe.u32 %r8, -1, 30, 32", 3}, {"bfe.u32 %r8, -1, 32, 1", 0}, {"bfe.u32 %r8, -1, 0, 0", 0},
		{"ex2.approx.ftz.f32 %f8, 0f40400000;mov.b32 %r8, %f8", math.Float32bits(8)}, {"ex2.approx.ftz.f32 %f8, 0fFF800000;mov.b32 %r8, %f8", 0}, {"ex2.approx.ftz.f32 %f8, 0fC3000000;mov.b32 %r8, %f8", 0},
		{"cvt.rna.tf32.f32 %r8, 0f3F801000", 0x3f802000}, {"cvt.rna.tf32.f32 %r8, 0fBF800FFF", 0xbf800000}, {"cvt.rna.tf32.f32 %r8, 0f3FFFFFFF", 0x40000000}, {"cvt.rna.tf32.f32 %r8, 0fFF800000", 0xff800000}, {"cvt.u32.u64 %r8, 4294967298", 2},
		{"mul.wide.s32 %rd8, -2, 3;cvt.u32.u64 %r8, %rd8", 0xfffffffa}, {"mul.wide.u32 %rd8, -1, 2;shr.u64 %rd8, %rd8, 32;cvt.u32.u64 %r8, %rd8", 1},
		{"cvt.s64.s32 %rd8, -5;shr.s64 %rd8, %rd8, 40;cvt.u32.u64 %r8, %rd8", 0xffffffff}, {"cvt.u64.u32 %rd8, -5;shr.u64 %rd8, %rd8, 32;cvt.u32.u64 %r8, %rd8", 0},
		{"setp.lt.s32 %p8, -1, 1;selp.b32 %r8, 7, 9, %p8", 7}, {"setp.lt.u32 %p8, -1, 1;selp.b32 %r8, 7, 9, %p8", 9},
		{"setp.lt.f32 %p8, 0f7FC00000, 0f00000000;selp.b32 %r8, 7, 9, %p8", 9}, {"setp.geu.f32 %p8, 0f7FC00000, 0f00000000;selp.b32 %r8, 7, 9, %p8", 7},
		{"setp.nan.f32 %p8, 0f7FC00000, 0f00000000;not.pred %p8, %p8;selp.b32 %r8, 7, 9, %p8", 9}, {"setp.eq.f64 %p8, 0d8000000000000000, 0d0000000000000000;selp.b32 %r8, 7, 9, %p8", 7},
		{"mov.u32 %r8, 3;setp.eq.s32 %p8, %r8, 4;@%p8 mov.u32 %r8, 5;@!%p8 add.s32 %r8, %r8, 1", 4},
		{"add.rn.f32 %f8, 0f3F800000, 0f33800000;mov.b32 %r8, %f8", 0x3f800000}, {"div.rn.f32 %f8, 0f3F800000, 0f40400000;mov.b32 %r8, %f8", math.Float32bits(1. / 3)},
		{"sqrt.rn.f32 %f8, 0f40000000;mov.b32 %r8, %f8", math.Float32bits(math.Sqrt2)}, {"rcp.rn.f32 %f8, 0f40400000;mov.b32 %r8, %f8", math.Float32bits(1. / 3)},
		{"neg.f32 %f8, 0f00000000;mov.b32 %r8, %f8", 1 << 31}, {"abs.f32 %f8, 0fC0000000;mov.b32 %r8, %f8", math.Float32bits(2)},
		{"cvt.rn.f32.s32 %f8, -3;mov.b32 %r8, %f8", math.Float32bits(-3)}, {"cvt.rn.f32.u32 %f8, -1;mov.b32 %r8, %f8", math.Float32bits(1 << 32)},
		{"cvt.rn.f64.s32 %fd8, -3;cvt.rn.f32.f64 %f8, %fd8;mov.b32 %r8, %f8", math.Float32bits(-3)}, {"cvt.rn.f64.u32 %fd8, -1;cvt.rn.f32.f64 %f8, %fd8;mov.b32 %r8, %f8", math.Float32bits(1 << 32)},
		{"cvt.rn.f64.s64 %fd8, -3;sqrt.rn.f64 %fd8, 0d4010000000000000;neg.f64 %fd8, %fd8;cvt.rn.f32.f64 %f8, %fd8;mov.b32 %r8, %f8", math.Float32bits(-2)},
		{"cvt.f64.f32 %fd8, 0f3F800000;fma.rn.f64 %fd8, %fd8, 0d4000000000000000, %fd8;cvt.rn.f32.f64 %f8, %fd8;mov.b32 %r8, %f8", math.Float32bits(3)},
		{"rcp.rn.f64 %fd8, 0d4010000000000000;add.rn.f64 %fd8, %fd8, %fd8;sub.rn.f64 %fd8, %fd8, 0d3FF0000000000000;mul.rn.f64 %fd8, %fd8, %fd8;div.rn.f64 %fd8, %fd8, 0d4000000000000000;cvt.rn.f32.f64 %f8, %fd8;mov.b32 %r8, %f8", math.Float32bits(0.125)},
	} {
		body := prologue + "\t" + strings.ReplaceAll(c.text, ";", ";\n\t") + ";\n\tst.global.u32 [%rd1], %r8;\n\tret;"
		if got, err := runBody(t, body, 1, 1); err != nil || got[0] != c.want {
			t.Errorf("%s: %#x, want %#x (%v)", c.text, got, c.want, err)
		}
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
	for range 200000 {
		x, y := random(), random()
		check(x, y, random())
		check(x, y, -x*y)
		check(x, y, math.Float32frombits(math.Float32bits(x*y)+1<<23+r.Uint32N(3)))
		check(1+0x1p-12, 1+0x1p-12, random())
		check(x, 0x1p-60, random())
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
