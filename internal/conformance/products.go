package conformance

import (
	"fmt"

	"diffclip/autograd/gradcheck"
	"diffclip/tensor"
)

func identity(x float64) float64 { return x }

var activations = []func(float64) float64{
	tensor.NoAct: identity, tensor.ActReLU: gradcheck.ReLU, tensor.ActGELU: gradcheck.GELU, tensor.ActQuickGELU: gradcheck.QuickGELU, tensor.ActSiLU: gradcheck.SiLU,
}

var productChecks = []check{
	{[]string{"Linear", "ActBackward"}, func(b *bench) {
		for act, f := range activations {
			act := tensor.Activation(act)
			for _, s := range [][3]int{{1, 1, 1}, {5, 7, 3}, {401, 33, 35}} {
				rows, in, out := s[0], s[1], s[2]
				x, w, bias := b.random("x", rows, in), tensor.NewWeight(b.random("w", out, in)), b.random("bias", out)
				y := b.dirty(rows, out)
				var pre *tensor.Tensor
				if act != tensor.NoAct {
					pre = b.dirty(rows, out)
				}
				want := gradcheck.Linear(wide(x), wide(w.Tensor), wide(bias), in, out)
				b.be.Linear(y, pre, x, w, bias, act, nil)
				b.near("Linear", y, gradcheck.Unary(f, want))
				if pre != nil {
					b.near("Linear, before the activation", pre, want)
				}
				b.be.Linear(y, nil, x, w, nil, act, nil)
				b.near("Linear without bias", y, gradcheck.Unary(f, gradcheck.Linear(wide(x), wide(w.Tensor), nil, in, out)))
				if act == tensor.NoAct {
					residual := b.random("residual", rows, out)
					b.be.Linear(y, nil, x, w, bias, act, residual)
					b.near("Linear with residual", y, gradcheck.Binary(gradcheck.Add, want, wide(residual)))
				}
				// A weight that was written to is prepared again.
				b.be.Scale(w.Tensor, w.Tensor, 2)
				w.Changed()
				b.be.Linear(y, nil, x, w, nil, tensor.NoAct, nil)
				b.near("Linear with a changed weight", y, gradcheck.Linear(wide(x), wide(w.Tensor), nil, in, out))
			}
			p, dy := b.random("pre", 5, 7), b.random("dy", 5, 7)
			slope := gradcheck.Gradient([][]float64{wide(p)}, 0, wide(dy), func(v [][]float64) []float64 { return gradcheck.Unary(f, v[0]) })
			b.be.ActBackward(act, dy, p)
			b.near("ActBackward", dy, slope)
		}
		b.panics("shapes", func() {
			b.be.Linear(b.dirty(2, 4), nil, b.dirty(2, 5), tensor.NewWeight(b.dirty(4, 3)), nil, tensor.NoAct, nil)
		})
	}},
	{[]string{"LinearBackwardInput", "LinearBackwardWeight"}, func(b *bench) {
		for _, s := range [][3]int{{0, 4, 3}, {1, 1, 1}, {5, 7, 3}, {301, 17, 33}} {
			rows, in, out := s[0], s[1], s[2]
			x, w, dy := b.random("x", rows, in), tensor.NewWeight(b.random("w", out, in)), b.random("dy", rows, out)
			dx := gradcheck.MatMul(wide(dy), wide(w.Tensor), 1, rows, out, in, false, false)
			b.gradientIs("x", dx, x.Shape, true, func(dst *tensor.Tensor, acc bool) { b.be.LinearBackwardInput(dst, dy, w, acc) })
			dw := gradcheck.MatMul(wide(dy), wide(x), 1, out, rows, in, true, false)
			b.gradientIs("w", dw, w.Shape, true, func(dst *tensor.Tensor, acc bool) { b.be.LinearBackwardWeight(dst, nil, dy, x, acc) })
			b.gradientIs("bias", gradcheck.SumLeading(wide(dy), out), tensor.Of(out), false, func(dst *tensor.Tensor, _ bool) {
				scrap := b.random("scrap", out, in)
				b.be.LinearBackwardWeight(scrap, dst, dy, x, true)
			})
		}
	}},
	{[]string{"MatMul"}, func(b *bench) {
		for _, batch := range []int{0, 1, 5} { // 0: plain matrices
			for i := range 4 {
				ta, tb := i&1 == 1, i&2 == 2
				m, k, n := 9, 7, 17
				sx, sy := []int{m, k}, []int{k, n}
				if ta {
					sx = []int{k, m}
				}
				if tb {
					sy = []int{n, k}
				}
				sz := []int{m, n}
				if batch > 0 {
					sx, sy, sz = append([]int{batch}, sx...), append([]int{batch}, sy...), append([]int{batch}, sz...)
				}
				x, y, dst := b.random("x", sx...), b.random("y", sy...), b.dirty(sz...)
				want := gradcheck.MatMul(wide(x), wide(y), max(batch, 1), m, k, n, ta, tb)
				b.be.MatMul(dst, x, y, ta, tb, 0.5, 0)
				b.near(fmt.Sprint("MatMul ", sx, sy), dst, gradcheck.Scale(want, 0.5))
				sum := b.random("sum", sz...)
				base := gradcheck.Scale(wide(sum), 2)
				b.be.MatMul(sum, x, y, ta, tb, -1, 2)
				b.near(fmt.Sprint("added MatMul ", sx, sy), sum, gradcheck.Binary(gradcheck.Sub, base, want))
			}
		}
		b.panics("shapes", func() { b.be.MatMul(b.dirty(2, 2), b.dirty(2, 3), b.dirty(4, 2), false, false, 1, 0) })
	}},
	{[]string{"Transpose"}, func(b *bench) {
		for _, s := range [][]int{{5, 7}, {1, 9}, {2, 3, 17, 33}} {
			x := b.random("x", s...)
			rows, cols := x.Dim(-2), x.Dim(-1)
			dst := b.be.Get(x.WithDim(-1, rows).WithDim(-2, cols))
			b.be.Transpose(dst, x)
			b.near("Transpose", dst, gradcheck.Transpose(wide(x), rows, cols))
		}
	}},
}

