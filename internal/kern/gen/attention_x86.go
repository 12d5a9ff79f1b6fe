package main

import (
	"fmt"
	"math"
)

// The kernels of attention with heads of 16, on AVX-512. They work on a stripe:
// 16 queries, which are the lanes of a vector, against all keys of a head.
// Matrices are contiguous rows of 16 floats, one row a key or a query; the number
// of keys is rounded up to whole groups of 8.
//
// Most are one loop: sixteen vectors stay in registers, and each step multiplies
// one of them by one element of each of eight rows, which the instruction itself
// broadcasts from the first-level cache. So every product of attention runs with
// one load to a multiplication, as many as the processor can do, and no
// horizontal sum and no partial vector is left.

const (
	attendWidth = 16               // floats of a vector, and of a head
	attendGroup = 8                // rows that are summed at a time
	attendRow   = 4 * attendWidth  // bytes
	attendBlock = attendGroup * 64 // bytes of a group of rows
	attendPins  = 16               // registers Z0 to Z15
	attendSums  = attendPins       // registers Z16 to Z23
	attendSpare = attendPins + 8   // registers Z24 to Z31
)

// attendExp2 are the coefficients of 2^x for 0 <= x <= 1, a minimax fit with
// relative error 8e-8 before rounding.
var attendExp2 = []float64{1, 0.6931513118046047, 0.240164450155054, 0.05579991310384979, 0.009017030322307069, 0.0018671300699328577}

func attentionFiles() map[string][]byte {
	return map[string][]byte{"attention_amd64.s": attentionX86()}
}

// attendKernel writes the kernels.
type attendKernel struct{ *gemmText }

func attentionX86() []byte {
	a := attendKernel{&gemmText{}}
	a.header()
	a.constants()
	a.pack("attendPackAVX512", "(heads *float32, head int, rows *float32, row, count, parts int)", "VMOVUPS (SI), Z0", "VMOVUPS Z0, (DI)")
	a.pack("attendUnpackAVX512", "(heads *float32, head int, rows *float32, row, count, parts int)", "VMOVUPS (DI), Z0", "VMOVUPS Z0, (SI)")
	a.scores()
	a.values()
	a.probs()
	a.grads()
	a.rows()
	a.keys("attendKeysAVX512", false)
	a.keys("attendKeysAddAVX512", true)
	return a.Bytes()
}

func (a attendKernel) constants() {
	a.WriteString("\n// The coefficients of 2^x.\n")
	for i, c := range attendExp2 {
		fmt.Fprintf(a, "DATA attend<>+%d(SB)/4, $0x%08x\n", 4*i, math.Float32bits(float32(c)))
	}
	fmt.Fprintf(a, "GLOBL attend<>(SB), RODATA|NOPTR, $%d\n", 4*len(attendExp2))
}

// begin opens a function whose arguments are words, loaded into regs by turns.
func (a attendKernel) begin(name, signature string, frame int, args ...string) {
	a.function(name, signature, frame)
	for i := 0; i < len(args); i += 2 {
		a.op("MOVQ %s+%d(FP), %s", args[i], 8*(i/2), args[i+1])
	}
}

func (a attendKernel) end() {
	a.op("VZEROUPPER")
	a.op("RET")
}

// pin loads the sixteen vectors of a stripe.
func (a attendKernel) pin(from string) {
	for e := range attendPins {
		a.op("VMOVUPS %d(%s), Z%d", e*attendRow, from, e)
	}
}

// pinScaled is pin times the argument factor at the given place of the frame.
func (a attendKernel) pinScaled(from string, factor int) {
	a.op("VBROADCASTSS factor+%d(FP), Z%d", factor, attendSpare)
	for e := range attendPins {
		a.op("VMULPS %d(%s), Z%d, Z%d", e*attendRow, from, attendSpare, e)
	}
}

// What the sums of products begin with, if it is not a register.
const (
	attendNothing = -1
	attendHeld    = -2 // what they hold
)

// products sums pins by the elements of eight rows at from; the sums begin with
// the given register or what start says.
func (a attendKernel) products(from string, start int) {
	for e := range attendPins {
		for u := range attendGroup {
			op := "VFMADD231PS"
			switch {
			case e > 0:
			case start == attendNothing:
				op = "VMULPS"
			case start != attendHeld:
				a.op("VMOVAPS Z%d, Z%d", start, attendSums+u)
			}
			a.op("%s.BCST %d(%s), Z%d, Z%d", op, u*attendRow+4*e, from, e, attendSums+u)
		}
	}
}

// negative loads the vector at from with its sign turned.
func (a attendKernel) negative(from string, into int) {
	a.op("VPXORD Z%[1]d, Z%[1]d, Z%[1]d", into)
	a.op("VSUBPS (%s), Z%d, Z%[2]d", from, into)
}

func (a attendKernel) ops(list []string) {
	for _, op := range list {
		a.op("%s", op)
	}
}

