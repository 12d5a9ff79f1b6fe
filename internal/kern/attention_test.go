package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// attentionCases are around the sizes of stripes and groups, with the width
// that has kernels of its own and others.
func attentionCases() (all []Attention) {
	for _, tokens := range []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 37, 122, 128, 129} {
		for _, width := range []int{3, 16, 20} {
			if width != 16 && tokens > 40 {
				continue
			}
			for _, causal := range []bool{false, true} {
				all = append(all, Attention{Tokens: tokens, Heads: 1 + tokens%3, Width: width, Scale: 1 / float32(math.Sqrt(float64(width))), Causal: causal})
			}
		}
	}
	return all
}

// wantAttention is Forward and Backward by the definition in float64.
func wantAttention(a Attention, dy []float32) (y, lse, dqkv []float64) {
	n := a.all()
	y, lse, dqkv = make([]float64, a.Tokens*n), make([]float64, a.Heads*a.Tokens), make([]float64, 3*a.Tokens*n)
	for h := range a.Heads {
		for i := range a.Tokens {
			wantQuery(a, h, i, dy, y, lse, dqkv)
		}
	}
	return y, lse, dqkv
}

// wantQuery is what query i of head h adds.
func wantQuery(a Attention, h, i int, dy []float32, y, lse, dqkv []float64) {
	n, last := a.all(), a.Tokens
	if a.Causal {
		last = i + 1
	}
	at := func(token, part, c int) int { return (3*token+part)*n + h*a.Width + c }
	x := func(token, part, c int) float64 { return float64(a.QKV[at(token, part, c)]) }
	p, dp := make([]float64, last), make([]float64, last)
	var sum, dot float64
	most := math.Inf(-1)
	for j := range last {
		for c := range a.Width {
			p[j] += float64(a.Scale) * x(i, 0, c) * x(j, 1, c)
			dp[j] += float64(dy[i*n+h*a.Width+c]) * x(j, 2, c)
		}
		most = max(most, p[j])
	}
	for j := range last {
		sum += math.Exp(p[j] - most)
	}
	l := most + math.Log(sum)
	lse[h*a.Tokens+i] = l
	for j := range last {
		p[j] = math.Exp(p[j] - l)
		dot += p[j] * dp[j]
	}
	for j := range last {
		ds := float64(a.Scale) * p[j] * (dp[j] - dot)
		for c := range a.Width {
			y[i*n+h*a.Width+c] += p[j] * x(j, 2, c)
			dqkv[at(i, 0, c)] += ds * x(j, 1, c)
			dqkv[at(j, 1, c)] += ds * x(i, 0, c)
			dqkv[at(j, 2, c)] += p[j] * float64(dy[i*n+h*a.Width+c])
		}
	}
}

func TestAttention(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		var ws Workspace
		for _, a := range some(attentionCases()) {
			for _, size := range []float64{1, 30} { // of the queries: soft and sharp attention
				name := fmt.Sprintf("tokens=%d heads=%d width=%d causal=%v size=%v", a.Tokens, a.Heads, a.Width, a.Causal, size)
				t.Run(name, func(t *testing.T) { testAttention(t, r, &ws, a, size) })
			}
		}
	})
}

func testAttention(t *testing.T, r *rand.Rand, ws *Workspace, a Attention, size float64) {
	m := &arena{t: t, r: r}
	n := a.Tokens * a.all()
	a.QKV = m.vector(3 * n)
	for i := range a.QKV {
		if i/a.all()%3 == 0 {
			a.QKV[i] *= float32(size)
		}
	}
	y, dy, lse, dqkv := m.vector(n), m.vector(n), m.vector(a.Heads*a.Tokens), m.vector(3*n)
	wantY, wantLSE, wantDQKV := wantAttention(a, dy)
	a.Forward(ws, y, lse)
	a.Backward(ws, AttentionGrad{Y: y, DY: dy, LSE: lse, DQKV: dqkv})
	// Scores reach 4*size, and an exponent's error is its result's relative one.
	tol := 2e-6 * (1 + size)
	for i, v := range wantY {
		near(t, at("y", i), y[i], v, 1+abs(v), tol)
	}
	for i, v := range wantLSE {
		near(t, at("lse", i), lse[i], v, 1+abs(v), 2e-6)
	}
	var most [3]float64 // gradients of queries, keys and values; those of keys add up queries
	for i, v := range wantDQKV {
		part := i / a.all() % 3
		most[part] = max(most[part], abs(v), 1)
	}
	most[1] = max(most[1], size)
	for i, v := range wantDQKV {
		near(t, at("dqkv", i), dqkv[i], v, most[i/a.all()%3], tol)
	}
	m.check("attention")
}

// A workspace that a larger sample left full must not show in a smaller one.
func TestAttentionDoesNotReadOldScratch(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		a := Attention{Tokens: 37, Heads: 2, Width: 16, Scale: 0.25}
		m := &arena{t: t, r: r}
		a.QKV = m.vector(3 * a.Tokens * a.all())
		dy := m.vector(a.Tokens * a.all())
		run := func(ws *Workspace) (out []float32) {
			y, lse, dqkv := make([]float32, len(dy)), make([]float32, a.Heads*a.Tokens), make([]float32, len(a.QKV))
			a.Forward(ws, y, lse)
			a.Backward(ws, AttentionGrad{Y: y, DY: dy, LSE: lse, DQKV: dqkv})
			return append(append(y, lse...), dqkv...)
		}
		dirty := Workspace{scores: make([]float32, 1<<18)}
		Fill(dirty.scores, float32(math.NaN()))
		got, want := run(&dirty), run(&Workspace{})
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("element %d is %v, with a fresh workspace %v", i, got[i], want[i])
			}
		}
	})
}

func BenchmarkAttention(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	for _, tokens := range []int{37, 122} {
		a := Attention{Tokens: tokens, Heads: 8, Width: 16, Scale: 0.25, QKV: random(3 * tokens * 128)}
		dqkv, y, dy, lse := random(3*tokens*128), random(tokens*128), random(tokens*128), random(8*tokens)
		product := 2 * 128 * float64(tokens) * float64(tokens)
		var ws Workspace
		b.Run(fmt.Sprintf("forward/%d", tokens), func(b *testing.B) {
			for range b.N {
				a.Forward(&ws, y, lse)
			}
			b.ReportMetric(2*product*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
		b.Run(fmt.Sprintf("backward/%d", tokens), func(b *testing.B) {
			for range b.N {
				a.Backward(&ws, AttentionGrad{Y: y, DY: dy, LSE: lse, DQKV: dqkv})
			}
			b.ReportMetric(5*product*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
