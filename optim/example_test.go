package optim_test

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/tensor"
)

// A step clears the gradients, computes the loss, walks back, and moves the
// parameters, here with a rate that rises for two steps and then falls, and with
// gradients of norm 1 at most.
func Example() {
	be := tensor.NewCPU(1)
	defer be.Close()
	set := nn.NewSet(1)
	line := nn.NewLinear(set.Root().Sub("line"), 1, 1)
	opt := optim.NewAdam(set, optim.DefaultAdam())
	log := optim.NewLog(be)
	rate := optim.WarmUp{Steps: 2, Then: optim.Cosine{Base: 0.2, Steps: 60}}

	x := tensor.FromSlice([]float32{-1, 0, 1, 2}, 4, 1)
	y := tensor.FromSlice([]float32{-3, -1, 1, 3}, 4, 1) // 2x - 1
	tape := autograd.NewTape(be, autograd.Train)
	for step := range 60 {
		set.ZeroGrad()
		miss := tape.Sub(line.Forward(tape, tape.Input(x)), tape.Input(y))
		loss := tape.Mean(tape.Square(miss))
		tape.Backward(loss)
		opt.Step(be, rate.LR(step), log.Note(be, opt, loss.Value, 1))
		tape.Reset()
		for _, noted := range log.Read() {
			if step%20 == 0 {
				fmt.Printf("step %2d  rate %.3f  loss %.4f\n", step, rate.LR(step), noted.Loss)
			}
		}
	}
	fmt.Printf("%.1fx %+.1f\n", line.Weight.Value.Item(), line.Bias.Value.Item())
	// Output:
	// step  0  rate 0.100  loss 5.4304
	// step 20  rate 0.159  loss 0.1509
	// step 40  rate 0.059  loss 0.0062
	// 2.0x -1.0
}
