package ptxvm

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestProduct gives a warp the fragments of two matrices, as the PTX manual spreads
// them, and wants their product where the manual has it.
func TestProduct(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var a [16][8]float32
	var b [8][8]float32
	var c [16][8]float32
	value := func() float32 { return float32(r.IntN(2048)-1024) / 64 } // has 10 bits: no rounding
	for i := range a {
		for j := range a[i] {
			a[i][j], c[i][j] = value(), 0x1p20*value() // so far above the products that a sum is rounded
		}
	}
	for i := range b {
		for j := range b[i] {
			b[i][j] = value()
		}
	}
	p := &product{d: [4]int32{0, 1, 2, 3}, a: [4]int32{4, 5, 6, 7}, b: [2]int32{8, 9}, c: [4]int32{10, 11, 12, 13}}
	warp := make([]thread, warpSize)
	const beyond = 0x1fff // bits of a factor that do not count
	for lane := range warp {
		group, place := lane>>2, lane&3
		warp[lane].regs, warp[lane].defined = make([]uint64, 14), make([]bool, 14)
		for i, v := range []float32{
			a[group][place], a[group+8][place], a[group][place+4], a[group+8][place+4], b[place][group], b[place+4][group],
		} {
			warp[lane].regs[4+i] = bits32(v) | beyond
		}
		for i, v := range []float32{c[group][2*place], c[group][2*place+1], c[group+8][2*place], c[group+8][2*place+1]} {
			warp[lane].regs[10+i] = bits32(v)
		}
	}
	p.multiply(warp)
	for row := range 16 {
		for col := range 8 {
			sum := float64(c[row][col])
			for k := range 8 {
				sum += float64(a[row][k]) * float64(b[k][col])
			}
			want := float32(sum) // once
			lane, i := row%8*4+col/2, row/8*2+col%2
			if got := float32s(warp[lane].regs[i]); got != want || !warp[lane].defined[i] {
				t.Errorf("row %d, column %d: %v, want %v", row, col, got, want)
			}
		}
	}
}

// TestProductIsOfAWarp: it needs 32 lanes at one place, and all registers set.
func TestProductIsOfAWarp(t *testing.T) {
	const zeros = "mov.f32 %f1, 0f00000000;\n mov.u32 %r5, 0;\n"
	const product = productName + " {%f2,%f3,%f4,%f5}, {%r5,%r5,%r5,%r5}, {%r5,%r5}, {%f1,%f1,%f1,%f1};\n"
	for _, c := range []struct {
		body    string
		threads int
		want    string
	}{
		{zeros + product, 32, ""},
		{zeros + product, 16, "divergent"},
		{"mov.u32 %r5, 0;\n" + product, 32, "never set"},
	} {
		_, err := runBody(t, prologue+c.body+"mov.b32 %r2, %f2;\n st.global.u32 [%rd1], %r2;\n ret;", c.threads, c.threads)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%d threads, %q: error %v, want %q", c.threads, c.body, err, c.want)
		}
	}
}

func TestExp2FlushesSmallResults(t *testing.T) {
	for x, want := range map[float32]float32{-126: 0x1p-126, -127: 0, 128: float32(math.Inf(1)), 0x1p-140: 1, 0.5: math.Sqrt2} {
		if got := float32s(exp2(x)); got != want {
			t.Errorf("2^%v = %v, want %v", x, got, want)
		}
	}
}

func TestMalformedProduct(t *testing.T) {
	for _, operands := range []string{"{%f2}, {%r5,%r5,%r5,%r5}, {%r5,%r5}, {%f1,%f1,%f1,%f1}", "{%f2,%f3,%f4,%f5}, %r5, {%r5,%r5}, {%f1,%f1,%f1,%f1}", "{%f2,%f3,%f4,%f5}"} {
		if _, err := Parse(program(productName + " " + operands + ";\n ret;")); err == nil {
			t.Errorf("%s is taken", operands)
		}
	}
}
