package kernels_test

import (
	"testing"

	"diffclip/autograd/gradcheck"
	"diffclip/cuda/kernels"
	"diffclip/internal/rng"
	"diffclip/tensor"
)

// random returns a tensor of normal values that depend on the name.
func random(name string, dims ...int) *tensor.Tensor {
	x := tensor.New(dims...)
	copy(x.Data, gradcheck.Values("kernels/"+name, x.Len()))
	return x
}

var window = tensor.ConvShape{KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 1, PadH: 1, PadW: 0, DilationH: 1, DilationW: 1, Groups: 1}

// exercise holds, for each kernel, an operation that launches it on sizes that
// take more than one tile, part and warp.
var exercise = map[string]func(b *vm){
	"fill":           func(b *vm) { b.Fill(tensor.New(300), 2) },
	"copy_2d":        twice(func(b *vm, cols int) { b.Copy2D(random("d", 9, 40), 4, 40, random("s", 9, 36), 0, 36, 8, cols, true) }),
	"transpose":      func(b *vm) { b.Transpose(tensor.New(2, 40, 37), random("x", 2, 37, 40)) },
	"unary":          func(b *vm) { b.Unary(tensor.GELU, tensor.New(300), random("x", 300)) },
	"unary_backward": twice(func(b *vm, cols int) { b.gradients(tensor.GELU, 9*cols) }),
	"binary": twice(func(b *vm, cols int) {
		b.Binary(tensor.Sub, tensor.New(9, cols), random("x", 9, cols), random("y", cols))
	}),
	"scale":           func(b *vm) { b.Scale(tensor.New(300), random("x", 300), 2) },
	"axpy":            func(b *vm) { b.Axpy(random("y", 300), 2, random("x", 300)) },
	"mul_acc":         func(b *vm) { b.MulAcc(random("d", 70, 5), random("x", 70, 5), random("y", 5)) },
	"scale_by_scalar": func(b *vm) { b.ScaleByScalar(tensor.New(300), random("x", 300), random("s", 1)) },
	"add_scalar":      func(b *vm) { b.AddScalar(random("d", 300), random("v", 1), 2, true) },
	"bias_act": twice(func(b *vm, cols int) {
		b.Linear(tensor.New(9, cols), tensor.New(9, cols), random("x", 9, 3), tensor.NewWeight(random("w", cols, 3)), random("b", cols), tensor.ActGELU, nil)
		b.Linear(tensor.New(9, cols), nil, random("x", 9, 3), tensor.NewWeight(random("w", cols, 3)), nil, tensor.NoAct, random("r", 9, cols))
	}),
	"sum_parts":     func(b *vm) { b.Sum(tensor.New(), random("x", 5000), 1) },
	"dot_parts":     func(b *vm) { b.SumSquares(tensor.New(), random("x", 5000)) },
	"total":         func(b *vm) { b.Sum(tensor.New(), random("x", 300), 1) },
	"col_sum":       func(b *vm) { b.SumLeading(random("d", 35), random("x", 300, 35)) },
	"col_dot":       func(b *vm) { b.DotLeading(random("d", 35), random("x", 300, 35), random("y", 300, 35)) },
	"col_sum_unset": func(b *vm) { b.ScatterAddRows(nil, random("f", 35), random("dy", 20, 35), tensor.IDs(make20(-1))) },
	"layer_norm": twice(func(b *vm, cols int) {
		b.LayerNorm(tensor.New(9, cols), tensor.New(9), tensor.New(9), random("x", 9, cols), random("g", cols), random("b", cols), 1e-5)
	}),
	"layer_norm_backward":      layerNormGradient(35),
	"layer_norm_backward_wide": layerNormGradient(36),
	"col_sum_pairs":            layerNormGradient(36),
	"layer_norm_params":        layerNormGradient(35),
	"softmax":                  func(b *vm) { b.Softmax(tensor.New(9, 35), random("x", 9, 35)) },
	"softmax_backward":         func(b *vm) { b.SoftmaxBackward(tensor.New(9, 35), random("dy", 9, 35), random("y", 9, 35), false) },
	"l2_normalize":             func(b *vm) { b.L2Normalize(tensor.New(9, 35), tensor.New(9), random("x", 9, 35), 1e-6) },
	"l2_normalize_backward": func(b *vm) {
		b.L2NormalizeBackward(tensor.New(9, 35), random("dy", 9, 35), random("y", 9, 35), random("n", 9), 1e-6, false)
	},
	"cross_entropy": func(b *vm) { b.CrossEntropy(tensor.New(), tensor.New(20, 35), random("x", 20, 35), make20(3)) },
	"cross_entropy_backward": func(b *vm) {
		b.CrossEntropyBackward(tensor.New(20, 35), random("d", 1), random("p", 20, 35), make20(3), false)
	},
	"soft_cross_entropy": func(b *vm) {
		b.SoftCrossEntropy(tensor.New(), tensor.New(9, 35), random("x", 9, 35), random("t", 9, 35))
	},
	"soft_cross_entropy_backward": func(b *vm) {
		b.SoftCrossEntropyBackward(tensor.New(9, 35), random("d", 1), random("p", 9, 35), random("t", 9, 35), false)
	},
	"weighted_mse": func(b *vm) { b.WeightedMSE(tensor.New(), random("x", 9, 35), random("t", 9, 35), random("w", 9)) },
	"weighted_mse_backward": twice(func(b *vm, cols int) {
		b.WeightedMSEBackward(tensor.New(9, cols), random("d", 1), random("x", 9, cols), random("t", 9, cols), random("w", 9), false)
	}),
	"batch_norm_moments": batchNorm,
	"channel_affine":     batchNorm,
	"channel_sums":       batchNormGradient,
	"channel_backward":   batchNormGradient,
	"move_stats": func(b *vm) {
		b.MoveStats(random("m", 7), random("v", 7), random("mean", 7), random("rstd", 7), 20, 1e-5, 0.1)
	},
	"inv_std": func(b *vm) { b.InvStd(tensor.New(7), random("v", 7), 10) },
	"group_norm": func(b *vm) {
		b.GroupNorm(tensor.New(2, 4, 70), tensor.New(2, 2), tensor.New(2, 2), random("x", 2, 4, 70), random("g", 4), random("b", 4), 2, 1e-5)
	},
	"group_norm_backward": groupNormGradient,
	"group_norm_params":   groupNormGradient,
	"gather_rows": twice(func(b *vm, cols int) {
		b.GatherRows(tensor.New(20, cols), random("x", 9, cols), random("f", cols), tensor.IDs(make20(-1)))
	}),
	"add_rows": twice(func(b *vm, cols int) {
		b.ScatterAddRows(random("dx", 9, cols), nil, random("dy", 20, cols), tensor.IDs(make20(3)))
		m := b.masks(20, 3, 1)
		b.ScatterAddRows(random("dx", 44, cols), nil, random("dy", 80, cols), tensor.Index{Drawn: &m.Restore})
	}),
	"draw_masks": func(b *vm) { b.masks(2, 260, 80) },
	"uniform":    func(b *vm) { b.Uniform(tensor.New(1030), rng.New(1, "u", 2)) },
	"normal":     func(b *vm) { b.Normal(tensor.New(1030), rng.New(1, "n", 2)) },
	"noise_rows": func(b *vm) {
		b.NoiseRows(tensor.New(20, 35), random("x", 9, 35), tensor.IDs(makeIDs(20, 9)), []float32{1, 0, 0.6, 0.8, 0, 1}, rng.New(1, "n", 2))
	},
	"cut_windows": func(b *vm) {
		b.CutWindows(tensor.New(2*25, 35), random("r", 42, 35), []tensor.Window{{First: 2, Height: 5, Width: 8, Row: 4, Symmetry: 3}, {Height: 6, Width: 7, Row: 2, Col: 3, Symmetry: 4, Crop: 3}}, 5, nil)
	},
	"adam_coefficients": adamStep,
	"adam":              adamStep,
	"sgd": func(b *vm) {
		b.SGD(random("p", 300), random("g", 300), random("m", 300), random("s", 1), 1, 0.9, 0.1, true, false)
	},
	"note_step": func(b *vm) {
		b.NoteStep(tensor.FromSlice([]float32{1, 0, 0, 0, 0}, 5), random("s", 1), random("l", 1), tensor.FromSlice([]float32{9, 16}, 2), 1)
	},
	"conv_2d":        convolution,
	"conv_2d_input":  convolutionGradient,
	"conv_2d_weight": convolutionGradient,
	"plane_sums":     convolutionGradient,
	"max_pool_2d": func(b *vm) {
		b.MaxPool2D(tensor.New(2, 3, 4, 6), tensor.New(2, 3, 4, 6), random("x", 2, 3, 8, 7), window)
	},
	"max_pool_2d_backward": func(b *vm) {
		b.MaxPool2DBackward(tensor.New(2, 3, 8, 7), random("dy", 2, 3, 4, 6), tensor.New(2, 3, 4, 6), false)
	},
	"avg_pool_2d":          func(b *vm) { b.AvgPool2D(tensor.New(2, 3, 4, 6), random("x", 2, 3, 8, 7), window) },
	"avg_pool_2d_backward": func(b *vm) { b.AvgPool2DBackward(tensor.New(2, 3, 8, 7), random("dy", 2, 3, 4, 6), window, false) },
	"matmul": func(b *vm) {
		b.MatMul(tensor.New(37, 40), random("x", 37, 70), random("y", 70, 40), false, false, 1, 0)
	},
	"self_attention_16":               attentionOf(1, 70, 16, 1, true),
	"self_attention_dq_16":            attentionOf(1, 70, 16, 1, false),
	"self_attention_dkv_16":           attentionOf(1, 70, 16, 1, false),
	"self_attention_mma_64":           roundedAttention(20),
	"self_attention_mma_backward_64":  roundedAttention(20),
	"self_attention_mma_128":          roundedAttention(65),
	"self_attention_mma_backward_128": roundedAttention(65),
	"self_attention":                  attentionOf(1, 70, 5, 1, true),
	"self_attention_dq":               attentionOf(1, 40, 5, 1, false),
	"self_attention_dkv":              attentionOf(1, 40, 5, 1, true),
	"query_attention":                 queryAttention,
	"query_attention_backward":        queryAttention,
}