var attentionChecks = []check{
	{[]string{"SelfAttention", "SelfAttentionBackward"}, func(b *bench) {
		for _, causal := range []bool{false, true} {
			for _, s := range [][4]int{{2, 5, 6, 2}, {2, 7, 6, 3}, {1, 1, 4, 1}, {1, 17, 16, 1}} {
				batch, tokens, width, heads := s[0], s[1], s[2], s[3]
				qkv, dy := b.random("qkv", batch, tokens, 3*width), b.random("dy", batch, tokens, width)
				y, lse := b.like(dy), b.dirty(batch, heads, tokens)
				f := func(v [][]float64) []float64 {
					return gradcheck.SelfAttention(v[0], batch, tokens, width, heads, causal)
				}
				b.be.SelfAttention(y, lse, qkv, heads, causal)
				b.near("SelfAttention", y, f([][]float64{wide(qkv)}))
				want := gradcheck.Gradient([][]float64{wide(qkv)}, 0, wide(dy), f)
				dqkv := b.like(qkv)
				b.be.SelfAttentionBackward(dqkv, dy, y, lse, qkv, heads, causal)
				b.nearGradient("qkv", dqkv, want)
			}
		}
	}},
	{[]string{"QueryAttention", "QueryAttentionBackward"}, func(b *bench) {
		for _, lengths := range [][]int32{nil, {1, 7, 3, 6, 2}} {
			const batch, tokens, width, heads = 5, 7, 12, 3
			q, kv, dy := b.random("q", batch, width), b.random("kv", batch, tokens, 2*width), b.random("dy", batch, width)
			y, probs := b.like(dy), b.dirty(batch, heads, tokens)
			in := [][]float64{wide(q), wide(kv)}
			f := func(v [][]float64) []float64 {
				return gradcheck.QueryAttention(v[0], v[1], lengths, batch, tokens, width, heads)
			}
			b.be.QueryAttention(y, probs, q, kv, lengths, heads)
			b.near("QueryAttention", y, f(in))
			for i, p := range probs.Host() {
				if sample, token := i/(heads*tokens), i%tokens; lengths != nil && token >= int(lengths[sample]) && p != 0 {
					b.Errorf("sample %d gives %v of its attention to token %d of %d", sample, p, token, lengths[sample])
				}
			}
			dq, dkv := b.like(q), b.like(kv)
			b.be.QueryAttentionBackward(dq, dkv, dy, probs, q, kv, lengths, heads)
			b.nearGradient("q", dq, gradcheck.Gradient(in, 0, wide(dy), f))
			b.nearGradient("kv", dkv, gradcheck.Gradient(in, 1, wide(dy), f))
		}
	}},
}
