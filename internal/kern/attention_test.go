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
				all = append(all, Attention{Tokens: tokens, Width: width, Scale: 1 / float32(math.Sqrt(float64(width))), Causal: causal, Stride: 3*width + 2})
			}
		}
	}
	return all
}

// attentionWant is Forward and Backward by the definition in float64.
type attentionWant struct{ y, lse, dq, dk, dv []float64 }

func wantAttention(a Attention, dy []float32, dyStride int) (w attentionWant) {
	t, n := a.Tokens, a.Width
	w = attentionWant{make([]float64, t*n), make([]float64, t), make([]float64, t*n), make([]float64, t*n), make([]float64, t*n)}
	p, dp := make([]float64, t), make([]float64, t)
	for i := range t {
		last := t
		if a.Causal {
			last = i + 1
		}
		var sum, dot float64
		most := math.Inf(-1)
		for j := range last {
			p[j], dp[j] = 0, 0
			for c := range n {
				p[j] += float64(a.Scale) * float64(a.Q[i*a.Stride+c]) * float64(a.K[j*a.Stride+c])
				dp[j] += float64(dy[i*dyStride+c]) * float64(a.V[j*a.Stride+c])
			}
			most = max(most, p[j])
		}
		for j := range last {
			sum += math.Exp(p[j] - most)
		}
		w.lse[i] = most + math.Log(sum)
		for j := range last {
			p[j] = math.Exp(p[j] - w.lse[i])
			dot += p[j] * dp[j]
		}
		for j := range last {
			ds := float64(a.Scale) * p[j] * (dp[j] - dot)
			for c := range n {
				w.y[i*n+c] += p[j] * float64(a.V[j*a.Stride+c])
				w.dv[j*n+c] += p[j] * float64(dy[i*dyStride+c])
				w.dq[i*n+c] += ds * float64(a.K[j*a.Stride+c])
				w.dk[j*n+c] += ds * float64(a.Q[i*a.Stride+c])
			}
		}
	}
	return w
}

func TestAttention(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		var ws Workspace
		for _, a := range attentionCases() {
			for _, size := range []float64{1, 30} { // of the queries: soft and sharp attention
				name := fmt.Sprintf("tokens=%d width=%d causal=%v size=%v", a.Tokens, a.Width, a.Causal, size)
				t.Run(name, func(t *testing.T) { testAttention(t, r, &ws, a, size) })
			}
		}
	})
}

func testAttention(t *testing.T, r *rand.Rand, ws *Workspace, a Attention, size float64) {
	m := &arena{t: t, r: r}
	in, out := shape{a.Tokens, a.Width, a.Stride}, shape{a.Tokens, a.Width, a.Width + 3}
	a.Q, a.K, a.V = m.matrix(in), m.matrix(in), m.matrix(in)
	for i := range a.Tokens {
		for c := range a.Width {
			a.Q[i*a.Stride+c] *= float32(size)
		}
	}
	y, dy, lse := m.matrix(out), m.matrix(out), m.vector(a.Tokens)
	dq, dk, dv := m.matrix(in), m.matrix(in), m.matrix(in)
	want := wantAttention(a, dy, out.ld)
	a.Forward(ws, y, out.ld, lse)
	a.Backward(ws, AttentionGrad{DY: dy, Y: y, YStride: out.ld, LSE: lse, DQ: dq, DK: dk, DV: dv})
	// Scores reach 4*size, and an exponent's error is its result's relative one.
	tol := 2e-6 * (1 + size)
	matrices := []struct {
		name  string
		got   []float32
		ld    int
		want  []float64
		scale float64 // of what is added up
	}{{"y", y, out.ld, want.y, 1}, {"dq", dq, in.ld, want.dq, 1}, {"dk", dk, in.ld, want.dk, size}, {"dv", dv, in.ld, want.dv, 1}}
	for _, x := range matrices {
		scale := x.scale
		for _, v := range x.want {
			scale = max(scale, abs(v))
		}
		for i, v := range x.want {
			near(t, at(x.name, i), x.got[i/a.Width*x.ld+i%a.Width], v, scale, tol)
		}
	}
	for i, v := range want.lse {
		near(t, at("lse", i), lse[i], v, 1+abs(v), 2e-6)
	}
	m.check("attention")
}

// A workspace that a larger head left full must not show in a smaller one.
func TestAttentionDoesNotReadOldScratch(t *testing.T) {
	eachTier(t, func(t *testing.T, r *rand.Rand) {
		const width = 16
		q := (&arena{t: t, r: r}).matrix(shape{37, width, width})
		run := func(ws *Workspace) (out []float32) {
			a := Attention{Tokens: 37, Width: width, Scale: 0.25, Q: q, K: q, V: q, Stride: width}
			y, lse := make([]float32, len(q)), make([]float32, 37)
			dq, dk, dv := make([]float32, len(q)), make([]float32, len(q)), make([]float32, len(q))
			a.Forward(ws, y, width, lse)
			a.Backward(ws, AttentionGrad{DY: q, Y: y, YStride: width, LSE: lse, DQ: dq, DK: dk, DV: dv})
			for _, x := range [][]float32{y, lse, dq, dk, dv} {
				out = append(out, x...)
			}
			return out
		}
		dirty := Workspace{scores: make([]float32, 1<<17)}
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
	for _, tokens := range []int{37, 122} {
		const width, heads = 16, 8
		r := rand.New(rand.NewPCG(1, 2))
		random := func(n int) []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			return x
		}
		qkv, dqkv := random(tokens*3*width*heads), random(tokens*3*width*heads)
		y, dy, lse := random(tokens*width*heads), random(tokens*width*heads), random(heads*tokens)
		var ws Workspace
		head := func(h int) Attention {
			at := h * width
			return Attention{Tokens: tokens, Width: width, Scale: 0.25, Q: qkv[at:], K: qkv[heads*width+at:], V: qkv[2*heads*width+at:], Stride: 3 * width * heads}
		}
		product := 2 * float64(tokens) * float64(tokens) * width
		b.Run(fmt.Sprintf("forward/%d", tokens), func(b *testing.B) {
			for i := range b.N {
				a := head(i % heads)
				a.Forward(&ws, y[i%heads*width:], heads*width, lse[i%heads*tokens:])
			}
			b.ReportMetric(2*product*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
		b.Run(fmt.Sprintf("backward/%d", tokens), func(b *testing.B) {
			for i := range b.N {
				h := i % heads
				a, at := head(h), h*width
				a.Backward(&ws, AttentionGrad{
					DY: dy[at:], Y: y[at:], YStride: heads * width, LSE: lse[h*tokens:],
					DQ: dqkv[at:], DK: dqkv[heads*width+at:], DV: dqkv[2*heads*width+at:],
				})
			}
			b.ReportMetric(5*product*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
