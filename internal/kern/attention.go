package kern

import "fmt"

// Attention is scaled dot-product attention of one sample (Vaswani et al.,
// 2017), for each head
//
//	P = softmax(Scale*Q*transpose(K)) by rows,  Y = P*V
//
// QKV holds Tokens rows of 3*Heads*Width elements: the queries of all heads side
// by side, then the keys, then the values. With Causal set token i sees tokens 0
// to i alone.
type Attention struct {
	Tokens, Heads, Width int
	Scale                float32
	Causal               bool
	QKV                  []float32
}

// AttentionGrad holds what Backward reads besides the input: the result, its
// gradient, and the log-sum-exp that Forward left; and where it writes.
type AttentionGrad struct {
	Y, DY, LSE, DQKV []float32
}

// Forward computes y (Tokens rows of Heads*Width) and the log-sum-exp of each
// head's rows of scores, lse (Heads, Tokens), from which Backward computes P
// again. It allocates nothing once ws has grown.
func (a *Attention) Forward(ws *Workspace, y, lse []float32) {
	a.check("Attention", y, lse)
	if len(lse) == 0 || a.Width == 0 || a.forwardStripes(ws, y, lse) {
		return
	}
	for h := range a.Heads {
		a.forwardHead(ws, h, y[h*a.Width:], lse[h*a.Tokens:][:a.Tokens])
	}
}

// Backward computes the gradient of QKV, overwriting what was there:
//
//	DV = transpose(P)*DY,  dP = DY*transpose(V)
//	dS = Scale * P o (dP - rowsum(dP o P)),  DQ = dS*K,  DK = transpose(dS)*Q
func (a *Attention) Backward(ws *Workspace, d AttentionGrad) {
	a.check("Attention backward", d.Y, d.LSE)
	checkLen("Attention backward", "DY", d.DY, len(d.Y))
	checkLen("Attention backward", "DQKV", d.DQKV, len(a.QKV))
	if len(d.LSE) == 0 || a.Width == 0 || a.backwardStripes(ws, d) {
		return
	}
	for h := range a.Heads {
		a.backwardHead(ws, h, d.DY[h*a.Width:], d.DQKV[h*a.Width:], d.LSE[h*a.Tokens:][:a.Tokens])
	}
}

func (a *Attention) check(op string, y, lse []float32) {
	if a.Tokens < 0 || a.Heads < 1 || a.Width < 0 {
		panic(fmt.Sprintf("kern: %s: %d tokens, %d heads of width %d", op, a.Tokens, a.Heads, a.Width))
	}
	checkLen(op, "QKV", a.QKV, 3*a.Tokens*a.all())
	checkLen(op, "Y", y, a.Tokens*a.all())
	checkLen(op, "LSE", lse, a.Heads*a.Tokens)
}

// all is the width of all heads.
func (a *Attention) all() int { return a.Heads * a.Width }

// scoreStride pads a row of scores to whole cache lines.
func (a *Attention) scoreStride() int { return (a.Tokens + 15) &^ 15 }

// head returns head h's queries, keys and values, whose rows are 3*all apart.
func (a *Attention) head(h int) (q, k, v []float32) {
	at, all := h*a.Width, a.all()
	return a.QKV[at:], a.QKV[all+at:], a.QKV[2*all+at:]
}

// forwardHead is Forward of head h by products of matrices; y is its part of a
// row. One head's scores stay in the cache.
func (a *Attention) forwardHead(ws *Workspace, h int, y, lse []float32) {
	q, k, v := a.head(h)
	t, ld := a.Tokens, a.scoreStride()
	ws.scores = grown(ws.scores, t*ld)
	p := ws.scores
	a.scores(ws, p, ld, q, k)
	if a.Causal {
		for i := range t {
			row := p[i*ld:]
			SoftmaxRows(row, ld, row, ld, 1, i+1, a.Scale, lse[i:i+1])
			clear(row[i+1 : t])
		}
	} else {
		SoftmaxRows(p, ld, p, ld, t, t, a.Scale, lse)
	}
	g := Gemm{M: t, N: a.Width, K: t, Alpha: 1, A: p, LDA: ld, B: v, LDB: 3 * a.all(), C: y, LDC: a.all()}
	g.Run(ws)
}

// scores is s = Q*transpose(K).
func (a *Attention) scores(ws *Workspace, s []float32, ld int, q, k []float32) {
	t, stride := a.Tokens, 3*a.all()
	g := Gemm{M: t, N: t, K: a.Width, Alpha: 1, A: q, LDA: stride, B: k, LDB: stride, TransB: true, C: s, LDC: ld, Spill: true}
	g.Run(ws)
}

// backwardHead is Backward of head h by products of matrices.
func (a *Attention) backwardHead(ws *Workspace, h int, dy, dqkv, lse []float32) {
	q, k, v := a.head(h)
	t, w, ld, all := a.Tokens, a.Width, a.scoreStride(), a.all()
	ws.scores = grown(ws.scores, 2*t*ld)
	p, dp := ws.scores[:t*ld], ws.scores[t*ld:]
	a.scores(ws, p, ld, q, k)
	SoftmaxFromLSE(p, ld, p, ld, t, t, a.Scale, lse)
	if a.Causal {
		for i := range t {
			clear(p[i*ld+i+1 : i*ld+t])
		}
	}
	run := func(g Gemm) { g.Alpha = 1; g.Run(ws) }
	run(Gemm{M: t, N: t, K: w, A: dy, LDA: all, B: v, LDB: 3 * all, TransB: true, C: dp, LDC: ld, Spill: true})
	run(Gemm{M: t, N: w, K: t, A: p, LDA: ld, TransA: true, B: dy, LDB: all, C: dqkv[2*all:], LDC: 3 * all})
	SoftmaxBackwardRows(dp, ld, dp, ld, p, ld, t, t, a.Scale)
	run(Gemm{M: t, N: w, K: t, A: dp, LDA: ld, B: k, LDB: 3 * all, C: dqkv, LDC: 3 * all})
	run(Gemm{M: t, N: w, K: t, A: dp, LDA: ld, TransA: true, B: q, LDB: 3 * all, C: dqkv[all:], LDC: 3 * all})
}
