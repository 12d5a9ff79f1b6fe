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

// attendExp2 are the coefficients of 2^x for |x| <= 1/2, a minimax fit with
// relative error 9e-8 before rounding.
var attendExp2 = []float64{1, 0.6931469775989928, 0.24022242085262177, 0.055507337434972014, 0.009671512644828168, 0.0013264727123562215}

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
	a.exps()
	a.probs()
	a.grads()
	a.rows()
	a.keys()
	return a.Bytes()
}

func (a attendKernel) constants() {
	words := []uint32{math.Float32bits(roundMagic)}
	for _, c := range attendExp2 {
		words = append(words, math.Float32bits(float32(c)))
	}
	a.WriteString("\n// Rounding, then the coefficients of 2^x.\n")
	for i, w := range words {
		fmt.Fprintf(a, "DATA attend<>+%d(SB)/4, $0x%08x\n", 4*i, w)
	}
	fmt.Fprintf(a, "GLOBL attend<>(SB), RODATA|NOPTR, $%d\n", 4*len(words))
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

// products sums pins by the elements of eight rows at from; the sums begin with
// the first product or, if started, with what they hold.
func (a attendKernel) products(from string, started bool) {
	for e := range attendPins {
		for u := range attendGroup {
			op := "VFMADD231PS"
			if e == 0 && !started {
				op = "VMULPS"
			}
			a.op("%s.BCST %d(%s), Z%d, Z%d", op, u*attendRow+4*e, from, e, attendSums+u)
		}
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

// exp2 turns register x into 2^x, using n and p; magic and the coefficients are
// operands as an instruction takes them, with its suffix.
func (a attendKernel) exp2(x, n, p int, suffix string, konst func(i int) string) {
	a.op("VADDPS%s %s, Z%d, Z%d", suffix, konst(0), x, n)
	a.op("VSUBPS%s %s, Z%d, Z%d", suffix, konst(0), n, n)
	a.op("VSUBPS Z%d, Z%d, Z%d", n, x, x)
	last := len(attendExp2)
	if suffix == "" {
		a.op("VMOVAPS %s, Z%d", konst(last), p)
	} else {
		a.op("VBROADCASTSS %s, Z%d", konst(last), p)
	}
	for i := last - 1; i >= 1; i-- {
		a.op("VFMADD213PS%s %s, Z%d, Z%d", suffix, konst(i), x, p)
	}
	a.op("VSCALEFPS Z%d, Z%d, Z%d", n, p, x)
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
		a.products("SI", false)
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

// exps is the second pass: exponentials in place and their sums.
func (a attendKernel) exps() {
	a.begin("attendExpsAVX512", "(s, sum, most *float32, keys int)", 32, "s", "SI", "sum", "DX", "most", "BX", "keys", "CX")
	const unroll, n, p, sum, most, konst = 4, 4, 8, 12, 16, 24
	a.op("VMOVUPS (BX), Z%d", most)
	for u := range unroll {
		a.op("VPXORD Z%[1]d, Z%[1]d, Z%[1]d", sum+u)
	}
	for i := range len(attendExp2) + 1 {
		a.op("VBROADCASTSS %s, Z%d", inMemoryConst(i), konst+i)
	}
	keys := func(count int) {
		for u := range count {
			a.op("VMOVUPS %d(SI), Z%d", u*attendRow, u)
			a.op("VSUBPS Z%d, Z%d, Z%[2]d", most, u)
			a.exp2(u, n+u, p+u, "", func(i int) string { return fmt.Sprintf("Z%d", konst+i) })
			a.op("VADDPS Z%d, Z%d, Z%[2]d", u, sum+u)
			a.op("VMOVUPS Z%d, %d(SI)", u, u*attendRow)
		}
		a.op("ADDQ $%d, SI", count*attendRow)
	}
	a.op("SUBQ $%d, CX", unroll)
	a.op("JLT few")
	a.op("PCALIGN $32")
	a.label("many")
	keys(unroll)
	a.op("SUBQ $%d, CX", unroll)
	a.op("JGE many")
	a.label("few")
	a.op("ADDQ $%d, CX", unroll)
	a.op("JZ done")
	a.label("one")
	keys(1)
	a.op("DECQ CX")
	a.op("JNZ one")
	a.label("done")
	a.op("VADDPS Z%d, Z%d, Z%[2]d", sum+1, sum)
	a.op("VADDPS Z%d, Z%d, Z%[2]d", sum+3, sum+2)
	a.op("VADDPS Z%d, Z%d, Z%[2]d", sum+2, sum)
	a.op("VMOVUPS Z%d, (DX)", sum)
	a.end()
}

// probs computes probabilities again from the kept log-sum-exp.
func (a attendKernel) probs() {
	a.begin("attendProbsAVX512", "(p, lse, q, k *float32, groups int, factor float32)", 44,
		"p", "DI", "lse", "DX", "q", "BX", "k", "SI", "groups", "CX")
	a.pinScaled("BX", 40)
	const lse, temps = attendSpare, attendSpare + 1
	a.op("VMOVUPS (DX), Z%d", lse)
	a.groups([]string{"DI", "SI"}, func() {
		a.products("SI", false)
		for u := range attendGroup {
			x := attendSums + u
			a.op("VSUBPS Z%d, Z%d, Z%[2]d", lse, x)
			a.exp2(x, temps+u%3, temps+3+u%3, ".BCST", inMemoryConst)
			a.op("VMOVUPS Z%d, %d(DI)", x, u*attendRow)
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
	a.op("VMULPS (R8), Z0, Z%d", delta)
	for d := 1; d < attendPins; d++ {
		a.op("VFMADD231PS %d(R8), Z%d, Z%d", d*attendRow, d, delta)
	}
	a.groups([]string{"DI", "SI", "DX"}, func() {
		a.products("SI", false)
		for u := range attendGroup {
			x := attendSums + u
			a.op("VSUBPS Z%d, Z%d, Z%[2]d", delta, x)
			a.op("VMULPS %d(DX), Z%d, Z%[2]d", u*attendRow, x)
			a.op("VMOVUPS Z%d, %d(DI)", x, u*attendRow)
		}
	})
	a.end()
}

// rows are sums of keys' or values' rows weighted by a stripe: results of the
// queries, or their gradient.
func (a attendKernel) rows() {
	a.begin("attendRowsAVX512", "(y, p, v, factors *float32, keys int)", 40,
		"y", "DI", "p", "BX", "v", "SI", "factors", "DX", "keys", "CX")
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
		a.op("VMULPS.BCST %d(DX), Z%d, Z%[2]d", 4*i, i)
		a.op("VMOVUPS Z%d, %d(DI)", i, i*attendRow)
	}
	a.end()
}

// keys adds a stripe's part to the gradient of the keys or of the values.
func (a attendKernel) keys() {
	a.begin("attendKeysAVX512", "(dk, ds, q *float32, groups int)", 32,
		"dk", "DI", "ds", "SI", "q", "BX", "groups", "CX")
	a.pin("BX")
	a.groups([]string{"DI", "SI"}, func() {
		for u := range attendGroup {
			a.op("VMOVUPS %d(DI), Z%d", u*attendRow, attendSums+u)
		}
		a.products("SI", true)
		for u := range attendGroup {
			a.op("VMOVUPS Z%d, %d(DI)", attendSums+u, u*attendRow)
		}
	})
	a.end()
}
