package autograd_test

import (
	"strings"
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/tensor"
)

func TestGoldenNorm(t *testing.T) {
	tests := goldenTests{
		"instancenorm2d": func(g *goldenCase) *autograd.Var {
			return g.tape.InstanceNorm(g.in("input"), g.param("weight"), g.param("bias"), float32(g.Attr("eps")))
		},
	}
	for _, name := range []string{"layernorm", "layernorm_eps1e-5", "layernorm_offset", "layernorm_3d"} {
		tests[name] = func(g *goldenCase) *autograd.Var {
			return g.tape.LayerNorm(g.in("input"), g.param("weight"), g.param("bias"), float32(g.Attr("eps")))
		}
	}
	for _, name := range []string{"groupnorm_1", "groupnorm_2", "groupnorm_6"} {
		tests[name] = func(g *goldenCase) *autograd.Var {
			return g.tape.GroupNorm(g.in("input"), g.param("weight"), g.param("bias"), g.Int("groups"), float32(g.Attr("eps")))
		}
	}
	for _, name := range []string{"batchnorm1d_train", "batchnorm1d_eval", "batchnorm2d_train", "batchnorm2d_eval"} {
		tests[name] = func(g *goldenCase) *autograd.Var {
			stats := &autograd.BatchStats{Mean: g.tensor("running_mean"), Var: g.tensor("running_var"), Momentum: float32(g.Attr("momentum"))}
			train := strings.HasSuffix(name, "train")
			y := g.tape.BatchNorm(g.in("input"), g.param("weight"), g.param("bias"), stats, float32(g.Attr("eps")), train, false)
			mean, variance := "running_mean", "running_var"
			if train {
				mean, variance = "new_running_mean", "new_running_var"
			}
			golden.Near(g.t, mean, stats.Mean.Data, g.Float32s(mean), 1e-5)
			golden.Near(g.t, variance, stats.Var.Data, g.Float32s(variance), 1e-5)
			return y
		}
	}
	tests.run(t, "norm")
}

func TestGoldenConv(t *testing.T) {
	tests := goldenTests{
		"adaptive_avgpool1": func(g *goldenCase) *autograd.Var { return g.tape.GlobalAvgPool(g.in("input")) },
		// Without the padding in the mean: the same sum over another count, which
		// the mean of an image of ones holds.
		"avgpool3x3_stride2": func(g *goldenCase) *autograd.Var {
			t, x, c := g.tape, g.in("input"), pooling(g)
			count := t.AvgPool2D(t.Const(1, x.Shape().Dims()...), c)
			for i, v := range count.Value.Data {
				count.Value.Data[i] = 1 / v
			}
			return t.Mul(t.AvgPool2D(x, c), count)
		},
	}
	for _, name := range []string{"avgpool2x2_stride2", "avgpool3x3_stride1"} {
		tests[name] = func(g *goldenCase) *autograd.Var { return g.tape.AvgPool2D(g.in("input"), pooling(g)) }
	}
	for _, name := range []string{"maxpool2x2", "maxpool3x3"} {
		tests[name] = func(g *goldenCase) *autograd.Var { return g.tape.MaxPool2D(g.in("input"), pooling(g)) }
	}
	for _, name := range []string{"conv1x1", "conv1x1_nobias", "conv3x3", "conv3x3_same", "conv3x3_stride2", "conv3x3_dilation2", "conv7x7_stride2",
		"conv_rectangular", "conv_groups2", "conv_depthwise3x3", "conv_depthwise_multiplier2"} {
		tests[name] = func(g *goldenCase) *autograd.Var {
			c := autograd.Conv{
				KernelH: g.Shape("weight")[2], KernelW: g.Shape("weight")[3], StrideH: g.Int("stride_h"), StrideW: g.Int("stride_w"),
				PadH: g.Int("padding_h"), PadW: g.Int("padding_w"), DilationH: g.Int("dilation_h"), DilationW: g.Int("dilation_w"), Groups: g.Int("groups"),
			}
			return g.tape.Conv2D(g.in("input"), g.param("weight"), g.param("bias"), c)
		}
	}
	tests.run(t, "conv")
}

func pooling(g *goldenCase) autograd.Conv {
	return autograd.Window(g.Int("kernel"), g.Int("stride"), g.Int("padding"))
}

func TestGoldenAttention(t *testing.T) {
	tests := goldenTests{}
	for _, name := range []string{"plain", "tokens37", "causal"} {
		tests[name] = func(g *goldenCase) *autograd.Var {
			return g.tape.SelfAttention(g.in("input"), g.Int("heads"), g.Int("causal") == 1)
		}
	}
	tests.run(t, "attention")
}

func TestGoldenLoss(t *testing.T) {
	crossEntropy := func(g *goldenCase) *autograd.Var {
		return g.tape.CrossEntropy(g.in("input"), g.int32s("target"))
	}
	goldenTests{
		"cross_entropy":       crossEntropy,
		"cross_entropy_large": crossEntropy,
		"cross_entropy_soft": func(g *goldenCase) *autograd.Var {
			return g.tape.SoftCrossEntropy(g.in("input"), g.tensor("target"))
		},
		// The target picks one log-probability a row: a product with a constant.
		"nll": func(g *goldenCase) *autograd.Var {
			pick := tensor.New(g.Shape("input")...)
			for r, class := range g.int32s("target") {
				pick.Data[r*pick.Dim(1)+int(class)] = -1 / float32(pick.Dim(0))
			}
			return g.tape.Sum(g.tape.Mul(g.in("input"), g.tape.Input(pick)))
		},
		"mse": func(g *goldenCase) *autograd.Var {
			x := g.in("input")
			w := tensor.New(x.Shape().Rows())
			for i := range w.Data {
				w.Data[i] = 1 / float32(w.Len())
			}
			return g.tape.WeightedMSE(x, g.tensor("target"), w)
		},
		"masked_mse": func(g *goldenCase) *autograd.Var {
			w, masked := g.tensor("mask"), 0
			for _, m := range w.Data {
				masked += int(m)
			}
			for i, m := range w.Data {
				if m == 1 {
					w.Data[i] = float32(g.Attr("masked_weight") / float64(masked))
				} else {
					w.Data[i] = float32(g.Attr("visible_weight") / float64(w.Len()-masked))
				}
			}
			return g.tape.WeightedMSE(g.in("input"), g.tensor("target"), w)
		},
		"contrastive": func(g *goldenCase) *autograd.Var {
			t := g.tape
			image, text := t.L2Normalize(g.in("image")), t.L2Normalize(g.in("text"))
			logits := t.ScaleByScalar(t.MatMul(image, text, false, true), t.Exp(g.param("logit_scale")))
			golden.Near(g.t, "logits", logits.Value.Data, g.Float32s("logits"), 1e-5)
			var diagonal []int32
			for i := range logits.Dim(0) {
				diagonal = append(diagonal, int32(i))
			}
			return t.Add(t.CrossEntropy(logits, diagonal), t.CrossEntropy(t.Transpose(logits), diagonal))
		},
	}.run(t, "loss")
}
