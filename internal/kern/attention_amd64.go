//go:build !purego

package kern

import "math"

// The kernels of attention with heads of 16 in stripes of 16 queries; see
// gen/attention_x86.go. A group is 8 keys.

// attendCopyAVX512 is dst[r*ldd+c] = factor*src[r*lds+c].
//
//go:noescape
func attendCopyAVX512(dst *float32, ldd int, src *float32, lds, rows int, factor float32)

// attendScoresAVX512 is s[j*16+i] = sum of k[j*16+d]*q[d*16+i], most[i] the greatest.
//
//go:noescape
func attendScoresAVX512(s, most, q, k *float32, groups int)

// attendValuesAVX512 is, with p = 2^(s[j*16+i]-most[i]), sum[i] = sum of p and
// o[d*16+i] = sum of p*v[j*16+d] / sum[i].
//
//go:noescape
func attendValuesAVX512(o, sum, s, most, v *float32, keys int)

// attendProbsAVX512 is p[j*16+i] = 2^(sum of k[j*16+d]*q[d*16+i] - lse[i]).
//
//go:noescape
func attendProbsAVX512(p, lse, q, k *float32, groups int)

// attendGradsAVX512 is ds[j*16+i] = p[j*16+i] * sum of dy[d*16+i]*(v[j*16+d]-y[d*16+i]).
//
//go:noescape
func attendGradsAVX512(ds, p, dy, y, v *float32, groups int)

// attendRowsAVX512 is dq[i*ldd+d] = factor * sum of ds[j*16+i]*k[j*16+d], of rows rows.
//
//go:noescape
func attendRowsAVX512(dq *float32, ldd int, ds, k *float32, keys, rows int, factor float32)

// attendKeysAVX512 is dk[j*16+d] += sum of ds[j*16+i]*q[i*16+d].
//
//go:noescape
func attendKeysAVX512(dk, ds, q *float32, groups int)

// Sizes of the kernels.
const (
	stripe      = 16 // queries of a stripe, and the width of a head
	stripeGroup = 8  // keys that are summed together
)

// striped is the scratch memory of a head. Matrices are padded to whole stripes;
// the keys, which are scores' rows, to whole groups.
type striped struct {
	keys, values   []float32 // (padded, 16); keys hold the factor that makes scores exponents of 2
	queries, dy, y []float32 // (padded, 16)
	dk, dv         []float32 // (padded, 16)
	p, ds          []float32 // (padded, 16) a stripe of probabilities and of their gradients
	lse, sum       []float32 // (padded)
	turned         []float32 // (16, 16) three stripes with queries as columns
	groups         int
}

// newStriped cuts ws's memory into parts.
func (a *Attention) newStriped(ws *Workspace) (s striped) {
	padded := (a.Tokens + stripe - 1) / stripe * stripe
	matrix := padded * stripe
	ws.scores = grown(ws.scores, 9*matrix+2*padded+3*stripe*stripe)
	rest := ws.scores
	take := func(n int) []float32 {
		part := rest[:n:n]
		rest = rest[n:]
		return part
	}
	s.keys, s.values, s.queries, s.dy, s.y = take(matrix), take(matrix), take(matrix), take(matrix), take(matrix)
	s.dk, s.dv, s.p, s.ds = take(matrix), take(matrix), take(matrix), take(matrix)
	s.turned, s.lse, s.sum = take(3*stripe*stripe), take(padded), take(padded)
	s.groups = (a.Tokens + stripeGroup - 1) / stripeGroup
	a.pack(s.keys, a.K, a.Stride, a.Scale*math.Log2E)
	// What fills the last group up must not raise a query's greatest score.
	for j := a.Tokens; j < s.groups*stripeGroup; j++ {
		copy(s.keys[j*stripe:], s.keys[(a.Tokens-1)*stripe:a.Tokens*stripe])
	}
	a.pack(s.values, a.V, a.Stride, 1)
	a.pack(s.queries, a.Q, a.Stride, 1)
	return s
}

// pack copies a matrix of the head, times factor, and fills it up with zeros.
func (a *Attention) pack(dst, src []float32, stride int, factor float32) {
	attendCopyAVX512(&dst[0], stripe, &src[0], stride, a.Tokens, factor)
	clear(dst[a.Tokens*stripe:])
}

// turn makes the queries of the stripe at row i of x the columns of part n of turned.
func (s *striped) turn(n int, x []float32, i int) *float32 {
	t := s.turned[n*stripe*stripe:][:stripe*stripe]
	asmTranspose16(&t[0], stripe, &x[i*stripe], stripe, stripe/4)
	return &t[0]
}

// forwardStripes is Forward on the tiers and sizes that have the kernels.
func (a *Attention) forwardStripes(ws *Workspace, y []float32, stride int, lse []float32) bool {
	if active != AVX512 || a.Width != stripe || a.Causal {
		return false
	}
	s := a.newStriped(ws)
	for i := 0; i < a.Tokens; i += stripe {
		most := s.lse[i:]
		attendScoresAVX512(&s.p[0], &most[0], s.turn(0, s.queries, i), &s.keys[0], s.groups)
		o := s.turned[stripe*stripe:]
		attendValuesAVX512(&o[0], &s.sum[i], &s.p[0], &most[0], &s.values[0], a.Tokens)
		asmTranspose16(&s.y[i*stripe], stripe, &o[0], stripe, stripe/4)
	}
	attendCopyAVX512(&y[0], stride, &s.y[0], stripe, a.Tokens, 1)
	Scale(s.lse, s.lse, math.Ln2)
	asmSoftmaxLog(&s.lse[0], &s.sum[0], a.Tokens)
	copy(lse[:a.Tokens], s.lse)
	return true
}

// backwardStripes is Backward on them. It takes dy·y for the sum over dP o P,
// which is the same number.
func (a *Attention) backwardStripes(ws *Workspace, d AttentionGrad) bool {
	if active != AVX512 || a.Width != stripe || a.Causal {
		return false
	}
	s := a.newStriped(ws)
	a.pack(s.dy, d.DY, d.YStride, 1)
	a.pack(s.y, d.Y, d.YStride, 1)
	Scale(s.lse[:a.Tokens], d.LSE[:a.Tokens], math.Log2E)
	clear(s.lse[a.Tokens:])
	clear(s.dk)
	clear(s.dv)
	for i := 0; i < a.Tokens; i += stripe {
		attendProbsAVX512(&s.p[0], &s.lse[i], s.turn(0, s.queries, i), &s.keys[0], s.groups)
		attendGradsAVX512(&s.ds[0], &s.p[0], s.turn(1, s.dy, i), s.turn(2, s.y, i), &s.values[0], s.groups)
		attendKeysAVX512(&s.dv[0], &s.p[0], &s.dy[i*stripe], s.groups)
		attendKeysAVX512(&s.dk[0], &s.ds[0], &s.queries[i*stripe], s.groups)
		// Keys hold Scale/ln 2.
		attendRowsAVX512(&d.DQ[i*a.Stride], a.Stride, &s.ds[0], &s.keys[0], a.Tokens, min(stripe, a.Tokens-i), math.Ln2)
	}
	attendCopyAVX512(&d.DK[0], a.Stride, &s.dk[0], stripe, a.Tokens, a.Scale)
	attendCopyAVX512(&d.DV[0], a.Stride, &s.dv[0], stripe, a.Tokens, 1)
	return true
}
