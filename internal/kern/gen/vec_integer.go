package main

import (
	"fmt"
	"strings"
)

// amd64 emits what kernels of this architecture do in general registers.
type amd64 struct{}

func (amd64) general() []string {
	return strings.Fields("DI SI DX AX BX R8 R9 R10 R11 R12 R13 R14 R15")
}

func (amd64) prologue(*vecKernel, bool) {}

func (amd64) loadArg(k *vecKernel, dst string, a vecArg) {
	k.printf("MOVQ %s+%d(FP), %s", a.name, a.off, dst)
}
func (amd64) move(k *vecKernel, dst, src string)       { k.printf("MOVQ %s, %s", src, dst) }
func (amd64) zero(k *vecKernel, dst string)            { k.printf("XORQ %s, %s", dst, dst) }
func (amd64) add(k *vecKernel, dst, src string)        { k.printf("ADDQ %s, %s", src, dst) }
func (amd64) addImm(k *vecKernel, dst string, imm int) { k.printf("ADDQ $%d, %s", imm, dst) }
func (amd64) shiftLeft(k *vecKernel, dst string, imm int) {
	k.printf("SHLQ $%d, %s", imm, dst)
}
func (amd64) roundDown(k *vecKernel, dst, src string, multiple int) {
	k.printf("MOVQ %s, %s", src, dst)
	k.printf("ANDQ $-%d, %s", multiple, dst)
}
func (amd64) label(k *vecKernel, l string) { fmt.Fprintf(&k.text, "%s:\n", l) }
func (amd64) jumpLess(k *vecKernel, a, b, l string) {
	k.printf("CMPQ %s, %s", a, b)
	k.printf("JLT %s", l)
}
func (amd64) jumpNotLess(k *vecKernel, a, b, l string) {
	k.printf("CMPQ %s, %s", a, b)
	k.printf("JGE %s", l)
}
func (amd64) countDown(k *vecKernel, reg, l string) {
	k.printf("DECQ %s", reg)
	k.printf("JNZ %s", l)
}

func (amd64) address(k *vecKernel, a address) string {
	s := fmt.Sprintf("(%s)", a.p.reg)
	if a.disp != 0 {
		s = fmt.Sprint(a.disp) + s
	}
	if a.indexed {
		s += fmt.Sprintf("(%s*1)", k.off)
	}
	return s
}
