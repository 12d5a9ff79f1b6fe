package autograd_test

import (
	"testing"

	"diffclip/autograd"
	"diffclip/tensor"
)

// TestEmptyBatch gives every operation that can have one a batch of nothing:
// results are empty or zero, and so are the gradients. A mean, the statistics
// of a batch and Shards, which have no meaning there, panic with a ShapeError;
// TestShapeMistakes and TestShardsMisusePanics have them.
func TestEmptyBatch(t *testing.T) {
	type tape = *autograd.Tape
	type variable = *autograd.Var
	w, b := autograd.NewParam("w", tensor.New(4, 3)), autograd.NewParam("b", tensor.New(4))
	ids := []int32{}
	stats := &autograd.BatchStats{Mean: tensor.New(3), Var: tensor.New(3)}
	unary := func(f func(tape, variable) variable) func(t tape, x []variable) variable {
		return func(t tape, x []variable) variable { return f(t, x[0]) }
	}
	for name, c := range map[string]struct {
		shapes [][]int
		want   []int
		f      func(t tape, x []variable) variable
	}{
		"ReLU":          {[][]int{{0, 3}}, []int{0, 3}, unary(tape.ReLU)},
		"GELU":          {[][]int{{0, 3}}, []int{0, 3}, unary(tape.GELU)},
		"Sigmoid":       {[][]int{{0, 3}}, []int{0, 3}, unary(tape.Sigmoid)},
		"Exp":           {[][]int{{3, 0}}, []int{3, 0}, unary(tape.Exp)},
		"Add":           {[][]int{{0, 3}, {3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.Add(x[0], x[1]) }},
		"Sub":           {[][]int{{0, 3}, {0, 3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.Sub(x[0], x[1]) }},
		"Sub row":       {[][]int{{0, 3}, {3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.Sub(x[0], x[1]) }},
		"Mul":           {[][]int{{0, 3}, {3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.Mul(x[0], x[1]) }},
		"Mul nothing":   {[][]int{{3, 0}, {0}}, []int{3, 0}, func(t tape, x []variable) variable { return t.Mul(x[0], x[1]) }},
		"Scale":         {[][]int{{0, 3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.Scale(x[0], 2) }},
		"ScaleByScalar": {[][]int{{0, 3}, {1}}, []int{0, 3}, func(t tape, x []variable) variable { return t.ScaleByScalar(x[0], x[1]) }},
		"Sum":           {[][]int{{0, 3}}, nil, func(t tape, x []variable) variable { return t.Sum(x[0]) }},
		"Linear":        {[][]int{{0, 3}}, []int{0, 4}, func(t tape, x []variable) variable { return t.Linear(x[0], t.Param(w), t.Param(b)) }},
		"LinearAct": {[][]int{{2, 0, 3}}, []int{2, 0, 4}, func(t tape, x []variable) variable {
			return t.LinearAct(x[0], t.Param(w), t.Param(b), autograd.ActGELU)
		}},
		"LinearAdd":       {[][]int{{0, 3}, {0, 4}}, []int{0, 4}, func(t tape, x []variable) variable { return t.LinearAdd(x[0], t.Param(w), t.Param(b), x[1]) }},
		"MatMul":          {[][]int{{0, 3}, {3, 2}}, []int{0, 2}, func(t tape, x []variable) variable { return t.MatMul(x[0], x[1], false, false) }},
		"MatMul, no sum":  {[][]int{{2, 0}, {0, 3}}, []int{2, 3}, func(t tape, x []variable) variable { return t.MatMul(x[0], x[1], false, false) }},
		"MatMul, tall":    {[][]int{{0, 500}, {500, 3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.MatMul(x[0], x[1], false, false) }},
		"MatMul batch":    {[][]int{{0, 2, 3}, {0, 3, 2}}, []int{0, 2, 2}, func(t tape, x []variable) variable { return t.MatMul(x[0], x[1], false, false) }},
		"Transpose":       {[][]int{{0, 3}}, []int{3, 0}, unary(tape.Transpose)},
		"SelfAttention":   {[][]int{{0, 5, 12}}, []int{0, 5, 4}, func(t tape, x []variable) variable { return t.SelfAttention(x[0], 2, true) }},
		"no tokens":       {[][]int{{2, 0, 12}}, []int{2, 0, 4}, func(t tape, x []variable) variable { return t.SelfAttention(x[0], 2, false) }},
		"QueryAttention":  {[][]int{{0, 4}, {0, 5, 8}}, []int{0, 4}, func(t tape, x []variable) variable { return t.QueryAttention(x[0], x[1], nil, 2) }},
		"LayerNorm":       {[][]int{{0, 3}, {3}, {3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.LayerNorm(x[0], x[1], x[2], 1e-5) }},
		"BatchNorm, eval": {[][]int{{0, 3}, {3}, {3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.BatchNorm(x[0], x[1], x[2], stats, 1e-5, false, true) }},
		"GroupNorm":       {[][]int{{0, 4, 2, 2}, {4}, {4}}, []int{0, 4, 2, 2}, func(t tape, x []variable) variable { return t.GroupNorm(x[0], x[1], x[2], 2, 1e-5) }},
		"Softmax":         {[][]int{{0, 3}}, []int{0, 3}, unary(tape.Softmax)},
		"Softmax, empty":  {[][]int{{3, 0}}, []int{3, 0}, unary(tape.Softmax)},
		"L2Normalize":     {[][]int{{0, 3}}, []int{0, 3}, unary(tape.L2Normalize)},
		"WeightedMSE": {[][]int{{0, 3}}, nil, func(t tape, x []variable) variable {
			return t.WeightedMSE(x[0], tensor.New(0, 3), tensor.New(0))
		}},
		"Reshape":         {[][]int{{0, 3}}, []int{3, 0, 2}, func(t tape, x []variable) variable { return t.Reshape(x[0], 3, 0, 2) }},
		"GatherRows":      {[][]int{{4, 3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.GatherRows(x[0], nil, tensor.IDs(ids)) }},
		"GatherRows fill": {[][]int{{0, 3}, {3}}, []int{2, 3}, func(t tape, x []variable) variable { return t.GatherRows(x[0], x[1], tensor.IDs([]int32{-1, -1})) }},
		"Concat":          {[][]int{{0, 3}, {0, 3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.Concat(0, x...) }},
		"Concat, wide":    {[][]int{{0, 3}, {0, 2}}, []int{0, 5}, func(t tape, x []variable) variable { return t.Concat(1, x...) }},
		"Slice":           {[][]int{{4, 3}}, []int{0, 3}, func(t tape, x []variable) variable { return t.Slice(x[0], 0, 2, 2) }},
		"Slice, empty":    {[][]int{{0, 3}}, []int{0, 2}, func(t tape, x []variable) variable { return t.Slice(x[0], 1, 0, 2) }},
		"Conv2D": {[][]int{{0, 2, 4, 4}, {3, 2, 3, 3}, {3}}, []int{0, 3, 2, 2}, func(t tape, x []variable) variable {
			return t.Conv2D(x[0], x[1], x[2], autograd.Window(3, 1, 0))
		}},
		"MaxPool2D": {[][]int{{0, 2, 4, 4}}, []int{0, 2, 2, 2}, func(t tape, x []variable) variable { return t.MaxPool2D(x[0], autograd.Window(2, 2, 0)) }},
		"AvgPool2D": {[][]int{{0, 2, 4, 4}}, []int{0, 2, 2, 2}, func(t tape, x []variable) variable { return t.AvgPool2D(x[0], autograd.Window(2, 2, 0)) }},
		"Recompute": {[][]int{{0, 3}}, []int{0, 3}, func(t tape, x []variable) variable {
			return t.Recompute(func(t tape, in []variable) variable { return t.Square(in[0]) }, x[0])
		}},
	} {
		t.Run(name, func(t *testing.T) {
			be := tensor.NewCPU(2)
			defer be.Close()
			tape := autograd.NewTape(be, autograd.Train)
			// What a gradient is made of must be written, not left from before.
			for range 40 {
				dirty := tape.Const(7, 9)
				be.Fill(dirty.Value, 7)
			}
			tape.Reset()
			w.ZeroGrad()
			b.ZeroGrad()
			var x []variable
			for _, s := range c.shapes {
				x = append(x, tape.InputGrad(tensor.New(s...)))
			}
			y := c.f(tape, x)
			if y.Shape() != tensor.Of(c.want...) {
				t.Fatalf("result %v, want %v", y.Shape(), tensor.Of(c.want...))
			}
			for _, v := range y.Value.Data {
				if v != 0 {
					t.Errorf("result %v, want zeros", y.Value.Data)
					break
				}
			}
			tape.Backward(tape.Sum(y))
			for i, v := range x {
				if v.Grad() == nil || v.Grad().Shape != v.Shape() {
					t.Errorf("input %d: gradient %v, want one of shape %v", i, v.Grad(), v.Shape())
					continue
				}
				want := float32(0)
				if name == "GatherRows fill" && i == 1 {
					want = 2 // used twice
				}
				for _, g := range v.Grad().Data {
					if g != want {
						t.Errorf("input %d: gradient %v, want %v", i, v.Grad().Data, want)
						break
					}
				}
			}
			for _, p := range []*autograd.Param{w, b} {
				if p.Grad != nil && !sameBits(p.Grad.Data, make([]float32, p.Grad.Len())) {
					t.Errorf("gradient of %s %v, want zeros", p.Name, p.Grad.Data)
				}
			}
		})
	}
}