// masks are drawn for samples of so many tokens.
func (b *vm) masks(samples, tokens, keep int) *tensor.Masks {
	m := tensor.NewMasks(samples, tokens, keep)
	m.Lay(tensor.New(m.Elements()))
	b.DrawMasks(m, 1, 2, rng.New(1, "m", 2))
	return m
}

func make20(other int32) []int32 {
	ids := []int32{4, 0, 7, 4, 4, 1, 2, 0, 8, 5, 5, 5, 3, 2, 1, 7, 6, 6, 0, 4}
	for i := range ids {
		if i%3 == 1 {
			ids[i] = other
		}
	}
	return ids
}

// makeIDs are n row numbers out of rows.
func makeIDs(n, rows int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(i * 5 % rows)
	}
	return ids
}

// twice runs f for rows that kernels take an element at a time, and four.
func twice(f func(b *vm, cols int)) func(b *vm) {
	return func(b *vm) {
		f(b, 35)
		f(b, 36)
	}
}

func (b *vm) gradients(op tensor.UnaryOp, n int) {
	x := random("x", n)
	y := tensor.New(n)
	b.Unary(op, y, x)
	b.UnaryBackward(op, tensor.New(n), random("dy", n), x, y, false)
}

func layerNormGradient(cols int) func(b *vm) {
	return func(b *vm) {
		b.LayerNormBackward(tensor.New(300, cols), random("dg", cols), random("db", cols), random("dy", 300, cols), random("x", 300, cols), random("m", 300), random("r", 300), random("g", cols), false)
	}
}

