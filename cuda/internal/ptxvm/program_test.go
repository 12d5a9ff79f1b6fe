package ptxvm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// program is a module of one kernel k(out, n) with registers of every kind.
func program(body string) string {
	return ".version 7.4\n.target sm_80\n.address_size 64\n" +
		".visible .entry k(\n\t.param .u64 out,\n\t.param .u32 n\n)\n.maxntid 64, 1, 1\n{\n" +
		"\t.reg .pred %p<9>;\n\t.reg .b32 %r<9>;\n\t.reg .f32 %f<9>;\n\t.reg .b64 %rd<9>;\n\t.reg .f64 %fd<9>;\n" +
		body + "\n}\n"
}

// prologue puts the address of out's element tid into %rd1 and tid into %r1.
const prologue = `
	ld.param.u64 %rd0, [out];
	mov.u32 %r1, %tid.x;
	mul.wide.u32 %rd2, %r1, 4;
	add.s64 %rd1, %rd0, %rd2;
`

// parse fails the test for bad text.
func parse(t testing.TB, body string) *Kernel {
	t.Helper()
	m, err := Parse(program(body))
	if err != nil {
		t.Fatal(err)
	}
	return m.Kernel("k")
}

// run launches one block over memory of words words and returns it with the error.
func runBody(t testing.TB, body string, threads, words int) ([]uint32, error) {
	t.Helper()
	var m Memory
	out := m.Alloc(words)
	err := parse(t, body).Run(&m, Launch{Grid: Dim{1, 1, 1}, Block: Dim{uint32(threads), 1, 1}, Steps: 1 << 16}, out, uint64(words))
	if err != nil {
		return nil, err
	}
	return m.Get(out, words)
}

func TestThreadsKnowTheirPlace(t *testing.T) {
	k := parse(t, prologue+`
	mov.u32 %r2, %ctaid.x;
	mov.u32 %r3, %ntid.x;
	mov.u32 %r4, %nctaid.x;
	mad.lo.s32 %r5, %r2, %r3, %r1;
	mul.wide.u32 %rd3, %r5, 4;
	add.s64 %rd4, %rd0, %rd3;
	mul.lo.s32 %r6, %r4, 1000;
	add.s32 %r7, %r6, %r5;
	st.global.u32 [%rd4], %r7;
	ret;`)
	var m Memory
	out := m.Alloc(6)
	if err := k.Run(&m, Launch{Grid: Dim{3, 1, 1}, Block: Dim{2, 1, 1}}, out, 6); err != nil {
		t.Fatal(err)
	}
	got, err := m.Get(out, 6)
	if err != nil || fmt.Sprint(got) != "[3000 3001 3002 3003 3004 3005]" {
		t.Errorf("%v, %v", got, err)
	}
}

