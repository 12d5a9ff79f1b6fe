package gradcheck

import (
	"math"

	"diffclip/autograd"
	"diffclip/tensor"
)

// softplus is ln(1 + eˣ), in loops over the elements.
var softplus = &autograd.CustomOp{
	Name: "Custom",
	Forward: func(_ tensor.Backend, y *tensor.Tensor, x []*tensor.Tensor) {
		for i, v := range x[0].Data {
			y.Data[i] = float32(math.Log1p(math.Exp(float64(v))))
		}
	},
	Backward: func(_ tensor.Backend, dx []*tensor.Tensor, dy, _ *tensor.Tensor, x []*tensor.Tensor) {
		for i, v := range x[0].Data {
			dx[0].Data[i] += float32(float64(dy.Data[i]) / (1 + math.Exp(-float64(v))))
		}
	},
}

// product is the product of all operands, by methods of the backend.
var product = &autograd.CustomOp{
	Name: "Custom",
	Forward: func(be tensor.Backend, y *tensor.Tensor, x []*tensor.Tensor) {
		be.Fill(y, 1)
		for _, v := range x {
			be.Binary(tensor.Mul, y, y, v)
		}
	},
	Backward: func(be tensor.Backend, dx []*tensor.Tensor, dy, _ *tensor.Tensor, x []*tensor.Tensor) {
		others := be.Get(dy.Shape)
		defer be.Put(others)
		for i, d := range dx {
			if d == nil {
				continue
			}
			be.Fill(others, 1)
			for k, v := range x {
				if k != i {
					be.Binary(tensor.Mul, others, others, v)
				}
			}
			be.MulAcc(d, others, dy)
		}
	},
}

func customCases() []*Case {
	one := func(t tape, in vars) *autograd.Var { return t.Custom(softplus, in[0].Shape(), in[0]) }
	soft := func(v [][]float64) []float64 {
		return Unary(func(x float64) float64 { return math.Log1p(math.Exp(x)) }, v[0])
	}
	many := func(t tape, in vars) *autograd.Var { return t.Custom(product, in[0].Shape(), in...) }
	multiplied := func(v [][]float64) []float64 {
		y := v[0]
		for _, x := range v[1:] {
			y = Binary(Mul, y, x)
		}
		return y
	}
	x := []Input{input("a", 3, 5), input("b", 3, 5), input("c", 3, 5), input("d", 3, 5), input("e", 3, 5)}
	return []*Case{
		{Op: "Custom", Inputs: x[:1], Forward: one, Reference: soft},
		{Op: "Custom", Name: "of two", Inputs: x[:2], Forward: many, Reference: multiplied},
		{Op: "Custom", Name: "of five", Inputs: x, Forward: many, Reference: multiplied},
		{Op: "Custom", Name: "of one twice", Inputs: x[:1],
			Forward:   func(t tape, in vars) *autograd.Var { return t.Custom(product, in[0].Shape(), in[0], in[0]) },
			Reference: func(v [][]float64) []float64 { return Unary(Square, v[0]) }},
		{Op: "Shards", Name: "of a custom operation", Outermost: true, Inputs: x[:2], Reference: multiplied,
			Forward: func(t tape, in vars) *autograd.Var {
				return t.Shards(2, func(t tape, _, _ int, in []*autograd.Var) *autograd.Var { return many(t, in) }, in...)
			}},
		{Op: "Shards", Name: "sum of a custom operation", Outermost: true, Inputs: x[:1],
			Forward: func(t tape, in vars) *autograd.Var {
				return t.ShardSum(2, func(t tape, _, _ int, in []*autograd.Var) *autograd.Var { return t.Sum(one(t, in)) }, in...)
			},
			Reference: func(v [][]float64) []float64 { return scalar(Sum(soft(v))) }},
	}
}
