package nn_test

import (
	"fmt"
	"math"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/tensor"
)

// spiral returns n points on each of two arms that wind around each other, and
// the arm of each.
func spiral(n int) (points *tensor.Tensor, arms []int32) {
	points = tensor.New(2*n, 2)
	for i := range 2 * n {
		arm := i % 2
		turn := float64(i/2) / float64(n)
		angle := 2*math.Pi*turn + math.Pi*float64(arm)
		points.Data[2*i] = float32((0.2 + turn) * math.Cos(angle))
		points.Data[2*i+1] = float32((0.2 + turn) * math.Sin(angle))
		arms = append(arms, int32(arm))
	}
	return points, arms
}

// A network of two layers learns which arm of a spiral a point lies on.
func Example() {
	be := tensor.NewCPU(0)
	defer be.Close()
	points, arms := spiral(50)

	set := nn.NewSet(1)
	hidden := nn.NewLinear(set.Root().Sub("hidden"), 2, 32)
	out := nn.NewLinear(set.Root().Sub("out"), 32, 2)
	opt := optim.NewAdam(set, optim.DefaultAdam())

	tape := autograd.NewTape(be, autograd.Train)
	for step := range 301 {
		set.ZeroGrad()
		h := hidden.ForwardAct(tape, tape.Input(points), autograd.ActGELU) // (100, 32)
		loss := tape.CrossEntropy(out.Forward(tape, h), arms)
		tape.Backward(loss)
		if step%100 == 0 {
			fmt.Printf("step %3d  loss %.3f\n", step, loss.Value.Item())
		}
		tape.Reset()
		opt.Step(be, 0.02, nil)
	}
	// Output:
	// step   0  loss 0.693
	// step 100  loss 0.450
	// step 200  loss 0.019
	// step 300  loss 0.003
}
