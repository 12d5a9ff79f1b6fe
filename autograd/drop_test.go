package autograd_test

import (
	"testing"

	"diffclip/autograd"
	"diffclip/tensor"
)

// TestDrop wants a dropped value's memory for the next result where nothing is
// recorded, and left alone where it is, or where it is not the tape's to give.
func TestDrop(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	// reuses reports whether the result after Drop lies where the dropped value did.
	reuses := func(tape *autograd.Tape, make func(x *autograd.Var) *autograd.Var) bool {
		x := tape.Square(tape.InputGrad(tensor.FromSlice([]float32{1, 2, 3}, 3)))
		y := make(x)
		place := &y.Value.Data[0]
		z := tape.Exp(y)
		tape.Drop(y)
		tape.Drop(y) // a second time is as once
		used := &tape.Square(z).Value.Data[0] == place
		if (y.Value == nil) != used {
			t.Errorf("the memory is used again: %v, but the variable's value is %v", used, y.Value)
		}
		return used
	}
	result := func(x *autograd.Var) *autograd.Var { return x }
	eval, train, kept := autograd.NewTape(be, autograd.Eval), autograd.NewTape(be, autograd.Train), autograd.NewTape(be, autograd.Eval)
	kept.KeepGrads = true
	for name, c := range map[string]struct {
		tape *autograd.Tape
		make func(x *autograd.Var) *autograd.Var
		want bool
	}{
		"evaluation":     {eval, result, true},
		"training":       {train, result, false},
		"keeping values": {kept, result, false},
		"an input":       {eval, func(x *autograd.Var) *autograd.Var { return eval.Input(tensor.New(3)) }, false},
		"a view":         {eval, func(x *autograd.Var) *autograd.Var { return eval.Reshape(x, 1, 3) }, false},
	} {
		if got := reuses(c.tape, c.make); got != c.want {
			t.Errorf("%s: the memory is used again: %v, want %v", name, got, c.want)
		}
		c.tape.Reset()
	}
	train.NoGrad(func() {
		if !reuses(train, result) {
			t.Error("inside NoGrad the memory is not used again")
		}
	})
}
