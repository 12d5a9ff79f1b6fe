package tensor

import (
	"math"

	"diffclip/internal/kern"
)

type attentionJob struct {
	dst, lse, qkv []float32
	tokens, width int // T, D
	heads         int
	causal        bool
}

// sample is the attention of sample b of packed qkv.
func sample(qkv []float32, b, tokens, width, heads int, causal bool) kern.Attention {
	n := 3 * tokens * width
	return kern.Attention{
		Tokens: tokens, Heads: heads, Width: width / heads, Scale: rsqrt(float64(width / heads)), Causal: causal,
		QKV: qkv[b*n : (b+1)*n],
	}
}

// run computes samples lo..hi.
func (j *attentionJob) run(w *worker, lo, hi int) {
	t, d := j.tokens, j.width
	for b := lo; b < hi; b++ {
		a := sample(j.qkv, b, t, d, j.heads, j.causal)
		a.Forward(&w.gemm, j.dst[b*t*d:(b+1)*t*d], j.lse[b*j.heads*t:(b+1)*j.heads*t])
	}
}

// SelfAttention is softmax(q·kᵀ/√d)·v for every head of packed qkv.
func (b *CPU) SelfAttention(dst, lse, qkv *Tensor, heads int, causal bool) {
	checks.SelfAttention("SelfAttention", dst, lse, qkv, heads)
	if dst.Len() == 0 {
		return
	}
	n, t, d := dst.Dim(0), dst.Dim(1), dst.Dim(2)
	b.jobs.attention = attentionJob{dst.Data, lse.Data, qkv.Data, t, d, heads, causal}
	b.do(n, 1, &b.jobs.attention)
}

type attentionBackwardJob struct {
	dqkv, dy, y, lse, qkv []float32
	tokens, width         int
	heads                 int
	causal                bool
}

func (j *attentionBackwardJob) run(w *worker, lo, hi int) {
	t, d := j.tokens, j.width
	for b := lo; b < hi; b++ {
		a := sample(j.qkv, b, t, d, j.heads, j.causal)
		a.Backward(&w.gemm, kern.AttentionGrad{
			Y: j.y[b*t*d : (b+1)*t*d], DY: j.dy[b*t*d : (b+1)*t*d],
			LSE: j.lse[b*j.heads*t : (b+1)*j.heads*t], DQKV: j.dqkv[3*b*t*d : 3*(b+1)*t*d],
		})
	}
}

// SelfAttentionBackward overwrites dqkv.
func (b *CPU) SelfAttentionBackward(dqkv, dy, y, lse, qkv *Tensor, heads int, causal bool) {
	checks.SelfAttentionBackward(dqkv, dy, y, lse, qkv, heads)
	if dy.Len() == 0 {
		return
	}
	n, t, d := dy.Dim(0), dy.Dim(1), dy.Dim(2)
	b.jobs.attentionBack = attentionBackwardJob{dqkv.Data, dy.Data, y.Data, lse.Data, qkv.Data, t, d, heads, causal}
	b.do(n, 1, &b.jobs.attentionBack)
}

// queryJob computes attention of one query per sample, forward or backward. All
// heads go through one matrix product each: the query is spread into a
// block-diagonal (heads, D) matrix, which wastes a few multiplications on zeros
// and saves a strided product per head.
type queryJob struct {
	dst, probs, q, kv   []float32
	dq, dkv, dy         []float32 // backward only
	n                   []int32
	tokens, width, head int
	backward            bool
}

func (j *queryJob) run(w *worker, lo, hi int) {
	for b := lo; b < hi; b++ {
		n := j.tokens
		if j.n != nil {
			n = int(j.n[b])
		}
		if j.backward {
			j.back(w, b, n)
		} else {
			j.forward(w, b, n)
		}
	}
}

// spread writes row (D) as a block-diagonal (heads, D) matrix.
func spread(dst, row []float32, heads int) {
	clear(dst)
	d, hd := len(row), len(row)/heads
	for h := range heads {
		copy(dst[h*d+h*hd:h*d+(h+1)*hd], row[h*hd:(h+1)*hd])
	}
}

// collect is the inverse of spread: it reads the diagonal blocks.
func collect(row, src []float32, heads int) {
	d, hd := len(row), len(row)/heads
	for h := range heads {
		copy(row[h*hd:(h+1)*hd], src[h*d+h*hd:h*d+(h+1)*hd])
	}
}

