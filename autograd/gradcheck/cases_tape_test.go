package gradcheck

import "diffclip/autograd"

// tapeCases are the operations that hold a part of the graph.
func tapeCases() []*Case {
	w, b, s := weight("w", 4, 4), weight("b", 4), weight("s", 1)
	inputs := []Input{input("x", 5, 4), input("y", 5, 4), w, b}
	// body is gelu(x·Wᵀ+b)·y + x, which uses x twice and ends in a result of its own.
	body := func(t tape, x, y *autograd.Var) *autograd.Var {
		h := t.LinearAct(x, t.Param(w.Param), t.Param(b.Param), autograd.ActGELU)
		return t.Add(t.Mul(h, y), x)
	}
	reference := func(v [][]float64) []float64 {
		return Binary(Add, Binary(Mul, Unary(GELU, Linear(v[0], v[2], v[3], 4, 4)), v[1]), v[0])
	}
	// swapped reads its second input last, so that its gradient is written first.
	swapped := func(t tape, _, _ int, in []*autograd.Var) *autograd.Var { return body(t, in[1], in[0]) }
	shard := func(t tape, _, _ int, in []*autograd.Var) *autograd.Var { return body(t, in[0], in[1]) }
	sum := func(t tape, _, _ int, in []*autograd.Var) *autograd.Var { return t.Sum(body(t, in[0], in[1])) }
	all := []*Case{
		{Op: "Recompute", Inputs: inputs, Reference: reference,
			Forward: func(t tape, in vars) *autograd.Var {
				return t.Recompute(func(t tape, in vars) *autograd.Var { return body(t, in[0], in[1]) }, in[0], in[1])
			}},
		{Op: "Recompute", Name: "one input twice", Inputs: []Input{inputs[0], w, b},
			Forward: func(t tape, in vars) *autograd.Var {
				return t.Recompute(func(t tape, in vars) *autograd.Var { return body(t, in[1], in[0]) }, in[0], in[0])
			},
			Reference: func(v [][]float64) []float64 { return reference([][]float64{v[0], v[0], v[1], v[2]}) }},
		{Op: "Recompute", Name: "an input unused, ends in an activation", Inputs: []Input{inputs[0], inputs[1], w},
			Forward: func(t tape, in vars) *autograd.Var {
				return t.Recompute(func(t tape, in vars) *autograd.Var {
					return t.LinearAct(in[0], t.Param(w.Param), nil, autograd.ActSiLU)
				}, in[0], in[1])
			},
			Reference: func(v [][]float64) []float64 { return Unary(SiLU, Linear(v[0], v[2], nil, 4, 4)) }},
		{Op: "Recompute", Name: "returns its input", Inputs: []Input{inputs[0]},
			Forward: func(t tape, in vars) *autograd.Var {
				return t.Recompute(func(_ tape, in vars) *autograd.Var { return in[0] }, in[0])
			},
			Reference: func(v [][]float64) []float64 { return append([]float64(nil), v[0]...) }},
		{Op: "Shards", Name: "one input twice", Outermost: true, Inputs: []Input{inputs[0], w, b},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Shards(2, swapped, in[0], in[0]) },
			Reference: func(v [][]float64) []float64 { return reference([][]float64{v[0], v[0], v[1], v[2]}) }},
		{Op: "Shards", Name: "sum, one input twice", Outermost: true, Inputs: []Input{inputs[0], w, b},
			Forward:   func(t tape, in vars) *autograd.Var { return t.ShardSum(2, sum, in[0], in[0]) },
			Reference: func(v [][]float64) []float64 { return scalar(Sum(reference([][]float64{v[0], v[0], v[1], v[2]}))) }},
		{Op: "Shards", Name: "returns its input", Outermost: true, Inputs: []Input{inputs[0]},
			Forward: func(t tape, in vars) *autograd.Var {
				return t.Shards(2, func(_ tape, _, _ int, in []*autograd.Var) *autograd.Var { return in[0] }, in[0])
			},
			Reference: func(v [][]float64) []float64 { return append([]float64(nil), v[0]...) }},
		{Op: "Shards", Name: "recomputed inside", Outermost: true, Inputs: inputs, Reference: reference,
			Forward: func(t tape, in vars) *autograd.Var {
				return t.Shards(2, func(t tape, _, _ int, in []*autograd.Var) *autograd.Var {
					return t.Recompute(func(t tape, in vars) *autograd.Var { return body(t, in[0], in[1]) }, in...)
				}, in[0], in[1])
			}},
		{Op: "Shards", Name: "one slice is constant", Outermost: true, Inputs: inputs,
			Forward: func(t tape, in vars) *autograd.Var {
				return t.Shards(2, func(t tape, lo, hi int, in []*autograd.Var) *autograd.Var {
					if lo == 2 {
						return t.Const(0.5, hi-lo, 4)
					}
					return body(t, in[0], in[1])
				}, in[0], in[1])
			},
			Reference: func(v [][]float64) []float64 {
				y := reference(v)
				for i := 8; i < 16; i++ {
					y[i] = 0.5
				}
				return y
			}},
		{Op: "Shards", Name: "sum, one slice is constant, an input unused", Outermost: true, Inputs: inputs[:2],
			Forward: func(t tape, in vars) *autograd.Var {
				return t.ShardSum(2, func(t tape, lo, hi int, in []*autograd.Var) *autograd.Var {
					if lo == 2 {
						return t.Const(0.5)
					}
					return t.Sum(t.Square(in[0]))
				}, in[0], in[1])
			},
			Reference: func(v [][]float64) []float64 {
				y := Unary(Square, v[0])
				return scalar(Sum(y[:8]) + 0.5 + Sum(y[16:]))
			}},
		{Op: "Shards", Name: "sum, returns a parameter", Outermost: true, Inputs: []Input{input("x", 40, 1), s},
			Forward: func(t tape, in vars) *autograd.Var {
				return t.ShardSum(1, func(t tape, _, _ int, _ []*autograd.Var) *autograd.Var { return t.Param(s.Param) }, in[0])
			},
			Reference: func(v [][]float64) []float64 { return scalar(40 * v[1][0]) }},
	}
	for i, name := range []string{"grain 1", "grain 2", "whole"} {
		grain := []int{1, 2, 99}[i]
		all = append(all,
			&Case{Op: "Shards", Name: name, Outermost: true, Inputs: inputs, Reference: reference,
				Forward: func(t tape, in vars) *autograd.Var { return t.Shards(grain, shard, in[0], in[1]) }},
			&Case{Op: "Shards", Name: "sum, " + name, Outermost: true, Inputs: inputs,
				Forward:   func(t tape, in vars) *autograd.Var { return t.ShardSum(grain, sum, in[0], in[1]) },
				Reference: func(v [][]float64) []float64 { return scalar(Sum(reference(v))) }},
		)
	}
	return all
}
