package tour_test

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/tensor"
)

// number is a value and the slope of the loss with respect to it.
type number struct{ value, slope float64 }

// record remembers how to undo each step, in the order the steps were taken.
type record struct{ undo []func() }

func (r *record) add(a, b *number) *number {
	c := &number{value: a.value + b.value}
	r.undo = append(r.undo, func() {
		a.slope += c.slope
		b.slope += c.slope
	})
	return c
}

func (r *record) mul(a, b *number) *number {
	c := &number{value: a.value * b.value}
	r.undo = append(r.undo, func() {
		a.slope += c.slope * b.value
		b.slope += c.slope * a.value
	})
	return c
}

func (r *record) backward(loss *number) {
	loss.slope = 1
	for i := len(r.undo) - 1; i >= 0; i-- {
		r.undo[i]()
	}
}

// The slopes of a neuron's loss, by moving each parameter a little.
func Example_nudge() {
	x, wanted := 3.0, 10.0
	loss := func(w, b float64) float64 {
		miss := w*x + b - wanted
		return miss * miss
	}
	const h = 1e-6
	fmt.Printf("loss %.1f\n", loss(2, 1))
	fmt.Printf("slope by w %.3f\n", (loss(2+h, 1)-loss(2-h, 1))/(2*h))
	fmt.Printf("slope by b %.3f\n", (loss(2, 1+h)-loss(2, 1-h))/(2*h))
	// Output:
	// loss 9.0
	// slope by w -18.000
	// slope by b -6.000
}

// The same slopes, all at once, by walking the record backwards.
func Example_record() {
	x, w, b, minus := &number{value: 3}, &number{value: 2}, &number{value: 1}, &number{value: -10}
	var r record
	miss := r.add(r.add(r.mul(w, x), b), minus)
	loss := r.mul(miss, miss)
	r.backward(loss)
	fmt.Println("loss", loss.value, "slope by w", w.slope, "slope by b", b.slope)
	// Output:
	// loss 9 slope by w -18 slope by b -6
}

// The same slopes by the engine.
func Example_tape() {
	w := autograd.NewParam("w", tensor.FromSlice([]float32{2}, 1, 1))
	b := autograd.NewParam("b", tensor.FromSlice([]float32{1}, 1))
	x, wanted := tensor.FromSlice([]float32{3}, 1, 1), tensor.FromSlice([]float32{10}, 1, 1)

	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Train)
	y := tape.Linear(tape.Input(x), tape.Param(w), tape.Param(b))
	loss := tape.Sum(tape.Square(tape.Sub(y, tape.Input(wanted))))
	tape.Backward(loss)
	fmt.Println("loss", loss.Value.Item(), "slope by w", w.Grad.Item(), "slope by b", b.Grad.Item())
	// Output:
	// loss 9 slope by w -18 slope by b -6
}

// Ten steps downhill.
func Example_descent() {
	x, wanted, w, b := 3.0, 10.0, 2.0, 1.0
	for step := range 10 {
		miss := w*x + b - wanted
		if step%3 == 0 {
			fmt.Printf("step %d: loss %.4f\n", step, miss*miss)
		}
		w -= 0.02 * 2 * miss * x
		b -= 0.02 * 2 * miss
	}
	// Output:
	// step 0: loss 9.0000
	// step 3: loss 0.4199
	// step 6: loss 0.0196
	// step 9: loss 0.0009
}
