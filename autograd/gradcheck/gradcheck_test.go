package gradcheck

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/kern"
	"diffclip/tensor"
)

// TestEveryOpIsChecked fails for a registered operation without a case.
func TestEveryOpIsChecked(t *testing.T) {
	have := map[string]bool{}
	for _, c := range cases() {
		have[c.Op] = true
		if !slices.Contains(autograd.Ops(), c.Op) {
			t.Errorf("case %s is of no registered operation", c.Title())
		}
	}
	for _, op := range autograd.Ops() {
		if !have[op] {
			t.Errorf("operation %s has no case", op)
		}
	}
}

// TestGradients holds every case against the reference, in every tier and for
// several numbers of threads, which must not change a bit, and wants all memory back.
func TestGradients(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.Title(), func(t *testing.T) {
			truth := c.Solve()
			leavesNothing(t, c, truth)
			for _, tier := range kern.Available() {
				restore := kern.Use(tier)
				var first []float32
				for _, threads := range []int{1, 2, 7} {
					be := tensor.NewCPU(threads)
					c.Check(t, be, truth)
					bits := c.Run(t, be, truth).Bits()
					if first == nil {
						first = bits
					}
					sameBits(t, fmt.Sprintf("%s, %d threads", be.Name(), threads), bits, first)
					be.Close()
				}
				restore()
			}
		})
	}
}

// leavesNothing fails unless a case, once its tape is reset, has given every tensor
// back, and none twice, in every situation.
func leavesNothing(t *testing.T, c *Case, truth *Truth) {
	be := tensor.NewCPU(1)
	defer be.Close()
	for _, s := range c.situations() {
		ledger := NewLedger(t, be)
		c.run(t, ledger, truth, s)
		if n := ledger.Out(); n != 0 {
			t.Errorf("%s (%s): %d tensors are not given back", c.Title(), s.name, n)
		}
	}
}

// sameBits fails unless both hold the same numbers, bit for bit.
func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if len(got) != len(want) || math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Errorf("%s: other bits at %d of %d", what, i, len(want))
			return
		}
	}
}

// TestCheckFindsMistakes gives Check cases whose forward or backward pass is
// wrong: it must complain.
func TestCheckFindsMistakes(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	good := func(v [][]float64) []float64 { return Unary(Square, v[0]) }
	for name, forward := range map[string]func(t tape, in vars) *autograd.Var{
		"another value": func(t tape, in vars) *autograd.Var { return t.Scale(t.Square(in[0]), 1.0001) },
		"half the gradient": func(t tape, in vars) *autograd.Var {
			return t.Mul(in[0], t.Input(in[0].Value)) // the second factor is taken for a constant
		},
	} {
		c := &Case{Op: map[string]string{"another value": "Square", "half the gradient": "Mul"}[name], Name: name, Inputs: []Input{input("x", 3, 4)}, Forward: forward, Reference: good}
		judge := &recorder{TB: t}
		c.Check(judge, be, c.Solve())
		if !judge.failed {
			t.Errorf("%s goes unnoticed", name)
		}
	}
}

// recorder notes failures instead of failing.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }
