package autograd_test

import (
	"fmt"
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/tensor"
)

// TestShapeMistakes gives every operation operands that do not fit: each panics
// with a ShapeError that names the operation and every operand's shape.
func TestShapeMistakes(t *testing.T) {
	be := tensor.NewCPU(2)
	defer be.Close()
	type tape = *autograd.Tape
	type variable = *autograd.Var
	w := autograd.NewParam("w", tensor.New(4, 3))
	stats := func(n int) *autograd.BatchStats {
		return &autograd.BatchStats{Mean: tensor.New(n), Var: tensor.New(n)}
	}
	dilated, dense := autograd.Window(2, 1, 0), autograd.Window(2, 0, 0)
	dilated.DilationW = 2
	cases := []struct {
		op     string
		shapes [][]int // of the inputs x
		f      func(t tape, x []variable)
		also   []string // shapes that must be named beside the inputs'
	}{
		{"Add", [][]int{{2, 3}, {2}}, func(t tape, x []variable) { t.Add(x[0], x[1]) }, nil},
		{"Add", [][]int{{3}, {2, 3}}, func(t tape, x []variable) { t.Add(x[0], x[1]) }, nil},
		{"Sub", [][]int{{2, 3}, {3, 2}}, func(t tape, x []variable) { t.Sub(x[0], x[1]) }, nil},
		{"Mul", [][]int{{2, 3}, {1, 3}}, func(t tape, x []variable) { t.Mul(x[0], x[1]) }, nil},
		{"ScaleByScalar", [][]int{{2, 3}, {3}}, func(t tape, x []variable) { t.ScaleByScalar(x[0], x[1]) }, nil},
		{"Mean", [][]int{{0, 3}}, func(t tape, x []variable) { t.Mean(x[0]) }, nil},
		{"Linear", [][]int{{2, 5}}, func(t tape, x []variable) { t.Linear(x[0], t.Param(w), nil) }, []string{"(4, 3)"}},
		{"Linear", [][]int{nil}, func(t tape, x []variable) { t.Linear(x[0], t.Param(w), nil) }, []string{"(4, 3)"}},
		{"Linear", [][]int{{2, 3}, {4, 3}}, func(t tape, x []variable) { t.Linear(x[0], x[1], nil) }, nil},
		{"Linear", [][]int{{2, 3}, {3}}, func(t tape, x []variable) { t.Linear(x[0], t.Param(w), x[1]) }, []string{"(4, 3)"}},
		{"Linear", [][]int{{2, 3}, {4}, {2, 3}}, func(t tape, x []variable) { t.LinearAdd(x[0], t.Param(w), x[1], x[2]) }, nil},
		{"MatMul", [][]int{{2, 3}, {4, 5}}, func(t tape, x []variable) { t.MatMul(x[0], x[1], false, false) }, nil},
		{"MatMul", [][]int{{2, 3}, {2, 3, 4}}, func(t tape, x []variable) { t.MatMul(x[0], x[1], false, false) }, nil},
		{"MatMul", [][]int{{2, 3, 4}, {3, 4, 5}}, func(t tape, x []variable) { t.MatMul(x[0], x[1], false, false) }, nil},
		{"MatMul", [][]int{{2, 1, 2, 3}, {2, 1, 3, 2}}, func(t tape, x []variable) { t.MatMul(x[0], x[1], false, false) }, nil},
		{"Transpose", [][]int{{3}}, func(t tape, x []variable) { t.Transpose(x[0]) }, nil},
		{"SelfAttention", [][]int{{2, 5, 13}}, func(t tape, x []variable) { t.SelfAttention(x[0], 2, false) }, nil},
		{"SelfAttention", [][]int{{5, 12}}, func(t tape, x []variable) { t.SelfAttention(x[0], 2, false) }, nil},
		{"SelfAttention", [][]int{{2, 5, 12}}, func(t tape, x []variable) { t.SelfAttention(x[0], 0, false) }, nil},
		{"QueryAttention", [][]int{{2, 4}, {3, 5, 8}}, func(t tape, x []variable) { t.QueryAttention(x[0], x[1], nil, 2) }, nil},
		{"QueryAttention", [][]int{{2, 4}, {2, 5, 8}}, func(t tape, x []variable) { t.QueryAttention(x[0], x[1], nil, 0) }, nil},
		{"QueryAttention", [][]int{{2, 4}, {2, 5, 8}}, func(t tape, x []variable) { t.QueryAttention(x[0], x[1], []int32{1, 6}, 2) }, []string{"(2, 5, 8)"}},
		{"QueryAttention", [][]int{{2, 4}, {8}}, func(t tape, x []variable) { t.QueryAttention(x[0], x[1], nil, 2) }, nil},
		{"LayerNorm", [][]int{{2, 3}, {2}, {3}}, func(t tape, x []variable) { t.LayerNorm(x[0], x[1], x[2], 1e-5) }, nil},
		{"BatchNorm", [][]int{{2, 3}, {2}, {3}}, func(t tape, x []variable) { t.BatchNorm(x[0], x[1], x[2], stats(2), 1e-5, true, false) }, nil},
		{"BatchNorm", [][]int{{2, 3}, {3}}, func(t tape, x []variable) { t.BatchNorm(x[0], x[1], x[1], stats(2), 1e-5, true, false) }, nil},
		{"BatchNorm", [][]int{{2, 3}, {3}}, func(t tape, x []variable) { t.BatchNorm(x[0], x[1], x[1], stats(4), 1e-5, false, false) }, nil},
		{"BatchNorm", [][]int{{3}, {3}}, func(t tape, x []variable) { t.BatchNorm(x[0], x[1], x[1], stats(3), 1e-5, true, false) }, nil},
		{"BatchNorm", [][]int{{0, 3}, {3}}, func(t tape, x []variable) { t.BatchNorm(x[0], x[1], x[1], stats(3), 1e-5, true, false) }, nil},
		{"GroupNorm", [][]int{{2, 6, 4}, {6}}, func(t tape, x []variable) { t.GroupNorm(x[0], x[1], x[1], 4, 1e-5) }, nil},
		{"GroupNorm", [][]int{{2, 6, 4}, {6}}, func(t tape, x []variable) { t.GroupNorm(x[0], x[1], x[1], 0, 1e-5) }, nil},
		{"GroupNorm", [][]int{{2, 6, 4}, {6}, {5}}, func(t tape, x []variable) { t.GroupNorm(x[0], x[1], x[2], 2, 1e-5) }, nil},
		{"GroupNorm", [][]int{{2, 6, 4}, {6}}, func(t tape, x []variable) { t.GroupNorm(x[0], x[1], nil, 2, 1e-5) }, nil},
		{"InstanceNorm", [][]int{{6}}, func(t tape, x []variable) { t.InstanceNorm(x[0], nil, nil, 1e-5) }, nil},
		{"Softmax", [][]int{nil}, func(t tape, x []variable) { t.Softmax(x[0]) }, nil},
		{"CrossEntropy", [][]int{{2, 3}}, func(t tape, x []variable) { t.CrossEntropy(x[0], []int32{1}) }, nil},
		{"CrossEntropy", [][]int{{2, 3}}, func(t tape, x []variable) { t.CrossEntropy(x[0], []int32{1, 3}) }, nil},
		{"CrossEntropy", [][]int{{2, 3}}, func(t tape, x []variable) { t.CrossEntropy(x[0], []int32{-1, 0}) }, nil},
		{"CrossEntropy", [][]int{{0, 3}}, func(t tape, x []variable) { t.CrossEntropy(x[0], nil) }, nil},
		{"CrossEntropy", [][]int{{2, 3, 4}}, func(t tape, x []variable) { t.CrossEntropy(x[0], make([]int32, 6)) }, nil},
		{"SoftCrossEntropy", [][]int{{2, 3}}, func(t tape, x []variable) { t.SoftCrossEntropy(x[0], tensor.New(3, 2)) }, []string{"(3, 2)"}},
		{"WeightedMSE", [][]int{{2, 3}}, func(t tape, x []variable) { t.WeightedMSE(x[0], tensor.New(2, 4), tensor.New(2)) }, []string{"(2, 4)", "(2)"}},
		{"WeightedMSE", [][]int{{2, 3}}, func(t tape, x []variable) { t.WeightedMSE(x[0], tensor.New(2, 3), tensor.New(3)) }, []string{"(3)"}},
		{"Reshape", [][]int{{2, 3}}, func(t tape, x []variable) { t.Reshape(x[0], 7) }, []string{"(7)"}},
		{"GatherRows", [][]int{{4, 3}}, func(t tape, x []variable) { t.GatherRows(x[0], nil, tensor.IDs([]int32{4})) }, nil},
		{"GatherRows", [][]int{{4, 3}}, func(t tape, x []variable) { t.GatherRows(x[0], nil, tensor.IDs([]int32{-1})) }, nil},
		{"GatherRows", [][]int{{4, 3}, {2}}, func(t tape, x []variable) { t.GatherRows(x[0], x[1], tensor.IDs([]int32{-1})) }, nil},
		{"GatherRows", [][]int{nil}, func(t tape, x []variable) { t.GatherRows(x[0], nil, tensor.IDs(nil)) }, nil},
		{"Concat", [][]int{{2, 3}, {2, 4}}, func(t tape, x []variable) { t.Concat(0, x...) }, nil},
		{"Concat", [][]int{{2, 3}, {2}}, func(t tape, x []variable) { t.Concat(0, x...) }, nil},
		{"Concat", [][]int{{2, 3}}, func(t tape, x []variable) { t.Concat(2, x...) }, nil},
		{"Concat", nil, func(t tape, x []variable) { t.Concat(0) }, nil},
		{"Slice", [][]int{{2, 3}}, func(t tape, x []variable) { t.Slice(x[0], 1, 2, 4) }, nil},
		{"Slice", [][]int{{2, 3}}, func(t tape, x []variable) { t.Slice(x[0], 2, 0, 1) }, nil},
		{"Conv2D", [][]int{{1, 3, 5, 5}, {4, 2, 3, 3}}, func(t tape, x []variable) { t.Conv2D(x[0], x[1], nil, autograd.Window(3, 1, 0)) }, nil},
		{"Conv2D", [][]int{{1, 3, 5, 5}, {4, 3, 3, 3}}, func(t tape, x []variable) { t.Conv2D(x[0], x[1], nil, autograd.Window(2, 1, 0)) }, nil},
		{"Conv2D", [][]int{{1, 3, 5, 5}, {4, 3, 3, 3}, {3}}, func(t tape, x []variable) { t.Conv2D(x[0], x[1], x[2], autograd.Window(3, 1, 0)) }, nil},
		{"Conv2D", [][]int{{1, 3, 2, 2}, {4, 3, 3, 3}}, func(t tape, x []variable) { t.Conv2D(x[0], x[1], nil, autograd.Window(3, 1, 0)) }, []string{"(1, 3, 2, 2)"}},
		{"Conv2D", [][]int{{3, 5, 5}, {4, 3, 3, 3}}, func(t tape, x []variable) { t.Conv2D(x[0], x[1], nil, autograd.Window(3, 1, 0)) }, []string{"(3, 5, 5)"}},
		{"Conv2D", [][]int{{1, 3, 5, 5}, nil}, func(t tape, x []variable) { t.Conv2D(x[0], x[1], nil, autograd.Window(3, 1, 0)) }, nil},
		{"Conv2D", [][]int{{1, 3, 5, 5}, {4, 3, 2, 2}}, func(t tape, x []variable) { t.Conv2D(x[0], x[1], nil, dense) }, []string{"(1, 3, 5, 5)"}},
		{"MaxPool2D", [][]int{{3, 5, 5}}, func(t tape, x []variable) { t.MaxPool2D(x[0], autograd.Window(2, 2, 0)) }, nil},
		{"MaxPool2D", [][]int{{1, 3, 5, 5}}, func(t tape, x []variable) { t.MaxPool2D(x[0], autograd.Window(2, 2, 2)) }, nil},
		{"MaxPool2D", [][]int{{1, 3, 5, 5}}, func(t tape, x []variable) { t.MaxPool2D(x[0], dense) }, nil},
		{"AvgPool2D", [][]int{{1, 3, 5, 5}}, func(t tape, x []variable) { t.AvgPool2D(x[0], dilated) }, nil},
		{"AvgPool2D", [][]int{{1, 3, 5, 5}}, func(t tape, x []variable) { t.AvgPool2D(x[0], autograd.Window(6, 1, 0)) }, nil},
		{"GlobalAvgPool", [][]int{{3, 5, 5}}, func(t tape, x []variable) { t.GlobalAvgPool(x[0]) }, nil},
		{"GlobalAvgPool", [][]int{{1, 3, 0, 5}}, func(t tape, x []variable) { t.GlobalAvgPool(x[0]) }, nil},
		{"Rows", nil, func(tape, []variable) { w.Rows(2, 5) }, []string{"(4, 3)"}},
		{"Backward", [][]int{{2}}, func(t tape, x []variable) { t.Backward(x[0]) }, nil},
	}
	for i, c := range cases {
		tape := autograd.NewTape(be, autograd.Train)
		var x []*autograd.Var
		names := c.also
		for _, s := range c.shapes {
			x = append(x, tape.InputGrad(tensor.New(s...)))
			if c.also == nil {
				names = append(names, tensor.Of(s...).String())
			}
		}
		what := fmt.Sprintf("case %d, %s%v", i, c.op, c.shapes)
		cause := panicOf(func() { c.f(tape, x) })
		err, ok := cause.(*tensor.ShapeError)
		if !ok || err.Op != c.op {
			t.Errorf("%s: panic %v, want a ShapeError of %s", what, cause, c.op)
			continue
		}
		for _, name := range names {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %q does not name the shape %s", what, err, name)
			}
		}
	}
}