func (j *queryJob) forward(w *worker, b, n int) {
	t, d, heads := j.tokens, j.width, j.head
	buf := w.floats(heads*d + n*heads)
	wide, st := buf[:heads*d], buf[heads*d:]
	kv := j.kv[b*t*2*d : (b+1)*t*2*d]
	probs := j.probs[b*heads*t : (b+1)*heads*t]
	spread(wide, j.q[b*d:(b+1)*d], heads)
	g := kern.Gemm{M: n, N: heads, K: d, Alpha: 1, A: kv, LDA: 2 * d, B: wide, LDB: d, TransB: true, C: st, LDC: heads}
	g.Run(&w.gemm)
	kern.Transpose(probs, t, st, heads, n, heads)
	kern.SoftmaxRows(probs, t, probs, t, heads, n, rsqrt(float64(d/heads)), nil)
	for h := range heads {
		clear(probs[h*t+n : (h+1)*t])
	}
	g = kern.Gemm{M: heads, N: d, K: n, Alpha: 1, A: probs, LDA: t, B: kv[d:], LDB: 2 * d, C: wide, LDC: d}
	g.Run(&w.gemm)
	collect(j.dst[b*d:(b+1)*d], wide, heads)
}

func (j *queryJob) back(w *worker, b, n int) {
	t, d, heads := j.tokens, j.width, j.head
	buf := w.floats(2*heads*d + n*heads + heads*t)
	qw, dow, st, ds := buf[:heads*d], buf[heads*d:2*heads*d], buf[2*heads*d:2*heads*d+n*heads], buf[2*heads*d+n*heads:]
	kv, dkv := j.kv[b*t*2*d:(b+1)*t*2*d], j.dkv[b*t*2*d:(b+1)*t*2*d]
	p := j.probs[b*heads*t : (b+1)*heads*t]
	spread(qw, j.q[b*d:(b+1)*d], heads)
	spread(dow, j.dy[b*d:(b+1)*d], heads)
	run := func(g kern.Gemm) { g.Alpha = 1; g.Run(&w.gemm) }
	run(kern.Gemm{M: n, N: heads, K: d, A: kv[d:], LDA: 2 * d, B: dow, LDB: d, TransB: true, C: st, LDC: heads}) // dPᵀ = V·dO
	kern.Transpose(ds, t, st, heads, n, heads)
	run(kern.Gemm{M: n, N: d, K: heads, A: p, LDA: t, TransA: true, B: dow, LDB: d, C: dkv[d:], LDC: 2 * d}) // dV = Pᵀ·dO
	kern.SoftmaxBackwardRows(ds, t, ds, t, p, t, heads, n, rsqrt(float64(d/heads)))
	run(kern.Gemm{M: n, N: d, K: heads, A: ds, LDA: t, TransA: true, B: qw, LDB: d, C: dkv, LDC: 2 * d}) // dK = dSᵀ·Q
	run(kern.Gemm{M: heads, N: d, K: n, A: ds, LDA: t, B: kv, LDB: 2 * d, C: dow, LDC: d})               // dQ = dS·K
	collect(j.dq[b*d:(b+1)*d], dow, heads)
	clear(dkv[n*2*d:])
}

// QueryAttention is attention of one query row per sample.
func (b *CPU) QueryAttention(dst, probs, q, kv *Tensor, n []int32, heads int) {
	checks.QueryAttention("QueryAttention", dst, probs, q, kv, n, heads)
	b.jobs.query = queryJob{dst: dst.Data, probs: probs.Data, q: q.Data, kv: kv.Data, n: n, tokens: kv.Dim(1), width: q.Dim(1), head: heads}
	b.do(q.Dim(0), 4, &b.jobs.query)
}

// QueryAttentionBackward overwrites dq and dkv.
func (b *CPU) QueryAttentionBackward(dq, dkv, dy, probs, q, kv *Tensor, n []int32, heads int) {
	checks.QueryAttentionBackward(dq, dkv, dy, probs, q, kv, n, heads)
	b.jobs.query = queryJob{dq: dq.Data, dkv: dkv.Data, dy: dy.Data, probs: probs.Data, q: q.Data, kv: kv.Data, n: n, tokens: kv.Dim(1), width: q.Dim(1), head: heads, backward: true}
	b.do(q.Dim(0), 4, &b.jobs.query)
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