// groups loops over groups of rows, CX of them, stepping the pointers.
func (a attendKernel) groups(pointers []string, body func()) {
	a.op("PCALIGN $32")
	a.label("group")
	body()
	for _, p := range pointers {
		a.op("ADDQ $%d, %s", attendBlock, p)
	}
	a.op("DECQ CX")
	a.op("JNZ group")
}

// exp2 returns the instructions that put 2^x into register p, using f; konst(i)
// is coefficient i as an instruction takes it, with its suffix. The power of the
// whole part of x costs nothing: VSCALEFPS rounds x down by itself.
func exp2(x, f, p int, suffix string, konst func(i int) string) []string {
	const down = 1 // rounding of VREDUCEPS
	last := len(attendExp2) - 1
	first := fmt.Sprintf("VMOVAPS %s, Z%d", konst(last), p)
	if suffix != "" {
		first = fmt.Sprintf("VBROADCASTSS %s, Z%d", konst(last), p)
	}
	ops := []string{fmt.Sprintf("VREDUCEPS $%d, Z%d, Z%d", down, x, f), first}
	for i := last - 1; i >= 0; i-- {
		ops = append(ops, fmt.Sprintf("VFMADD213PS%s %s, Z%d, Z%d", suffix, konst(i), f, p))
	}
	return append(ops, fmt.Sprintf("VSCALEFPS Z%d, Z%d, Z%[2]d", x, p))
}

func inMemoryConst(i int) string { return fmt.Sprintf("attend<>+%d(SB)", 4*i) }

// pack moves rows of several heads side by side to matrices of each head, or
// back: a row at a time, since what lies side by side comes from memory fast.
func (a attendKernel) pack(name, signature, load, store string) {
	a.begin(name, signature, 48, "heads", "R8", "head", "DX", "rows", "R9", "row", "BX", "count", "CX", "parts", "R10")
	a.op("SHLQ $2, DX")
	a.op("SHLQ $2, BX")
	a.label("row")
	a.op("MOVQ R8, DI")
	a.op("MOVQ R9, SI")
	a.op("MOVQ R10, AX")
	a.label("part")
	a.op("%s", load)
	a.op("%s", store)
	a.op("ADDQ $%d, SI", attendRow)
	a.op("ADDQ DX, DI")
	a.op("DECQ AX")
	a.op("JNZ part")
	a.op("ADDQ $%d, R8", attendRow)
	a.op("ADDQ BX, R9")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.end()
}

// scores is the first pass of softmax: scores and the greatest of each query.
func (a attendKernel) scores() {
	a.begin("attendScoresAVX512", "(s, most, q, k *float32, groups int, factor float32)", 44,
		"s", "DI", "most", "DX", "q", "BX", "k", "SI", "groups", "CX")
	a.pinScaled("BX", 40)
	a.op("MOVL $0xff800000, AX") // -Inf
	a.op("VPBROADCASTD AX, Z%d", attendSpare)
	a.groups([]string{"DI", "SI"}, func() {
		a.products("SI", attendNothing)
		for u := range attendGroup {
			a.op("VMOVUPS Z%d, %d(DI)", attendSums+u, u*attendRow)
		}
		for step := 1; step < attendGroup; step *= 2 {
			for u := 0; u < attendGroup; u += 2 * step {
				a.op("VMAXPS Z%d, Z%d, Z%[2]d", attendSums+u+step, attendSums+u)
			}
		}
		a.op("VMAXPS Z%d, Z%d, Z%[2]d", attendSums, attendSpare)
	})
	a.op("VMOVUPS Z%d, (DX)", attendSpare)
	a.end()
}

// values is the rest of softmax and what it weighs: exponentials, their sums, and
// the results of the queries. While two keys' values are multiplied the
// exponentials of the next two are computed, so that neither waits for the other.
func (a attendKernel) values() {
	a.begin("attendValuesAVX512", "(y, sum, s, most, v *float32, steps int)", 48,
		"y", "DI", "sum", "DX", "s", "SI", "most", "BX", "v", "R8", "steps", "CX")
	const sum, most, konst, temps = attendPins, attendPins + 1, attendPins + 2, attendSpare
	for i := range attendPins + 1 {
		a.op("VPXORD Z%[1]d, Z%[1]d, Z%[1]d", i)
	}
	a.op("VSUBPS (BX), Z%d, Z%d", sum, most) // negative: scores are added to it
	for i := range attendExp2 {
		a.op("VBROADCASTSS %s, Z%d", inMemoryConst(i), konst+i)
	}
	inRegister := func(i int) string { return fmt.Sprintf("Z%d", konst+i) }
	exps := func(row, p int) (ops []string) { // of the keys at row and row+1, into p and p+1
		var one [2][]string
		for u := range one {
			x := temps + 4 + u
			load := fmt.Sprintf("VADDPS %d(SI), Z%d, Z%d", (row+u)*attendRow, most, x)
			one[u] = append([]string{load}, exp2(x, temps+6+u, p+u, "", inRegister)...)
		}
		return merged(one[0], one[1])
	}
	sums := func(row, p int) (ops []string) {
		for u := range 2 {
			ops = append(ops, fmt.Sprintf("VADDPS Z%d, Z%d, Z%[2]d", p+u, sum))
			for d := range attendPins {
				ops = append(ops, fmt.Sprintf("VFMADD231PS.BCST %d(R8), Z%d, Z%d", (row+u)*attendRow+4*d, p+u, d))
			}
		}
		return ops
	}
	a.ops(exps(0, temps))
	a.op("PCALIGN $32")
	a.label("step")
	a.ops(merged(sums(0, temps), exps(2, temps+2)))
	a.ops(merged(sums(2, temps+2), exps(4, temps)))
	a.op("ADDQ $%d, SI", 4*attendRow)
	a.op("ADDQ $%d, R8", 4*attendRow)
	a.op("DECQ CX")
	a.op("JNZ step")
	a.op("VMOVUPS Z%d, (DX)", sum)
	a.op("VDIVPS Z%d, Z%d, Z%[1]d", sum, konst) // the coefficient 1 by the sums
	for d := range attendPins {
		a.op("VMULPS Z%d, Z%d, Z%[2]d", sum, d)
		a.op("VMOVUPS Z%d, %d(DI)", d, d*attendRow)
	}
	a.end()
}

