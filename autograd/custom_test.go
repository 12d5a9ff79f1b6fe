package autograd_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/tensor"
)

// huber is the loss of each residual: r²/2 near zero, |r| - 1/2 beyond 1.
var huber = &autograd.CustomOp{
	Name: "Huber",
	Forward: func(_ tensor.Backend, y *tensor.Tensor, x []*tensor.Tensor) {
		for i, r := range x[0].Data {
			if a := float32(math.Abs(float64(r))); a <= 1 {
				y.Data[i] = r * r / 2
			} else {
				y.Data[i] = a - 0.5
			}
		}
	},
	Backward: func(_ tensor.Backend, dx []*tensor.Tensor, dy, _ *tensor.Tensor, x []*tensor.Tensor) {
		for i, r := range x[0].Data {
			dx[0].Data[i] += dy.Data[i] * min(max(r, -1), 1) // adds: x may be used elsewhere too
		}
	},
}

// A loss that the engine does not have.
func ExampleTape_Custom() {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	r := tape.InputGrad(tensor.FromSlice([]float32{-3, -0.5, 0, 2}, 4))
	each := tape.Custom(huber, r.Shape(), r)
	fmt.Println(each.Value.Data)
	tape.Backward(tape.Sum(each))
	fmt.Println(r.Grad().Data)
	// Output:
	// [2.5 0.125 0 1.5]
	// [-1 -0.5 0 1]
}

// TestCustomIsNamed: in the graph, and where it makes a value that is not finite.
func TestCustomIsNamed(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	tape.Trace = true
	r := tape.InputGrad(tensor.FromSlice([]float32{1, float32(math.Inf(1))}, 2))
	tape.Custom(huber, r.Shape(), r)
	var graph strings.Builder
	if err := tape.WriteGraph(&graph); err != nil || graph.String() != "%0 = Huber(input(2)) -> (2)\n" {
		t.Errorf("graph %q, %v", &graph, err)
	}
	if bad := tape.NonFinite(); bad == nil || !strings.Contains(bad.Error(), "the result of Huber, at index 1") {
		t.Errorf("traced %v, want the result of Huber", bad)
	}
}

// TestCustomSaysWhatIsMissing: before Forward is called, and before the tape runs back.
func TestCustomSaysWhatIsMissing(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	for _, c := range []struct {
		mode autograd.Mode
		op   *autograd.CustomOp
		nils bool
		want string // "" for no panic
	}{
		{autograd.Train, nil, false, "a name and a Forward"},
		{autograd.Train, &autograd.CustomOp{Forward: huber.Forward, Backward: huber.Backward}, false, "a name and a Forward"},
		{autograd.Train, &autograd.CustomOp{Name: "Huber", Backward: huber.Backward}, false, "a name and a Forward"},
		{autograd.Train, &autograd.CustomOp{Name: "Huber", Forward: huber.Forward}, false, "Huber has no Backward"},
		{autograd.Eval, &autograd.CustomOp{Name: "Huber", Forward: huber.Forward}, false, ""},
		{autograd.Train, huber, true, "Huber: input 1 of 2 is nil"},
	} {
		tape := autograd.NewTape(be, c.mode)
		in := []*autograd.Var{tape.InputGrad(tensor.New(2))}
		if c.nils {
			in = append(in, nil)
		}
		got := panicOf(func() { tape.Custom(c.op, tensor.Of(2), in...) })
		if said, _ := got.(string); (got == nil) != (c.want == "") || !strings.Contains(said, c.want) {
			t.Errorf("panic %v, want one that says %q", got, c.want)
		}
	}
}
