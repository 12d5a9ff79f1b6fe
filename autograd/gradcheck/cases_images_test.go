package gradcheck

import "diffclip/autograd"

func imageCases() []*Case {
	window := func(k, stride, pad, dilation, groups int) autograd.Conv {
		c := autograd.Window(k, stride, pad)
		c.DilationH, c.DilationW, c.Groups = dilation, dilation, groups
		return c
	}
	var all []*Case
	for _, s := range []struct {
		name             string
		n, in, h, w, out int
		c                autograd.Conv
	}{
		{"1x1", 2, 5, 4, 3, 7, window(1, 1, 0, 1, 1)},
		{"3x3", 2, 3, 6, 5, 4, window(3, 1, 1, 1, 1)},
		{"stride and dilation", 2, 3, 8, 7, 4, window(3, 2, 2, 2, 1)},
		{"groups", 2, 4, 5, 6, 6, window(3, 1, 1, 1, 2)},
		{"depthwise", 3, 5, 6, 5, 5, window(3, 2, 1, 1, 5)},
		{"rectangular", 2, 3, 7, 6, 4, autograd.Conv{KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 1, PadH: 1, DilationH: 1, DilationW: 2, Groups: 1}},
	} {
		in := []Input{input("x", s.n, s.in, s.h, s.w), input("w", s.out, s.in/s.c.Groups, s.c.KernelH, s.c.KernelW), input("bias", s.out)}
		all = append(all,
			&Case{Op: "Conv2D", Name: s.name, Inputs: in,
				Forward:   func(t tape, in vars) *autograd.Var { return t.Conv2D(in[0], in[1], in[2], s.c) },
				Reference: func(v [][]float64) []float64 { return Conv2D(v[0], v[1], v[2], s.n, s.in, s.h, s.w, s.out, s.c) }},
			&Case{Op: "Conv2D", Name: s.name + ", no bias", Inputs: in[:2],
				Forward:   func(t tape, in vars) *autograd.Var { return t.Conv2D(in[0], in[1], nil, s.c) },
				Reference: func(v [][]float64) []float64 { return Conv2D(v[0], v[1], nil, s.n, s.in, s.h, s.w, s.out, s.c) }},
		)
	}
	for _, s := range []struct {
		name string
		c    autograd.Conv
	}{{"2x2", window(2, 2, 0, 1, 1)}, {"3x3, overlapping", window(3, 1, 1, 1, 1)}, {"3x3, stride 2", window(3, 2, 1, 1, 1)}, {"3x2", autograd.Conv{KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 1, PadH: 1, DilationH: 1, DilationW: 1, Groups: 1}}} {
		in := []Input{input("x", 2, 3, 7, 6)}
		all = append(all,
			&Case{Op: "MaxPool2D", Name: s.name, Inputs: in,
				Forward:   func(t tape, in vars) *autograd.Var { return t.MaxPool2D(in[0], s.c) },
				Reference: func(v [][]float64) []float64 { return MaxPool2D(v[0], 7, 6, s.c) }},
			&Case{Op: "AvgPool2D", Name: s.name, Inputs: in,
				Forward:   func(t tape, in vars) *autograd.Var { return t.AvgPool2D(in[0], s.c) },
				Reference: func(v [][]float64) []float64 { return AvgPool2D(v[0], 7, 6, s.c) }},
		)
	}
	whole := autograd.Conv{KernelH: 5, KernelW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1}
	return append(all, &Case{Op: "AvgPool2D", Name: "global", Inputs: []Input{input("x", 2, 3, 5, 3)},
		Forward:   func(t tape, in vars) *autograd.Var { return t.GlobalAvgPool(in[0]) },
		Reference: func(v [][]float64) []float64 { return AvgPool2D(v[0], 5, 3, whole) }})
}
