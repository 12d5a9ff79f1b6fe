package ptxvm

import (
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "no .version"},
		{".version 7.4\n.target sm_80\n", "no .address_size"},
		{".version 7.4\n.target sm_80\n.address_size 32\n", "64 is expected"},
		{"hello", "line 1: \"hello\" is not known"},
		{program("ret;") + strings.Split(program("ret;"), ".address_size 64\n")[1], "defined twice"},
		{strings.TrimSuffix(program("ret;"), "}\n"), "ends within a kernel"},
		{strings.Replace(program("ret;"), ".u32 n", ".f64 n", 1), "parameters of type .f64"},
		{strings.Replace(program("ret;"), ".u32 n", ".u32 out", 1), "declared twice"},
		{strings.Replace(program("ret;"), "64, 1, 1", "9999, 1, 1", 1), ".maxntid"},
		{program("\t.reg .b16 %h<2>;\n ret;"), "not known"},
		{program("\t.reg .b32 %x<99999999>;\n ret;"), "want a name<count>"},
		{program("\t.reg .b32 %r<2>;\n ret;"), "declared twice"},
		{program("\t.shared .align 4 .b8 a[999999999];\n ret;"), "sensible size"},
		{program("frob.u32 %r1, %r2;"), "instruction frob.u32 is not known"},
		{program("ex2.approx.f32 %f1, %f2;"), "instruction ex2.approx.f32 is not known"},
		{program("atom.global.add.f32 %f1, [%rd1], %f2;"), "not known"},
		{program("add.s32 %r1, %r2;"), "2 operands, want 3"},
		{program("add.s32 %r1, %r2, %rd3;"), "has 64 bits, the instruction wants 32"},
		{program("add.s32 %r1, %r2, %r99;"), "no register, and no constant"},
		{program("add.s32 5, %r2, %r3;"), "no register"},
		{program("add.s32 %tid.x, %r2, %r3;"), "no register"},
		{program("add.rn.f32 %f1, %f2, 0f3F80000000;"), "no constant of 32 bits"},
		{program("add.rn.f64 %fd1, %fd2, 0f3F800000;"), "no constant of 64 bits"},
		{program("bra $L;"), "no label $L"},
		{program("$L:\n$L:\n ret;"), "set twice"},
		{program("ret"), "semicolon"},
		{program("ret; ret;"), "semicolon"},
		{program("ld.param.u32 %r1, [m];"), "no parameter"},
		{program("ld.param.u32 %r1, [out];"), "has 64 bits"},
		{program("ld.local.u32 %r1, [%rd1];"), "not known"},
		{program("ld.global.v4.u64 {%rd1, %rd2, %rd3, %rd4}, [%rd1];"), "not known"},
		{program("ld.global.v2.u32 {%r1, %r2, %r3}, [%rd1];"), "3 values, want 2"},
		{program("ld.global.u32 %r1, %rd1;"), "no address"},
		{program("ld.global.f32 %rd1, [%rd1];"), "has 64 bits"},
		{program("setp.ltu.s32 %p1, %r1, %r2;"), "not known"},
		{program("bar.sync 1;"), "only 0 is known"},
		{program("shfl.sync.bfly.b32 %r1, %r2, 1, 31, 15;"), "only -1 is known"},
		{program("shfl.sync.bfly.b32 %r1, %r2, 1, 15, -1;"), "only 31 is known"},
		{program("vote.sync.ballot.b32 %r1, %p1, 3;"), "only -1 is known"},
		{program("bar.warp.sync 3;"), "only -1 is known"},
		{program("\t.reg .b32 %x<65000>;\n\t.reg .b32 %y<1000>;\n ret;"), "more than 65536 registers"},
		{program("@%r1 ret;"), "has 32 bits, the instruction wants 1"},
		{program("$L:"), "no instructions"},
	} {
		m, err := Parse(c.text)
		if err == nil || m != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

// FuzzRun parses anything and runs what parses: no text may do more than return an error.
func FuzzRun(f *testing.F) {
	f.Add(program("ret;"))
	f.Add(program("$L:"))
	f.Add(program(prologue + "st.global.u32 [%rd1], %r1;\n ret;"))
	f.Add(program("\t.shared .align 16 .b8 room[64];\n" + prologue + "st.shared.v2.u32 [room+8], {%r1, %r1};\n bar.sync 0;\n ld.shared.f64 %fd1, [room+8];\n ret;"))
	f.Add(program(prologue + "shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;\n setp.nan.f32 %p1, 0f7FC00000, 0f00000000;\n @!%p1 bra $L;\n$L:\n div.s32 %r1, -2147483648, -1;\n ret;"))
	f.Add(".version 7.4\n.target sm_80\n.address_size 64\n.visible .entry k()\n{\n\tret;\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		for _, k := range m.kernels {
			var memory Memory
			args := make([]uint64, len(k.Params))
			for i := range args {
				args[i] = memory.Alloc(64)
			}
			_ = k.Run(&memory, Launch{Grid: Dim{2, 1, 1}, Block: Dim{32, 1, 1}, Steps: 1 << 12}, args...)
		}
	})
}