func batchNorm(b *vm) {
	b.BatchNorm(tensor.New(100, 3, 4), tensor.New(3), tensor.New(3), random("x", 100, 3, 4), random("g", 3), random("b", 3), 1e-5, true)
}

func batchNormGradient(b *vm) {
	b.BatchNormBackward(tensor.New(100, 3, 4), random("dg", 3), random("db", 3), random("dy", 100, 3, 4), random("x", 100, 3, 4), random("y", 100, 3, 4), random("m", 3), random("r", 3), random("g", 3), true, false)
}

func groupNormGradient(b *vm) {
	b.GroupNormBackward(tensor.New(2, 4, 140), random("dg", 4), random("db", 4), random("dy", 2, 4, 140), random("x", 2, 4, 140), random("m", 2, 2), random("r", 2, 2), random("g", 4), 2, false)
}

func adamStep(b *vm) {
	v := tensor.New(300)
	b.Adam(random("p", 300), random("g", 300), random("m", 300), v, random("s", 1), tensor.AdamConfig{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1, Decoupled: true, Step: 7})
}

func convolution(b *vm) {
	b.Conv2D(tensor.New(2, 5, 4, 6), random("x", 2, 3, 8, 7), random("w", 5, 3, 3, 2), random("b", 5), window)
}

func convolutionGradient(b *vm) {
	b.Conv2DBackward(tensor.New(12, 3, 8, 7), random("dw", 5, 3, 3, 2), random("db", 5), random("dy", 12, 5, 4, 6), random("x", 12, 3, 8, 7), random("w", 5, 3, 3, 2), window, false)
}

