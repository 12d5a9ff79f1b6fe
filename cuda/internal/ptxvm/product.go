package ptxvm

import (
	"math"
	"strings"
)

// productName is the one matrix product that is known: d = a·b + c by a warp, a
// (16, 8), b (8, 8), c and d (16, 8), factors of 10 bits.
const productName = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"

// product holds the registers of a warp's matrix product. The elements are spread
// over the lanes. With group = lane/4 and place = lane%4, a lane holds
//
//	a  (group, place), (group+8, place), (group, place+4), (group+8, place+4)
//	b  (place, group), (place+4, group)
//	c and d  (group, 2·place), (group, 2·place+1), and both of row group+8
//
// as "Matrix Fragments for mma.m16n8k8" of the PTX manual has it.
type product struct {
	d, a, c [4]int32
	b       [2]int32
}

// in returns the registers that are read.
func (p *product) in() [10]int32 {
	return [10]int32{p.a[0], p.a[1], p.a[2], p.a[3], p.b[0], p.b[1], p.c[0], p.c[1], p.c[2], p.c[3]}
}

// decodeProduct reads {d}, {a}, {b}, {c}.
func (d *decoder) decodeProduct() {
	d.want(4)
	p := &product{}
	registers := func(s string, into []int32, register func(string, int) int32) {
		inner, open := strings.CutPrefix(s, "{")
		inner, closed := strings.CutSuffix(inner, "}")
		list := splitOperands(inner)
		if !open || !closed || len(list) != len(into) {
			d.fail("%s: %q, want %d registers", d.name, s, len(into))
		}
		for i, v := range list {
			into[i] = register(v, 32)
		}
	}
	registers(d.operands[0], p.d[:], d.target)
	registers(d.operands[1], p.a[:], d.source)
	registers(d.operands[2], p.b[:], d.source)
	registers(d.operands[3], p.c[:], d.source)
	d.in.op, d.in.product = opProduct, p
}

// multiply computes the product of a warp whose lanes all wait at it. A device's
// sum has an order and a rounding of its own; here it is exact until the last.
func (p *product) multiply(warp []thread) {
	var a [16][8]float64
	var b [8][8]float64
	var sums [warpSize][4]uint64
	for lane := range warp {
		regs, group, place := warp[lane].regs, lane/4, lane%4
		for i, reg := range p.a {
			a[group+8*(i%2)][place+4*(i/2)] = tf32(regs[reg])
		}
		for i, reg := range p.b {
			b[place+4*i][group] = tf32(regs[reg])
		}
	}
	for lane := range warp {
		for i, reg := range p.c {
			row, col := lane/4+8*(i/2), 2*(lane%4)+i%2
			sum := float64(float32s(warp[lane].regs[reg]))
			for k := range 8 {
				sum += a[row][k] * b[k][col]
			}
			sums[lane][i] = bits32(float32(sum))
		}
	}
	for lane := range warp {
		for i, reg := range p.d {
			warp[lane].regs[reg], warp[lane].defined[reg] = sums[lane][i], true
		}
	}
}

// tf32 is the value of a factor: its lower bits do not count.
func tf32(v uint64) float64 { return float64(float32s(v &^ 0x1fff)) }

// toTF32 rounds to 10 bits, halves away from zero; the rest of the bits are zero.
func toTF32(v uint32) uint64 {
	if v>>23&0xff != 0xff { // finite
		v += 0x1000
	}
	return word(v &^ 0x1fff)
}

// exp2 is 2^x, rounded to nearest; a device is within two units of it. What is
// smaller than a normal number is zero, in x as in the result.
func exp2(x float32) uint64 {
	v := float32(math.Exp2(float64(x)))
	if v < 0x1p-126 {
		v = 0
	}
	return bits32(v)
}
