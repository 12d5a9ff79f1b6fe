package gradcheck

import (
	"diffclip/autograd"
	"diffclip/tensor"
)

func normCases() []*Case {
	const eps = 1e-5
	var all []*Case
	for _, s := range []struct {
		name       string
		rows, cols int
	}{{"", 5, 7}, {"many rows", 601, 3}, {"wide", 3, 33}} {
		all = append(all, &Case{Op: "LayerNorm", Name: s.name, Inputs: []Input{input("x", s.rows, s.cols), input("gamma", s.cols), input("beta", s.cols)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.LayerNorm(in[0], in[1], in[2], eps) },
			Reference: func(v [][]float64) []float64 { return LayerNorm(v[0], v[1], v[2], s.cols, eps) }})
	}
	for _, s := range []struct {
		name  string
		shape []int
	}{{"rows", []int{9, 5}}, {"many rows", []int{601, 2}}, {"images", []int{3, 4, 5, 3}}} {
		n, c, area := s.shape[0], s.shape[1], 1
		for _, d := range s.shape[2:] {
			area *= d
		}
		in := []Input{input("x", s.shape...), input("gamma", c), input("beta", c)}
		mean, variance := constant("running mean", c), constant("running variance", c)
		for i, v := range variance.Data {
			variance.Data[i] = 0.5 + v*v
		}
		for _, relu := range []bool{false, true} {
			name, clamp := s.name, func(x float64) float64 { return x }
			if relu {
				name, clamp = s.name+", relu", ReLU
			}
			all = append(all,
				&Case{Op: "BatchNorm", Name: name, Inputs: in,
					Forward: func(t tape, in vars) *autograd.Var {
						stats := &autograd.BatchStats{Mean: tensor.New(c), Var: tensor.New(c), Momentum: 0.1}
						return t.BatchNorm(in[0], in[1], in[2], stats, eps, true, relu)
					},
					Reference: func(v [][]float64) []float64 { return Unary(clamp, BatchNorm(v[0], v[1], v[2], n, c, area, eps)) }},
				&Case{Op: "BatchNormEval", Name: name, Inputs: in,
					Forward: func(t tape, in vars) *autograd.Var {
						return t.BatchNorm(in[0], in[1], in[2], &autograd.BatchStats{Mean: mean, Var: variance}, eps, false, relu)
					},
					Reference: func(v [][]float64) []float64 {
						return Unary(clamp, ChannelAffine(v[0], Float64s(mean.Data), Float64s(variance.Data), v[1], v[2], area, eps))
					}},
			)
		}
	}
	for _, groups := range []int{1, 2, 6} {
		all = append(all, &Case{Op: "GroupNorm", Name: []string{1: "layer", 2: "groups", 6: "channels"}[groups], Inputs: []Input{input("x", 2, 6, 3, 5), input("gamma", 6), input("beta", 6)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.GroupNorm(in[0], in[1], in[2], groups, eps) },
			Reference: func(v [][]float64) []float64 { return GroupNorm(v[0], v[1], v[2], 2, 6, 15, groups, eps) }})
	}
	return append(all,
		&Case{Op: "GroupNorm", Name: "instances, no scale", Inputs: []Input{input("x", 2, 3, 5, 4)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.InstanceNorm(in[0], nil, nil, eps) },
			Reference: func(v [][]float64) []float64 { return GroupNorm(v[0], nil, nil, 2, 3, 20, 3, eps) }},
		&Case{Op: "Softmax", Inputs: []Input{input("x", 5, 9)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.Softmax(in[0]) },
			Reference: func(v [][]float64) []float64 { return Softmax(v[0], 9) }},
		&Case{Op: "L2Normalize", Inputs: []Input{input("x", 5, 7)},
			Forward:   func(t tape, in vars) *autograd.Var { return t.L2Normalize(in[0]) },
			Reference: func(v [][]float64) []float64 { return L2Normalize(v[0], 7) }},
	)
}