// TestFaults plants one mistake in each program.
func TestFaults(t *testing.T) {
	store := "st.global.u32 [%rd1], %r1;\n ret;"
	shared := "\t.shared .align 4 .b8 room[256];\n" + prologue + `
	mov.u64 %rd3, room;
	add.s64 %rd4, %rd3, %rd2;
`
	for _, c := range []struct {
		name, body     string
		threads, words int
		want           string
	}{
		{"write past the end", prologue + store, 9, 8, "bytes 32 to 35 of an allocation of 32"},
		{"null", prologue + "mov.u64 %rd1, 0;\n" + store, 1, 8, "in no allocation"},
		{"misaligned", prologue + "add.s64 %rd1, %rd1, 2;\n" + store, 1, 8, "no multiple of 4"},
		{"misaligned vector", prologue + "add.s64 %rd1, %rd1, 4;\n ld.global.v2.u32 {%r2, %r3}, [%rd1];\n ret;", 1, 8, "no multiple of 8"},
		{"register never set", prologue + "st.global.u32 [%rd1], %r2;\n ret;", 1, 8, "a register is read that was never set"},
		{"predicate never set", prologue + "@%p1 bra $L;\n" + store + "\n$L:\n ret;", 1, 8, "its predicate was never set"},
		{"first operand never set", prologue + "add.s32 %r1, %r2, %r1;\n" + store, 1, 8, "a register is read that was never set"},
		{"second operand never set", prologue + "add.s32 %r1, %r1, %r2;\n" + store, 1, 8, "a register is read that was never set"},
		{"third operand never set", prologue + "mad.lo.s32 %r1, %r1, %r1, %r2;\n" + store, 1, 8, "a register is read that was never set"},
		{"part of a vector never set", prologue + "st.global.v2.u32 [%rd1], {%r1, %r2};\n ret;", 1, 8, "a register is read that was never set"},
		{"memory never set", prologue + "ld.global.u32 %r1, [%rd1];\n" + store, 1, 8, "before it was set"},
		{"shared memory never set", shared + "ld.shared.u32 %r1, [%rd4];\n" + store, 1, 8, "before it was set"},
		{"past shared memory", shared + "st.shared.u32 [%rd4+256], %r1;\n ret;", 1, 8, "of an allocation"},
		{"between shared arrays", "\t.shared .align 4 .b8 other[4];\n" + shared + "st.shared.u32 [other+4], %r1;\n ret;", 1, 8, "in no array"},
		{"across the end of a shared array", "\t.shared .align 8 .b8 other[12];\n" + shared + "st.shared.v2.u32 [other+8], {%r1, %r1};\n ret;", 1, 8, "in no array"},
		{"before shared memory", shared + "sub.s64 %rd4, %rd4, 4096;\n st.shared.u32 [%rd4], %r1;\n ret;", 1, 8, "of an allocation"},
		{"missing barrier", shared + "st.shared.u32 [%rd4], %r1;\n ld.shared.u32 %r1, [room];\n" + store, 2, 8, "race"},
		{"two writers", prologue + "st.global.u32 [%rd0], %r1;\n ret;", 2, 8, "race"},
		{"reader, then writer", prologue + "mov.u32 %r2, 1;\n setp.eq.s32 %p1, %r1, 0;\n @%p1 st.global.u32 [%rd0], %r2;\n bar.sync 0;\n ld.global.u32 %r3, [%rd0];\n @!%p1 st.global.u32 [%rd0], %r3;\n ret;", 2, 8, "race"},
		{"reader, then one that reads twice and writes", prologue + "mov.u32 %r2, 1;\n setp.eq.s32 %p1, %r1, 1;\n @!%p1 st.global.u32 [%rd0], %r2;\n bar.sync 0;\n ld.global.u32 %r3, [%rd0];\n ld.global.u32 %r3, [%rd0];\n @%p1 st.global.u32 [%rd0], %r3;\n ret;", 2, 8, "race"},
		{"divergent barrier", prologue + "setp.eq.s32 %p1, %r1, 0;\n @%p1 bra $L;\n bar.sync 0;\n$L:\n ret;", 2, 8, "divergent barrier"},
		{"two barriers", prologue + "setp.eq.s32 %p1, %r1, 0;\n @%p1 bra $L;\n bar.sync 0;\n ret;\n$L:\n bar.sync 0;\n ret;", 2, 8, "divergent barrier"},
		{"shuffle of half a warp", prologue + "shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;\n ret;", 16, 16, "divergent barrier"},
		{"divergent shuffle", prologue + "setp.lt.u32 %p1, %r1, 7;\n @%p1 shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;\n ret;", 32, 32, "divergent barrier"},
		{"two shuffles", prologue + "setp.eq.s32 %p1, %r1, 0;\n @%p1 bra $L;\n shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;\n ret;\n$L:\n shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;\n ret;", 32, 32, "divergent barrier"},
		{"division by zero", prologue + "div.u32 %r1, %r1, 0;\n" + store, 1, 8, "division by zero"},
		{"endless", prologue + "$L:\n bra $L;", 1, 8, "does not end"},
		{"no ret", prologue, 1, 8, "ends without ret"},
		{"too many threads", prologue + store, 65, 100, "made for 64"},
	} {
		if _, err := runBody(t, c.body, c.threads, c.words); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestFaultsBetweenBlocks: blocks share global memory and nothing else, and no barrier orders them.
func TestFaultsBetweenBlocks(t *testing.T) {
	shared := "\t.shared .align 4 .b8 room[4];\n" + prologue + "mov.u32 %r2, %ctaid.x;\n setp.eq.s32 %p1, %r2, 0;\n "
	for _, c := range []struct{ name, body, want string }{
		{"two writers", prologue + "st.global.u32 [%rd1], %r1;\n ret;", "race"},
		{"a barrier in each", prologue + "setp.eq.s32 %p1, %r1, 0;\n @%p1 st.global.u32 [%rd0], %r1;\n bar.sync 0;\n ld.global.u32 %r3, [%rd0];\n bar.sync 0;\n ret;", "race"},
		{"shared memory of the last block", shared + "@%p1 st.shared.u32 [room], %r2;\n ld.shared.u32 %r3, [room];\n ret;", "before it was set"},
		{"a register of the last block", shared + "@%p1 mov.u32 %r3, 1;\n add.s32 %r3, %r3, 1;\n ret;", "a register is read that was never set"},
	} {
		var m Memory
		err := parse(t, c.body).Run(&m, Launch{Grid: Dim{2, 1, 1}, Block: Dim{1, 1, 1}}, m.Alloc(4), 4)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestLaunchesFollow: one launch may read and write what another wrote.
func TestLaunchesFollow(t *testing.T) {
	var m Memory
	out := m.Alloc(1)
	if err := m.Put(out, []uint32{5}); err != nil {
		t.Fatal(err)
	}
	k := parse(t, prologue+"setp.eq.s32 %p1, %r1, 1;\n @%p1 ld.global.u32 %r3, [%rd0];\n @%p1 add.s32 %r3, %r3, 1;\n @%p1 st.global.u32 [%rd0], %r3;\n ret;")
	first := parse(t, prologue+"ld.global.u32 %r3, [%rd0];\n ret;")
	for range 2 {
		for _, k := range []*Kernel{k, first} {
			if err := k.Run(&m, Launch{Grid: Dim{1, 1, 1}, Block: Dim{2, 1, 1}}, out, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := m.Get(out, 1); err != nil || got[0] != 7 {
		t.Errorf("%v after two launches that add one to 5 (%v)", got, err)
	}
}

// TestPlacesInThreeDimensions: every thread says where it is and how large block and grid are.
func TestPlacesInThreeDimensions(t *testing.T) {
	names := []string{"tid.x", "tid.y", "tid.z", "ctaid.x", "ctaid.y", "ctaid.z", "ntid.x", "ntid.y", "ntid.z", "nctaid.x", "nctaid.y", "nctaid.z"}
	var body strings.Builder
	body.WriteString("ld.param.u64 %rd0, [out];\n mov.u32 %r1, 0;\n")
	for _, name := range []string{"ctaid.z nctaid.y", "ctaid.y nctaid.x", "ctaid.x ntid.z", "tid.z ntid.y", "tid.y ntid.x", "tid.x"} { // the thread's number, digit by digit
		digit, next, _ := strings.Cut(name, " ")
		fmt.Fprintf(&body, "mov.u32 %%r2, %%%s;\n add.s32 %%r1, %%r1, %%r2;\n", digit)
		if next != "" {
			fmt.Fprintf(&body, "mov.u32 %%r2, %%%s;\n mul.lo.s32 %%r1, %%r1, %%r2;\n", next)
		}
	}
	fmt.Fprintf(&body, "mul.wide.u32 %%rd1, %%r1, %d;\n add.s64 %%rd1, %%rd0, %%rd1;\n", 4*len(names))
	for i, name := range names {
		fmt.Fprintf(&body, "mov.u32 %%r3, %%%s;\n st.global.u32 [%%rd1+%d], %%r3;\n", name, 4*i)
	}
	body.WriteString("ret;")
	grid, block := Dim{2, 3, 4}, Dim{3, 2, 5}
	var m Memory
	threads := int(grid.count() * block.count())
	out := m.Alloc(threads * len(names))
	if err := parse(t, body.String()).Run(&m, Launch{Grid: grid, Block: block}, out, 0); err != nil {
		t.Fatal(err)
	}
	got, err := m.Get(out, threads*len(names))
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint32(threads) {
		b, in := i/30, i%30
		want := []uint32{in % 3, in / 3 % 2, in / 6, b % 2, b / 2 % 3, b / 6, 3, 2, 5, 2, 3, 4}
		if of := got[int(i)*len(names):][:len(names)]; !slices.Equal(of, want) {
			t.Fatalf("thread %d: %v, want %v", i, of, want)
		}
	}
}

// TestVectorsAndOffsets moves values of both sizes, one and several at a time, beside an address.
func TestVectorsAndOffsets(t *testing.T) {
	got, err := runBody(t, "\t.shared .align 4 .b8 other[4];\n\t.shared .align 16 .b8 room[64];\n"+prologue+`
	mov.u32 %r2, 2;
	mov.u32 %r3, 3;
	mov.u32 %r4, 4;
	mov.u32 %r5, 5;
	mov.u64 %rd2, 0x700000006;
	mov.u64 %rd3, 0x900000008;
	mov.u64 %rd4, room;
	st.shared.v4.u32 [%rd4+16], {%r2, %r3, %r4, %r5};
	st.shared.v2.u64 [%rd4+32], {%rd2, %rd3};
	ld.shared.v2.u64 {%rd5, %rd6}, [room+16];
	ld.shared.v4.u32 {%r5, %r6, %r7, %r8}, [%rd4+32];
	st.global.v2.u64 [%rd1], {%rd5, %rd6};
	st.global.v4.u32 [%rd1+16], {%r5, %r6, %r7, %r8};
	add.s64 %rd7, %rd1, 64;
	ld.global.u64 %rd8, [%rd7+-48];
	st.global.u64 [%rd7+-32], %rd8;
	ret;`, 1, 10)
	if want := []uint32{2, 3, 4, 5, 6, 7, 8, 9, 6, 7}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

// TestNarrowArgument: of a parameter of 32 bits the word's upper half does not count.
func TestNarrowArgument(t *testing.T) {
	var m Memory
	out := m.Alloc(2)
	k := parse(t, prologue+"ld.param.u32 %r2, [n];\n cvt.u64.u32 %rd3, %r2;\n st.global.u64 [%rd1], %rd3;\n ret;")
	if err := k.Run(&m, Launch{Grid: Dim{1, 1, 1}, Block: Dim{1, 1, 1}}, out, 1<<40|5); err != nil {
		t.Fatal(err)
	}
	if got, err := m.Get(out, 2); err != nil || got[0] != 5 || got[1] != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// TestBarriersOrder: what the faults above lack makes these right.
func TestBarriersOrder(t *testing.T) {
	shared := "\t.shared .align 4 .b8 room[256];\n" + prologue + `
	mov.u64 %rd3, room;
	add.s64 %rd4, %rd3, %rd2;
	st.shared.u32 [%rd4], %r1;
	xor.b32 %r2, %r1, 1;
	mul.wide.u32 %rd5, %r2, 4;
	add.s64 %rd6, %rd3, %rd5;
	BARRIER
	ld.shared.u32 %r3, [%rd6];
	st.global.u32 [%rd1], %r3;
	ret;`
	for barrier, fine := range map[string]bool{"bar.sync 0;": true, "bar.warp.sync -1;": true, "": false} {
		got, err := runBody(t, strings.Replace(shared, "BARRIER", barrier, 1), 64, 64)
		if (err == nil) != fine {
			t.Errorf("with %q: %v", barrier, err)
		}
		for i, v := range got {
			if v != uint32(i^1) {
				t.Errorf("with %q: element %d is %d", barrier, i, v)
			}
		}
	}
	// A shuffle orders nothing, nor does the barrier of another warp.
	shuffle := "setp.lt.u32 %p1, %r1, 32;\n @%p1 bra $W;\n shfl.sync.bfly.b32 %r4, %r1, 1, 31, -1;\n bra $E;\n$W:\n bar.warp.sync -1;\n$E:\n"
	if _, err := runBody(t, strings.Replace(shared, "BARRIER", shuffle, 1), 64, 64); err == nil || !strings.Contains(err.Error(), "race") {
		t.Errorf("a shuffle in place of a barrier: %v", err)
	}
	// A warp barrier does not order two warps.
	across := strings.Replace(strings.Replace(shared, "BARRIER", "bar.warp.sync -1;", 1), "%r1, 1;", "%r1, 32;", 1)
	if _, err := runBody(t, across, 64, 64); err == nil || !strings.Contains(err.Error(), "race") {
		t.Errorf("a warp barrier between two warps: %v", err)
	}
}

func TestShuffleAndBallot(t *testing.T) {
	got, err := runBody(t, prologue+`
	shfl.sync.bfly.b32 %r2, %r1, 5, 31, -1;
	setp.gt.u32 %p1, %r1, 29;
	vote.sync.ballot.b32 %r3, %p1, -1;
	add.s32 %r4, %r2, %r3;
	and.b32 %r5, %r1, 3;
	shfl.sync.bfly.b32 %r6, %r1, %r5, 31, -1; // each lane has a partner of its own
	shl.b32 %r6, %r6, 8;
	add.s32 %r4, %r4, %r6;
	st.global.u32 [%rd1], %r4;
	ret;`, 32, 32)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if want := uint32(i^5) + 3<<30 + uint32(i^i&3)<<8; v != want {
			t.Errorf("lane %d has %#x, want %#x", i, v, want)
		}
	}
}

// TestArguments checks what a launch is refused for.
func TestArguments(t *testing.T) {
	k := parse(t, "ret;")
	var m Memory
	one := Launch{Grid: Dim{1, 1, 1}, Block: Dim{1, 1, 1}}
	for name, err := range map[string]error{
		"arguments": k.Run(&m, one, 1),
		"no block":  k.Run(&m, Launch{Grid: one.Grid}, 1, 2),
		"too much":  k.Run(&m, Launch{Grid: Dim{1 << 11, 1 << 10, 1}, Block: one.Block}, 1, 2),
		"no grid":   k.Run(&m, Launch{Block: one.Block}, 1, 2),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "k: ptx: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := k.Run(&m, one, 1, 2); err != nil {
		t.Error(err)
	}
}

func TestFreedMemory(t *testing.T) {
	var m Memory
	at := m.Alloc(4)
	if err := m.PutFloats(at, []float32{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	if v, err := m.Floats(at+4, 3); err != nil || fmt.Sprint(v) != "[2 3 4]" {
		t.Errorf("%v, %v", v, err)
	}
	if err := m.PutFloats(at+4, []float32{1, 2, 3, 4}); err == nil {
		t.Error("five floats fit four")
	}
	if err := m.PutFloats(at+2, []float32{1}); err == nil {
		t.Error("a float is put between two")
	}
	m.Free(at)
	if _, err := m.Floats(at, 1); err == nil {
		t.Error("freed memory can be read")
	}
	if _, err := m.Get(m.Alloc(1), 1); err == nil {
		t.Error("memory that was never set can be read")
	}
}
