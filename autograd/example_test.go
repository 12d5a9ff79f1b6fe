package autograd_test

import (
	"fmt"
	"os"

	"diffclip/autograd"
	"diffclip/tensor"
)

// The tape of L = mean((w·x + b - y)²) for three points: every operation, its
// value and the derivative of L with respect to it. Each follows from the one
// below by the operation's own derivative, to be checked by hand:
//
//	L = mean(s)     dL/ds = 1/3
//	s = r²          dL/dr = dL/ds · 2r
//	r = a - y       dL/da = dL/dr
//	a = p + b       dL/dp = dL/da,  dL/db = Σ dL/da
//	p = w·x         dL/dw = Σ dL/dp · x
func Example() {
	be := tensor.NewCPU(1)
	defer be.Close()
	tape := autograd.NewTape(be, autograd.Train)
	tape.KeepGrads = true // values and gradients in between are to be looked at

	w := autograd.NewParam("w", tensor.FromSlice([]float32{2}))
	b := autograd.NewParam("b", tensor.FromSlice([]float32{1}))
	x := tape.Input(tensor.FromSlice([]float32{1, 2, 3}, 3))
	y := tape.Input(tensor.FromSlice([]float32{3, 8, 10}, 3))

	wx := tape.Mul(x, tape.Param(w))
	line := tape.Add(wx, tape.Param(b))
	residual := tape.Sub(line, y)
	square := tape.Square(residual)
	loss := tape.Mean(square)
	tape.Backward(loss)

	if err := tape.WriteGraph(os.Stdout); err != nil {
		fmt.Println(err)
	}
	fmt.Println("L", loss.Value.Data, "dL/dL", loss.Grad().Data)
	fmt.Println("s", square.Value.Data, "dL/ds", square.Grad().Data)
	fmt.Println("r", residual.Value.Data, "dL/dr", residual.Grad().Data)
	fmt.Println("a", line.Value.Data, "dL/da", line.Grad().Data)
	fmt.Println("p", wx.Value.Data, "dL/dp", wx.Grad().Data)
	fmt.Println("dL/db", b.Grad.Item(), "dL/dw", w.Grad.Item())
	// Output:
	// %0 = Mul(input(3), w()) -> (3)
	// %1 = Add(%0(3), b()) -> (3)
	// %2 = Sub(%1(3), input(3)) -> (3)
	// %3 = Square(%2(3)) -> (3)
	// %4 = Sum(%3(3)) -> ()
	// L [6] dL/dL [1]
	// s [0 9 9] dL/ds [0.33333334 0.33333334 0.33333334]
	// r [0 -3 -3] dL/dr [0 -2 -2]
	// a [3 5 7] dL/da [0 -2 -2]
	// p [2 4 6] dL/dp [0 -2 -2]
	// dL/db -4 dL/dw -10
}