// merged spreads the shorter of two lists of instructions evenly over the longer.
func merged(long, short []string) (all []string) {
	done := 0
	for i, op := range long {
		all = append(all, op)
		for ; done*len(long) < (i+1)*len(short); done++ {
			all = append(all, short[done])
		}
	}
	return all
}

// probs computes probabilities again from the kept log-sum-exp.
func (a attendKernel) probs() {
	a.begin("attendProbsAVX512", "(p, lse, q, k *float32, groups int, factor float32)", 44,
		"p", "DI", "lse", "DX", "q", "BX", "k", "SI", "groups", "CX")
	a.pinScaled("BX", 40)
	const lse, temps = attendSpare, attendSpare + 1
	a.negative("DX", lse)
	a.groups([]string{"DI", "SI"}, func() {
		a.products("SI", lse)
		for u := range attendGroup {
			p := temps + 3 + u%3
			a.ops(exp2(attendSums+u, temps+u%3, p, ".BCST", inMemoryConst))
			a.op("VMOVUPS Z%d, %d(DI)", p, u*attendRow)
		}
	})
	a.end()
}

// grads is the gradient of the scores: ds = p * (dy·v - dy·y).
func (a attendKernel) grads() {
	a.begin("attendGradsAVX512", "(ds, p, dy, y, v *float32, groups int, factor float32)", 52,
		"ds", "DI", "p", "DX", "dy", "BX", "y", "R8", "v", "SI", "groups", "CX")
	a.pinScaled("BX", 48)
	const delta = attendSpare
	a.op("VPXORD Z%[1]d, Z%[1]d, Z%[1]d", delta)
	for d := range attendPins {
		a.op("VFNMADD231PS %d(R8), Z%d, Z%d", d*attendRow, d, delta)
	}
	a.groups([]string{"DI", "SI", "DX"}, func() {
		a.products("SI", delta)
		for u := range attendGroup {
			x := attendSums + u
			a.op("VMULPS %d(DX), Z%d, Z%[2]d", u*attendRow, x)
			a.op("VMOVUPS Z%d, %d(DI)", x, u*attendRow)
		}
	})
	a.end()
}

// rows are sums of keys' rows weighted by a stripe: the gradient of the queries.
func (a attendKernel) rows() {
	a.begin("attendRowsAVX512", "(y, p, v *float32, keys int)", 32, "y", "DI", "p", "BX", "v", "SI", "keys", "CX")
	for i := range attendPins {
		a.op("VPXORD Z%[1]d, Z%[1]d, Z%[1]d", i)
	}
	a.op("PCALIGN $32")
	a.label("key")
	a.op("VMOVUPS (SI), Z%d", attendPins)
	for i := range attendPins {
		a.op("VFMADD231PS.BCST %d(BX), Z%d, Z%d", 4*i, attendPins, i)
	}
	a.op("ADDQ $%d, BX", attendRow)
	a.op("ADDQ $%d, SI", attendRow)
	a.op("DECQ CX")
	a.op("JNZ key")
	for i := range attendPins {
		a.op("VMOVUPS Z%d, %d(DI)", i, i*attendRow)
	}
	a.end()
}

// keys is the first stripe's part of the gradient of the keys or of the values or,
// if add, adds a further one.
func (a attendKernel) keys(name string, add bool) {
	a.begin(name, "(dk, ds, q *float32, groups int)", 32,
		"dk", "DI", "ds", "SI", "q", "BX", "groups", "CX")
	a.pin("BX")
	start := attendNothing
	if add {
		start = attendHeld
	}
	a.groups([]string{"DI", "SI"}, func() {
		if add {
			for u := range attendGroup {
				a.op("VMOVUPS %d(DI), Z%d", u*attendRow, attendSums+u)
			}
		}
		a.products("SI", start)
		for u := range attendGroup {
			a.op("VMOVUPS Z%d, %d(DI)", attendSums+u, u*attendRow)
		}
	})
	a.end()
}
