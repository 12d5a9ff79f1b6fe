package main

import (
	"fmt"
	"math"
)

// The kernels of attention with heads of 16, on AVX-512. They work on a stripe:
// 16 queries, which are the lanes of a vector, against all keys. Matrices are
// contiguous rows of 16 floats, one row a key or a query; the number of keys is
// rounded up to whole groups of 8.
//
// Most are one loop: sixteen vectors stay in registers, and each step multiplies
// one of them by one element of each of eight rows, which the instruction itself
// broadcasts from the first-level cache. So every product of attention runs with
// one load to a multiplication, as many as the processor can do, and no
// horizontal sum and no partial vector is left.

const (
	attendWidth = 16                 // floats of a vector, and of a head
	attendGroup = 8                  // rows that are summed at a time
	attendRow   = 4 * attendWidth    // bytes
	attendBlock = attendGroup * 64   // bytes of a group of rows
	attendPins  = 16                 // registers Z0 to Z15
	attendSums  = attendPins         // registers Z16 to Z23
	attendSpare = attendPins + 8     // registers Z24 to Z31
	float32One  = uint32(0x3f800000) // 1
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
	a.copyRows()
	a.scores()
	a.values()
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

// copyRows copies rows of 16 floats and multiplies them.
func (a attendKernel) copyRows() {
	a.begin("attendCopyAVX512", "(dst *float32, ldd int, src *float32, lds, rows int, factor float32)", 44,
		"dst", "DI", "ldd", "DX", "src", "SI", "lds", "BX", "rows", "CX")
	a.op("VBROADCASTSS factor+40(FP), Z0")
	a.op("SHLQ $2, DX")
	a.op("SHLQ $2, BX")
	a.label("row")
	a.op("VMULPS (SI), Z0, Z1")
	a.op("VMOVUPS Z1, (DI)")
	a.op("ADDQ BX, SI")
	a.op("ADDQ DX, DI")
	a.op("DECQ CX")
	a.op("JNZ row")
	a.end()
}

// scores is the first pass of softmax: scores and the greatest of each query.
func (a attendKernel) scores() {
	a.begin("attendScoresAVX512", "(s, most, q, k *float32, groups int)", 40,
		"s", "DI", "most", "DX", "q", "BX", "k", "SI", "groups", "CX")
	a.pin("BX")
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

// values is the second: probabilities, their sum, and the mean of the values.
func (a attendKernel) values() {
	a.begin("attendValuesAVX512", "(o, sum, s, most, v *float32, keys int)", 48,
		"o", "DI", "sum", "DX", "s", "SI", "most", "BX", "v", "R8", "keys", "CX")
	for d := range attendPins {
		a.op("VPXORD Z%[1]d, Z%[1]d, Z%[1]d", d)
	}
	const most, sum, x, n, p, konst = 16, 17, 18, 19, 20, 24
	a.op("VMOVUPS (BX), Z%d", most)
	a.op("VPXORD Z%[1]d, Z%[1]d, Z%[1]d", sum)
	for i := range len(attendExp2) + 1 {
		a.op("VBROADCASTSS %s, Z%d", inMemoryConst(i), konst+i)
	}
	a.op("PCALIGN $32")
	a.label("key")
	a.op("VMOVUPS (SI), Z%d", x)
	a.op("VSUBPS Z%d, Z%d, Z%[2]d", most, x)
	a.exp2(x, n, p, "", func(i int) string { return fmt.Sprintf("Z%d", konst+i) })
	a.op("VADDPS Z%d, Z%d, Z%[2]d", x, sum)
	for d := range attendPins {
		a.op("VFMADD231PS.BCST %d(R8), Z%d, Z%d", 4*d, x, d)
	}
	a.op("ADDQ $%d, SI", attendRow)
	a.op("ADDQ $%d, R8", attendRow)
	a.op("DECQ CX")
	a.op("JNZ key")
	a.op("VMOVUPS Z%d, (DX)", sum)
	a.op("MOVL $0x%08x, AX", float32One)
	a.op("VPBROADCASTD AX, Z%d", x)
	a.op("VDIVPS Z%d, Z%d, Z%[2]d", sum, x)
	for d := range attendPins {
		a.op("VMULPS Z%d, Z%d, Z%[2]d", x, d)
		a.op("VMOVUPS Z%d, %d(DI)", d, d*attendRow)
	}
	a.end()
}

// probs computes probabilities again from the kept log-sum-exp.
func (a attendKernel) probs() {
	a.begin("attendProbsAVX512", "(p, lse, q, k *float32, groups int)", 40,
		"p", "DI", "lse", "DX", "q", "BX", "k", "SI", "groups", "CX")
	a.pin("BX")
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
	a.begin("attendGradsAVX512", "(ds, p, dy, y, v *float32, groups int)", 48,
		"ds", "DI", "p", "DX", "dy", "BX", "y", "R8", "v", "SI", "groups", "CX")
	a.pin("BX")
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

// rows is the gradient of the queries: rows of it, multiplied.
func (a attendKernel) rows() {
	a.begin("attendRowsAVX512", "(dq *float32, ldd int, ds, k *float32, keys, rows int, factor float32)", 52,
		"dq", "DI", "ldd", "DX", "ds", "BX", "k", "SI", "keys", "CX", "rows", "R8")
	for i := range attendPins {
		a.op("VPXORD Z%[1]d, Z%[1]d, Z%[1]d", i)
	}
	a.op("SHLQ $2, DX")
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
	a.op("VBROADCASTSS factor+48(FP), Z%d", attendPins)
	for i := range attendPins {
		a.op("VMULPS Z%d, Z%d, Z%[2]d", attendPins, i)
		a.op("VMOVUPS Z%d, (DI)", i)
		a.op("ADDQ DX, DI")
		if i < attendPins-1 {
			a.op("CMPQ R8, $%d", i+1)
			a.op("JLE done")
		}
	}
	a.label("done")
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
