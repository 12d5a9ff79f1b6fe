//go:build !purego

package kern

import "math"

// The kernels of attention with heads of 16 in stripes of 16 queries; see
// gen/attention_x86.go. A group is 8 keys.

// attendPackAVX512 is heads[p*head+r*16+c] = rows[r*row+p*16+c] for count rows
// and parts heads side by side; attendUnpackAVX512 goes the other way.
//
//go:noescape
func attendPackAVX512(heads *float32, head int, rows *float32, row, count, parts int)

//go:noescape
func attendUnpackAVX512(heads *float32, head int, rows *float32, row, count, parts int)

// attendScoresAVX512 is s[j*16+i] = factor * sum of k[j*16+d]*q[d*16+i], most[i] the greatest.
//
//go:noescape
func attendScoresAVX512(s, most, q, k *float32, groups int, factor float32)

// attendValuesAVX512 is p[j*16+i] = 2^(s[j*16+i]-most[i]) over 4*steps keys, sum[i] their
// sum, y[d*16+i] = sum of p[j*16+i]*v[j*16+d] / sum[i]. It reads two rows of s more.
//
//go:noescape
func attendValuesAVX512(y, sum, s, most, v *float32, steps int)

// attendProbsAVX512 is p[j*16+i] = 2^(factor * sum of k[j*16+d]*q[d*16+i] - lse[i]).
//
//go:noescape
func attendProbsAVX512(p, lse, q, k *float32, groups int, factor float32)

// attendGradsAVX512 is ds[j*16+i] = factor*p[j*16+i] * sum of dy[d*16+i]*(v[j*16+d]-y[d*16+i]).
//
//go:noescape
func attendGradsAVX512(ds, p, dy, y, v *float32, groups int, factor float32)

// attendRowsAVX512 is y[i*16+d] = sum of p[j*16+i]*v[j*16+d].
//
//go:noescape
func attendRowsAVX512(y, p, v *float32, keys int)

// attendKeysAVX512 is dk[j*16+d] = sum of ds[j*16+i]*q[i*16+d]; attendKeysAddAVX512 adds that.
//
//go:noescape
func attendKeysAVX512(dk, ds, q *float32, groups int)

//go:noescape
func attendKeysAddAVX512(dk, ds, q *float32, groups int)

// Sizes of the kernels.
const (
	stripe      = 16 // queries of a stripe, and the width of a head
	stripeGroup = 8  // keys that are summed together
	stripeStep  = 4  // keys of a step of attendValues
)

// striped is the scratch memory of a sample's heads. A head's matrices have rows
// of 16, padded to whole stripes.
type striped struct {
	tokens, heads  int
	padded, groups int       // rows of a matrix, and groups of keys
	size           int       // elements from one matrix to the next
	qkv, dqkv      []float32 // a matrix for each part and head
	y, dy          []float32 // a matrix for each head
	lse, sum       []float32 // (heads, padded)
	p, ds          []float32 // (padded, 16) a stripe of scores or probabilities, and of the scores' gradients
	turned         []float32 // three (16, 16), queries as columns
}

// newStriped cuts ws's memory into parts and packs the input.
func (a *Attention) newStriped(ws *Workspace, backward bool) (s striped) {
	s.tokens, s.heads = a.Tokens, a.Heads
	s.padded = (a.Tokens + stripe - 1) / stripe * stripe
	s.groups = (a.Tokens + stripeGroup - 1) / stripeGroup
	// A line more, so that the matrices' rows do not all fall into one set of the cache.
	s.size = s.padded*stripe + stripe
	m := s.size
	matrices := 4*a.Heads + 1
	if backward {
		matrices = 8*a.Heads + 2
	}
	ws.scores = grown(ws.scores, matrices*m+2*a.Heads*s.padded+3*stripe*stripe)
	rest := ws.scores
	take := func(n int) []float32 {
		part := rest[:n:n]
		rest = rest[n:]
		return part
	}
	s.p, s.turned = take(m), take(3*stripe*stripe)
	s.lse, s.sum = take(a.Heads*s.padded), take(a.Heads*s.padded)
	s.qkv, s.y = take(3*a.Heads*m), take(a.Heads*m)
	if backward {
		s.ds, s.dy, s.dqkv = take(m), take(a.Heads*m), take(3*a.Heads*m)
	}
	s.pack(s.qkv, a.QKV, 3)
	for h := range a.Heads {
		// What fills the last group of keys up must not raise a query's greatest score.
		k := s.matrix(s.qkv, a.Heads+h)
		for j := a.Tokens; j < s.groups*stripeGroup; j++ {
			copy(k[j*stripe:], k[(a.Tokens-1)*stripe:a.Tokens*stripe])
		}
	}
	return s
}

// matrix returns matrix i of several.
func (s *striped) matrix(x []float32, i int) []float32 {
	return x[i*s.size : (i+1)*s.size]
}

// pack copies rows of parts times all heads to matrices, filled up with zeros.
func (s *striped) pack(dst, src []float32, parts int) {
	n := parts * s.heads
	attendPackAVX512(&dst[0], s.size, &src[0], n*stripe, s.tokens, n)
	for i := range n {
		clear(s.matrix(dst, i)[s.tokens*stripe:])
	}
}

// unpack is the inverse of pack.
func (s *striped) unpack(dst, src []float32, parts int) {
	n := parts * s.heads
	attendUnpackAVX512(&src[0], s.size, &dst[0], n*stripe, s.tokens, n)
}

// turn makes the queries of the stripe at row i of x the columns of part n of turned.
func (s *striped) turn(n int, x []float32, i int) *float32 {
	t := s.turned[n*stripe*stripe:][:stripe*stripe]
	asmTranspose16(&t[0], stripe, &x[i*stripe], stripe, stripe/4)
	return &t[0]
}

func (a *Attention) hasStripes() bool { return active == AVX512 && a.Width == stripe && !a.Causal }

// forwardStripes is Forward on the tier and the sizes that have the kernels, of
// which it reports whether this is one.
func (a *Attention) forwardStripes(ws *Workspace, y, lse []float32) bool {
	if !a.hasStripes() {
		return false
	}
	s := a.newStriped(ws, false)
	steps := (a.Tokens + stripeStep - 1) / stripeStep
	for h := range a.Heads {
		q, k, v := s.matrix(s.qkv, h), s.matrix(s.qkv, a.Heads+h), s.matrix(s.qkv, 2*a.Heads+h)
		out := s.matrix(s.y, h)
		for i := 0; i < a.Tokens; i += stripe {
			most, sum := s.lse[h*s.padded+i:], s.sum[h*s.padded+i:]
			attendScoresAVX512(&s.p[0], &most[0], s.turn(0, q, i), &k[0], s.groups, a.Scale*math.Log2E)
			Fill(s.p[a.Tokens*stripe:steps*stripeStep*stripe], float32(math.Inf(-1)))
			attendValuesAVX512(&s.turned[stripe*stripe], &sum[0], &s.p[0], &most[0], &v[0], steps)
			asmTranspose16(&out[i*stripe], stripe, &s.turned[stripe*stripe], stripe, stripe/4)
		}
	}
	s.unpack(y, s.y, 1)
	Scale(s.lse, s.lse, math.Ln2)
	asmSoftmaxLog(&s.lse[0], &s.sum[0], len(s.lse))
	for h := range a.Heads {
		copy(lse[h*a.Tokens:(h+1)*a.Tokens], s.lse[h*s.padded:])
	}
	return true
}

// backwardStripes is Backward on them. It takes dy·y for the sum over dP o P,
// which is the same number.
func (a *Attention) backwardStripes(ws *Workspace, d AttentionGrad) bool {
	if !a.hasStripes() {
		return false
	}
	s := a.newStriped(ws, true)
	s.pack(s.dy, d.DY, 1)
	s.pack(s.y, d.Y, 1)
	clear(s.lse)
	for h := range a.Heads {
		lse := s.lse[h*s.padded:][:a.Tokens]
		Scale(lse, d.LSE[h*a.Tokens:(h+1)*a.Tokens], math.Log2E)
	}
	for h := range a.Heads {
		a.backwardStriped(&s, h)
	}
	s.unpack(d.DQKV, s.dqkv, 3)
	return true
}

// backwardStriped is one head of backwardStripes.
func (a *Attention) backwardStriped(s *striped, h int) {
	q, k, v := s.matrix(s.qkv, h), s.matrix(s.qkv, a.Heads+h), s.matrix(s.qkv, 2*a.Heads+h)
	dq, dk, dv := s.matrix(s.dqkv, h), s.matrix(s.dqkv, a.Heads+h), s.matrix(s.dqkv, 2*a.Heads+h)
	y, dy := s.matrix(s.y, h), s.matrix(s.dy, h)
	p, ds := &s.p[0], &s.ds[0]
	keys := attendKeysAVX512
	for i := 0; i < a.Tokens; i += stripe {
		attendProbsAVX512(p, &s.lse[h*s.padded+i], s.turn(0, q, i), &k[0], s.groups, a.Scale*math.Log2E)
		attendGradsAVX512(ds, p, s.turn(1, dy, i), s.turn(2, y, i), &v[0], s.groups, a.Scale)
		keys(&dv[0], p, &dy[i*stripe], s.groups)
		keys(&dk[0], ds, &q[i*stripe], s.groups)
		keys = attendKeysAddAVX512
		attendRowsAVX512(&dq[i*stripe], ds, &k[0], a.Tokens)
	}
}
