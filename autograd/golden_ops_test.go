package autograd_test

import (
	"testing"

	"diffclip/autograd"
	"diffclip/internal/golden"
	"diffclip/nn"
	"diffclip/tensor"
)

func TestGoldenOps(t *testing.T) {
	tests := goldenTests{
		"scale": func(g *goldenCase) *autograd.Var { return g.tape.Scale(g.in("input"), float32(g.Attr("factor"))) },
		"sum":   func(g *goldenCase) *autograd.Var { return g.tape.Sum(g.in("input")) },
		"mean":  func(g *goldenCase) *autograd.Var { return g.tape.Mean(g.in("input")) },
		"normalize": func(g *goldenCase) *autograd.Var {
			return g.tape.L2Normalize(g.in("input"))
		},
		"concat_dim0": func(g *goldenCase) *autograd.Var { return g.tape.Concat(0, g.in("a"), g.in("b"), g.in("c")) },
		"concat_dim1": func(g *goldenCase) *autograd.Var { return g.tape.Concat(1, g.in("a"), g.in("b"), g.in("c")) },
		"gather_rows": func(g *goldenCase) *autograd.Var {
			return g.tape.GatherRows(g.in("input"), nil, tensor.IDs(g.int32s("index")))
		},
		"embedding": func(g *goldenCase) *autograd.Var {
			return g.tape.GatherRows(g.param("weight"), nil, tensor.IDs(g.int32s("ids")))
		},
		"scatter_add_rows":         scatterAddRows,
		"log_softmax":              logSoftmax,
		"log_softmax_large":        logSoftmax,
		"timestep_embedding":       timestepEmbedding,
		"timestep_embedding_small": timestepEmbedding,
	}
	for name, act := range map[string]autograd.Activation{
		"linear": autograd.NoAct, "linear_nobias": autograd.NoAct, "linear_wide": autograd.NoAct, "linear_relu": autograd.ActReLU,
		"linear_gelu": autograd.ActGELU, "linear_quickgelu": autograd.ActQuickGELU, "linear_silu": autograd.ActSiLU,
	} {
		tests[name] = func(g *goldenCase) *autograd.Var {
			return g.tape.LinearAct(g.in("input"), g.param("weight"), g.param("bias"), act)
		}
	}
	for name, f := range map[string]func(*autograd.Tape, *autograd.Var) *autograd.Var{
		"relu": (*autograd.Tape).ReLU, "gelu": (*autograd.Tape).GELU, "quickgelu": (*autograd.Tape).QuickGELU, "silu": (*autograd.Tape).SiLU,
		"sigmoid": (*autograd.Tape).Sigmoid, "tanh": (*autograd.Tape).Tanh, "exp": (*autograd.Tape).Exp,
		"gelu_tails": (*autograd.Tape).GELU, "quickgelu_tails": (*autograd.Tape).QuickGELU, "silu_tails": (*autograd.Tape).SiLU,
		"sigmoid_tails": (*autograd.Tape).Sigmoid, "tanh_tails": (*autograd.Tape).Tanh,
		"softmax": (*autograd.Tape).Softmax, "softmax_large": (*autograd.Tape).Softmax,
	} {
		tests[name] = func(g *goldenCase) *autograd.Var { return f(g.tape, g.in("input")) }
	}
	for name, f := range map[string]func(t *autograd.Tape, a, b *autograd.Var) *autograd.Var{
		"add": (*autograd.Tape).Add, "add_row": (*autograd.Tape).Add, "sub": (*autograd.Tape).Sub, "sub_row": (*autograd.Tape).Sub,
		"mul": (*autograd.Tape).Mul, "mul_row": (*autograd.Tape).Mul,
	} {
		tests[name] = func(g *goldenCase) *autograd.Var { return f(g.tape, g.in("a"), g.in("b")) }
	}
	for kind, trans := range map[string][2]bool{"nn": {false, false}, "nt": {false, true}, "tn": {true, false}, "tt": {true, true}} {
		product := func(g *goldenCase) *autograd.Var { return g.tape.MatMul(g.in("a"), g.in("b"), trans[0], trans[1]) }
		tests["matmul_"+kind] = product
		if kind != "tt" {
			tests["matmul_batch_"+kind] = product
		}
	}
	// Sums over one dimension are products with ones.
	for name, dim0 := range map[string]bool{"sum_dim0": true, "mean_dim0": true, "sum_dim1": false, "mean_dim1": false} {
		tests[name] = func(g *goldenCase) *autograd.Var {
			x := g.in("input")
			y, n := g.tape.MatMul(x, g.ones(x.Dim(1), 1), false, false), x.Dim(1)
			if dim0 {
				y, n = g.tape.MatMul(g.ones(1, x.Dim(0)), x, false, false), x.Dim(0)
			}
			if name[:4] == "mean" {
				y = g.tape.Scale(y, 1/float32(n))
			}
			return y
		}
	}
	tests.run(t, "ops")
}

// logSoftmax has no operation of its own: each element is the negated cross
// entropy of its row with its column as target, and Σ w·log softmax(x), which
// the gradient is of, is a cross entropy with the weights as targets.
func logSoftmax(g *goldenCase) *autograd.Var {
	rows, cols := g.Shape("input")[0], g.Shape("input")[1]
	t, x := g.tape, g.in("input")
	var got []float32
	t.NoGrad(func() {
		for r := range rows {
			for c := range cols {
				got = append(got, -t.CrossEntropy(t.Slice(x, 0, r, r+1), []int32{int32(c)}).Value.Item())
			}
		}
	})
	golden.Near(g.t, "output", got, g.Float32s("output"), 1e-5)
	t.Backward(t.Scale(t.SoftCrossEntropy(x, g.tensor("grad_output")), -float32(rows)))
	golden.Near(g.t, "grad_input", x.Grad().Data, g.Float32s("grad_input"), 1e-4)
	return nil
}

// scatterAddRows is the backward pass of GatherRows, and the reverse.
func scatterAddRows(g *goldenCase) *autograd.Var {
	be, ids := g.tape.Backend(), g.int32s("index")
	y := g.tensor("input")
	be.ScatterAddRows(y, nil, g.tensor("source"), tensor.IDs(ids))
	golden.Near(g.t, "output", y.Data, g.Float32s("output"), 1e-5)
	dsource := tensor.New(g.Shape("source")...)
	be.GatherRows(dsource, g.tensor("grad_output"), nil, tensor.IDs(ids))
	golden.Near(g.t, "grad_source", dsource.Data, g.Float32s("grad_source"), 1e-4)
	golden.Near(g.t, "grad_input", g.Float32s("grad_output"), g.Float32s("grad_input"), 1e-4)
	return nil
}

// timestepEmbedding is a table of sinusoids, of which rows are taken.
func timestepEmbedding(g *goldenCase) *autograd.Var {
	steps := g.int32s("t")
	last := int32(0)
	for _, s := range steps {
		last = max(last, s)
	}
	table := g.tape.Input(nn.SinusoidTable(int(last)+1, g.Int("features")))
	golden.Near(g.t, "output", g.tape.GatherRows(table, nil, tensor.IDs(steps)).Value.Data, g.Float32s("output"), 1e-5)
	return nil
}
