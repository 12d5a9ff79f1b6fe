// Command cnn uses the engine alone: a small convolutional network learns to
// tell three kinds of stripes in tiny generated pictures.
//
//	go run ./examples/cnn
package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"diffclip/autograd"
	"diffclip/nn"
	"diffclip/optim"
	"diffclip/tensor"
)

const (
	side    = 12
	classes = 3
	batch   = 32
	steps   = 60
)

func main() {
	run(os.Stdout)
}

// network is two convolutions with batch norm, ReLU and pooling, and a linear
// layer on the averages of the channels.
type network struct {
	conv1, conv2 *nn.Conv2d
	norm1, norm2 *nn.BatchNorm
	fc           *nn.Linear
}

func newNetwork(s nn.Scope) *network {
	same := autograd.Window(3, 1, 1)
	return &network{
		conv1: nn.NewConv2d(s.Sub("conv1"), 1, 8, same),
		norm1: nn.NewBatchNorm(s.Sub("norm1"), 8),
		conv2: nn.NewConv2d(s.Sub("conv2"), 8, 16, same),
		norm2: nn.NewBatchNorm(s.Sub("norm2"), 16),
		fc:    nn.NewLinear(s.Sub("fc"), 16, classes),
	}
}

func (n *network) forward(t *autograd.Tape, x *autograd.Var) *autograd.Var {
	x = n.norm1.Forward(t, n.conv1.Forward(t, x), true) // (B, 8, 12, 12)
	x = t.MaxPool2D(x, autograd.Window(2, 2, 0))        // (B, 8, 6, 6)
	x = n.norm2.Forward(t, n.conv2.Forward(t, x), true) // (B, 16, 6, 6)
	return n.fc.Forward(t, t.GlobalAvgPool(x))          // (B, 3)
}

// pictures draws a batch: stripes along rows, along columns or diagonal, each
// with a phase of its own, under noise.
func pictures(r *rand.Rand) (*tensor.Tensor, []int32) {
	x := tensor.New(batch, 1, side, side)
	labels := make([]int32, batch)
	for b := range batch {
		labels[b] = int32(r.IntN(classes))
		phase := r.IntN(4)
		for i := range side * side {
			row, col := i/side, i%side
			along := [classes]int{row, col, row + col}[labels[b]]
			x.Data[b*side*side+i] = float32((along+phase)/2%2) + float32(0.3*r.NormFloat64())
		}
	}
	return x, labels
}

// run trains, and returns the share of new pictures that are told right.
func run(w io.Writer) float64 {
	be := tensor.NewCPU(0)
	defer be.Close()
	set := nn.NewSet(1)
	net := newNetwork(set.Root())
	adam := optim.NewAdam(set, optim.DefaultAdam())
	r := rand.New(rand.NewPCG(1, 2))

	tape := autograd.NewTape(be, autograd.Train)
	for step := range steps {
		x, labels := pictures(r)
		loss := tape.CrossEntropy(net.forward(tape, tape.Input(x)), labels)
		tape.Backward(loss)
		if step%10 == 0 || step == steps-1 {
			fmt.Fprintf(w, "step %2d  loss %.3f\n", step, loss.Value.Data[0])
		}
		adam.Step(be, 1e-2, nil)
		set.ZeroGrad()
		tape.Reset()
	}

	tape = autograd.NewTape(be, autograd.Eval) // batch norm now uses its running statistics
	x, labels := pictures(r)
	logits := net.forward(tape, tape.Input(x)).Value
	right := 0
	for i, label := range labels {
		best := int32(0)
		for k := range int32(classes) {
			if logits.Data[i*classes+int(k)] > logits.Data[i*classes+int(best)] {
				best = k
			}
		}
		if best == label {
			right++
		}
	}
	fmt.Fprintf(w, "%d of %d new pictures right, with %d weights\n", right, batch, set.Count())
	return float64(right) / batch
}
