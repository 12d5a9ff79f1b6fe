package kern

import "fmt"

// Attention is scaled dot-product attention of one head (Vaswani et al., 2017):
//
//	P = softmax(Scale*Q*transpose(K)) by rows,  Y = P*V
//
// Q, K and V are Tokens x Width matrices whose rows lie Stride elements apart.
// With Causal set token i sees tokens 0 to i alone.
type Attention struct {
	Tokens, Width int
	Scale         float32
	Causal        bool

	Q, K, V []float32
	Stride  int
}

// Forward computes y (Tokens x Width, rows stride apart) and the log-sum-exp of
// each row of scores, lse (Tokens), from which Backward computes P again. It
// allocates nothing once ws has grown.
func (a *Attention) Forward(ws *Workspace, y []float32, stride int, lse []float32) {
	a.check("Attention")
	checkRows("Attention", "y", y, stride, a.Tokens, a.Width)
	checkLen("Attention", "lse", lse, a.Tokens)
	if a.Tokens == 0 || a.Width == 0 || a.forwardStripes(ws, y, stride, lse) {
		return
	}
	t, ld := a.Tokens, scoreStride(a.Tokens)
	ws.scores = grown(ws.scores, t*ld)
	p := ws.scores
	a.scores(ws, p, ld)
	if a.Causal {
		for i := range t {
			row := p[i*ld:]
			SoftmaxRows(row, ld, row, ld, 1, i+1, a.Scale, lse[i:i+1])
			clear(row[i+1 : t])
		}
	} else {
		SoftmaxRows(p, ld, p, ld, t, t, a.Scale, lse)
	}
	g := Gemm{M: t, N: a.Width, K: t, Alpha: 1, A: p, LDA: ld, B: a.V, LDB: a.Stride, C: y, LDC: stride}
	g.Run(ws)
}

// scoreStride pads a row of scores to whole cache lines.
func scoreStride(tokens int) int { return (tokens + 15) &^ 15 }

// scores is s = Q*transpose(K).
func (a *Attention) scores(ws *Workspace, s []float32, ld int) {
	t := a.Tokens
	g := Gemm{M: t, N: t, K: a.Width, Alpha: 1, A: a.Q, LDA: a.Stride, B: a.K, LDB: a.Stride, TransB: true, C: s, LDC: ld}
	g.Run(ws)
}

// AttentionGrad holds what Backward reads besides the input, DY, Y and LSE, and
// what it writes. DY and Y have rows YStride apart, DQ, DK and DV rows apart as
// Q, K and V have.
type AttentionGrad struct {
	DY, Y      []float32
	YStride    int
	LSE        []float32
	DQ, DK, DV []float32
}

// Backward computes the gradients of the inputs, given that of Y:
//
//	DV = transpose(P)*DY,  dP = DY*transpose(V)
//	dS = Scale * P o (dP - rowsum(dP o P)),  DQ = dS*K,  DK = transpose(dS)*Q
//
// It overwrites what was there.
func (a *Attention) Backward(ws *Workspace, d AttentionGrad) {
	a.check("Attention backward")
	for _, m := range []struct {
		name   string
		x      []float32
		stride int
	}{{"DY", d.DY, d.YStride}, {"Y", d.Y, d.YStride}, {"DQ", d.DQ, a.Stride}, {"DK", d.DK, a.Stride}, {"DV", d.DV, a.Stride}} {
		checkRows("Attention backward", m.name, m.x, m.stride, a.Tokens, a.Width)
	}
	checkLen("Attention backward", "LSE", d.LSE, a.Tokens)
	if a.Tokens == 0 || a.Width == 0 || a.backwardStripes(ws, d) {
		return
	}
	t, w, ld := a.Tokens, a.Width, scoreStride(a.Tokens)
	ws.scores = grown(ws.scores, 2*t*ld)
	p, dp := ws.scores[:t*ld], ws.scores[t*ld:]
	a.scores(ws, p, ld)
	SoftmaxFromLSE(p, ld, p, ld, t, t, a.Scale, d.LSE)
	if a.Causal {
		for i := range t {
			clear(p[i*ld+i+1 : i*ld+t])
		}
	}
	run := func(g Gemm) { g.Alpha = 1; g.Run(ws) }
	run(Gemm{M: t, N: t, K: w, A: d.DY, LDA: d.YStride, B: a.V, LDB: a.Stride, TransB: true, C: dp, LDC: ld})
	run(Gemm{M: t, N: w, K: t, A: p, LDA: ld, TransA: true, B: d.DY, LDB: d.YStride, C: d.DV, LDC: a.Stride})
	SoftmaxBackwardRows(dp, ld, dp, ld, p, ld, t, t, a.Scale)
	run(Gemm{M: t, N: w, K: t, A: dp, LDA: ld, B: a.K, LDB: a.Stride, C: d.DQ, LDC: a.Stride})
	run(Gemm{M: t, N: w, K: t, A: dp, LDA: ld, TransA: true, B: a.Q, LDB: a.Stride, C: d.DK, LDC: a.Stride})
}

func (a *Attention) check(op string) {
	if a.Tokens < 0 || a.Width < 0 {
		panic(fmt.Sprintf("kern: %s: %d tokens of width %d", op, a.Tokens, a.Width))
	}
	checkRows(op, "Q", a.Q, a.Stride, a.Tokens, a.Width)
	checkRows(op, "K", a.K, a.Stride, a.Tokens, a.Width)
	checkRows(op, "V", a.V, a.Stride, a.Tokens, a.Width)
}
