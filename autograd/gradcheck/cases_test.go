package gradcheck

import (
	"math"
	"slices"

	"diffclip/autograd"
	"diffclip/tensor"
)

type (
	tape = *autograd.Tape
	vars = []*autograd.Var
)

// input is an operand with normal values.
func input(name string, shape ...int) Input { return Input{Name: name, Shape: shape} }

// weight is an operand that must be a parameter.
func weight(name string, shape ...int) Input {
	v := tensor.FromSlice(Values(name, tensor.Of(shape...).Len()), shape...)
	return Input{Name: name, Shape: shape, Param: autograd.NewParam(name, v)}
}

// constant returns fixed normal values.
func constant(name string, shape ...int) *tensor.Tensor {
	return tensor.FromSlice(Values(name, tensor.Of(shape...).Len()), shape...)
}

func scalar(x float64) []float64 { return []float64{x} }

// cases returns all cases: every registered operation has one at least.
func cases() []*Case {
	return slices.Concat(elementwiseCases(), productCases(), attentionCases(), normCases(), lossCases(), rowCases(), imageCases(), tapeCases(), customCases())
}

func elementwiseCases() []*Case {
	var all []*Case
	for _, u := range []struct {
		name string
		f    func(t tape, x *autograd.Var) *autograd.Var
		ref  func(float64) float64
	}{
		{"ReLU", tape.ReLU, ReLU},
		{"GELU", tape.GELU, GELU},
		{"QuickGELU", tape.QuickGELU, QuickGELU},
		{"SiLU", tape.SiLU, SiLU},
		{"Sigmoid", tape.Sigmoid, Sigmoid},
		{"Tanh", tape.Tanh, math.Tanh},
		{"Exp", tape.Exp, math.Exp},
		{"Square", tape.Square, Square},
	} {
		all = append(all,
			&Case{Op: u.name, Inputs: []Input{input("x", 3, 11)},
				Forward:   func(t tape, in vars) *autograd.Var { return u.f(t, in[0]) },
				Reference: func(in [][]float64) []float64 { return Unary(u.ref, in[0]) }},
			&Case{Op: u.name, Name: "far out", Inputs: []Input{{Name: "x", Shape: []int{9}, Data: []float32{-9, -6.5, -4, -3, -0.01, 0.01, 3, 4, 6.5}}},
				Forward:   func(t tape, in vars) *autograd.Var { return u.f(t, in[0]) },
				Reference: func(in [][]float64) []float64 { return Unary(u.ref, in[0]) }},
		)
	}
	for _, b := range []struct {
		name string
		f    func(t tape, x, y *autograd.Var) *autograd.Var
		ref  func(a, b float64) float64
	}{{"Add", tape.Add, Add}, {"Sub", tape.Sub, Sub}, {"Mul", tape.Mul, Mul}} {
		forward := func(t tape, in vars) *autograd.Var { return b.f(t, in[0], in[1]) }
		reference := func(in [][]float64) []float64 { return Binary(b.ref, in[0], in[1]) }
		for _, s := range []struct {
			name string
			x, y []int
		}{
			{"same shape", []int{5, 7}, []int{5, 7}},
			{"row", []int{5, 7}, []int{7}},
			{"last two of four", []int{2, 3, 5, 3}, []int{5, 3}},
			{"one element", []int{3, 5, 1}, []int{1}},
			{"scalar", []int{3, 5}, nil},
			{"scalars", nil, nil},
			{"many rows", []int{601, 3}, []int{3}},
		} {
			all = append(all, &Case{Op: b.name, Name: s.name, Inputs: []Input{input("x", s.x...), input("y", s.y...)}, Forward: forward, Reference: reference})
		}
		all = append(all, &Case{Op: b.name, Name: "with itself", Inputs: []Input{input("x", 5, 7)},
			Forward:   func(t tape, in vars) *autograd.Var { return b.f(t, in[0], in[0]) },
			Reference: func(in [][]float64) []float64 { return Binary(b.ref, in[0], in[0]) }})
	}
	return append(all,
		&Case{Op: "Scale", Inputs: []Input{input("x", 5, 7)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Scale(in[0], -0.75) },
			Reference: func(in [][]float64) []float64 { return Scale(in[0], -0.75) }},
		&Case{Op: "Sum", Inputs: []Input{input("x", 5, 7)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Sum(in[0]) },
			Reference: func(in [][]float64) []float64 { return scalar(Sum(in[0])) }},
		&Case{Op: "Sum", Name: "mean", Inputs: []Input{input("x", 3, 3, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Mean(in[0]) },
			Reference: func(in [][]float64) []float64 { return scalar(Sum(in[0]) / 45) }},
		&Case{Op: "ScaleByScalar", Inputs: []Input{input("x", 5, 7), input("s", 1)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.ScaleByScalar(in[0], in[1]) },
			Reference: func(in [][]float64) []float64 { return Scale(in[0], in[1][0]) }},
		&Case{Op: "ScaleByScalar", Name: "itself", Inputs: []Input{input("s", 1)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.ScaleByScalar(in[0], in[0]) },
			Reference: func(in [][]float64) []float64 { return Scale(in[0], in[0][0]) }},
	)
}

func productCases() []*Case {
	var all []*Case
	linear := func(name string, rows, in, out int, act func(float64) float64, f func(t tape, in vars) *autograd.Var) {
		all = append(all, &Case{Op: "Linear", Name: name, Inputs: []Input{input("x", rows, in), weight(name+" weight", out, in), input("bias", out)}, Forward: f,
			Reference: func(v [][]float64) []float64 { return Unary(act, Linear(v[0], v[1], v[2], in, out)) }})
	}
	identity := func(x float64) float64 { return x }
	linear("", 5, 7, 3, identity, func(t tape, in vars) *autograd.Var { return t.Linear(in[0], in[1], in[2]) })
	linear("one row", 1, 17, 9, identity, func(t tape, in vars) *autograd.Var { return t.Linear(in[0], in[1], in[2]) })
	linear("many rows", 401, 3, 2, identity, func(t tape, in vars) *autograd.Var { return t.Linear(in[0], in[1], in[2]) })
	linear("wide", 7, 33, 35, identity, func(t tape, in vars) *autograd.Var { return t.Linear(in[0], in[1], in[2]) })
	for _, a := range []struct {
		name string
		act  autograd.Activation
		ref  func(float64) float64
	}{{"relu", autograd.ActReLU, ReLU}, {"gelu", autograd.ActGELU, GELU}, {"quickgelu", autograd.ActQuickGELU, QuickGELU}, {"silu", autograd.ActSiLU, SiLU}} {
		linear(a.name, 5, 7, 9, a.ref, func(t tape, in vars) *autograd.Var { return t.LinearAct(in[0], in[1], in[2], a.act) })
	}
	all = append(all,
		&Case{Op: "Linear", Name: "no bias", Inputs: []Input{input("x", 2, 4, 5), weight("w", 6, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Linear(in[0], in[1], nil) },
			Reference: func(v [][]float64) []float64 { return Linear(v[0], v[1], nil, 5, 6) }},
		&Case{Op: "Linear", Name: "no bias, gelu", Inputs: []Input{input("x", 4, 5), weight("w", 6, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.LinearAct(in[0], in[1], nil, autograd.ActGELU) },
			Reference: func(v [][]float64) []float64 { return Unary(GELU, Linear(v[0], v[1], nil, 5, 6)) }},
		&Case{Op: "Linear", Name: "residual", Inputs: []Input{input("x", 3, 5), weight("w", 7, 5), input("bias", 7), input("residual", 3, 7)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.LinearAdd(in[0], in[1], in[2], in[3]) },
			Reference: func(v [][]float64) []float64 { return Binary(Add, Linear(v[0], v[1], v[2], 5, 7), v[3]) }},
		&Case{Op: "Linear", Name: "residual is the input", Inputs: []Input{input("x", 5, 7), weight("w", 7, 7), input("bias", 7)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.LinearAdd(in[0], in[1], in[2], in[0]) },
			Reference: func(v [][]float64) []float64 { return Binary(Add, Linear(v[0], v[1], v[2], 7, 7), v[0]) }},
		&Case{Op: "Linear", Name: "one weight twice", Inputs: []Input{input("x", 5, 6), weight("w", 6, 6), input("bias", 6)},
			Forward: func(t tape, in vars) *autograd.Var {
				return t.Linear(t.LinearAct(in[0], in[1], in[2], autograd.ActSiLU), in[1], in[2])
			},
			Reference: func(v [][]float64) []float64 {
				return Linear(Unary(SiLU, Linear(v[0], v[1], v[2], 6, 6)), v[1], v[2], 6, 6)
			}},
	)
	for _, tr := range []struct {
		name   string
		ta, tb bool
	}{{"nn", false, false}, {"nt", false, true}, {"tn", true, false}, {"tt", true, true}} {
		for _, batch := range []int{0, 3} {
			a, b := []int{5, 7}, []int{7, 3}
			if tr.ta {
				slices.Reverse(a)
			}
			if tr.tb {
				slices.Reverse(b)
			}
			name := tr.name
			if batch > 0 {
				a, b, name = append([]int{batch}, a...), append([]int{batch}, b...), name+" batch"
			}
			all = append(all, &Case{Op: "MatMul", Name: name, Inputs: []Input{input("a", a...), input("b", b...)},
				Forward:   func(t tape, in vars) *autograd.Var { return t.MatMul(in[0], in[1], tr.ta, tr.tb) },
				Reference: func(v [][]float64) []float64 { return MatMul(v[0], v[1], max(batch, 1), 5, 7, 3, tr.ta, tr.tb) }})
		}
	}
	return append(all,
		&Case{Op: "MatMul", Name: "with itself", Inputs: []Input{input("a", 5, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.MatMul(in[0], in[0], false, true) },
			Reference: func(v [][]float64) []float64 { return MatMul(v[0], v[0], 1, 5, 5, 5, false, true) }},
		&Case{Op: "Transpose", Inputs: []Input{input("x", 5, 7)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Transpose(in[0]) },
			Reference: func(v [][]float64) []float64 { return Transpose(v[0], 5, 7) }},
		&Case{Op: "Transpose", Name: "batch", Inputs: []Input{input("x", 2, 3, 17, 9)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Transpose(in[0]) },
			Reference: func(v [][]float64) []float64 { return Transpose(v[0], 17, 9) }},
	)
}

func attentionCases() []*Case {
	var all []*Case
	for _, a := range []struct {
		name                        string
		batch, tokens, width, heads int
		causal                      bool
	}{{"", 2, 5, 6, 2, false}, {"causal", 2, 9, 12, 3, true}, {"one token", 3, 1, 4, 1, false}, {"tokens 17, head 16", 1, 17, 32, 2, false}} {
		all = append(all, &Case{Op: "SelfAttention", Name: a.name, Inputs: []Input{input("qkv", a.batch, a.tokens, 3*a.width)},
			Forward: func(t tape, in vars) *autograd.Var { return t.SelfAttention(in[0], a.heads, a.causal) },
			Reference: func(v [][]float64) []float64 {
				return SelfAttention(v[0], a.batch, a.tokens, a.width, a.heads, a.causal)
			}})
	}
	for _, a := range []struct {
		name                        string
		batch, tokens, width, heads int
		lengths                     []int32
	}{{"", 2, 5, 6, 2, nil}, {"lengths", 5, 7, 12, 3, []int32{1, 7, 3, 6, 2}}, {"one token", 3, 1, 4, 1, nil}} {
		all = append(all, &Case{Op: "QueryAttention", Name: a.name, Inputs: []Input{input("q", a.batch, a.width), input("kv", a.batch, a.tokens, 2*a.width)},
			Forward: func(t tape, in vars) *autograd.Var { return t.QueryAttention(in[0], in[1], a.lengths, a.heads) },
			Reference: func(v [][]float64) []float64 {
				return QueryAttention(v[0], v[1], a.lengths, a.batch, a.tokens, a.width, a.heads)
			}})
	}
	return all
}

func lossCases() []*Case {
	targets, one := []int32{3, 0, 4, 4, 1, 2, 0}, []int32{2}
	soft, goal := constant("soft targets", 7, 5), constant("goal", 3, 4, 5)
	weights := tensor.FromSlice([]float32{0.5, 0, 1, 0.1, 2, 0, 0.25, 1, 1, 0, 0.3, 0.7}, 12)
	return []*Case{
		{Op: "CrossEntropy", Inputs: []Input{input("logits", 7, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.CrossEntropy(in[0], targets) },
			Reference: func(v [][]float64) []float64 { return scalar(CrossEntropy(v[0], targets, 5)) }},
		{Op: "CrossEntropy", Name: "one row, large", Inputs: []Input{{Name: "logits", Shape: []int{1, 3}, Data: []float32{90, 91, 89.5}}},
			Forward:   func(t tape, in vars) *autograd.Var { return t.CrossEntropy(in[0], one) },
			Reference: func(v [][]float64) []float64 { return scalar(CrossEntropy(v[0], one, 3)) }},
		{Op: "SoftCrossEntropy", Inputs: []Input{input("logits", 7, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.SoftCrossEntropy(in[0], soft) },
			Reference: func(v [][]float64) []float64 { return scalar(SoftCrossEntropy(v[0], Float64s(soft.Data), 5)) }},
		{Op: "WeightedMSE", Inputs: []Input{input("x", 3, 4, 5)},
			Forward: func(t tape, in vars) *autograd.Var { return t.WeightedMSE(in[0], goal, weights) },
			Reference: func(v [][]float64) []float64 {
				return scalar(WeightedMSE(v[0], Float64s(goal.Data), Float64s(weights.Data)))
			}},
	}
}

func rowCases() []*Case {
	ids, holes := []int32{4, 0, 4, 2, 5, 1, 4}, []int32{-1, 3, 3, -1, 0}
	return []*Case{
		{Op: "Reshape", Inputs: []Input{input("x", 4, 6)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Reshape(in[0], 2, 3, 4) },
			Reference: func(v [][]float64) []float64 { return slices.Clone(v[0]) }},
		{Op: "Reshape", Name: "of a result, seen twice", Inputs: []Input{input("x", 4, 6)},
			Forward: func(t tape, in vars) *autograd.Var {
				y := t.Square(in[0])
				return t.Add(t.Reshape(y, 24), t.Reshape(t.Mul(y, in[0]), 24))
			},
			Reference: func(v [][]float64) []float64 {
				return Unary(func(x float64) float64 { return x*x + x*x*x }, v[0])
			}},
		{Op: "GatherRows", Inputs: []Input{input("x", 6, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.GatherRows(in[0], nil, tensor.IDs(ids)) },
			Reference: func(v [][]float64) []float64 { return GatherRows(v[0], nil, ids, 5) }},
		{Op: "GatherRows", Name: "of 3 dimensions, filled", Inputs: []Input{input("x", 2, 3, 7), input("fill", 7)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.GatherRows(in[0], in[1], tensor.IDs(holes)) },
			Reference: func(v [][]float64) []float64 { return GatherRows(v[0], v[1], holes, 7) }},
		{Op: "Concat", Inputs: []Input{input("a", 2, 5), input("b", 1, 5), input("c", 4, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Concat(0, in...) },
			Reference: func(v [][]float64) []float64 { return Concat(1, []int{10, 5, 20}, v...) }},
		{Op: "Concat", Name: "of four", Inputs: []Input{input("a", 2, 5), input("b", 1, 5), input("c", 4, 5), input("d", 3, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Concat(0, in...) },
			Reference: func(v [][]float64) []float64 { return Concat(1, []int{10, 5, 20, 15}, v...) }},
		{Op: "Concat", Name: "of five, inside", Inputs: []Input{input("a", 2, 1, 3), input("b", 2, 2, 3), input("c", 2, 1, 3), input("d", 2, 3, 3), input("e", 2, 1, 3)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Concat(1, in...) },
			Reference: func(v [][]float64) []float64 { return Concat(2, []int{3, 6, 3, 9, 3}, v...) }},
		{Op: "Concat", Name: "with itself", Inputs: []Input{input("a", 3, 2)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Concat(1, in[0], in[0], in[0]) },
			Reference: func(v [][]float64) []float64 { return Concat(3, []int{2, 2, 2}, v[0], v[0], v[0]) }},
		{Op: "Slice", Inputs: []Input{input("x", 6, 5)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Slice(in[0], 0, 1, 4) },
			Reference: func(v [][]float64) []float64 { return Slice(v[0], 30, 5, 20) }},
		{Op: "Slice", Name: "inside", Inputs: []Input{input("x", 2, 5, 3)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Slice(in[0], 1, 2, 5) },
			Reference: func(v [][]float64) []float64 { return Slice(v[0], 15, 6, 15) }},
	}
}