func attentionOf(batch, tokens, width, heads int, causal bool) func(b *vm) {
	return func(b *vm) { b.attention(batch, tokens, width, heads, causal) }
}

// roundedAttention is attention whose products may be rounded.
func roundedAttention(tokens int) func(b *vm) {
	return func(b *vm) {
		b.rounded = true
		b.attention(1, tokens, 32, 2, true)
	}
}

// attention runs forward and backward and returns y, lse and dqkv.
func (b *vm) attention(batch, tokens, width, heads int, causal bool) (y, lse, dqkv *tensor.Tensor) {
	qkv, dy := random("qkv", batch, tokens, 3*width), random("dy", batch, tokens, width)
	y, lse, dqkv = tensor.New(batch, tokens, width), tensor.New(batch, heads, tokens), tensor.New(batch, tokens, 3*width)
	b.SelfAttention(y, lse, qkv, heads, causal)
	b.SelfAttentionBackward(dqkv, dy, y, lse, qkv, heads, causal)
	return y, lse, dqkv
}

func queryAttention(b *vm) {
	q, kv, n := random("q", 2, 175), random("kv", 2, 40, 350), []int32{40, 33}
	for _, heads := range []int{5, 35} {
		probs := tensor.New(2, heads, 40)
		b.QueryAttention(tensor.New(2, 175), probs, q, kv, n, heads)
		b.QueryAttentionBackward(tensor.New(2, 175), tensor.New(2, 40, 350), random("dy", 2, 175), probs, q, kv, n, heads)
	}
}

// TestEveryKernelRuns holds the exercises to what they are for.
func TestEveryKernelRuns(t *testing.T) {
	for _, k := range kernels.Kernels {
		b := newVM(t)
		run, ok := exercise[k.Name]
		if !ok {
			t.Errorf("no exercise for %s", k.Name)
			continue
		}
		run(b)
		if b.launches[k.Name] == 0 {
			t.Errorf("the exercise for %s does not launch it", k.Name)
		}
	}
}
